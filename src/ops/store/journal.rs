//! The journals of moves, by what is moved.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::credentials::{AccessKeyId, StoreId};
use crate::error::{Error, Kind, Result};
use crate::hex;
use crate::hint::{Hint, run};
use crate::keystore::Item;
use crate::ops::journal::{self, Record};

const VERSION: u32 = 1;

/// What is moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// An access key.
    Key(AccessKeyId),
    /// The seed of the MFA device with this serial.
    Seed(String),
}

impl Moved {
    /// As key stores name it.
    pub fn item(&self) -> Item {
        match self {
            Moved::Key(id) => Item::AccessKey(id.clone()),
            Moved::Seed(serial) => Item::TotpSeed(serial.clone()),
        }
    }

    /// As messages name it.
    pub fn title(&self) -> String {
        match self {
            Moved::Key(id) => id.short(),
            Moved::Seed(serial) => format!("the seed of `{serial}`"),
        }
    }
}

/// A move that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    version: u32,
    pub item: Moved,
    pub from: StoreId,
    pub to: StoreId,
    /// Whether the copy in `from` stays.
    pub keep: bool,
    pub phase: Phase,
}

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// `from` is what is used; `to` may have the item, or something of it.
    Copy,
    /// `to` is used, or about to be; `from` may still have the item.
    Delete,
}

impl Move {
    /// One that begins.
    pub fn new(item: Moved, from: StoreId, to: StoreId, keep: bool) -> Move {
        Move { version: VERSION, item, from, to, keep, phase: Phase::Copy }
    }
}

/// The moves of one data folder.
pub type Moves = journal::Journals<Move>;
/// The journal of one item, held against every other process.
pub type MoveLock = journal::JournalLock<Move>;

impl Record for Move {
    const VERSION: u32 = VERSION;
    const FOLDER: &'static str = "moves";
    const TITLE: &'static str = "the journal of a move";

    fn if_damaged() -> Hint {
        run!("keyfob store list").to("see where the keys are, then delete the file")
    }
}

impl Moves {
    /// Takes the journal of an item, alone among processes.
    ///
    /// # Errors
    /// Where another process moves it.
    pub fn hold(&self, item: &Moved) -> Result<MoveLock> {
        let name = hex::encode(&Sha256::digest(item.item().to_string().as_bytes())[..16]);
        self.hold_named(&name, |holder| {
            Error::new(Kind::Failed, format!("{holder} is moving {}", item.title()))
                .hint(run!("keyfob store list").to("wait for it; then see where the keys are"))
        })
    }
}
