//! What is remembered of a failed renewal, so that it is neither repeated by those that wait nor waited for each time.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::hint::Hint;
use crate::timestamp::Timestamp;

/// A failed renewal of one session. It holds what the user was shown, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Tells this failure from another of the same words: who waited sees by it that it happened meanwhile.
    pub id: u64,
    at: i64,
    kind: u8,
    message: String,
    causes: Vec<String>,
    hints: Vec<Hint>,
}

/// How long a failure keeps a usable session from being renewed, seconds.
const REMEMBERED: i64 = 60;

impl Failure {
    /// Of `error`, at `now`.
    pub fn new(error: &Error, now: Timestamp) -> Failure {
        Failure {
            id: OsRng.next_u64(),
            at: now.unix(),
            kind: error.kind().exit_code(),
            message: error.message().to_owned(),
            causes: error.causes().map(ToString::to_string).collect(),
            hints: error.hints().to_owned(),
        }
    }

    /// The first moment at which it no longer keeps a session from being renewed.
    pub fn remembered_until(&self) -> Timestamp {
        Timestamp::from_unix(self.at.saturating_add(REMEMBERED))
    }

    /// Whether it happened in the last 60 s. One from the future does not count: the clock was set back.
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        (0..REMEMBERED).contains(&now.seconds_since(Timestamp::from_unix(self.at)))
    }

    /// The error as it was.
    pub fn into_error(self) -> Error {
        let Failure { id: _, at: _, kind, message, causes, hints } = self;
        let kinds = [Kind::Failed, Kind::Usage, Kind::NeedsHuman, Kind::Refused, Kind::KeyStore, Kind::Config];
        let kind = kinds.into_iter().find(|known| known.exit_code() == kind).unwrap_or(Kind::Defect);
        let error = causes.into_iter().fold(Error::new(kind, message), Error::because);
        hints.into_iter().fold(error, Error::hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::run;

    #[test]
    fn a_failure_comes_back_as_it_was_and_is_forgotten_after_a_minute() {
        let error = Error::new(Kind::NeedsHuman, "a code is needed")
            .because("no terminal")
            .hint("run it in one")
            .hint(run!("keyfob mfa add {} --serial ARN", "a b").to("keep the seed"));
        let at = Timestamp::from_unix(1_000);
        let failure = Failure::new(&error, at);
        let text = serde_json::to_string(&failure).expect("JSON");
        assert_eq!(serde_json::from_str::<Failure>(&text).expect("JSON").into_error(), error);
        for (after, remembered) in [(-1, false), (0, true), (59, true), (60, false)] {
            assert_eq!(failure.is_remembered(at.plus_seconds(after)), remembered, "{after}");
        }
        let older = r#"{"id":1,"at":1000,"kind":3,"message":"m","causes":[],"hints":["`keyfob mfa add a b`"]}"#;
        assert!(serde_json::from_str::<Failure>(older).is_err(), "hints were texts, quoted for nobody");
    }
}
