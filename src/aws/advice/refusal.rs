//! What each kind of refusal means, and what to do about it. AWS's own words are told apart in `aws::error`.

use crate::aws::AwsError;
use crate::aws::advice::{Attempt, Attempted, CodeFrom, Signer};
use crate::credentials::short_id;
use crate::duration;
use crate::totp::STEP_SECONDS;

/// From this age on, a policy on `aws:MultiFactorAuthAge` may be why an MFA session is denied, seconds.
const OLD_MFA_SECONDS: i64 = 15 * 60;

/// The line and the hints for each kind of refusal, the most telling first.
pub(super) fn explain(error: &AwsError, status: u16, attempt: &Attempt<'_>) -> (String, Vec<String>) {
    let what = attempt.what();
    if error.is_foreign_answer() {
        let hint =
            "something between here and AWS answered: check `HTTPS_PROXY`, `endpoint_url` and a network log-in page";
        return (format!("{what}: the answer (status {status}) is not one of AWS's"), vec![hint.to_owned()]);
    }
    if status >= 500 {
        let hint = match attempt.code {
            Some(CodeFrom::Given) => "the code may be spent: try again in a minute, with a new one",
            Some(CodeFrom::Seed) | None => "try again in a minute",
        };
        return (format!("{what}: AWS has a failure of its own"), vec![hint.to_owned()]);
    }
    if error.is_wrong_code() {
        return wrong_code(attempt);
    }
    if error.is_wrong_device() {
        let hints = vec![
            "a device is taken only with its owner's own key, and only if it shows six-digit codes (no passkey)"
                .to_owned(),
            format!("set the right one: `{}`", attempt.set("mfa_serial ARN")),
        ];
        return (
            format!("AWS does not take {} as an MFA device of {}", attempt.device(), attempt.signer.name()),
            hints,
        );
    }
    if error.is_clock_refusal() {
        let hint = "set this machine's clock (`timedatectl set-ntp true` on most Linux systems), then try again";
        return (format!("{what}: AWS refuses the time in the signature"), vec![hint.to_owned()]);
    }
    if error.is_invalid_client_token() {
        return unknown_key(attempt);
    }
    if error.is_wrong_region() {
        let hint = "check the region, and that `endpoint_url` or `AWS_ENDPOINT_URL`, if one is set, is of the same";
        return (format!("{what}: AWS does not take the region in the signature"), vec![hint.to_owned()]);
    }
    if error.is_wrong_secret() {
        return match attempt.signer {
            Signer::NewKey { id } => (
                format!("the secret access key does not belong to `{}`", short_id(id)),
                vec!["copy both again: they stand side by side in the console, and in the file it offers".to_owned()],
            ),
            Signer::Key { id, .. } => (
                format!("the secret access key kept for `{}` does not belong to it", short_id(id)),
                vec![format!("store the pair again: `{} --replace`", attempt.command("add"))],
            ),
            _ => (format!("{what}: AWS does not accept the signature"), vec![attempt.forget()]),
        };
    }
    if error.is_expired() {
        return (format!("{what}: the session it was signed with has expired"), vec![attempt.forget()]);
    }
    if error.is_throttled() {
        let hint = "try again in a minute; programs that share a session instead of asking for one each ask less often";
        return (format!("{what}: too many requests for AWS at the moment"), vec![hint.to_owned()]);
    }
    if error.is_chaining_limit() || error.is_over_max_session_duration() {
        return too_long(error, attempt);
    }
    if error.is_access_denied() {
        return denied(error, attempt);
    }
    by_code(error.code().unwrap_or_default(), attempt)
}

/// AWS says the same of a code that is wrong and one that was used. What tells more is who made it, and the clock.
fn wrong_code(attempt: &Attempt<'_>) -> (String, Vec<String>) {
    let (device, offset) = (attempt.device(), attempt.clock_offset_seconds);
    let clock = (offset.abs() >= STEP_SECONDS).then(|| {
        let size = duration::text(std::time::Duration::from_secs(offset.unsigned_abs()));
        format!("this machine's clock is {size} {} AWS's", if offset > 0 { "behind" } else { "ahead of" })
    });
    match attempt.code {
        Some(CodeFrom::Seed) => {
            let mut hints = vec![
                format!(
                    "the stored seed is another device's, or this one was made anew: store the right one with `{}`",
                    attempt.command("mfa add")
                ),
                "a code works once: if other programs have just used two, try again in 30 s".to_owned(),
            ];
            hints.extend(
                clock.map(|clock| format!("{clock}; the codes were made for AWS's time, so that is not the reason")),
            );
            (format!("AWS takes no code made from the stored seed of {device}"), hints)
        }
        Some(CodeFrom::Given) | None => {
            let again = "each code works once: wait for the next one (at most 30 s), of this very device".to_owned();
            match clock {
                Some(clock) => (
                    format!("the MFA code for {device} is wrong, or out of date: {clock}"),
                    vec!["if the code is made on this machine, set its clock (`timedatectl set-ntp true` on most Linux systems)".to_owned(), again],
                ),
                None => (format!("the MFA code for {device} is wrong or was used before"), vec![again]),
            }
        }
    }
}

