//! The names of aws-vault's items: which are keys, and what a file is called. Pure.

use percent_encoding::percent_decode_str;

/// Whether an item of this name is a long-term key, and not a session or a token of IAM Identity Center
/// (aws-vault `vault/sessionkeyring.go`, `vault/oidctokenkeyring.go`; the last three are those of versions up to 5).
pub(super) fn is_key(name: &str) -> bool {
    !(name.starts_with("oidc:")
        || is_session(name)
        || name.starts_with("session,")
        || is_old_session(name)
        || is_oldest_session(name))
}

/// `TYPE,PROFILE,SERIAL,EXPIRATION`.
fn is_session(name: &str) -> bool {
    let parts: Vec<&str> = name.split(',').collect();
    matches!(parts.as_slice(), [kind, profile, _, end] if !kind.is_empty() && !profile.is_empty() && is_number(end))
}

/// `session:PROFILE:SERIAL:EXPIRATION`.
fn is_old_session(name: &str) -> bool {
    name.strip_prefix("session:").is_some_and(|rest| rest.split(':').count() >= 3)
}

/// `PROFILE session (EXPIRATION)`.
fn is_oldest_session(name: &str) -> bool {
    let inside = name.strip_suffix(')').and_then(|name| name.rsplit_once(" session ("));
    inside.is_some_and(|(profile, end)| !profile.is_empty() && is_number(end))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The item that a file is called after (github.com/mtibben/percent); none where that is no text.
pub(super) fn of_file(file_name: &str) -> Option<String> {
    percent_decode_str(file_name).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_and_tokens_are_no_keys() {
        for key in ["work", "my-team/prod", "a b", "session", "with,comma", "x (y)", "a,b,c,d"] {
            assert!(is_key(key), "{key}");
        }
        for other in [
            "sts.GetSessionToken,d29yaw,YXJuOmF3czppYW06OjE6bWZhL2E,1700864000",
            "sts.AssumeRole,d29yaw,,1700864000",
            "session,work,,17008640",
            "session:work:arn:aws:iam::1:mfa/a:1700864000",
            "work session (1700864000)",
            "oidc:https://example.awsapps.com/start",
        ] {
            assert!(!is_key(other), "{other}");
        }
        assert_eq!(of_file("team%2Fprod").as_deref(), Some("team/prod"));
        assert_eq!(of_file("100%25").as_deref(), Some("100%"));
    }
}
