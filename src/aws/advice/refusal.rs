//! What each kind of refusal means, and what to do about it. AWS's own words are told apart in `aws::error`.

use crate::aws::AwsError;
use crate::aws::advice::{Attempt, Attempted, CodeFrom, Signer};
use crate::credentials::short_id;
use crate::duration;
use crate::hint::{Hint, run};
use crate::totp::STEP_SECONDS;

/// From this age on, a policy on `aws:MultiFactorAuthAge` may be why an MFA session is denied, seconds.
const OLD_MFA_SECONDS: i64 = 15 * 60;

/// The line and the hints for each kind of refusal, the most telling first.
pub(super) fn explain(error: &AwsError, status: u16, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let what = attempt.what();
    if error.is_foreign_answer() {
        let hint =
            "something between here and AWS answered: check `HTTPS_PROXY`, `endpoint_url` and a network log-in page";
        return (format!("{what}: the answer (status {status}) is not one of AWS's"), vec![hint.into()]);
    }
    if status >= 500 {
        let hint = match attempt.code {
            Some(CodeFrom::Given) => "the code may be spent: try again in a minute, with a new one",
            Some(CodeFrom::Seed) | None => "try again in a minute",
        };
        return (format!("{what}: AWS has a failure of its own"), vec![hint.into()]);
    }
    if error.is_wrong_code() {
        return wrong_code(attempt);
    }
    if error.is_wrong_device() {
        let hints = vec![
            "a device is taken only with its owner's own key, and only if it shows six-digit codes (no passkey)".into(),
            attempt.name_device("set the right one"),
        ];
        return (
            format!("AWS does not take {} as an MFA device of {}", attempt.device(), attempt.signer.name()),
            hints,
        );
    }
    if error.is_clock_refusal() {
        let hint = "set this machine's clock (`timedatectl set-ntp true` on most Linux systems), then try again";
        return (format!("{what}: AWS refuses the time in the signature"), vec![hint.into()]);
    }
    if error.is_invalid_client_token() {
        return unknown_key(attempt);
    }
    if error.is_wrong_region() {
        let hint = "check the region, and that `endpoint_url` or `AWS_ENDPOINT_URL`, if one is set, is of the same";
        return (format!("{what}: AWS does not take the region in the signature"), vec![hint.into()]);
    }
    if error.is_wrong_secret() {
        return match attempt.signer {
            Signer::NewKey { id } => (
                format!("the secret access key does not belong to `{}`", short_id(id)),
                vec!["copy both again: they stand side by side in the console, and in the file it offers".into()],
            ),
            Signer::Key { id, .. } => (
                format!("the secret access key kept for `{}` does not belong to it", short_id(id)),
                vec![run!("keyfob add {} --replace", attempt.profile).to("store the pair again")],
            ),
            _ => (format!("{what}: AWS does not accept the signature"), vec![attempt.forget()]),
        };
    }
    if error.is_expired() {
        return (format!("{what}: the session it was signed with has expired"), vec![attempt.forget()]);
    }
    if error.is_throttled() {
        let hint = "try again in a minute; programs that share a session instead of asking for one each ask less often";
        return (format!("{what}: too many requests for AWS at the moment"), vec![hint.into()]);
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
fn wrong_code(attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let (device, offset) = (attempt.device(), attempt.clock_offset_seconds);
    let clock = (offset.abs() >= STEP_SECONDS).then(|| {
        let size = duration::text(std::time::Duration::from_secs(offset.unsigned_abs()));
        format!("this machine's clock is {size} {} AWS's", if offset > 0 { "behind" } else { "ahead of" })
    });
    match attempt.code {
        Some(CodeFrom::Seed) => {
            let mut hints: Vec<Hint> = vec![
                run!("keyfob mfa add {} --replace", attempt.profile)
                    .to("store the right seed, if this one is another device's or the device was made again"),
                "a code works once: if other programs have just used two, try again in 30 s".into(),
            ];
            hints.extend(
                clock.map(|clock| {
                    format!("{clock}; the codes were made for AWS's time, so that is not the reason").into()
                }),
            );
            (format!("AWS takes no code made from the stored seed of {device}"), hints)
        }
        Some(CodeFrom::Given) | None => {
            let again: Hint = "each code works once: wait for the next one (at most 30 s), of this very device".into();
            match clock {
                Some(clock) => (
                    format!("the MFA code for {device} is wrong, or out of date: {clock}"),
                    vec!["if the code is made on this machine, set its clock (`timedatectl set-ntp true` on most Linux systems)".into(), again],
                ),
                None => (format!("the MFA code for {device} is wrong or was used before"), vec![again]),
            }
        }
    }
}

fn unknown_key(attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    match (attempt.signer, attempt.call) {
        (Signer::PlainSession { .. }, Attempted::Iam(call)) => (
            format!("{call}: IAM refuses every session that was made without MFA"),
            vec![
                attempt.name_device("name your MFA device"),
                run!("keyfob mfa enroll {}", attempt.profile).to("or enrol one"),
                run!("keyfob profile set {} keyfob_session never", attempt.profile).to("or hand out the key itself"),
            ],
        ),
        (Signer::Key { id, .. }, _) => (
            format!("AWS does not know the access key `{}`: it is inactive, deleted, or of another partition", short_id(id)),
            vec![
                "a key made seconds ago is not known everywhere yet: try again in 15 s".into(),
                run!("keyfob add {} --replace", attempt.profile).to("otherwise store another"),
            ],
        ),
        (Signer::NewKey { id }, _) => (
            format!("AWS does not know the access key `{}`: it is inactive, deleted, or of another partition", short_id(id)),
            vec![
                "a key made seconds ago is not known everywhere yet: try again in 15 s".into(),
                "otherwise see its state in the IAM console: Users, your name, Security credentials".into(),
            ],
        ),
        (Signer::PlainSession { .. } | Signer::MfaSession { .. } | Signer::Role { .. }, _) => (
            format!("{}: AWS does not take the session it was signed with", attempt.what()),
            vec![
                attempt.forget(),
                "a session from the global endpoint is not taken in regions that need enabling: `sts_regional_endpoints = regional`"
                    .into(),
            ],
        ),
    }
}

fn too_long(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let (seconds, role) = match attempt.call {
        Attempted::AssumeRole { request, .. } => (request.duration_seconds, format!("`{}`", request.role_arn)),
        Attempted::GetCallerIdentity | Attempted::GetSessionToken(_) | Attempted::Iam(_) => (0, "the role".to_owned()),
    };
    if error.is_chaining_limit() {
        let hint = run!("keyfob profile set {} duration_seconds 3600", attempt.profile).to("ask for an hour");
        let line = format!("{role} is assumed with a session, so AWS gives it an hour at most, not {seconds} s");
        return (line, vec![hint, attempt.explain("show the chain")]);
    }
    let hints = vec![
        run!("keyfob profile set {} duration_seconds 3600", attempt.profile).to("ask for less"),
        "or raise the role's `MaxSessionDuration` (3,600 to 43,200)".into(),
    ];
    (format!("{role} allows shorter sessions than {seconds} s"), hints)
}

fn denied(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let AwsError::Refused { message, .. } = error else { return by_code("", attempt) };
    let who = attempt.signer.name();
    if message.contains("session credentials") {
        let line = format!("{}: only a long-term access key may ask for it, and {who} is a session", attempt.what());
        return (line, vec![attempt.explain("show where the chain starts")]);
    }
    if message.contains("root account") {
        let hint = "make an IAM user for this, and store its key: a root key can do everything but assume roles";
        return (format!("{}: a root key may not assume roles", attempt.what()), vec![hint.into()]);
    }
    let mut hints: Vec<Hint> = Vec::new();
    if let Attempted::AssumeRole { request, hop, .. } = attempt.call {
        match attempt.signer {
            Signer::Key { .. } | Signer::NewKey { .. } | Signer::PlainSession { .. } if attempt.code.is_none() => {
                hints.push(attempt.name_device("name your device, if the role wants MFA (AWS does not say so)"));
            }
            Signer::Role { .. } => hints.push(
                format!(
                    "MFA does not reach past the first role: if the trust policy of hop {hop} asks for it, no code will do"
                )
                .into(),
            ),
            Signer::Key { .. } | Signer::NewKey { .. } | Signer::PlainSession { .. } | Signer::MfaSession { .. } => {}
        }
        let id = if request.external_id.is_some() { "the `external_id`" } else { "no `external_id`" };
        hints.push(
            format!("the role's trust policy must allow {who}, with {id}, and {who} needs `sts:AssumeRole` on it")
                .into(),
        );
    } else if let Attempted::Iam(call) = attempt.call {
        hints.push(format!("a policy of the user must allow `iam:{call}`").into());
    }
    if let Signer::MfaSession { age_seconds, .. } = attempt.signer
        && age_seconds > OLD_MFA_SECONDS
    {
        let minutes = age_seconds / 60;
        let why =
            format!("the MFA session is {minutes} min old; forget it, if `aws:MultiFactorAuthAge` wants a newer one");
        hints.insert(0, run!("keyfob clear {}", attempt.profile).to(why));
        hints.insert(1, run!("keyfob profile set {} keyfob_mfa_max_age 15m", attempt.profile).to("or for good"));
    }
    (format!("{}: access denied to {who}", attempt.what()), hints)
}

/// Refusals whose code says it all.
fn by_code(code: &str, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let what = attempt.what();
    let (line, hint): (String, Hint) = match code {
        "RegionDisabledException" => (
            format!("{what}: STS is not active in this region for the account"),
            run!("keyfob profile set {} region us-east-1", attempt.profile).to("use another region, or activate it"),
        ),
        "PackedPolicyTooLarge" => (
            format!("{what}: session policies and tags are too large together"),
            "shorten `session_tags`, or the session policy".into(),
        ),
        "MalformedPolicyDocument" => (
            format!("{what}: the session policy is no policy AWS can read"),
            attempt.explain("show the file and line of each setting"),
        ),
        "ValidationError" => (
            format!("{what}: AWS finds a parameter invalid"),
            attempt.explain("show the file and line of each setting"),
        ),
        "OptInRequired" | "AccountProblem" | "SubscriptionRequiredException" => (
            format!("{what}: the account is not ready to be used"),
            "see the account's state in the AWS console".into(),
        ),
        _ => (format!("{what}: AWS refused"), attempt.explain("show how the credentials are made")),
    };
    (line, vec![hint])
}
