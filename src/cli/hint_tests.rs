//! Every command that a hint names is one that keyfob takes.

use std::path::Path;

use clap::ArgMatches;

use super::tests::sources;
use crate::format::shell::Shell;
use crate::hint::{Hint, places};

const HOSTILE: [&str; 12] = [
    "work", "two words", "it's", "\"a\" \\ `id`", "$(rm -rf ~)", "-x", "--help", "--", "jürgen", "a\nb",
    "a; ls & b | c > d", "*?~!#%=[]{}@ ",
];

/// Every template in the source, with every hostile name in every place, is taken apart by a shell and read by clap.
#[test]
fn every_command_of_the_program_parses_and_names_what_was_meant() {
    let templates: Vec<String> = sources().iter().flat_map(|(_, text)| templates(text)).collect();
    assert!(templates.len() > 5, "{templates:?}");
    let is_ours = |template: &&String| template.starts_with("keyfob ") && *template != "keyfob --help";
    for template in templates.iter().filter(is_ours) {
        for name in HOSTILE {
            let values: Vec<String> = (0..places(template)).map(|place| value_for(template, place, name)).collect();
            let template: &'static str = template.clone().leak();
            let hint = Hint::run(template, &values.iter().map(|value| value as _).collect::<Vec<_>>());
            let line = hint.command(Shell::Sh).expect("a command");
            let mut words = shell_words::split(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            words.iter_mut().filter(|word| *word == "STORE").for_each(|store| *store = "vault".to_owned());
            words.iter_mut().filter(|word| *word == "REGION").for_each(|region| *region = "eu-west-1".to_owned());
            let role = "arn:aws:iam::123456789012:role/Admin";
            words.iter_mut().filter(|word| *word == "ARN").for_each(|arn| *arn = role.to_owned());
            let (profile, words) = match &words[..] {
                [env, profile, words @ ..] if env == "env" => (profile.strip_prefix("AWS_PROFILE="), words),
                words => (None, words),
            };
            let parsed = crate::cli::command().try_get_matches_from(words);
            let parsed = parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
            let mut got = all_values(&parsed);
            got.extend(profile.map(str::to_owned));
            for value in &values {
                assert!(got.contains(value), "{line}: {value:?} is not in {got:?}");
            }
        }
    }
}

/// Every template in the source is shown whole: its options are no names of secrets.
#[test]
fn no_word_of_a_hint_of_the_program_is_masked() {
    let templates: Vec<String> = sources().iter().flat_map(|(_, text)| templates(text)).collect();
    assert!(templates.iter().any(|template| template.contains("--http-tokens required")), "{templates:?}");
    for template in templates.iter().filter(|template| !template.contains("--token {}")) {
        let values = vec!["work"; places(template)];
        let template: &'static str = template.clone().leak();
        let hint = Hint::run(template, &values.iter().map(|value| value as _).collect::<Vec<_>>()).to("do it");
        let shown = crate::ui::shown_hint(&hint, || Shell::Sh);
        assert_eq!(shown, hint.text(|| Shell::Sh));
    }
}

/// Only `run!` writes a command with a value in it, and the pure modules write none.
#[test]
fn no_text_holds_a_command_line_with_a_value() {
    const PURE: [&str; 10] = [
        "chain", "credentials.rs", "format", "ini", "process_line", "profile", "rotation", "secret.rs", "timestamp.rs",
        "totp.rs",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let path = path.strip_prefix(&root).expect("a file of the source");
        let is_pure = PURE.iter().any(|pure| path.starts_with(pure)) && !path.ends_with("format/hint.rs");
        let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in program.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let with_value =
                line.split("`keyfob ").skip(1).any(|rest| rest.split('`').next().unwrap_or(rest).contains('{'));
            if with_value || is_pure && (line.contains("`keyfob ") && !line.contains("eval") || line.contains("run!("))
            {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    let wrong: Vec<_> =
        wrong.iter().filter(|line| !line.replace(std::path::MAIN_SEPARATOR, "/").contains("/tests")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A command that is to be run again keeps its options and its values, and is read as it was.
#[test]
fn a_command_to_be_run_again_is_the_same_with_one_option_more() {
    let again = |words: &[&str], options: &[&'static str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Hint::again(&words, options).command(Shell::Sh).expect("a command")
    };
    for name in HOSTILE {
        let file = format!("--csv={name}");
        let line = again(&["/usr/bin/keyfob", "add", "--no-verify", &file, "--", name], &["--replace"]);
        let words = shell_words::split(&line).expect("words");
        let parsed =
            crate::cli::command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
        let (_, add) = parsed.subcommand().expect("`add`");
        assert!(add.get_flag("replace") && add.get_flag("no_verify"), "{line}");
        assert_eq!(all_values(&parsed).iter().filter(|value| *value == name).count(), 2, "{line}");
    }
    let rotate = ["keyfob", "rotate", "work", "--with", "admin", "--mfa-code", "123456"];
    assert_eq!(again(&rotate, &["--yes"]), "keyfob rotate work --with admin --mfa-code CODE --yes");
    assert_eq!(
        again(&["keyfob", "mfa", "enroll", "a b", "--name=x"], &["--name", "NAME"]),
        "keyfob mfa enroll 'a b' --name NAME"
    );
    assert_eq!(
        again(&["keyfob", "exec", "a", "--", "ls", "-l"], &["--no-session"]),
        "keyfob exec a --no-session -- ls -l"
    );
    assert_eq!(again(&["keyfob", "remove", "a", "--yes"], &["--yes"]), "keyfob remove a --yes");
}

/// What can be in this place of a template: a hostile name, but where the form of a value is given.
fn value_for(template: &str, place: usize, name: &str) -> String {
    let before = template.split("{}").nth(place).unwrap_or_default().trim_end();
    if template.starts_with("keyfob user ") && !before.ends_with("--with") && !before.ends_with("accept") {
        return "bob".to_owned();
    }
    match before.rsplit(' ').next() {
        Some("--delete-other") => "AKIAIOSFODNN7EXAMPLE".to_owned(),
        Some("--older-than") => "90d".to_owned(),
        Some("--backend") => "vault".to_owned(),
        Some("--region") => "eu-west-1".to_owned(),
        _ => name.to_owned(),
    }
}

fn all_values(matches: &ArgMatches) -> Vec<String> {
    let own = matches.ids().filter_map(|id| matches.try_get_raw(id.as_str()).ok().flatten());
    let mut values: Vec<String> = own.flatten().map(|value| value.to_string_lossy().into_owned()).collect();
    values.extend(matches.subcommand().into_iter().flat_map(|(_, matches)| all_values(matches)));
    values
}

/// The words of each `run!`.
fn templates(source: &str) -> Vec<String> {
    let starts = source.match_indices("run!(").map(|(at, start)| source[at + start.len()..].trim_start());
    starts.filter_map(|text| Some(text.strip_prefix('"')?.split_once('"')?.0.to_owned())).collect()
}
