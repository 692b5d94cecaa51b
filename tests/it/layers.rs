//! Imports inside the crate: they go down the layers, and in no circle.
//!
//! `src` is read as text. A module is a file; what a `mod.rs` re-exports from below it is taken for an import of what is
//! below. A file may be imported by the ones beneath its folder, as `mod.rs` is, and may import them: that is one thing in
//! several files. Tests count like other code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path, `["chain", "walk"]`.
type Module = Vec<String>;

/// The modules of the crate from the top to the bottom (DESIGN's layers): each imports only what stands behind it.
const LAYERS: &[&str] = &[
    "main", "cli", "view", "ui", "ops", "aws_login", "roles_anywhere", "aws_vault", "sign_in", "mfa", "context",
    "session_cache", "aws", "keystore", "index", "config_file", "settings", "chain", "format", "profile",
    "process_line", "ini", "shlex", "rotation", "audit", "user", "glob", "qr", "totp", "credentials", "sys", "human",
    "error", "hint", "duration", "hex", "pem", "timestamp", "mask", "secret", "sorted",
];

/// Helps the tests of all layers, and may use all.
const FOR_TESTS: &str = "testing";

/// Imports that go up the layers, to be mended: who, and what it imports.
const UPWARD: &[(&str, &str)] = &[];

/// Circles of imports between files, to be broken up.
const CYCLES: &[&[&str]] = &[];

/// Neighbours in a folder that import each other through different files of theirs, to be put apart.
const MUTUAL: &[(&str, &str)] = &[];

/// A source file's words and signs, without comments and texts.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if let Some(raw) =
            rest.strip_prefix('r').map(|raw| raw.trim_start_matches('#')).filter(|raw| raw.starts_with('"'))
        {
            let marks = "#".repeat(rest.len() - raw.len() - 1);
            rest.len() - raw.len() + 1 + raw[1..].find(&format!("\"{marks}")).expect("it ends") + 1 + marks.len()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.expect("it ends") + 2
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').expect("it ends") + 2
        } else if word > 0 {
            tokens.push(rest[..word].to_owned());
            word
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// Reads the paths of a `use`, from behind the word to its semicolon.
fn read_use(tokens: &[String], at: &mut usize, before: &[String], paths: &mut Vec<Module>) {
    let mut path = before.to_vec();
    loop {
        match tokens[*at].as_str() {
            "::" => *at += 1,
            "as" => *at += 2,
            "," | "}" | ";" => return paths.push(path),
            "{" => {
                *at += 1;
                while tokens[*at] != "}" {
                    match tokens[*at].as_str() {
                        "," => *at += 1,
                        _ => read_use(tokens, at, &path, paths),
                    }
                }
                *at += 1;
                return;
            }
            word => {
                path.push(word.to_owned());
                *at += 1;
            }
        }
    }
}

/// What a file names of the crate, and what it re-exports: paths from the crate's root.
#[derive(Default)]
struct Names {
    used: Vec<Module>,
    exported: Vec<Module>,
}

/// From the crate's root; `None` for what is of another crate, or a name of the file's own.
fn absolute(inside: &[String], path: &[String], is_module: impl Fn(&[String]) -> bool) -> Option<Module> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([inside, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|word| *word == "super").count();
            Some([&inside[..inside.len().checked_sub(ups)?], &path[ups..]].concat())
        }
        first => is_module(&[inside, &[first.to_owned()]].concat()).then(|| [inside, path].concat()),
    }
}

fn names(file: &Module, text: &str, is_module: impl Fn(&[String]) -> bool + Copy) -> Names {
    let tokens = tokens(text);
    let (mut names, mut at, mut depth) = (Names::default(), 0, 0);
    // `mod tests { … }`, with the depth of its braces.
    let mut inside: Vec<(String, usize)> = Vec::new();
    while at < tokens.len() {
        let here: Module = file.iter().chain(inside.iter().map(|(name, _)| name)).cloned().collect();
        match tokens[at].as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inside.pop_if(|(_, opened)| *opened == depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|next| next == "{") => {
                inside.push((tokens[at + 1].clone(), depth));
                at += 1;
            }
            // Not `use<'a>`, which says what a type captures.
            "use" if tokens[at + 1] != "<" => {
                let is_public = at > 0 && [")", "pub"].contains(&tokens[at - 1].as_str());
                let mut paths = Vec::new();
                at += 1;
                read_use(&tokens, &mut at, &[], &mut paths);
                for path in paths.iter().filter_map(|path| absolute(&here, path, is_module)) {
                    let exports = is_public && path.starts_with(file) && path.len() > file.len() + 1;
                    if exports { names.exported.push(path) } else { names.used.push(path) }
                }
            }
            _ if tokens.get(at + 1).is_some_and(|next| next == "::") => {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|next| next == "::") && at + 2 < tokens.len() {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                names.used.extend(absolute(&here, &path, is_module));
            }
            _ => {}
        }
        at += 1;
    }
    names
}

/// The text of each module.
fn sources() -> BTreeMap<Module, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(&root).expect("inside").with_extension("");
                let mut module: Module = module.iter().map(|word| word.to_str().expect("ASCII").to_owned()).collect();
                module.pop_if(|last| last == "mod" || last == "lib");
                files.insert(module, fs::read_to_string(path).expect("readable"));
            }
        }
    }
    assert!(files.len() > 150, "{} files", files.len());
    files
}

