//! The ids of access keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mask::is_access_secret;

/// The id of a long-term access key: `AKIA` and 12 to 124 more letters or digits (16 in practice); or one of another service
/// that speaks AWS's protocols, such as LocalStack's `test`, which is issued as it is and never sent to AWS.
///
/// Prefixes: AWS IAM User Guide, "IAM identifiers"; length: STS API, GetAccessKeyInfo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(String);

/// Why a text is not the id of a long-term access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccessKeyId {
    /// A temporary key, which is worthless without its token and expires.
    #[error("`ASIA…` is the id of a temporary key; only long-term keys (`AKIA…`) can be stored")]
    Temporary,
    /// Another kind of id, a secret, or a typing mistake. The text is not repeated: it may be the secret.
    #[error("an access key id begins with `AKIA` and has 20 letters and digits")]
    Malformed,
}

impl AccessKeyId {
    /// The id, whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an id that a service other than AWS has given; none for one of AWS's, and for what may be a secret in the wrong
    /// place. Each service has its own grammar, and SDKs send whatever is there.
    pub fn of_other_service(text: &str) -> Option<AccessKeyId> {
        let is_sendable = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        (is_sendable && !is_iam_id(text) && !is_access_secret(text)).then(|| AccessKeyId(text.to_owned()))
    }

    /// Whether AWS has given it.
    pub fn is_of_aws(&self) -> bool {
        is_of_aws(&self.0)
    }

    /// The id as it is shown on a terminal: `****ABCD`. Whole ones stand in JSON, and in a command the user is to run with it.
    pub fn short(&self) -> String {
        short_id(&self.0)
    }
}

/// Whether AWS has given a key id, a temporary one too.
pub fn is_of_aws(id: &str) -> bool {
    ["AKIA", "ASIA"].iter().any(|prefix| id.starts_with(prefix))
}

/// Whether a text begins like one of AWS's unique ids, of whatever it is (IAM User Guide, "Understanding unique ID prefixes").
fn is_iam_id(text: &str) -> bool {
    const OTHERS: [&str; 10] = ["ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "APKA", "AROA", "ASCA"];
    is_of_aws(text) || (text.len() >= 16 && OTHERS.iter().any(|prefix| text.starts_with(prefix)))
}

/// Any key id, temporary ones too, as it is shown on a terminal: `****ABCD`.
pub fn short_id(id: &str) -> String {
    let tail: String = id.chars().skip(id.chars().count().saturating_sub(4)).collect();
    format!("****{tail}")
}

/// The account that a key id, long-term or temporary, belongs to, 12 digits; none for ids of the older kind.
///
/// AWS does not document this: the ids of newer keys carry the account in base32, found and checked by Tal Be'ery
/// ("A short note on AWS KEY ID") and Aidan Steele ("AWS Access Key ID formats"). So it may inform, and decide nothing.
pub fn account_of_key_id(id: &str) -> Option<String> {
    let mut bits: u64 = 0;
    for symbol in id.get(4..14)?.bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'2'..=b'7' => symbol - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
    }
    // Ten symbols are 50 bits: one that marks the newer kind, 40 of the account, nine of something else.
    (bits >> 49 == 1).then(|| format!("{:012}", bits >> 9 & ((1 << 40) - 1)))
}

impl FromStr for AccessKeyId {
    type Err = InvalidAccessKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed =
            (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if well_formed && text.starts_with("ASIA") {
            Err(InvalidAccessKeyId::Temporary)
        } else if well_formed && text.starts_with("AKIA") {
            Ok(AccessKeyId(text.to_owned()))
        } else {
            Err(InvalidAccessKeyId::Malformed)
        }
    }
}

impl TryFrom<String> for AccessKeyId {
    type Error = InvalidAccessKeyId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().or_else(|error| AccessKeyId::of_other_service(&text).ok_or(error))
    }
}

impl From<AccessKeyId> for String {
    fn from(id: AccessKeyId) -> String {
        id.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_term_key_ids_are_taken() {
        assert!("AKIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().is_ok());
        assert_eq!("ASIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>(), Err(InvalidAccessKeyId::Temporary));
        for bad in [
            "", "AKIA", "AIDAIOSFODNN7EXAMPLE", " AKIAIOSFODNN7EXAMPLE", "akiaiosfodnn7example", "AKIAIOSFODNN7EXAMPL/",
        ] {
            assert_eq!(bad.parse::<AccessKeyId>(), Err(InvalidAccessKeyId::Malformed), "{bad}");
        }
    }

    #[test]
    fn another_services_id_is_told_from_aws_ids_and_secrets() {
        for other in ["test", "minioadmin", "SCWXXXXXXXXXXXXXXXXX", "0123456789abcdef0123456789abcdef", "GOOG1EXAMPLE"]
        {
            let id = AccessKeyId::of_other_service(other).expect("one of another service");
            assert!(!id.is_of_aws(), "{other}");
            let json = serde_json::to_string(&id).expect("a text");
            assert_eq!(serde_json::from_str::<AccessKeyId>(&json).ok(), Some(id), "the index keeps it");
        }
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for none in ["", "a b", "AKIAIOSFODNN7EXAMPLE", "AKIAx", "ASIAIOSFODNN7EXAMPLE", "AIDAIOSFODNN7EXAMPLE", secret]
        {
            assert_eq!(AccessKeyId::of_other_service(none), None, "{none}");
        }
        assert!("AKIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().is_ok_and(|id| id.is_of_aws()));
    }

    #[test]
    fn the_account_is_read_from_newer_key_ids_alone() {
        assert_eq!(account_of_key_id("ASIAY34FZKBOKMUTVV7A").as_deref(), Some("609629065308"));
        assert_eq!(account_of_key_id("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
        for unknown in ["AKIAIOSFODNN7EXAMPLE", "AKIAQ00000000000000A", "AKIA", "", "ключключключ"] {
            assert_eq!(account_of_key_id(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_id_is_shown_by_its_last_four_characters() {
        assert_eq!("AKIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().expect("valid").short(), "****MPLE");
        assert_eq!(short_id("ab"), "****ab");
    }
}
