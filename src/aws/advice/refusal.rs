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
        let hint = "a proxy, another endpoint or a network sign-in page may have responded: check `HTTPS_PROXY` and `endpoint_url`";
        return (format!("{what}: the response (status {status}) did not come from AWS"), vec![hint.into()]);
    }
    if status >= 500 {
        let hint = match attempt.code {
            Some(CodeFrom::Given) => "the MFA code may have been used up: try again in a minute with a new one",
            Some(CodeFrom::Seed) | None => "try again in a minute",
        };
        return (format!("{what}: AWS returned an internal error (status {status})"), vec![hint.into()]);
    }
    if error.is_wrong_code() {
        return wrong_code(attempt);
    }
    if error.is_wrong_device() {
        let hints = vec![
            "AWS accepts a device only with its owner's access key, and only if it shows six-digit codes (not a passkey)".into(),
            attempt.name_device("set the right device"),
        ];
        return (
            format!("AWS does not accept {} as an MFA device of {}", attempt.device(), attempt.signer.name()),
            hints,
        );
    }
    if error.is_clock_refusal() {
        let hint = "set this machine's clock (`timedatectl set-ntp true` on most Linux systems), then try again";
        return (format!("{what}: AWS rejected the time in the signature"), vec![hint.into()]);
    }
    if error.is_invalid_client_token() {
        return unknown_key(attempt);
    }
    if error.is_wrong_region() {
        let hint = "check the region, and that `endpoint_url` or `AWS_ENDPOINT_URL`, if set, is in the same region";
        return (format!("{what}: AWS rejected the region in the signature"), vec![hint.into()]);
    }
    if error.is_wrong_secret() {
        return match attempt.signer {
            Signer::UnstoredKey { id } => (
                format!("the secret access key does not belong to `{}`", short_id(id)),
                vec!["copy both again, from the IAM console or the CSV file it offers".into()],
            ),
            Signer::Key { id, .. } => (
                format!("the secret access key stored for `{}` does not belong to it", short_id(id)),
                vec![run!("keyfob add {} --replace", attempt.profile).to("store the key again")],
            ),
            _ => (format!("{what}: AWS rejected the signature"), vec![attempt.forget()]),
        };
    }
    if let Signer::Token = attempt.signer
        && let Some(told) = of_token(error, attempt)
    {
        return told;
    }
    if let Signer::Certificate { region } = attempt.signer
        && let Some(told) = of_certificate(error, attempt, region)
    {
        return told;
    }
    if error.is_expired() {
        return (format!("{what}: the session that signed the request has expired"), vec![attempt.renew()]);
    }
    if error.is_throttled() {
        let hint = "try again in a minute; programs that share one session instead of each getting their own make fewer requests";
        return (format!("{what}: AWS is throttling requests"), vec![hint.into()]);
    }
    if error.is_chaining_limit() || error.is_over_max_session_duration() {
        return too_long(error, attempt);
    }
    if error.is_access_denied() {
        return denied(error, attempt);
    }
    by_code(error.code().unwrap_or_default(), attempt)
}

/// What AWS refuses a web identity token for (STS API, AssumeRoleWithWebIdentity, "Errors").
fn of_token(error: &AwsError, attempt: &Attempt<'_>) -> Option<(String, Vec<Hint>)> {
    let what = attempt.what();
    let trust =
        "the role's trust policy must name the token's issuer as a federated principal, and its subject and audience";
    let (line, hint) = match error.code()? {
        "ExpiredToken" | "ExpiredTokenException" => (
            format!("{what}: the web identity token has expired"),
            "get a new token: the program that writes the file must replace it before it expires",
        ),
        "InvalidIdentityToken" if error.says("audience") => (
            format!("{what}: the web identity token is for another audience"),
            "get a token for an audience that the identity provider in IAM lists, such as `sts.amazonaws.com`",
        ),
        "InvalidIdentityToken" => (
            format!("{what}: AWS rejected the web identity token"),
            "check that IAM has an identity provider for the token's issuer, in the role's account",
        ),
        "IDPRejectedClaim" => (format!("{what}: the token's issuer rejected it"), "get a new token"),
        "IDPCommunicationError" => (
            format!("{what}: AWS cannot reach the token's issuer"),
            "try again in a minute; the issuer must be reachable from the internet",
        ),
        "AccessDenied" | "AccessDeniedException" => {
            (format!("{what}: the role's trust policy does not allow this token"), trust)
        }
        _ => return None,
    };
    Some((line, vec![hint.into()]))
}

