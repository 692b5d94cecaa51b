//! Where the vault's passphrase comes from: a file, a command, or the person at the terminal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::format::environment::of_helper;
use crate::human::{AskError, Human, Talk};
use crate::keystore::StoreError;
use crate::secret::{Secret, SecretBytes};
use crate::settings;
use crate::sys::child::{self, Given};
use crate::sys::env::Environment;
use crate::sys::files::read_optional;

/// What stands in `KEYFOB_CHAIN` for the vault while its passphrase command runs; no profile is called that.
pub const VAULT_IN_CHAIN: &str = "(vault)";

/// The sources, in the order they are tried. One that is set and fails ends the search: nobody is asked instead.
pub struct PassphraseSources<'a> {
    /// `KEYFOB_PASSPHRASE_FILE`.
    pub file: Option<PathBuf>,
    /// `KEYFOB_PASSPHRASE_COMMAND`, split into words as a POSIX shell does, on Windows too: `\\` there is written `/` or
    /// in single quotes. No shell runs it.
    pub command: Option<String>,
    /// The variables it is made from.
    pub environment: &'a Environment,
    /// How long the command may run.
    pub command_limit: Duration,
    /// What this process was started to resolve, from `KEYFOB_CHAIN`.
    pub chain: Vec<String>,
    /// The person.
    pub human: &'a dyn Human,
    /// How long the person may take.
    pub prompt_limit: Option<Duration>,
    /// Who is told of a weak one.
    pub talk: &'a dyn Talk,
}

/// Characters below which a passphrase is called short: anybody with the file can try them all.
const SHORT: usize = 8;

impl PassphraseSources<'_> {
    /// The passphrase the file or the command gives, and which of them; `None` where neither is set.
    ///
    /// # Errors
    /// [`StoreError::BadSource`] where the source fails or gives nothing.
    pub fn given(&self) -> Result<Option<(Secret, Source)>, StoreError> {
        let from = |setting| settings::place_of(setting, self.environment);
        if let Some(path) = &self.file {
            let source = Source::file(path, from("passphrase_file"));
            return source.read(path).map(|passphrase| Some((passphrase, source)));
        }
        if let Some(command) = &self.command {
            let source = Source { name: "passphrase command".to_owned(), from: from("passphrase_command") };
            let bytes = self.run(command).map_err(|why| source.bad(format!("the passphrase command failed: {why}")))?;
            return source.first_line(&bytes).map(|passphrase| Some((passphrase, source)));
        }
        Ok(None)
    }

    fn run(&self, command: &str) -> Result<SecretBytes, String> {
        if self.chain.iter().any(|link| link == VAULT_IN_CHAIN) {
            return Err("it runs keyfob, which needs the vault itself".to_owned());
        }
        // Its words are not repeated: somebody may have written the passphrase itself into it.
        let argv = shell_words::split(command).map_err(|error| error.to_string())?;
        let chain: Vec<_> = self.chain.iter().cloned().chain([VAULT_IN_CHAIN.to_owned()]).collect();
        let given = Given { env: &of_helper(self.environment), chain: &chain, limit: self.command_limit };
        let answer = child::run(&argv, given).map_err(|error| error.to_string())?;
        match answer.status.success() {
            true => Ok(answer.stdout),
            false => Err(answer.status.to_string()),
        }
    }

    /// Asks the person for the passphrase of a vault that exists; `check`, which takes a second, has the answer.
    ///
    /// # Errors
    /// [`StoreError::NeedsHuman`] where nobody answers.
    pub fn ask<T>(&self, check: impl Fn(&Secret) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut checked = None;
        let mut check = |passphrase: &Secret| {
            checked = (!passphrase.is_empty()).then(|| check(passphrase));
        };
        self.human
            .ask_secret_and("Passphrase of keyfob's vault: ", self.prompt_limit, &mut check)
            .and_then(|()| checked.ok_or(AskError::Declined))
            .map_err(|error| unanswered("the vault is locked", &error, StoreError::NeedsHuman))?
    }

    /// The passphrase of a new vault: from its source, else asked for. Warns of a short one.
    ///
    /// # Errors
    /// As [`PassphraseSources::given`] and [`PassphraseSources::ask_for_new`].
    pub fn new_passphrase(&self) -> Result<Secret, StoreError> {
        match self.given()? {
            Some((passphrase, _)) => {
                self.warn_if_short(&passphrase);
                Ok(passphrase)
            }
            None => self.ask_for_new("cannot create the vault"),
        }
    }

    /// Warns of a passphrase that can be found by trying.
    pub(super) fn warn_if_short(&self, passphrase: &Secret) {
        if passphrase.expose().chars().count() < SHORT {
            self.talk.warn(&format!(
                "this passphrase has fewer than {SHORT} characters: anyone who copies the vault can try them all"
            ));
        }
    }

    /// Asks the person for a new passphrase, twice; `why` begins the error.
    ///
    /// # Errors
    /// [`StoreError::NoNewPassphrase`] where nobody answers, or the two differ three times.
    pub fn ask_for_new(&self, why: &str) -> Result<Secret, StoreError> {
        for _ in 0..3 {
            let first = self
                .human
                .ask_secret("New passphrase for keyfob's vault: ", self.prompt_limit)
                .map_err(|error| unanswered(why, &error, StoreError::NoNewPassphrase))?;
            if first.is_empty() {
                self.human.progress("an empty passphrase protects nothing; type one, or press Ctrl-C");
                continue;
            }
            self.warn_if_short(&first);
            let second = self
                .human
                .ask_secret("Repeat the passphrase: ", self.prompt_limit)
                .map_err(|error| unanswered(why, &error, StoreError::NoNewPassphrase))?;
            if first.expose() == second.expose() {
                return Ok(first);
            }
            self.human.progress("the passphrases do not match; try again");
        }
        Err(StoreError::NoNewPassphrase(format!("{why}: the passphrases did not match in three attempts")))
    }
}

