//! What keyfob handles: access keys that last, sessions that expire, and the ids that name them.

mod store_id;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use store_id::StoreId;

use crate::mask::is_access_secret;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

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

/// The account in an ARN, 12 digits; none in one of AWS's own (`arn:aws:iam::aws:policy/…`) or in what is not an ARN.
///
/// It is the fifth part (IAM User Guide, "IAM identifiers").
pub fn account_of_arn(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// Checks credentials that somebody else has made. An id and a token are printable ASCII without spaces, as AWS's are (STS API,
/// Credentials); anything else could end a line, a variable or a header where they are used. A secret never leaves as it is.
///
/// # Errors
/// What is wrong, without a word of it.
pub fn check_made(id: &str, secret: &str, token: Option<&str>) -> Result<(), &'static str> {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain(id) {
        Err("the access key id is empty or not printable")
    } else if secret.is_empty() || secret.contains(char::is_control) {
        Err("the secret access key is empty or not printable")
    } else if !token.is_none_or(is_plain) {
        Err("the session token is empty or not printable")
    } else {
        Ok(())
    }
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

/// An IAM user's long-term pair.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: AccessKeyId,
    pub secret: Secret,
}

/// Temporary credentials from STS, or from another program.
#[derive(Debug, Clone)]
pub struct Session {
    /// `ASIA…`
    pub access_key_id: String,
    pub secret_access_key: Secret,
    /// None where another program says when a key without a token expires.
    pub session_token: Option<Secret>,
    /// When it was made, by the corrected clock.
    pub issued_at: Timestamp,
    /// When AWS stops honouring it.
    pub expires_at: Timestamp,
    /// The account it works in, 12 digits, where known.
    pub account_id: Option<String>,
}

impl Session {
    /// Checks what it consists of, as [`check_made`] does.
    ///
    /// # Errors
    /// What is wrong, without a word of it.
    pub fn check(&self) -> Result<(), &'static str> {
        let token = self.session_token.as_ref().map(Secret::expose);
        check_made(&self.access_key_id, self.secret_access_key.expose(), token)
    }

    /// Itself, if it can be what AWS has just made: not expired, and as [`check_made`] requires.
    ///
    /// # Errors
    /// What the response contains instead, without a word of it.
    pub fn checked(self, now: Timestamp) -> Result<Session, String> {
        self.check().map_err(|problem| format!("contains no credentials: {problem}"))?;
        if self.expires_at <= now {
            return Err(format!("contains credentials that expired at {}", self.expires_at));
        }
        Ok(self)
    }
}

/// What signs a request or is handed to an SDK.
#[derive(Debug, Clone)]
pub enum Credentials {
    Key {
        key: AccessKey,
        account_id: Option<String>,
    },
    Session(Session),
    /// Credentials of which nobody says when they expire: written into a file or the environment, or printed by a program.
    NoExpiry {
        /// `AKIA…`, `ASIA…`, or another service's.
        access_key_id: String,
        secret_access_key: Secret,
        /// The session token; none of a long-term key.
        session_token: Option<Secret>,
        account_id: Option<String>,
    },
}

impl Credentials {
    /// The id, long-term or temporary.
    pub fn access_key_id(&self) -> &str {
        match self {
            Credentials::Key { key, .. } => key.id.as_str(),
            Credentials::Session(session) => &session.access_key_id,
            Credentials::NoExpiry { access_key_id, .. } => access_key_id,
        }
    }

    /// The secret access key.
    pub fn secret_access_key(&self) -> &Secret {
        match self {
            Credentials::Key { key, .. } => &key.secret,
            Credentials::Session(session) => &session.secret_access_key,
            Credentials::NoExpiry { secret_access_key, .. } => secret_access_key,
        }
    }

    /// The session token, of temporary credentials.
    pub fn session_token(&self) -> Option<&Secret> {
        match self {
            Credentials::Key { .. } => None,
            Credentials::Session(session) => session.session_token.as_ref(),
            Credentials::NoExpiry { session_token, .. } => session_token.as_ref(),
        }
    }

    /// The same, of this account where they name none.
    pub fn with_account(mut self, account: Option<&str>) -> Self {
        let own = match &mut self {
            Credentials::Key { account_id, .. } | Credentials::NoExpiry { account_id, .. } => account_id,
            Credentials::Session(session) => &mut session.account_id,
        };
        if own.is_none() {
            *own = account.map(str::to_owned);
        }
        self
    }

    /// Whether they are a key without a session token.
    pub fn is_key(&self) -> bool {
        self.session_token().is_none()
    }

    /// When they expire, if that is known; long-term keys do not.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Credentials::Key { .. } | Credentials::NoExpiry { .. } => None,
            Credentials::Session(session) => Some(session.expires_at),
        }
    }

    /// When they were made, where that is known.
    pub fn issued_at(&self) -> Option<Timestamp> {
        match self {
            Credentials::Key { .. } | Credentials::NoExpiry { .. } => None,
            Credentials::Session(session) => Some(session.issued_at),
        }
    }

    /// The account they work in, where known.
    pub fn account_id(&self) -> Option<&str> {
        match self {
            Credentials::Key { account_id, .. } | Credentials::NoExpiry { account_id, .. } => account_id.as_deref(),
            Credentials::Session(session) => session.account_id.as_deref(),
        }
    }
}

/// What the index says of a profile's stored key: enough for a plan, no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub id: AccessKeyId,
    pub backend: StoreId,
    /// The user's ARN, where GetCallerIdentity has told it.
    pub user_arn: Option<String>,
    /// When AWS made the key, if it has told.
    pub created_at: Option<Timestamp>,
}

impl StoredKey {
    /// Seconds since AWS made the key; none if it has not told when.
    pub fn age_seconds(&self, now: Timestamp) -> Option<i64> {
        self.created_at.map(|at| now.seconds_since(at).max(0))
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
    fn credentials_that_could_end_a_line_or_a_variable_are_refused() {
        check_made("ASIAFAKE", "FAKE/+ secret", Some("FAKEtoken/+==")).expect("as AWS makes them");
        check_made("ASIAFAKE", "FAKE", None).expect("a key has no token");
        for (id, secret, token) in [
            ("", "FAKE", "FAKE"),
            ("ASIA FAKE", "FAKE", "FAKE"),
            ("ASIA\u{1b}[2J", "FAKE", "FAKE"),
            ("ASIAFAKE\u{202e}", "FAKE", "FAKE"),
            ("ASIAFAKE", "", "FAKE"),
            ("ASIAFAKE", "FA\nKE", "FAKE"),
            ("ASIAFAKE", "FAKE", ""),
            ("ASIAFAKE", "FAKE", "FAKE\0"),
            ("ASIAFAKE", "FAKE", "FAKE\nexport A=1"),
        ] {
            let problem = check_made(id, secret, Some(token)).expect_err(id);
            assert!(!problem.contains("FAKE"), "{problem}");
        }
    }

    #[test]
    fn the_account_is_read_from_an_arn() {
        assert_eq!(account_of_arn("arn:aws:sts::222222222222:assumed-role/admin/jane"), Some("222222222222"));
        for none in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::", "admin", ""] {
            assert_eq!(account_of_arn(none), None, "{none}");
        }
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