/// What Roles Anywhere refuses a certificate for (IAM Roles Anywhere User Guide, "Troubleshooting").
fn of_certificate(error: &AwsError, attempt: &Attempt<'_>, region: &str) -> Option<(String, Vec<Hint>)> {
    let what = attempt.what();
    let trust = "the trust anchor must be the authority that issued the certificate; those in between belong behind it in `keyfob_certificate`";
    let role = "the role's trust policy must let rolesanywhere.amazonaws.com call `sts:AssumeRole`, `sts:TagSession` and `sts:SetSourceIdentity`, and the profile must list the role";
    let (line, hints) = match error.code()? {
        "AccessDeniedException" if error.says("ntrusted") || error.says("nsufficient certificate") => {
            (format!("{what}: Roles Anywhere does not trust the certificate"), vec![trust])
        }
        "AccessDeniedException" if error.says("evoked") => {
            (format!("{what}: the certificate is revoked"), vec!["get a new certificate"])
        }
        "AccessDeniedException" if error.says("assume role") => {
            (format!("{what}: Roles Anywhere may not assume it"), vec![role])
        }
        "AccessDeniedException" => {
            (format!("{what}: Roles Anywhere denies access to the certificate"), vec![trust, role])
        }
        "ResourceNotFoundException" => (
            format!("{what}: the trust anchor, the profile or the role does not exist in {region}"),
            vec!["check `keyfob_trust_anchor_arn` and `keyfob_profile_arn`; both must be enabled"],
        ),
        "ValidationException" => (
            format!("{what}: Roles Anywhere does not take a parameter"),
            vec![
                "the duration must be at most the profile's, and `role_session_name` is only for a profile that accepts custom names",
            ],
        ),
        _ => return None,
    };
    Some((line, hints.into_iter().map(Hint::from).collect()))
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
                    .to("store the right seed, if this one belongs to another device or the device was re-created"),
                "AWS accepts each code once: if other programs have just used two, try again in 30 s".into(),
            ];
            hints.extend(clock.map(|clock| {
                format!("{clock}, but that is not the reason: the codes were generated for AWS's time").into()
            }));
            (format!("AWS rejected every code generated from the stored seed of {device}"), hints)
        }
        Some(CodeFrom::Given) | None => {
            let again: Hint =
                "AWS accepts each code once: wait for the next one (at most 30 s), from this device".into();
            match clock {
                Some(clock) => (
                    format!("the MFA code for {device} is wrong or expired: {clock}"),
                    vec!["if the code is generated on this machine, set its clock (`timedatectl set-ntp true` on most Linux systems)".into(), again],
                ),
                None => (format!("the MFA code for {device} is wrong or was already used"), vec![again]),
            }
        }
    }
}

fn unknown_key(attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    match (attempt.signer, attempt.call) {
        (Signer::PlainSession { .. }, Attempted::Iam(call)) => (
            format!("{call} failed: IAM refuses sessions that were created without MFA"),
            vec![
                attempt.name_device("set your MFA device"),
                run!("keyfob mfa enroll {}", attempt.profile).to("or enroll one"),
                run!("keyfob profile set {} keyfob_session never", attempt.profile)
                    .to("or issue the access key itself"),
            ],
        ),
        (Signer::Key { id, .. }, _) => (
            format!(
                "AWS does not recognize the access key `{}`: it is inactive, deleted, or from another partition",
                short_id(id)
            ),
            vec![
                "if the key was created just now, AWS may not know it everywhere yet: try again in 15 s".into(),
                run!("keyfob add {} --replace", attempt.profile).to("otherwise store another key"),
            ],
        ),
        (Signer::UnstoredKey { id }, _) => (
            format!(
                "AWS does not recognize the access key `{}`: it is inactive, deleted, or from another partition",
                short_id(id)
            ),
            vec![
                "if the key was created just now, AWS may not know it everywhere yet: try again in 15 s".into(),
                "otherwise check its status in the IAM console: Users, your name, Security credentials".into(),
            ],
        ),
        (
            Signer::PlainSession { .. }
            | Signer::MfaSession { .. }
            | Signer::Role { .. }
            | Signer::Given { .. }
            | Signer::GivenSession
            | Signer::Token
            | Signer::Certificate { .. },
            _,
        ) => (
            format!("{}: AWS rejected the session that signed the request", attempt.what()),
            vec![
                attempt.renew(),
                "opt-in regions reject sessions from the global endpoint: set `sts_regional_endpoints = regional`"
                    .into(),
            ],
        ),
    }
}

fn too_long(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let (seconds, role, by) = match attempt.call {
        Attempted::AssumeRole { request, duration_by, .. } => {
            (request.duration_seconds, format!("`{}`", request.role_arn), duration_by)
        }
        _ => (0, "the role".to_owned(), None),
    };
    let one_hour = |purpose: &str| match by {
        Some(line) => again(line, "--duration", &["--duration", "1h"], "use `--duration 1h`", purpose),
        None => run!("keyfob profile set {} duration_seconds 3600", attempt.profile).to(purpose),
    };
    let asked = duration::text(std::time::Duration::from_secs(seconds.into()));
    if error.is_chaining_limit() {
        let hint = one_hour("request one hour");
        let line = format!("{role} is assumed from a session, so AWS limits it to one hour; {asked} were requested");
        return (line, vec![hint, attempt.explain("show the chain")]);
    }
    let hints = vec![one_hour("request less"), "or raise the role's `MaxSessionDuration` (3,600 to 43,200)".into()];
    (format!("{role} does not allow sessions of {asked}"), hints)
}

