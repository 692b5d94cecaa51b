//! The journals of rotations, by the id of the old key.

use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ops::journal::{self, Record};
use crate::rotation::{Journal, Phase, VERSION};

/// The journals of one data folder.
pub type Journals = journal::Journals<Journal>;
/// One journal, held against every other process.
pub type JournalLock = journal::JournalLock<Journal>;

impl Record for Journal {
    const VERSION: u32 = VERSION;
    const FOLDER: &'static str = "rotations";
    const TITLE: &'static str = "the rotation journal";

    fn if_damaged() -> Hint {
        run!("keyfob keys").to("compare the stored keys with those in the IAM console, then delete the file")
    }

    fn is_over(&self) -> bool {
        self.phase() == Phase::Ended
    }
}

impl Journals {
    /// The rotation that one of whose keys is `id`.
    ///
    /// # Errors
    /// As [`journal::Journals::all`].
    pub fn of_key(&self, id: &AccessKeyId) -> Result<Option<Journal>> {
        Ok(self.all()?.into_iter().find(|journal| journal.concerns(id)))
    }

    /// The rotation of a profile: of the key it uses, else the one that was asked for by its name.
    ///
    /// # Errors
    /// As [`journal::Journals::all`].
    pub fn of_profile(&self, profile: &str, key: Option<&AccessKeyId>) -> Result<Option<Journal>> {
        let all = self.all()?;
        let of_key = all.iter().position(|journal| key.is_some_and(|id| journal.concerns(id)));
        let found = of_key.or_else(|| all.iter().position(|journal| journal.profile == profile));
        Ok(found.and_then(|index| all.into_iter().nth(index)))
    }

    /// Has every rotation know a profile by its new name.
    ///
    /// # Errors
    /// As [`journal::Journals::all`] and [`Journals::hold`].
    pub fn rename_profile(&self, old: &str, new: &str) -> Result<()> {
        for journal in self.all()? {
            let mut renamed = journal.clone();
            renamed.rename_profile(old, new);
            if renamed == journal {
                continue;
            }
            let held = self.hold(&journal.old)?;
            if let Some(mut journal) = held.load()? {
                journal.rename_profile(old, new);
                held.save(&journal)?;
            }
        }
        Ok(())
    }

    /// Takes the journal of the key `old`, alone among processes.
    ///
    /// # Errors
    /// Where another process rotates this key.
    pub fn hold(&self, old: &AccessKeyId) -> Result<JournalLock> {
        self.hold_named(old.as_str(), |holder| {
            Error::new(Kind::Failed, format!("{holder} is rotating {}", old.short()))
                .hint(run!("keyfob rotate PROFILE --status").to("wait for it; show its status"))
        })
    }

    /// Whether a process is at work on this rotation.
    pub fn is_held(&self, journal: &Journal) -> bool {
        self.is_named_held(journal.old.as_str())
    }
}
