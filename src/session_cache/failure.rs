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
    kind: Kind,
    /// Where the person is who was asked, or was not there, if that is what failed.
    person: Option<String>,
    /// Whether it came of the code: whoever brings another one may succeed.
    #[serde(default)]
    pub is_of_code: bool,
    message: String,
    causes: Vec<String>,
    hints: Vec<Hint>,
}

/// How long a failure keeps a usable session from being renewed, seconds.
const REMEMBERED: i64 = 60;

impl Failure {
    /// Of `error`, at `now`, of a process whose questions are asked at `place`.
    pub fn new(error: &Error, now: Timestamp, place: &str) -> Failure {
        let is_of_person = matches!(error.kind(), Kind::NeedsHuman | Kind::Declined | Kind::Cancelled);
        Failure {
            id: OsRng.next_u64(),
            at: now.unix(),
            kind: error.kind(),
            person: is_of_person.then(|| place.to_owned()),
            is_of_code: false,
            message: error.message().to_owned(),
            causes: error.causes().map(ToString::to_string).collect(),
            hints: error.hints().to_owned(),
        }
    }

    /// The first moment at which it no longer keeps a session from being renewed.
    pub fn remembered_until(&self) -> Timestamp {
        Timestamp::from_unix(self.at.saturating_add(REMEMBERED))
    }

    /// Whether it is also that of a process whose questions are asked at `place`: what one person has declined, another may
    /// answer.
    pub fn is_shared_with(&self, place: &str) -> bool {
        self.person.as_ref().is_none_or(|person| person == place)
    }

    /// Whether it happened in the last 60 s. One from the future does not count: the clock was set back.
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        (0..REMEMBERED).contains(&now.seconds_since(Timestamp::from_unix(self.at)))
    }

    /// The error as it was.
    pub fn into_error(self) -> Error {
        let Failure { id: _, at: _, kind, person: _, is_of_code: _, message, causes, hints } = self;
        let error = causes.into_iter().fold(Error::new(kind, message), Error::because);
        hints.into_iter().fold(error, Error::outcome)
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
        let failure = Failure::new(&error, at, "here");
        assert_eq!(["here", "there"].map(|place| failure.is_shared_with(place)), [true, false]);
        let of_aws = Failure::new(&Error::new(Kind::Refused, "no"), at, "here");
        assert!(of_aws.is_shared_with("there"));
        let text = serde_json::to_string(&failure).expect("JSON");
        assert_eq!(serde_json::from_str::<Failure>(&text).expect("JSON").into_error(), error);
        for (after, remembered) in [(-1, false), (0, true), (59, true), (60, false)] {
            assert_eq!(failure.is_remembered(at.plus_seconds(after)), remembered, "{after}");
        }
        let older = r#"{"id":1,"at":1000,"kind":"Failed","message":"m","causes":[],"hints":["`keyfob mfa add a b`"]}"#;
        assert!(serde_json::from_str::<Failure>(older).is_err(), "hints were texts, quoted for nobody");
    }
}