/// The command line with other options, if `option` is one of its own; `kf` has none of these, and gets `words`.
fn again(line: &[String], option: &str, options: &[&'static str], words: &str, purpose: &str) -> Hint {
    let mut own = line.iter().take_while(|word| *word != "--").map(|word| word.split('=').next().unwrap_or_default());
    match own.any(|word| word == option) {
        true => Hint::again(line, options).to(purpose),
        false => words.into(),
    }
}

fn denied(error: &AwsError, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let AwsError::Refused { message, .. } = error else { return by_code("", attempt) };
    let who = attempt.signer.name();
    if message.contains("session credentials") {
        let line = format!("{}: it requires a long-term access key, and {who} is a session", attempt.what());
        return (line, vec![attempt.explain("show where the chain starts")]);
    }
    if message.contains("root account") {
        let hint = "create an IAM user and store its key: the root user's key cannot assume roles";
        return (format!("{}: the root user cannot assume roles", attempt.what()), vec![hint.into()]);
    }
    let mut hints: Vec<Hint> = Vec::new();
    if let Attempted::AssumeRole { request, profile, hop, role_by, .. } = attempt.call {
        match attempt.signer {
            Signer::Key { .. } | Signer::UnstoredKey { .. } | Signer::PlainSession { .. } if attempt.code.is_none() => {
                hints.push(attempt.name_device("set your MFA device, if the role requires MFA (AWS does not say)"));
            }
            Signer::Role { .. } => hints.push(
                format!(
                    "MFA only counts for the first role: if the trust policy of hop {hop} requires it, no code will help"
                )
                .into(),
            ),
            Signer::Key { .. }
            | Signer::UnstoredKey { .. }
            | Signer::PlainSession { .. }
            | Signer::MfaSession { .. }
            | Signer::Given { .. }
            | Signer::GivenSession
            | Signer::Token
            | Signer::Certificate { .. } => {}
        }
        let id = if request.external_id.is_some() {
            "with the configured `external_id`"
        } else {
            "no `external_id` is configured"
        };
        hints.push(
            format!("the role's trust policy must allow {who} ({id}), and {who} needs `sts:AssumeRole` on the role")
                .into(),
        );
        if request.external_id.is_none() {
            let purpose = "if the role requires an external ID, set it";
            hints.push(match role_by {
                Some(line) => again(
                    line,
                    "--role",
                    &["--external-id", "ID"],
                    "use `--external-id ID`, if the role requires one",
                    purpose,
                ),
                None => run!("keyfob profile set {} external_id ID", profile).to(purpose),
            });
        }
    } else if let Attempted::GetFederationToken = attempt.call {
        hints.push(format!("{who} needs `sts:GetFederationToken`, on `arn:aws:sts::ACCOUNT:federated-user/*`").into());
    } else if let Attempted::Iam(call) = attempt.call {
        hints.push(format!("a policy of the user must allow `iam:{call}`").into());
    }
    if let Signer::MfaSession { age_seconds, .. } = attempt.signer
        && age_seconds > OLD_MFA_SECONDS
    {
        let minutes = age_seconds / 60;
        let why = format!(
            "the MFA session is {minutes} min old; delete it if a policy on `aws:MultiFactorAuthAge` requires a newer one"
        );
        hints.insert(0, run!("keyfob clear {}", attempt.profile).to(why));
        hints.insert(
            1,
            run!("keyfob profile set {} keyfob_mfa_max_age 15m", attempt.profile).to("or limit its age permanently"),
        );
    }
    (format!("{}: access denied to {who}", attempt.what()), hints)
}

/// Refusals whose code says it all.
fn by_code(code: &str, attempt: &Attempt<'_>) -> (String, Vec<Hint>) {
    let what = attempt.what();
    let (line, hint): (String, Hint) = match code {
        "RegionDisabledException" => (
            format!("{what}: STS is not activated in this region for the account"),
            run!("keyfob profile set {} region us-east-1", attempt.profile)
                .to("use another region, or activate this one"),
        ),
        "PackedPolicyTooLarge" => (
            format!("{what}: the session policies and tags are too large"),
            "shorten `session_tags` or the session policies".into(),
        ),
        "MalformedPolicyDocument" => (
            format!("{what}: the session policy is malformed"),
            attempt.explain("show the file and line of each setting"),
        ),
        "ValidationError" => {
            (format!("{what}: a parameter is invalid"), attempt.explain("show the file and line of each setting"))
        }
        "OptInRequired" | "AccountProblem" | "SubscriptionRequiredException" => (
            format!("{what}: the account is not ready for use"),
            "check the account's status in the AWS console".into(),
        ),
        _ => (what.clone(), attempt.explain("show how the credentials are made")),
    };
    (line, vec![hint])
}
