//! What AWS's refusals mean: each its own sentence, and the one command that helps.

use crate::aws::AwsError;
use crate::chain::base::sso::AssignedRole;
use crate::error::{Error, Kind, Mark};
use crate::hint::{Hint, run};
use crate::session_cache::sign_in::SignInHeader;
use crate::sign_in::Wanted;

/// Why somebody has to sign in.
pub(super) enum Due {
    /// Nobody ever has, or has signed out.
    Never,
    /// The access token has ended, and there is no refresh token.
    Expired(crate::timestamp::Timestamp),
    /// AWS had refused it before.
    RefusedBefore,
    /// AWS does not renew it.
    Refused { was_interrupted: bool, error: AwsError },
    /// The portal does not take the AWS CLI's token, which is not keyfob's to renew.
    CliTokenRefused,
}

impl Due {
    pub(super) fn of(own: Option<&SignInHeader>) -> Due {
        match own {
            None => Due::Never,
            Some(own) if own.refused => Due::RefusedBefore,
            Some(own) => Due::Expired(own.expires_at),
        }
    }
}

/// Somebody has to sign in, and why.
pub(super) fn due(wanted: Wanted<'_>, due: &Due) -> Error {
    let Wanted { center, name, .. } = wanted;
    let url = &center.start_url;
    let error = |why: String| {
        Error::new(Kind::NeedsHuman, format!("`{name}`: a sign-in to IAM Identity Center is needed: {why}"))
            .marked(Mark::SignInNeeded)
    };
    let error = match due {
        Due::Never => error(format!("nobody is signed in to {url}")),
        Due::Expired(end) => error(format!("the sign-in to {url} expired at {end}")),
        Due::RefusedBefore => error(format!("the portal session of {url} has ended")),
        Due::Refused { was_interrupted: true, error: cause } => error(format!(
            "the last renewal of the sign-in to {url} was interrupted, and AWS does not accept its refresh token again"
        ))
        .because(cause.clone()),
        Due::Refused { was_interrupted: false, error: cause } => {
            error(format!("the portal session of {url} has ended")).because(cause.clone())
        }
        Due::CliTokenRefused => {
            error(format!("the portal of {url} does not accept the access token that the AWS CLI keeps"))
        }
    };
    error.hint(login(name))
}

pub(super) fn login(name: &str) -> Hint {
    run!("keyfob login {}", name).to("sign in")
}

/// A refresh got no answer, or one that says nothing about the sign-in.
pub(super) fn not_renewed(wanted: Wanted<'_>, error: AwsError) -> Error {
    let Wanted { center, name, .. } = wanted;
    let url = &center.start_url;
    let known = if let Some(known) = key_refusal(&error) {
        known
    } else if error.is_throttled() {
        Error::new(Kind::Refused, format!("`{name}`: AWS throttles renewals of the sign-in to {url}"))
            .hint("try again in a minute")
    } else if matches!(error, AwsError::Refused { .. }) {
        Error::new(Kind::Refused, format!("`{name}`: AWS did not renew the sign-in to {url}"))
            .hint(run!("keyfob login {} --force", name).to("sign in again"))
    } else {
        Error::new(Kind::Failed, format!("`{name}`: cannot renew the sign-in to {url}")).hint("check the network")
    };
    known.because(error)
}

/// The Identity Center's own KMS key cannot be used (OIDC API, `reason` of AccessDeniedException and InvalidRequestException).
fn key_refusal(error: &AwsError) -> Option<Error> {
    let AwsError::Refused { message, .. } = error else { return None };
    message.contains("KMS_").then(|| {
        Error::new(Kind::Refused, "AWS cannot use the KMS key of this IAM Identity Center")
            .hint("tell the administrator of the Identity Center what AWS said")
    })
}