/// Which file imports which.
fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let files = sources();
    let is_module = |path: &[String]| files.contains_key(path);
    let names: BTreeMap<&Module, Names> =
        files.iter().map(|(file, text)| (file, names(file, text, is_module))).collect();
    let resolve = |path: &Module| {
        let mut path = path.clone();
        loop {
            let length = (0..=path.len()).rev().find(|length| is_module(&path[..*length])).expect("the root is one");
            let module = path[..length].to_vec();
            let exported = path
                .get(length)
                .and_then(|name| names[&module].exported.iter().find(|exported| exported.last() == Some(name)));
            match exported {
                Some(exported) => path = [&exported[..], &path[length + 1..]].concat(),
                None => return module,
            }
        }
    };
    let imports = names.iter().map(|(file, names)| {
        let of_file = names.used.iter().map(resolve).filter(|module| !module.is_empty() && !module.starts_with(file));
        ((*file).clone(), of_file.collect())
    });
    imports.filter(|(file, _): &(Module, _)| !file.is_empty()).collect()
}

fn shown(module: &[String]) -> String {
    module.join("/")
}

/// The files that lead back to themselves, each with all it is in a circle with.
fn cycles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<BTreeSet<&Module>> {
    let reached = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = imports[from].iter().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(&imports[module]);
            }
        }
        reached
    };
    let all: BTreeMap<&Module, BTreeSet<&Module>> = imports.keys().map(|module| (module, reached(module))).collect();
    let circle = |module| all[module].iter().copied().filter(|other| all[other].contains(module)).collect();
    all.keys().map(|module| circle(*module)).filter(|circle: &BTreeSet<&Module>| circle.len() > 1).collect()
}

/// Fails where what is found is not what is listed.
#[track_caller]
fn compare(what: &str, found: BTreeSet<String>, listed: BTreeSet<String>) {
    let new: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(new.is_empty(), "new {what}: {new:#?}");
    assert!(gone.is_empty(), "no longer {what}; take them off the list: {gone:#?}");
}

#[test]
fn imports_go_down_the_layers() {
    let place = |module: &str| LAYERS.iter().position(|layer| *layer == module);
    let mut upward = BTreeSet::new();
    for (file, imported) in imports() {
        if file[0] == FOR_TESTS {
            continue;
        }
        let from = place(&file[0]).unwrap_or_else(|| panic!("{} is in no layer", file[0]));
        for module in imported.iter().filter(|module| module[0] != FOR_TESTS) {
            let to = place(&module[0]).unwrap_or_else(|| panic!("{} is in no layer", module[0]));
            if to < from {
                upward.insert(format!("{} -> {}", file[0], module[0]));
            }
        }
    }
    compare("imports up the layers", upward, UPWARD.iter().map(|(from, to)| format!("{from} -> {to}")).collect());
}

#[test]
fn imports_go_in_no_circle() {
    let imports = imports();
    let cycles = cycles(&imports);
    let text = |cycle: &BTreeSet<&Module>| cycle.iter().map(|module| shown(module)).collect::<Vec<_>>().join(" ");
    compare("circles", cycles.iter().map(text).collect(), CYCLES.iter().map(|cycle| cycle.join(" ")).collect());

    // Two neighbours that import each other, by whichever of their files; unless those files are in a circle already.
    let mut edges: BTreeSet<[&[String]; 2]> = BTreeSet::new();
    let helps = |module: &Module| module[0] == FOR_TESTS;
    for (file, imported) in imports.iter().filter(|(file, _)| !helps(file)) {
        for module in imported.iter().filter(|module| !file.starts_with(module) && !helps(module)) {
            let common = file.iter().zip(module.iter()).take_while(|(one, other)| one == other).count();
            edges.insert([&file[..=common], &module[..=common]]);
        }
    }
    let is_mutual = |[one, other]: &&[&[String]; 2]| one < other && edges.contains(&[*other, *one]);
    let is_known = |[one, other]: &&[&[String]; 2]| {
        cycles.iter().any(|cycle| [one, other].iter().all(|of| cycle.iter().any(|module| module.starts_with(of))))
    };
    let mutual = edges.iter().filter(|edge| is_mutual(edge) && !is_known(edge));
    let mutual = mutual.map(|[one, other]| format!("{} {}", shown(one), shown(other)));
    compare("mutual imports", mutual.collect(), MUTUAL.iter().map(|(one, other)| format!("{one} {other}")).collect());
}

/// The predicates of a text, by their names, that can change what they are asked of.
fn changing_predicates(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let may_change = |five: &&[String]| {
        let is_predicate =
            ["is_", "has_", "may_", "can_", "must_", "needs_"].iter().any(|start| five[1].starts_with(start));
        five[0] == "fn" && is_predicate && five[2..] == ["(", "&", "mut"]
    };
    tokens.windows(5).filter(may_change).map(|five| five[1].clone()).collect()
}

#[test]
fn no_predicate_can_change_what_it_is_asked_of() {
    let found: Vec<String> = sources().values().flat_map(|text| changing_predicates(text)).collect();
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(
        changing_predicates("fn may_go(&mut self) -> bool {} fn is_on(&self) {} fn go(&mut self) {}"),
        ["may_go"]
    );
}

#[test]
fn words_are_read_as_the_compiler_does() {
    let text = "use crate::{a::B, c as d};\n// use crate::no;\nlet s = \"crate::no\"; r#\"crate::\"no\"#; '\"'; crate::e::f();\n\
                fn c<'a>() -> impl Iterator + use<'a> {\n}\nmod tests {\n    use super::{self, g};\n    use super::super::h;\n}\npub use self::h::I;";
    let file = vec!["x".to_owned(), "y".to_owned()];
    let names = names(&file, text, |_| false);
    let used: Vec<String> = names.used.iter().map(|path| shown(path)).collect();
    assert_eq!(used, ["a/B", "c", "e/f", "x/y/self", "x/y/g", "x/h"]);
    assert_eq!(names.exported.iter().map(|path| shown(path)).collect::<Vec<_>>(), ["x/y/h/I"]);
}
