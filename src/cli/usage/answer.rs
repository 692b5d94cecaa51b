//! Our command for another tool's, with what was typed in its places.

use super::words::{AWS_CLI, Other, SYNONYMS, is_region, place_of};
use super::{hint, is_taken, sample};
use crate::hint::{Hint, Word};

/// What was typed behind a command.
pub(super) struct Typed {
    /// Options with a value.
    pairs: Vec<(String, String)>,
    /// The other words.
    words: Vec<String>,
    /// `--`, and the command behind it.
    command: Vec<String>,
}

impl Typed {
    pub(super) fn new(typed: &[String]) -> Typed {
        Typed::of(typed, is_valued)
    }

    /// Takes each option that has a value out with it.
    fn of(typed: &[String], is_valued: impl Fn(&str, &str) -> bool) -> Typed {
        let (own, command) = typed.split_at(typed.iter().position(|word| word == "--").unwrap_or(typed.len()));
        let (mut pairs, mut words) = (Vec::new(), Vec::new());
        let mut rest = own.iter().peekable();
        while let Some(word) = rest.next() {
            let pair = match word.split_once('=') {
                Some((option, value)) => Some((option, value, false)),
                None => rest.peek().map(|value| (&**word, &***value, true)),
            };
            match pair.filter(|(option, value, _)| word.starts_with('-') && is_valued(option, value)) {
                Some((option, value, is_apart)) => {
                    pairs.push((option.to_owned(), value.to_owned()));
                    if is_apart {
                        rest.next();
                    }
                }
                // `help` asks for it.
                None if word == "--help" || word == "-h" => {}
                None => words.push(word.clone()),
            }
        }
        Typed { pairs, words, command: command.to_vec() }
    }

    /// The options with a value, those without, the other words, and the command, as words of ours.
    fn into_ours(self, is_open: bool) -> [Vec<Word>; 4] {
        let pair = |(option, value): (String, String)| match (place_of(&option), ours(&option)) {
            (Some("PROFILE"), _) => vec![Word::Value(value)],
            // It works once.
            (Some("CODE"), option) => vec![Word::Plain(option.into()), Word::Fill("CODE".into())],
            (_, option) => [Word::given(&option), vec![Word::Value(value)]].concat(),
        };
        let own = |word: String| if word.starts_with("--") { ours(&word) } else { word };
        let is_flag = |word: &String| word.starts_with('-') && !is_open;
        let (flags, others): (Vec<String>, Vec<String>) = self.words.into_iter().map(own).partition(is_flag);
        let words = |words: Vec<String>| words.iter().flat_map(|word| Word::given(word)).collect();
        [self.pairs.into_iter().flat_map(pair).collect(), words(flags), words(others), words(self.command)]
    }

    /// Whether one of the words that `row` answers is among it; the value of an option is none.
    pub(super) fn has(&self, row: &Other) -> bool {
        let name = |word: &str| word.split('=').next().map(str::to_owned).unwrap_or_default();
        self.words.iter().any(|word| row.words.contains(&&*name(word)))
            || self.pairs.iter().any(|(option, value)| row.is_about(option, value))
    }
}

/// Whether an option of some tool has this value, and is no option without one.
pub(super) fn is_valued(option: &str, value: &str) -> bool {
    match option {
        // awsume's takes none.
        "-r" => is_region(value),
        // Granted's neither.
        "-t" => value.bytes().all(|byte| byte.is_ascii_digit()),
        "--url" => value.contains("://"),
        _ => place_of(option).is_some(),
    }
}

/// Our option for another's.
fn ours(option: &str) -> String {
    let known = SYNONYMS.iter().find(|(_, others)| others.contains(&option));
    known.map_or_else(|| option.to_owned(), |(ours, _)| format!("--{ours}"))
}

impl Other {
    /// Whether it answers this option, or the option with this value alone.
    pub(super) fn is_about(&self, option: &str, value: &str) -> bool {
        self.words.iter().any(|word| match word.split_once('=') {
            Some(pair) => pair == (option, value),
            None => *word == option,
        })
    }

    /// Whether our command has a place for the value of this option.
    fn takes(&self, option: &str) -> bool {
        self.command.split(' ').any(|word| fits(word, option))
    }

