//! What bases turned out to be when they were made, one small file each: it is read before a plan is made.
//!
//! There is no secret in it, and it is not sealed: somebody who could change it could change the AWS files as well.

use serde::{Deserialize, Serialize};

use crate::chain::KnownBase;
use crate::chain::base::Identity;
use crate::session_cache::SessionCache;
use crate::session_cache::name::SessionName;
use crate::timestamp::Timestamp;

const VERSION: u32 = 1;
/// How long it counts, seconds.
const LASTS: i64 = 7 * 24 * 3600;

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    signs_as: SignsAs,
    /// The roles on which AWS has refused more than an hour.
    capped_roles: Vec<String>,
    /// Whether AWS has said that there is no GetScopedCredentials.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_scoped_unknown: bool,
    /// When it was learned, Unix time.
    time: i64,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum SignsAs {
    Key,
    Session,
}

impl SessionCache {
    /// What was learned of a base in the last seven days. A file that cannot be read says nothing.
    pub fn known(&self, base: &Identity, now: Timestamp) -> Option<KnownBase> {
        let file = self.read_small(&file_name(base))?;
        let written: Written = serde_json::from_slice(&file).ok()?;
        let age = now.seconds_since(Timestamp::from_unix(written.time));
        let Written { version, signs_as, capped_roles, is_scoped_unknown, time: _ } = written;
        let known = KnownBase { is_key: signs_as == SignsAs::Key, capped_roles, is_scoped_unknown };
        (version == VERSION && (0..LASTS).contains(&age)).then_some(known)
    }

    /// Remembers what a base has turned out to be. Where that cannot be written, it is learned again.
    pub fn put_known(&self, base: &Identity, known: &KnownBase, now: Timestamp) {
        let signs_as = if known.is_key { SignsAs::Key } else { SignsAs::Session };
        let KnownBase { is_key: _, capped_roles, is_scoped_unknown } = known.clone();
        let written = Written { version: VERSION, signs_as, capped_roles, is_scoped_unknown, time: now.unix() };
        let file = serde_json::to_vec(&written).expect("texts and numbers always become JSON");
        let _ = self.write_small(&file_name(base), &file);
    }
}

fn file_name(base: &Identity) -> String {
    format!("{}.base", SessionName::of_base(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_base_is_counts_for_a_week_and_for_that_base_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = SessionCache::new(folder.path().join("cache"));
        let identity = |part: &str| Identity { sort: "process", parts: vec![part.to_owned()] };
        let at = Timestamp::from_unix;
        let known = KnownBase {
            is_key: true,
            capped_roles: vec!["arn:aws:iam::111122223333:role/a".to_owned()],
            is_scoped_unknown: true,
        };
        assert_eq!(cache.known(&identity("a"), at(1000)), None);
        cache.put_known(&identity("a"), &known, at(1000));
        assert_eq!(cache.known(&identity("a"), at(1000 + LASTS - 1)).as_ref(), Some(&known));
        assert_eq!(cache.known(&identity("a"), at(1000 + LASTS)), None);
        assert_eq!(cache.known(&identity("a"), at(999)), None, "a clock that was set back");
        assert_eq!(cache.known(&identity("b"), at(1000)), None);
        cache.put_known(&identity("a"), &KnownBase::default(), at(2000));
        assert_eq!(cache.known(&identity("a"), at(2000)), Some(KnownBase::default()));
        cache.clear_all().expect("cleared");
        assert_eq!(cache.known(&identity("a"), at(2000)), None);
    }
}
