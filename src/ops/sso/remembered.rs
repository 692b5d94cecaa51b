//! What `sso profiles` was told for a session, and which accounts it has seen: a file for each session in the data folder.
//!
//! It holds no secret. Two processes at once: the last one's is kept. A kill leaves the old file or the new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::hex;
use crate::sys::files;

/// The version of the file's form.
const VERSION: u32 = 1;

/// What is remembered of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    version: u32,
    /// The name of the `[sso-session]`, which the file's own does not tell.
    session: String,
    /// `--link` or `--plain`, as it was given or answered last.
    pub linked: Option<bool>,
    /// `--name`.
    pub template: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// The accounts' names, by id, when they were last listed.
    pub accounts: BTreeMap<String, String>,
}

impl Remembered {
    /// Reads what is remembered of a session; nothing where there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, or of a newer keyfob.
    pub fn load(data: &Path, session: &str) -> Result<Remembered> {
        let path = file(data, session);
        let unusable = |cause: String| {
            Error::new(Kind::Failed, format!("{} cannot be used", path.display()))
                .because(cause)
                .hint("move it away: its answers are then asked for again")
        };
        let bytes = files::read_own(&path).map_err(|error| unusable(error.to_string()))?;
        let Some(bytes) = bytes else {
            return Ok(Remembered { version: VERSION, session: session.to_owned(), ..Remembered::default() });
        };
        let read: Remembered = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        match read.version {
            VERSION => Ok(read),
            version => Err(unusable(format!("it is of version {version}, and this keyfob knows version {VERSION}"))),
        }
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, data: &Path) -> Result<()> {
        let path = file(data, &self.session);
        let text = serde_json::to_vec_pretty(self).expect("names are JSON");
        let folder = path.parent().expect("it is in a folder");
        let written = files::private_dir(data).and_then(|()| files::private_dir(folder));
        written
            .and_then(|()| files::replace(&path, &text))
            .map_err(|error| Error::new(Kind::Failed, format!("cannot write {}", path.display())).because(error))
    }
}

/// A session's name may have any characters, and a file's may not.
fn file(data: &Path, session: &str) -> PathBuf {
    let digest = hex::encode(&Sha256::digest(session)[..8]);
    data.join("sso").join(format!("{digest}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_again_and_what_is_newer_is_not_replaced() {
        let data = tempfile::tempdir().expect("a folder");
        let mut remembered = Remembered::load(data.path(), "corp/é").expect("none yet");
        assert_eq!(remembered.linked, None);
        remembered.linked = Some(false);
        remembered.accounts.insert("000000000042".to_owned(), "Prod".to_owned());
        remembered.save(data.path()).expect("written");
        assert_eq!(Remembered::load(data.path(), "corp/é").expect("read"), remembered);
        assert_eq!(Remembered::load(data.path(), "corp").expect("another").linked, None);
        let newer = Remembered { version: 2, ..remembered };
        newer.save(data.path()).expect("written");
        let error = Remembered::load(data.path(), "corp/é").expect_err("newer");
        assert!(error.in_one_line().contains("version 2"), "{error}");
    }
}