/// Where a passphrase is read from.
#[derive(Debug)]
pub struct Source {
    /// For messages: ``passphrase file `x` ``.
    pub name: String,
    /// The setting, the variable or the option that names it.
    from: String,
}

impl Source {
    /// A file that `from` names.
    fn file(path: &Path, from: String) -> Source {
        Source { name: format!("passphrase file `{}`", path.display()), from }
    }

    /// The passphrase in the file: its first line.
    ///
    /// # Errors
    /// [`StoreError::BadSource`] if the file cannot be read or gives nothing.
    fn read(&self, path: &Path) -> Result<Secret, StoreError> {
        let Source { name, .. } = self;
        match read_optional(path) {
            Ok(Some(bytes)) => self.first_line(&SecretBytes::new(bytes)),
            Ok(None) => Err(self.bad(format!("the {name} does not exist"))),
            Err(error) => Err(self.bad(format!("the {name} cannot be read: {error}"))),
        }
    }

    /// The first line, without its end; a passphrase has no second one.
    fn first_line(&self, bytes: &SecretBytes) -> Result<Secret, StoreError> {
        let Source { name, .. } = self;
        let line = bytes.expose().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok("") => Err(self.bad(format!("the {name} returned an empty passphrase"))),
            Ok(line) => Ok(Secret::new(line.to_owned())),
            Err(_) => Err(self.bad(format!("the {name} did not return UTF-8 text"))),
        }
    }

    /// What is wrong with it.
    pub fn bad(&self, why: String) -> StoreError {
        StoreError::BadSource { why, from: self.from.clone() }
    }
}

/// The passphrase in a file that an option names: its first line.
///
/// # Errors
/// As [`Source::read`].
pub fn passphrase_in(path: &Path, option: &str) -> Result<Secret, StoreError> {
    Source::file(path, format!("`{option}`")).read(path)
}

fn unanswered(why: &str, error: &AskError, otherwise: fn(String) -> StoreError) -> StoreError {
    otherwise(match error {
        AskError::Cancelled => return StoreError::Cancelled,
        AskError::Nobody(reason) => format!("{why}, and nobody can be asked for its passphrase: {reason}"),
        AskError::Declined | AskError::TimedOut(_) | AskError::Terminal(_) | AskError::Unusable(_) => {
            format!("{why}: {error}")
        }
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::{NOBODY, Silence};

    fn sources(file: Option<PathBuf>, command: Option<&str>) -> PassphraseSources<'static> {
        PassphraseSources {
            file,
            command: command.map(str::to_owned),
            environment: Box::leak(Box::new(Environment::of_process())),
            command_limit: Duration::from_secs(10),
            chain: Vec::new(),
            human: &NOBODY,
            prompt_limit: None,
            talk: &Silence,
        }
    }

    #[test]
    fn a_file_or_a_command_gives_its_first_line() {
        let cases = [
            (r"printf 'FAKE words '", "FAKE words "),
            (r"printf 'FAKE\n'", "FAKE"),
            (r"printf 'FAKE\r\nsecond line\n'", "FAKE"),
            (r#"sh -c 'echo "$KEYFOB_CHAIN"'"#, "(vault)"),
        ];
        for (command, expected) in cases {
            let (passphrase, _) = sources(None, Some(command)).given().expect(command).expect("set");
            assert_eq!(passphrase.expose(), expected, "{command}");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("passphrase");
        crate::sys::files::replace(&path, b"FAKE\nrest").expect("written");
        let (passphrase, _) = sources(Some(path), Some("false")).given().expect("read").expect("set");
        assert_eq!(passphrase.expose(), "FAKE", "the file comes before the command");
        assert!(sources(None, None).given().expect("nothing fails").is_none());
    }

    #[test]
    fn a_source_that_fails_or_gives_nothing_is_an_error_and_not_a_question() {
        let commands =
            ["true", "printf '\\n'", "sh -c 'echo FAKE; exit 3'", "printf '\\377'", "'open", "/nowhere/program"];
        for command in commands {
            match sources(None, Some(command)).given() {
                Err(StoreError::BadSource { why, .. }) => assert!(!why.contains("FAKE"), "{why}"),
                other => panic!("{command}: {other:?}"),
            }
        }
        match sources(Some("/nowhere/file".into()), None).given() {
            Err(StoreError::BadSource { why, .. }) => assert!(why.contains("`/nowhere/file` does not exist"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_passphrase_command_that_needs_the_same_vault_is_refused_and_does_not_wait_for_itself() {
        let mut nested = sources(None, Some("echo FAKE"));
        nested.chain = vec!["work".into(), VAULT_IN_CHAIN.into()];
        assert!(matches!(nested.given(), Err(StoreError::BadSource { .. })));
    }
}
