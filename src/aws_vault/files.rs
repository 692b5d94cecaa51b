//! aws-vault's encrypted files, one an item, all under one passphrase (keyring `file.go`).

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::jwe::{self, JweError};
use super::{Place, UncheckedKey, VaultError, kept, name};
use crate::human::{AskError, Human};
use crate::secret::Secret;
use crate::sorted;
use crate::sys::files::read_optional;
use crate::sys::folder;

/// How often a person may mistype the passphrase.
const TRIES: usize = 3;

/// The folder of aws-vault's files.
pub(super) struct Files<'a> {
    folder: PathBuf,
    given: Option<Secret>,
    human: &'a dyn Human,
    /// What has opened a file.
    right: OnceCell<Secret>,
}

impl<'a> Files<'a> {
    /// `given`: the passphrase, where a variable has it; else `human` is asked, when the first file is opened.
    pub(super) fn new(folder: PathBuf, given: Option<Secret>, human: &'a dyn Human) -> Files<'a> {
        Files { folder, given, human, right: OnceCell::new() }
    }

    /// The file of each key.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, VaultError> {
        let paths = folder::files_named(&self.folder, |_| true)
            .map_err(|error| VaultError::File(format!("cannot read {}: {error}", self.folder.display())))?;
        let item = |path: PathBuf| Some((name::of_file(path.file_name()?.to_str()?)?, path));
        Ok(paths.into_iter().filter_map(item).filter(|(name, _)| name::is_key(name)).collect())
    }

    fn path(&self, name: &str) -> Result<PathBuf, VaultError> {
        let found = self.files()?.into_iter().find(|(item, _)| item == name);
        found.map(|(_, path)| path).ok_or_else(|| VaultError::File(format!("the file of `{name}` no longer exists")))
    }

    /// Opens a file with the passphrase that opened another, with the one given, or with one that is asked for.
    fn open(&self, name: &str, token: &str) -> Result<UncheckedKey, VaultError> {
        let open = |passphrase: &Secret| match jwe::open(token, passphrase) {
            Ok(item) => kept(name, &item),
            Err(JweError::WrongPassphrase) => Err(VaultError::WrongPassphrase),
            Err(JweError::Form(reason)) => Err(VaultError::Form { name: name.to_owned(), reason }),
        };
        if let Some(known) = self.right.get().or(self.given.as_ref()) {
            return open(known);
        }
        for _ in 0..TRIES {
            let mut opened = None;
            let mut check = |passphrase: &Secret| {
                opened = (!passphrase.is_empty()).then(|| (open(passphrase), passphrase.clone()));
            };
            let asked = self.human.ask_secret_and("Passphrase of aws-vault's files: ", None, &mut check);
            let opened = asked.and_then(|()| opened.ok_or(AskError::Declined));
            match opened.map_err(VaultError::NoPassphrase)? {
                (Err(VaultError::WrongPassphrase), _) => self.human.progress("wrong passphrase"),
                (Ok(kept), right) => {
                    let _ = self.right.set(right);
                    return Ok(kept);
                }
                // Of a file in another form nobody knows whether the passphrase is right.
                (Err(other), _) => return Err(other),
            }
        }
        Err(VaultError::WrongPassphrase)
    }
}

impl Place for Files<'_> {
    fn title(&self) -> String {
        format!("aws-vault's files in {}", self.folder.display())
    }

    fn names(&self) -> Result<Vec<String>, VaultError> {
        let mut names: Vec<String> = self.files()?.into_iter().map(|(name, _)| name).collect();
        sorted::sort(&mut names);
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<UncheckedKey, VaultError> {
        let path = self.path(name)?;
        let bytes = read_optional(&path)
            .map_err(|error| cannot(&path, "read", &error))?
            .ok_or_else(|| VaultError::File(format!("{} no longer exists", path.display())))?;
        let bytes = Zeroizing::new(bytes);
        let token = std::str::from_utf8(&bytes)
            .map_err(|_| VaultError::Form { name: name.to_owned(), reason: "the file is not text" })?;
        self.open(name, token)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        let path = self.path(name)?;
        folder::remove(&path).map(drop).map_err(|error| cannot(&path, "deleted", &error))
    }
}

fn cannot(path: &Path, what: &str, error: &std::io::Error) -> VaultError {
    VaultError::File(format!("{}: it cannot be {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_vault::jwe::tests::TOKEN;
    use crate::testing::Person;

    #[test]
    fn a_passphrase_is_kept_once_it_has_opened_a_file_and_not_before() {
        let human = Person::typing(&["FAKE typo", "FAKE wrong", "FAKE pässphrase"]);
        let files = Files::new(PathBuf::new(), None, &human);
        assert!(matches!(files.open("odd", "no JWE").expect_err("refused"), VaultError::Form { .. }));
        assert_eq!(files.open("work", TOKEN).expect("at the second try").id, "AKIAFAKEFAKEFAKEFAKE");
        assert!(files.open("more", TOKEN).is_ok(), "nobody is asked again");
        assert_eq!(human.asked(), 3);
    }
}