fn unknown_key(attempt: &Attempt<'_>) -> (String, Vec<String>) {
    match (attempt.signer, attempt.call) {
        (Signer::PlainSession { .. }, Attempted::Iam(call)) => (
            format!("{call}: IAM refuses every session that was made without MFA"),
            vec![
                format!(
                    "name your MFA device: `{}`; or enrol one: `{}`",
                    attempt.set("mfa_serial ARN"),
                    attempt.command("mfa enroll")
                ),
                format!("or hand out the key itself: `{}`", attempt.set("keyfob_session never")),
            ],
        ),
        (Signer::Key { id, .. }, _) => (
            format!("AWS does not know the access key `{}`: it is inactive, deleted, or of another partition", short_id(id)),
            vec![
                "a key made seconds ago is not known everywhere yet: try again in 15 s".to_owned(),
                format!("otherwise store another: `{} --replace`", attempt.command("add")),
            ],
        ),
        (Signer::NewKey { id }, _) => (
            format!("AWS does not know the access key `{}`: it is inactive, deleted, or of another partition", short_id(id)),
            vec![
                "a key made seconds ago is not known everywhere yet: try again in 15 s".to_owned(),
                "otherwise see its state in the IAM console: Users, your name, Security credentials".to_owned(),
            ],
        ),
        (Signer::PlainSession { .. } | Signer::MfaSession { .. } | Signer::Role { .. }, _) => (
            format!("{}: AWS does not take the session it was signed with", attempt.what()),
            vec![
                attempt.forget(),
                "a session from the global endpoint is not taken in regions that need enabling: `sts_regional_endpoints = regional`"
                    .to_owned(),
            ],
        ),
    }
}

fn too_long(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<String>) {
    let (seconds, role) = match attempt.call {
        Attempted::AssumeRole { request, .. } => (request.duration_seconds, format!("`{}`", request.role_arn)),
        Attempted::GetCallerIdentity | Attempted::GetSessionToken(_) | Attempted::Iam(_) => (0, "the role".to_owned()),
    };
    if error.is_chaining_limit() {
        let hint = format!("ask for an hour: `{}`", attempt.set("duration_seconds 3600"));
        let line = format!("{role} is assumed with a session, so AWS gives it an hour at most, not {seconds} s");
        return (line, vec![hint, format!("`{}` shows the chain", attempt.command("explain"))]);
    }
    let hints = vec![
        format!("ask for less: `{}`", attempt.set("duration_seconds 3600")),
        "or have the role's `MaxSessionDuration` raised (3,600 to 43,200)".to_owned(),
    ];
    (format!("{role} allows shorter sessions than {seconds} s"), hints)
}

fn denied(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<String>) {
    let AwsError::Refused { message, .. } = error else { return by_code("", attempt) };
    let who = attempt.signer.name();
    if message.contains("session credentials") {
        let line = format!("{}: only a long-term access key may ask for it, and {who} is a session", attempt.what());
        return (line, vec![format!("`{}` shows where the chain starts", attempt.command("explain"))]);
    }
    if message.contains("root account") {
        let hint = "make an IAM user for this, and store its key: a root key can do everything but assume roles";
        return (format!("{}: a root key may not assume roles", attempt.what()), vec![hint.to_owned()]);
    }
    let mut hints = Vec::new();
    if let Attempted::AssumeRole { request, hop, .. } = attempt.call {
        match attempt.signer {
            Signer::Key { .. } | Signer::NewKey { .. } | Signer::PlainSession { .. } if attempt.code.is_none() => {
                hints.push(format!(
                    "if the role wants MFA (AWS does not say so), name your device: `{}`",
                    attempt.set("mfa_serial ARN")
                ));
            }
            Signer::Role { .. } => hints.push(format!(
                "MFA does not reach past the first role: if the trust policy of hop {hop} asks for it, no code will do"
            )),
            Signer::Key { .. } | Signer::NewKey { .. } | Signer::PlainSession { .. } | Signer::MfaSession { .. } => {}
        }
        let id = if request.external_id.is_some() { "the `external_id`" } else { "no `external_id`" };
        hints.push(format!(
            "the role's trust policy must allow {who}, with {id}, and {who} needs `sts:AssumeRole` on it"
        ));
    } else if let Attempted::Iam(call) = attempt.call {
        hints.push(format!("a policy of the user must allow `iam:{call}`"));
    }
    if let Signer::MfaSession { age_seconds, .. } = attempt.signer
        && age_seconds > OLD_MFA_SECONDS
    {
        hints.insert(
            0,
            format!(
                "the MFA session is {} min old; a policy on `aws:MultiFactorAuthAge` may want a newer one: `{}`, or `{}` for good",
                age_seconds / 60,
                attempt.command("clear"),
                attempt.set("keyfob_mfa_max_age 15m")
            ),
        );
    }
    (format!("{}: access denied to {who}", attempt.what()), hints)
}

/// Refusals whose code says it all.
fn by_code(code: &str, attempt: &Attempt<'_>) -> (String, Vec<String>) {
    let what = attempt.what();
    let (line, hint) = match code {
        "RegionDisabledException" => (
            format!("{what}: STS is not active in this region for the account"),
            format!("use another region (`{}`), or have it activated", attempt.set("region us-east-1")),
        ),
        "PackedPolicyTooLarge" => (
            format!("{what}: session policies and tags are too large together"),
            "shorten `session_tags`, or the session policy".to_owned(),
        ),
        "MalformedPolicyDocument" => (
            format!("{what}: the session policy is no policy AWS can read"),
            format!("`{}` names the file and line of each setting", attempt.command("explain")),
        ),
        "ValidationError" => (
            format!("{what}: AWS finds a parameter invalid"),
            format!("`{}` names the file and line of each setting", attempt.command("explain")),
        ),
        "OptInRequired" | "AccountProblem" | "SubscriptionRequiredException" => (
            format!("{what}: the account is not ready to be used"),
            "see the account's state in the AWS console".to_owned(),
        ),
        _ => (
            format!("{what}: AWS refused"),
            format!("`{}` shows how the credentials are made", attempt.command("explain")),
        ),
    };
    (line, vec![hint])
}
