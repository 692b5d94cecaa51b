//! What keyfob handles: access keys that last, sessions that expire, and the ids that name them.

mod access_key_id;
mod store_id;

pub use access_key_id::{AccessKeyId, InvalidAccessKeyId, account_of_key_id, is_of_aws, short_id};
pub use store_id::StoreId;

use crate::secret::Secret;
use crate::timestamp::Timestamp;

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
}
