//! What was issued, to whom: a line of JSON each time, without any secret.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::chain::Plan;
use crate::credentials::Credentials;
use crate::ops::whoami;
use crate::sys::append;
use crate::timestamp::Timestamp;

const VERSION: u32 = 1;
/// The bytes of a file that is put aside, and how many such are kept.
const MOST: u64 = 5 << 20;
const KEPT: u32 = 3;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    v: u32,
    /// As all times here `YYYY-MM-DDTHH:MM:SSZ`, so that they are in the order of their texts.
    pub time: String,
    pub profile: String,
    pub account: Option<String>,
    pub role_arn: Option<String>,
    pub key_id: String,
    pub expires: Option<String>,
    pub origin: Origin,
    /// keyfob's own command.
    pub command: String,
    pub narrowed: bool,
    /// The program that ran keyfob; of an agent's, the one at the other end of its socket.
    pub parent: Option<Parent>,
    /// The socket of the agent that issued them, at both of its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Whether a session was made, or handed out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    New,
    Cache,
}

/// A program, by what the system says of it: its arguments may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    pub pid: u32,
    pub name: String,
}

/// What is issued, beside the credentials.
#[derive(Debug, Clone)]
pub struct Issued<'a> {
    pub profile: &'a str,
    pub account: Option<String>,
    pub role_arn: Option<String>,
    pub is_narrowed: bool,
}

impl<'a> From<&'a Plan> for Issued<'a> {
    fn from(plan: &'a Plan) -> Issued<'a> {
        Issued {
            profile: &plan.profile,
            account: whoami::of_plan(plan, None).account,
            role_arn: plan.hops().last().map(|hop| hop.role_arn.clone()),
            is_narrowed: plan.narrowed.is_some(),
        }
    }
}

impl Entry {
    /// Of credentials that are about to be issued.
    pub fn new(issued: &Issued<'_>, credentials: &Credentials, origin: Origin, command: &str, now: Timestamp) -> Entry {
        Entry {
            v: VERSION,
            time: now.to_string(),
            profile: issued.profile.to_owned(),
            account: credentials.account_id().map(str::to_owned).or_else(|| issued.account.clone()),
            role_arn: issued.role_arn.clone(),
            key_id: credentials.access_key_id().to_owned(),
            expires: credentials.expires_at().map(|time| time.to_string()),
            origin,
            command: command.to_owned(),
            narrowed: issued.is_narrowed,
            parent: crate::sys::parent::nearest().map(|(pid, name)| Parent { pid, name }),
            agent: None,
        }
    }

    /// Adds it to the log.
    ///
    /// # Errors
    /// The system's. Whoever asked for credentials gets them all the same.
    pub fn write(&self, data: &Path) -> std::io::Result<()> {
        let line = serde_json::to_string(self).expect("texts always become JSON");
        append::append(&path(data), &line, MOST, KEPT)
    }
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub profile: Option<String>,
    pub since: Option<Timestamp>,
    /// A session's key id, or its end.
    pub key: Option<String>,
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        self.profile.as_ref().is_none_or(|profile| entry.profile == *profile)
            && self.since.is_none_or(|since| entry.time >= since.to_string())
            && self.key.as_ref().is_none_or(|key| entry.key_id.ends_with(key.trim_start_matches('*')))
    }
}

/// The lines of the log that are wanted, oldest first, and how many are not keyfob's, or of a newer one.
pub fn entries(data: &Path, filter: &Filter) -> (Vec<Entry>, usize) {
    let (mut entries, mut others) = (Vec::new(), 0);
    for text in append::read_all(&path(data), KEPT) {
        for line in text.lines() {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) if entry.v == VERSION => entries.extend(Some(entry).filter(|entry| filter.takes(entry))),
                Ok(_) | Err(_) => others += 1,
            }
        }
    }
    (entries, others)
}

fn path(data: &Path) -> PathBuf {
    data.join("log.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session_cache::sample::{plan, session};

    #[test]
    fn lines_are_found_again_by_profile_time_and_key() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let credentials = Credentials::Session(session("ASIAFAKE0000000000AB", 1_700_000_000, 3600));
        for (profile, time) in [("a", 1_700_000_000), ("b", 1_700_000_100), ("a", 1_700_000_200)] {
            let plan = plan(profile, &["admin"]);
            let now = Timestamp::from_unix(time);
            Entry::new(&Issued::from(&plan), &credentials, Origin::New, "exec", now)
                .write(folder.path())
                .expect("written");
        }
        append::append(&path(folder.path()), "garbage", MOST, KEPT).expect("written");
        let found = |filter: Filter| {
            let (entries, others) = entries(folder.path(), &filter);
            assert_eq!(others, 1);
            entries.into_iter().map(|entry| entry.time).collect::<Vec<_>>()
        };
        assert_eq!(found(Filter::default()).len(), 3);
        let a = Filter { profile: Some("a".into()), ..Filter::default() };
        assert_eq!(found(a), ["2023-11-14T22:13:20Z", "2023-11-14T22:16:40Z"]);
        let since = Filter { since: Some(Timestamp::from_unix(1_700_000_100)), ..Filter::default() };
        assert_eq!(found(since).len(), 2);
        for (key, count) in [("****00AB", 3), ("ASIAFAKE0000000000AB", 3), ("ASIAX", 0)] {
            assert_eq!(found(Filter { key: Some(key.into()), ..Filter::default() }).len(), count, "{key}");
        }
        let text = std::fs::read_to_string(path(folder.path())).expect("read");
        assert!(!text.contains("fake-secret") && !text.contains("fake-token"), "{text}");
    }
}