/// What a failed attempt to sign in means.
pub(super) fn not_signed_in(wanted: Wanted<'_>, error: AwsError) -> Error {
    let Wanted { center, name, .. } = wanted;
    let (url, region) = (&center.start_url, &center.region);
    let refused = |text: String| Error::new(Kind::Refused, text);
    let known = if let Some(known) = key_refusal(&error) {
        known
    } else if error.is_sign_in_declined() {
        refused(format!("the sign-in to {url} was declined in the browser")).hint(login(name))
    } else if error.is_code_expired() {
        Error::new(Kind::NeedsHuman, format!("the code to sign in to {url} expired before it was approved"))
            .hint(login(name))
    } else if error.is_wrong_start_url() {
        refused(format!("AWS knows no IAM Identity Center with the start URL {url} in {region}"))
            .hint(fix_region(wanted))
    } else if error.is_throttled() {
        refused(format!("AWS throttles sign-ins to {url}")).hint("try again in a minute")
    } else if matches!(error, AwsError::Refused { .. }) {
        refused(format!("AWS refused the sign-in to {url}"))
    } else {
        Error::new(Kind::Failed, format!("cannot sign in to {url}"))
            .hint(format!("check the network, and that the region of the Identity Center is `{region}`"))
    };
    known.because(error)
}

/// The command that sets the region, or the line that has it.
fn fix_region(wanted: Wanted<'_>) -> Hint {
    match &wanted.center.session {
        Some(session) => {
            format!("check `sso_start_url` and `sso_region` in `[sso-session {session}]` of the config file").into()
        }
        None => run!("keyfob profile set {} sso_region REGION", wanted.name)
            .to("set the region in which the Identity Center is"),
    }
}

/// What a refusal of the portal means for the role that was asked for; `others` are the permission sets there are in the account,
/// if that is known.
pub fn in_the_way(profile: &str, role: &AssignedRole, error: AwsError, others: Option<&[String]>) -> Error {
    let AssignedRole { center, account_id, role_name } = role;
    let url = &center.start_url;
    if error.is_throttled() {
        return Error::new(Kind::Refused, format!("`{profile}`: the portal of {url} gets too many requests"))
            .because(error)
            .hint("try again in a minute");
    }
    if let AwsError::Unreachable { .. } | AwsError::AnswerLost { .. } | AwsError::Setup(_) = error {
        return Error::new(Kind::Failed, format!("`{profile}`: the portal of {url} does not answer")).because(error);
    }
    if !error.is_no_access() {
        return Error::new(Kind::Refused, format!("`{profile}`: the portal of {url} refused")).because(error);
    }
    if let Some(permission_set) = permission_set_of(role_name) {
        let text = format!(
            "`{profile}`: `{role_name}` is the name of an IAM role, and the portal wants that of the permission set, `{permission_set}`"
        );
        return Error::new(Kind::Refused, text)
            .because(error)
            .hint(run!("keyfob profile set {} sso_role_name {}", profile, permission_set).to("use it"));
    }
    let what = match others {
        Some([]) => format!("the account {account_id} is not assigned to you"),
        _ => format!("the permission set `{role_name}` is not assigned to you in the account {account_id}"),
    };
    let refused = Error::new(Kind::Refused, format!("`{profile}`: {what}")).because(error);
    match others {
        Some([]) | None => refused.hint("ask the administrator of the Identity Center to assign it to you"),
        Some(others) => {
            let nearest = crate::chain::nearest_of(others.iter().map(String::as_str), role_name);
            let set = run!("keyfob profile set {} sso_role_name NAME", profile);
            let names = others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            match nearest {
                Some(nearest) => refused.hint(
                    run!("keyfob profile set {} sso_role_name {}", profile, nearest)
                        .to("use the one with nearly that name"),
                ),
                None => refused.hint(set.to(format!("use one that is assigned to you: {names}"))),
            }
        }
    }
}

