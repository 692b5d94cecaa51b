//! The journals of users, by account and name: two accounts can have a user of the same name. One that has ended is kept
//! while a password waits to be shown.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::hint::Hint;
use crate::ops::journal::{self, Record};
use crate::user::{Journal, VERSION};

/// The journals of one data folder.
pub(super) type Journals = journal::Journals<Journal>;
/// One journal, held against every other process.
pub(super) type JournalLock = journal::JournalLock<Journal>;

impl Record for Journal {
    const VERSION: u32 = VERSION;
    const FOLDER: &'static str = "users";
    const TITLE: &'static str = "the journal";

    fn if_damaged() -> Hint {
        "compare the user in the IAM console with what you asked for, then delete the file".into()
    }
}

/// Takes the journal of a user, alone among processes.
///
/// # Errors
/// Where another process is at work on this user.
pub(super) fn hold(data: &Path, account: &str, name: &str) -> Result<JournalLock> {
    Journals::new(data).hold_named(&format!("{account}-{name}"), |holder| {
        Error::new(Kind::Failed, format!("{holder} is creating or removing `{name}`")).hint("wait for it")
    })
}
