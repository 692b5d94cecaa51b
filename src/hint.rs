//! What the reader can do about something: words, or a command to run.
//!
//! Pure. A command is a list of words, so that `format::hint` alone quotes it, for the shell it is shown in.

use std::borrow::Cow;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// What the reader can do: one sentence in the imperative, lower case, without a final stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    Say(String),
    /// Lines that the reader pastes somewhere, below what to do with them.
    Paste {
        why: String,
        lines: Vec<String>,
    },
    /// A command, made by `run!`. Shown as `why: command`.
    Run {
        /// The program's name, then its arguments.
        words: Vec<Word>,
        /// What the command is for.
        why: Option<String>,
    },
}

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// The same in every shell: a subcommand, an option.
    Plain(Cow<'static, str>),
    /// A value that may be anything: a profile's name, a path.
    Value(String),
    /// What only the reader knows, by its name: `NAME`, `VALUE`.
    Fill(Cow<'static, str>),
}

impl Word {
    /// The word without quotes.
    pub fn as_str(&self) -> &str {
        match self {
            Word::Plain(word) | Word::Fill(word) => word,
            Word::Value(word) => word,
        }
    }
}

impl Word {
    /// A word of a template: one in capitals is a placeholder.
    fn ours(word: &'static str) -> Word {
        match word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            true => Word::Fill(word.into()),
            false => Word::Plain(word.into()),
        }
    }

    /// A word that somebody typed; `--option=value` is two.
    pub fn given(word: &str) -> Vec<Word> {
        let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        match word.split_once('=') {
            _ if !word.starts_with('-') => vec![Word::Value(word.to_owned())],
            _ if is_plain(word) => vec![Word::Plain(word.to_owned().into())],
            Some((option, value)) if option.starts_with("--") && is_plain(option) => {
                vec![Word::Plain(option.to_owned().into()), Word::Value(value.to_owned())]
            }
            _ => vec![Word::Value(word.to_owned())],
        }
    }
}

impl Hint {
    /// A command from its words with blanks between: `{}` is the next of `values`, and a word in capitals the reader's.
    ///
    /// Arguments come before the options, so that a value after an option is always that option's.
    pub fn run(words: &'static str, values: &[&dyn Display]) -> Hint {
        let mut values = values.iter();
        let words = words.split(' ').map(|word| match word {
            "{}" => Word::Value(values.next().map(ToString::to_string).unwrap_or_default()),
            _ => Word::ours(word),
        });
        Hint::Run { words: words.collect(), why: None }
    }

    /// The command line that keyfob was started with, and `options`, which replace those of the same name. An MFA code works
    /// once, so another goes in its place.
    pub fn again(arguments: &[String], options: &[&'static str]) -> Hint {
        let end = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
        let (own, others) = arguments.split_at(end);
        let mut words = vec![Word::Plain("keyfob".into())];
        let mut rest = own.iter().skip(1);
        while let Some(word) = rest.next() {
            let (option, value) = word.split_once('=').map_or((&**word, None), |(option, value)| (option, Some(value)));
            let is_code = option == "--mfa-code" || option.starts_with("-t");
            let again = options.iter().position(|new| *new == option);
            let takes_value = again.is_some_and(|at| options.get(at + 1).is_some_and(|next| !next.starts_with("--")));
            match again {
                _ if is_code => words.extend([Word::Plain("--mfa-code".into()), Word::Fill("CODE".into())]),
                Some(_) => {}
                None => words.extend(Word::given(word)),
            }
            if value.is_none() && (takes_value || is_code && matches!(option, "--mfa-code" | "-t")) {
                rest.next();
            }
        }
        words.extend(options.iter().map(|option| Word::ours(option)));
        words.extend(others.iter().take(1).map(|dashes| Word::Plain(dashes.clone().into())));
        words.extend(others.iter().skip(1).map(|word| Word::Value(word.clone())));
        Hint::Run { words, why: None }
    }

    /// Each option that is keyfob's own word, with the word after it where that is keyfob's own too: no secret, whatever the
    /// option is called.
    pub fn own_pairs(&self) -> Vec<(&str, &str)> {
        let Hint::Run { words, .. } = self else { return Vec::new() };
        let pairs = words.windows(2).filter_map(|pair| match pair {
            [Word::Plain(name), Word::Plain(word) | Word::Fill(word)] => Some((&**name, &**word)),
            _ => None,
        });
        pairs.filter(|(name, _)| name.starts_with("--")).collect()
    }

    /// Adds what the command is for.
    pub fn to(self, purpose: impl Into<String>) -> Hint {
        match self {
            Hint::Run { words, why: _ } => Hint::Run { words, why: Some(purpose.into()) },
            Hint::Say(_) | Hint::Paste { .. } => self,
        }
    }

    /// Names the profile of a command that opens a key store, `keyfob exec PROFILE`: any that needs the same store would do.
    pub fn with_profile(mut self, profile: &str) -> Hint {
        if let Hint::Run { words, .. } = &mut self
            && let [Word::Plain(program), Word::Plain(command), place @ Word::Fill(_), ..] = &mut words[..]
            && (&**program, &**command, place.as_str()) == ("keyfob", "exec", "PROFILE")
        {
            *place = Word::Value(profile.to_owned());
        }
        self
    }

    /// Adds an option without a value where it is wanted.
    pub fn flag(mut self, name: &'static str, wanted: bool) -> Hint {
        if let (Hint::Run { words, .. }, true) = (&mut self, wanted) {
            words.push(Word::Plain(name.into()));
        }
        self
    }

    /// Adds an option where there is a value for it.
    pub fn option(mut self, name: &'static str, value: Option<impl Into<String>>) -> Hint {
        if let (Hint::Run { words, .. }, Some(value)) = (&mut self, value) {
            words.extend([Word::Plain(name.into()), Word::Value(value.into())]);
        }
        self
    }
}

/// How many values a command takes.
pub(crate) const fn places(words: &str) -> usize {
    let (bytes, mut at, mut count) = (words.as_bytes(), 1, 0);
    while at < bytes.len() {
        count += (bytes[at - 1] == b'{' && bytes[at] == b'}') as usize;
        at += 1;
    }
    count
}

/// [`Hint::run`], with as many values as there are places for them: `run!("keyfob add {} --replace", profile)`.
macro_rules! run {
    ($words:literal $(, $value:expr)* $(,)?) => {{
        const _: () = assert!($crate::hint::places($words) == <[&str]>::len(&[$(stringify!($value)),*]));
        $crate::hint::Hint::run($words, &[$(&$value),*])
    }};
}
pub(crate) use run;

impl From<String> for Hint {
    fn from(text: String) -> Hint {
        Hint::Say(text)
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Hint {
        Hint::Say(text.to_owned())
    }
}
