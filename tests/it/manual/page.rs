//! A page of the manual as its test reads it: what is run, what is written into files, what says that it was not run.
//!
//! Comments that no reader sees set the stage: `<!-- scene: NAME -->` starts anew on another machine, `<!-- file: PATH -->`
//! writes the next block into a file, `<!-- hidden: COMMAND -->` runs a command, `<!-- needs: PROGRAM -->` names what the
//! rest of the scene cannot do without.

use std::fs;
use std::path::{Path, PathBuf};

/// One of `README.md` and `docs/*.md`.
#[derive(Debug)]
pub struct Page {
    /// `docs/roles.md`
    pub name: String,
    pub text: String,
    pub scenes: Vec<Scene>,
    /// Lines of `console` blocks that are marked as not run.
    pub not_run: Vec<usize>,
}

/// What happens on one machine, in order.
#[derive(Debug)]
pub struct Scene {
    /// The line its first piece stands in, from 1.
    pub line: usize,
    pub name: String,
    pub needs: Vec<String>,
    pub pieces: Vec<Piece>,
}

#[derive(Debug)]
pub enum Piece {
    File { path: String, content: String },
    Hidden(String),
    Step(Step),
}

/// A command of a `console` block and what stands below it.
#[derive(Debug)]
pub struct Step {
    pub line: usize,
    pub command: String,
    pub expected: Vec<String>,
}

/// A fenced block.
#[derive(Debug)]
pub struct Fence {
    /// The line of its opening fence, from 1.
    pub line: usize,
    pub language: String,
    pub lines: Vec<String>,
    /// The last line of text before it.
    pub before: String,
}

/// Every page, the README first.
pub fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut docs: Vec<PathBuf> =
        fs::read_dir(root.join("docs")).expect("a folder").flatten().map(|e| e.path()).collect();
    docs.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    docs.sort();
    let paths = std::iter::once(root.join("README.md")).chain(docs);
    paths.map(|path| Page::read(&path.strip_prefix(root).expect("below it").display().to_string(), &path)).collect()
}

impl Page {
    fn read(name: &str, path: &Path) -> Page {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut page = Page { name: name.to_owned(), scenes: Vec::new(), not_run: Vec::new(), text };
        let mut file = None;
        let mut fences = page.fences().into_iter().peekable();
        let mut inside = 0;
        for (number, line) in (1..).zip(page.text.clone().lines()) {
            if let Some(fence) = fences.next_if(|fence| fence.line == number) {
                inside = number + fence.lines.len() + 1;
                match file.take() {
                    Some(path) => {
                        page.scene(number).pieces.push(Piece::File { path, content: fence.lines.join("\n") + "\n" });
                    }
                    None if fence.language != "console" => {}
                    None if fence.is_marked_as_not_run() => page.not_run.push(number),
                    None => page.scene(number).pieces.extend(fence.steps().into_iter().map(Piece::Step)),
                }
            }
            if number <= inside {
                continue;
            }
            match comment(line) {
                Some(("scene", name)) => {
                    let name = name.to_owned();
                    page.scenes.push(Scene { line: number, name, needs: Vec::new(), pieces: Vec::new() });
                }
                Some(("file", path)) => file = Some(path.to_owned()),
                Some(("hidden", command)) => page.scene(number).pieces.push(Piece::Hidden(command.to_owned())),
                Some(("needs", program)) => page.scene(number).needs.push(program.to_owned()),
                Some((other, _)) => panic!("{name}:{number}: `{other}` is no word of the manual's test"),
                None => {}
            }
        }
        page
    }

    /// The scene that is being read.
    fn scene(&mut self, number: usize) -> &mut Scene {
        let name = &self.name;
        self.scenes.last_mut().unwrap_or_else(|| panic!("{name}:{number}: no `<!-- scene: … -->` comes before"))
    }

    /// Its fenced blocks, indented ones too.
    pub fn fences(&self) -> Vec<Fence> {
        let mut fences: Vec<Fence> = Vec::new();
        let (mut open, mut before) = (false, String::new());
        for (number, line) in (1..).zip(self.text.lines()) {
            match (line.trim_start().strip_prefix("```"), open) {
                (Some(language), false) => {
                    let (language, before) = (language.to_owned(), std::mem::take(&mut before));
                    fences.push(Fence { line: number, language, lines: Vec::new(), before });
                    open = true;
                }
                (Some(_), true) => open = false,
                (None, true) => fences.last_mut().expect("an open one").lines.push(line.to_owned()),
                (None, false) if line.trim().is_empty() || comment(line).is_some() => {}
                (None, false) => before = line.to_owned(),
            }
        }
        fences
    }
}

impl Fence {
    /// Whether the reader is told, right above it, that nobody ran it.
    fn is_marked_as_not_run(&self) -> bool {
        self.before.contains("Not run")
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (line, text) in (self.line + 1..).zip(&self.lines) {
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push(Step { line, command: command.to_owned(), expected: Vec::new() });
                continue;
            }
            let step = steps.last_mut().expect("a `console` block starts with a command");
            match text.strip_prefix("> ") {
                Some(more) if step.expected.is_empty() => step.command += &format!("\n{more}"),
                _ => step.expected.push(text.clone()),
            }
        }
        steps
    }
}

/// `<!-- word: value -->`
fn comment(line: &str) -> Option<(&str, &str)> {
    line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim().split_once(": ")
}