/// The permission set in `AWSReservedSSO_NAME_0123456789abcdef` (IAM Identity Center User Guide, "Referencing permission sets").
fn permission_set_of(role_name: &str) -> Option<&str> {
    let (name, hash) = role_name.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::center;

    fn refused(code: &str, message: &str) -> AwsError {
        AwsError::Refused { code: code.into(), message: message.into(), status: 400, request_id: None }
    }

    fn role(role_name: &str) -> AssignedRole {
        AssignedRole { center: center("corp"), account_id: "000000000123".into(), role_name: role_name.into() }
    }

    #[test]
    fn each_reason_to_sign_in_has_its_own_sentence_and_the_same_command() {
        let center = center("corp");
        let wanted = Wanted { center: &center, name: "work", limit: None };
        let ended = || refused("InvalidGrantException", "no");
        let cases = [
            (Due::Never, "nobody is signed in to https://corp.awsapps.com/start"),
            (
                Due::Expired(crate::timestamp::Timestamp::from_unix(1_700_000_000)),
                "the sign-in to https://corp.awsapps.com/start expired at 2023-11-14T22:13:20Z",
            ),
            (Due::RefusedBefore, "the portal session of https://corp.awsapps.com/start has ended"),
            (
                Due::Refused { was_interrupted: false, error: ended() },
                "the portal session of https://corp.awsapps.com/start has ended",
            ),
            (
                Due::Refused { was_interrupted: true, error: ended() },
                "the last renewal of the sign-in to https://corp.awsapps.com/start was interrupted, and AWS does not accept its refresh token again",
            ),
            (
                Due::CliTokenRefused,
                "the portal of https://corp.awsapps.com/start does not accept the access token that the AWS CLI keeps",
            ),
        ];
        for (reason, sentence) in cases {
            let error = due(wanted, &reason);
            assert_eq!(error.message(), format!("`work`: a sign-in to IAM Identity Center is needed: {sentence}"));
            assert_eq!(
                (error.kind().exit_code(), error.hint_texts()),
                (3, vec!["sign in: `keyfob login work`".to_owned()])
            );
            assert!(error.is(Mark::SignInNeeded));
        }
    }

    #[test]
    fn a_failed_sign_in_says_what_is_wrong() {
        let center = center("corp");
        let wanted = Wanted { center: &center, name: "work", limit: None };
        let cases = [
            (refused("AccessDeniedException", "no"), 4, "was declined in the browser"),
            (refused("AccessDeniedException", "no (KMS_AccessDeniedException)"), 4, "AWS cannot use the KMS key"),
            (refused("ExpiredTokenException", "no"), 3, "expired before it was approved"),
            (
                refused("InvalidRequestException", "no"),
                4,
                "no IAM Identity Center with the start URL https://corp.awsapps.com/start in eu-west-1",
            ),
            (refused("TooManyRequestsException", "no"), 4, "AWS throttles sign-ins"),
            (refused("HTTP 502", "no"), 4, "AWS refused the sign-in"),
            (AwsError::Unreachable { endpoint: "e".into(), cause: "c".into() }, 1, "cannot sign in to"),
        ];
        for (error, exit, part) in cases {
            let error = not_signed_in(wanted, error);
            assert!(error.message().contains(part), "{error}");
            assert_eq!(error.kind().exit_code(), exit, "{error}");
        }
    }

    #[test]
    fn refusals_of_the_portal_each_name_the_command_that_helps() {
        let no = || refused("ForbiddenException", "No access");
        let some = ["Admin".to_owned(), "ReadOnlyAccess".to_owned()];
        let cases: [(AssignedRole, Option<&[String]>, &str, &str); 5] = [
            (
                role("AWSReservedSSO_Admin_0123456789abcdef"),
                None,
                "`p`: `AWSReservedSSO_Admin_0123456789abcdef` is the name of an IAM role, and the portal wants that of the permission set, `Admin`",
                "use it: `keyfob profile set p sso_role_name Admin`",
            ),
            (role("Admin"), Some(&[]), "`p`: the account 000000000123 is not assigned to you", "ask the administrator"),
            (
                role("Admin"),
                None,
                "`p`: the permission set `Admin` is not assigned to you in the account 000000000123",
                "ask",
            ),
            (
                role("ReadOnly"),
                Some(&some),
                "`p`: the permission set `ReadOnly` is not assigned to you in the account 000000000123",
                "use the one with nearly that name: `keyfob profile set p sso_role_name ReadOnlyAccess`",
            ),
            (
                role("Zzz"),
                Some(&some),
                "`p`: the permission set `Zzz` is not assigned to you in the account 000000000123",
                "use one that is assigned to you: `Admin`, `ReadOnlyAccess`: `keyfob profile set p sso_role_name NAME`",
            ),
        ];
        for (role, others, message, hint) in cases {
            let error = in_the_way("p", &role, no(), others);
            assert_eq!(error.message(), message);
            assert!(error.hint_texts()[0].starts_with(hint), "{:?}", error.hint_texts());
        }
        let other = in_the_way("p", &role("Admin"), refused("TooManyRequestsException", "Rate exceeded"), None);
        assert!(other.message().ends_with("gets too many requests") && other.kind() == Kind::Refused, "{other}");
    }
}