    /// Our command with what was typed in the places of its placeholders, and the rest of that where it fits.
    pub(super) fn answer(&self, typed: &[String]) -> Hint {
        if self.command.is_empty() {
            return self.why.into();
        }
        if cfg!(not(unix)) && self.command.ends_with("--server") {
            return "`exec --server` is not available on Windows".into();
        }
        let Hint::Run { words: template, .. } = Hint::run(self.command, &[]) else { unreachable!("it makes commands") };
        let mut typed = self.read(typed);
        let filled: Vec<Word> = template.iter().map(|word| self.fill(word, &mut typed)).collect();
        let [pairs, flags, others, command] = typed.into_ours(self.is_open());
        let lines = [
            vec![&filled, &pairs, &flags, &others, &command],
            vec![&filled, &pairs, &others, &command],
            vec![&filled, &pairs, &command],
            vec![&filled, &command],
            vec![&filled],
        ];
        let mut lines = lines.into_iter().map(|parts| parts.into_iter().flatten().cloned().collect::<Vec<_>>());
        let line = lines.find(|line| is_taken(line.iter().map(sample)));
        hint(line.unwrap_or(template)).to(self.why)
    }

    /// Whether our command ends with another's, whose words are not ours to read.
    fn is_open(&self) -> bool {
        self.command.ends_with("COMMAND")
    }

    /// What was typed, without the words that this answers.
    fn read(&self, typed: &[String]) -> Typed {
        let is_valued = |option: &str, value: &str| match (self.is_open(), self.words.contains(&option)) {
            (true, _) => matches!(place_of(option), Some("PROFILE" | "COMMAND")),
            // A short one may have no value in the tool that is meant.
            (false, true) => {
                let has_value = self.takes(option) || option.starts_with("--") || place_of(option) == Some("OTHER");
                has_value && is_valued(option, value)
            }
            // `exec`'s is its server.
            (false, false) => is_valued(option, value) && (option != "-s" || self.takes(option)),
        };
        let mut typed = Typed::of(typed, is_valued);
        typed.pairs.retain(|(option, value)| self.takes(option) || !self.is_about(option, value));
        for word in self.words {
            let found = typed.words.iter().position(|typed| typed.split('=').next() == Some(word));
            found.map(|at| typed.words.remove(at));
        }
        // What Granted runs is one word.
        if let Some(at) = typed.pairs.iter().position(|(option, _)| fits("COMMAND", option)) {
            let line = typed.pairs.remove(at).1;
            typed.words.extend(shell_words::split(&line).unwrap_or_else(|_| vec![line]));
        }
        typed
    }

    /// A word of our command: a placeholder gets what was typed for it.
    fn fill(&self, word: &Word, typed: &mut Typed) -> Word {
        let Word::Fill(name) = word else { return word.clone() };
        if let Some(at) = typed.pairs.iter().position(|(option, _)| fits(name, option)) {
            let value = typed.pairs.remove(at).1;
            // The AWS CLI's for a file.
            return Word::Value(value.strip_prefix("file://").map_or(value.clone(), str::to_owned));
        }
        // They are named by options alone.
        let is_option = name == "PROFILE" && self.on.iter().any(|on| AWS_CLI.contains(on))
            || name == "SESSION" && self.words.contains(&"-A");
        let fits = |word: &String| match &**name {
            _ if word.starts_with('-') => false,
            "URL" => word.contains("://"),
            "REGION" => is_region(word),
            "ROLE" => word.contains(':'),
            "TIME" => word.starts_with(|first: char| first.is_ascii_digit()),
            _ => true,
        };
        match typed.words.iter().position(fits).filter(|_| !is_option) {
            Some(at) => Word::Value(typed.words.remove(at)),
            None if name == "COMMAND" && typed.command.len() > 1 => {
                typed.command.remove(0);
                Word::Value(typed.command.remove(0))
            }
            None => word.clone(),
        }
    }
}

/// Whether the value of an option goes to this place of a command.
fn fits(place: &str, option: &str) -> bool {
    let also = [("PROFILE", "SESSION"), ("ROLE", "NAME")];
    place_of(option).is_some_and(|name| name == place || also.contains(&(name, place)))
}
