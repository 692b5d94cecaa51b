//! Every command that a hint names is one that keyfob takes.

use clap::ArgMatches;

use super::tests::sources;
use crate::format::shell::Shell;
use crate::hint::{Hint, places};

const HOSTILE: [&str; 12] = [
    "work",
    "two words",
    "it's",
    "\"a\" \\ `id`",
    "$(rm -rf ~)",
    "-x",
    "--help",
    "--",
    "jürgen",
    "a\nb",
    "a; ls & b | c > d",
    "*?~!#%=[]{}@ ",
];

/// Every template in the source, with every hostile name in every place, is taken apart by a shell and read by clap.
#[test]
fn every_command_of_the_program_parses_and_names_what_was_meant() {
    let templates: Vec<String> = sources().iter().flat_map(|(_, text)| templates(text)).collect();
    assert!(templates.len() > 5, "{templates:?}");
    for template in templates.iter().filter(|template| template.starts_with("keyfob ")) {
        for name in HOSTILE {
            let values: Vec<String> = (0..places(template)).map(|place| value_for(template, place, name)).collect();
            let template: &'static str = template.clone().leak();
            let hint = Hint::run(template, &values.iter().map(|value| value as _).collect::<Vec<_>>());
            let line = hint.command(Shell::Sh).expect("a command");
            let words = shell_words::split(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
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

/// What can be in this place of a template: a hostile name, but where the form of a value is given.
fn value_for(template: &str, place: usize, name: &str) -> String {
    let before = template.split("{}").nth(place).unwrap_or_default().trim_end();
    match before.rsplit(' ').next() {
        Some("--delete-other") => "AKIAIOSFODNN7EXAMPLE".to_owned(),
        Some("--backend") => "vault".to_owned(),
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
