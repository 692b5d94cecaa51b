//! Every line of advice, as a table of what AWS said to whom and what the user reads.

use super::*;
use crate::aws::testing::code as mfa_code;

const JANE: &str = "arn:aws:iam::111111111111:user/jane";
const KEY: Signer<'static> = Signer::Key { id: "AKIAFAKEFAKEFAKEABCD", arn: Some(JANE) };
const NEW: Signer<'static> = Signer::UnstoredKey { id: "AKIAFAKEFAKEFAKEABCD" };
const PLAIN: Signer<'static> = Signer::PlainSession { arn: Some(JANE) };
const MFA: Signer<'static> = Signer::MfaSession { arn: Some(JANE), age_seconds: 60 };
const OLD_MFA: Signer<'static> = Signer::MfaSession { arn: Some(JANE), age_seconds: 3000 };
const ROLE: Signer<'static> = Signer::Role { arn: "arn:aws:iam::222222222222:role/hub" };

const NOT_AUTHORIZED: &str = "User: arn:aws:iam::111111111111:user/jane is not authorized to perform: sts:AssumeRole";
const CHAINED: &str =
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
const MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
const INVALID_TOKEN: &str = "The security token included in the request is invalid.";

/// The calls of the table, by name.
#[derive(Clone, Copy)]
enum Ask {
    Identity,
    Session,
    Role,
    SecondHop,
    Devices,
}

struct Case {
    ask: Ask,
    signer: Signer<'static>,
    code: Option<CodeFrom>,
    refused: (u16, &'static str, &'static str),
    line: &'static str,
    hint: &'static str,
}

const fn case(
    ask: Ask,
    signer: Signer<'static>,
    refused: (u16, &'static str, &'static str),
    line: &'static str,
    hint: &'static str,
) -> Case {
    Case { ask, signer, code: None, refused, line, hint }
}

const fn coded(ask: Ask, code: CodeFrom, words: &'static str, line: &'static str, hint: &'static str) -> Case {
    Case { ask, signer: KEY, code: Some(code), refused: (403, "AccessDenied", words), line, hint }
}

const WRONG_CODE: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
const WRONG_DEVICE: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";

#[rustfmt::skip]
const CASES: &[Case] = &[
    coded(Ask::Session, CodeFrom::Given, WRONG_CODE,
        "the MFA code for `arn:aws:iam::111111111111:mfa/jane` is wrong or was already used",
        "AWS accepts each code once: wait for the next one (at most 30 s), from this device"),
    coded(Ask::Role, CodeFrom::Seed, WRONG_CODE,
        "AWS rejected every code generated from the stored seed of `arn:aws:iam::111111111111:mfa/jane`",
        "AWS accepts each code once: if other programs have just used two, try again in 30 s"),
    coded(Ask::Session, CodeFrom::Given, WRONG_DEVICE,
        "AWS does not accept `arn:aws:iam::111111111111:mfa/jane` as an MFA device of `arn:aws:iam::111111111111:user/jane`",
        "set the right device: `keyfob profile set 'my work' mfa_serial ARN`"),
    case(Ask::Devices, PLAIN, (403, "InvalidClientTokenId", INVALID_TOKEN),
        "ListMFADevices failed: IAM refuses sessions that were created without MFA",
        "or enroll one: `keyfob mfa enroll 'my work'`"),
    case(Ask::Identity, KEY, (403, "InvalidClientTokenId", INVALID_TOKEN),
        "AWS does not recognize the access key `****ABCD`: it is inactive, deleted, or from another partition",
        "otherwise store another key: `keyfob add 'my work' --replace`"),
    case(Ask::Role, MFA, (403, "InvalidClientTokenId", INVALID_TOKEN),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: AWS rejected the session that signed the request",
        "delete the session, then try again: `keyfob clear 'my work'`"),
    case(Ask::Role, Signer::GivenSession, (403, "InvalidClientTokenId", INVALID_TOKEN),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: AWS rejected the session that signed the request",
        "replace the session, which keyfob did not make, where it comes from: `keyfob explain 'my work'`"),
    case(Ask::Role, KEY, (403, "AccessDenied", NOT_AUTHORIZED),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: access denied to `arn:aws:iam::111111111111:user/jane`",
        "set your MFA device, if the role requires MFA (AWS does not say): `keyfob profile set 'my work' mfa_serial ARN`"),
    case(Ask::SecondHop, ROLE, (403, "AccessDenied", NOT_AUTHORIZED),
        "hop 2 of 2: cannot assume `arn:aws:iam::222222222222:role/admin`: access denied to `arn:aws:iam::222222222222:role/hub`",
        "MFA only counts for the first role: if the trust policy of hop 2 requires it, no code will help"),
    case(Ask::Role, MFA, (403, "AccessDenied", NOT_AUTHORIZED),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: access denied to `arn:aws:iam::111111111111:user/jane`",
        "the role's trust policy must allow `arn:aws:iam::111111111111:user/jane` (no `external_id` is configured), and `arn:aws:iam::111111111111:user/jane` needs `sts:AssumeRole` on the role"),
    case(Ask::Role, MFA, (403, "AccessDenied", NOT_AUTHORIZED),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: access denied to `arn:aws:iam::111111111111:user/jane`",
        "if the role requires an external ID, set it: `keyfob profile set 'my role' external_id ID`"),
    case(Ask::Role, OLD_MFA, (403, "AccessDenied", NOT_AUTHORIZED),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: access denied to `arn:aws:iam::111111111111:user/jane`",
        "the MFA session is 50 min old; delete it if a policy on `aws:MultiFactorAuthAge` requires a newer one: `keyfob clear 'my work'`"),
    case(Ask::Devices, KEY, (403, "AccessDenied", "User is not authorized to perform: iam:ListMFADevices"),
        "ListMFADevices failed: access denied to `arn:aws:iam::111111111111:user/jane`",
        "a policy of the user must allow `iam:ListMFADevices`"),
    case(Ask::Session, MFA, (403, "AccessDenied", "Cannot call GetSessionToken with session credentials"),
        "GetSessionToken failed: it requires a long-term access key, and `arn:aws:iam::111111111111:user/jane` is a session",
        "show where the chain starts: `keyfob explain 'my work'`"),
    case(Ask::Role, KEY, (403, "AccessDenied", "Roles may not be assumed by root accounts."),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: the root user cannot assume roles",
        "create an IAM user and store its key: the root user's key cannot assume roles"),
    case(Ask::Role, MFA, (400, "ValidationError", CHAINED),
        "`arn:aws:iam::222222222222:role/admin` is assumed from a session, so AWS limits it to one hour; 4h were requested",
        "request one hour: `keyfob profile set 'my work' duration_seconds 3600`"),
    case(Ask::Role, KEY, (400, "ValidationError", MAXIMUM),
        "`arn:aws:iam::222222222222:role/admin` does not allow sessions of 4h",
        "or raise the role's `MaxSessionDuration` (3,600 to 43,200)"),
    case(Ask::Role, KEY, (400, "ValidationError", "1 validation error detected: …"),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: a parameter is invalid",
        "show the file and line of each setting: `keyfob explain 'my work'`"),
    case(Ask::Identity, KEY, (403, "SignatureDoesNotMatch", "The request signature we calculated does not match."),
        "the secret access key stored for `****ABCD` does not belong to it",
        "store the key again: `keyfob add 'my work' --replace`"),
    case(Ask::Identity, NEW, (403, "SignatureDoesNotMatch", "The request signature we calculated does not match."),
        "the secret access key does not belong to `****ABCD`",
        "copy both again, from the IAM console or the CSV file it offers"),
    case(Ask::Identity, NEW, (403, "InvalidClientTokenId", INVALID_TOKEN),
        "AWS does not recognize the access key `****ABCD`: it is inactive, deleted, or from another partition",
        "otherwise check its status in the IAM console: Users, your name, Security credentials"),
    case(Ask::Identity, NEW, (403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region, not 'x-y-1'."),
        "GetCallerIdentity failed: AWS rejected the region in the signature",
        "check the region, and that `endpoint_url` or `AWS_ENDPOINT_URL`, if set, is in the same region"),
    case(Ask::Role, MFA, (403, "SignatureDoesNotMatch", "The request signature we calculated does not match."),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: AWS rejected the signature",
        "delete the session, then try again: `keyfob clear 'my work'`"),
    case(Ask::Identity, KEY, (403, "SignatureDoesNotMatch", "Signature expired: …"),
        "GetCallerIdentity failed: AWS rejected the time in the signature",
        "set this machine's clock (`timedatectl set-ntp true` on most Linux systems), then try again"),
    case(Ask::SecondHop, ROLE, (403, "ExpiredToken", "The security token included in the request is expired"),
        "hop 2 of 2: cannot assume `arn:aws:iam::222222222222:role/admin`: the session that signed the request has expired",
        "delete the session, then try again: `keyfob clear 'my work'`"),
    case(Ask::Session, KEY, (400, "Throttling", "Rate exceeded"),
        "GetSessionToken failed: AWS is throttling requests",
        "try again in a minute; programs that share one session instead of each getting their own make fewer requests"),
    case(Ask::Session, KEY, (403, "RegionDisabledException", "STS is not activated in this region"),
        "GetSessionToken failed: STS is not activated in this region for the account",
        "use another region, or activate this one: `keyfob profile set 'my work' region us-east-1`"),
    case(Ask::Role, KEY, (400, "PackedPolicyTooLarge", "…"),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: the session policies and tags are too large",
        "shorten `session_tags` or the session policies"),
    case(Ask::Role, KEY, (400, "MalformedPolicyDocument", "…"),
        "cannot assume `arn:aws:iam::222222222222:role/admin`: the session policy is malformed",
        "show the file and line of each setting: `keyfob explain 'my work'`"),
    case(Ask::Identity, KEY, (403, "OptInRequired", "…"),
        "GetCallerIdentity failed: the account is not ready for use",
        "check the account's status in the AWS console"),
    case(Ask::Devices, KEY, (404, "NoSuchEntity", "…"),
        "ListMFADevices failed",
        "show how the credentials are made: `keyfob explain 'my work'`"),
    case(Ask::Identity, KEY, (500, "InternalFailure", "…"),
        "GetCallerIdentity failed: AWS returned an internal error (status 500)",
        "try again in a minute"),
    case(Ask::Identity, KEY, (502, "HTTP 502", "the response did not come from AWS"),
        "GetCallerIdentity failed: the response (status 502) did not come from AWS",
        "a proxy, another endpoint or a network sign-in page may have responded: check `HTTPS_PROXY` and `endpoint_url`"),
];

fn told(error: &AwsError, ask: Ask, signer: Signer<'_>, code: Option<CodeFrom>) -> Error {
    let mfa = code.map(|_| mfa_code());
    let session = GetSessionToken { duration_seconds: 43_200, mfa: mfa.clone(), time_limit: None };
    let role = AssumeRole {
        role_arn: "arn:aws:iam::222222222222:role/admin".to_owned(),
        duration_seconds: 14_400,
        mfa,
        ..AssumeRole::default()
    };
    let call = match ask {
        Ask::Identity => Attempted::GetCallerIdentity,
        Ask::Session => Attempted::GetSessionToken(&session),
        Ask::Role => Attempted::AssumeRole {
            request: &role,
            profile: "my role",
            hop: 1,
            hops: 1,
            role_by: None,
            duration_by: None,
        },
        Ask::SecondHop => Attempted::AssumeRole {
            request: &role,
            profile: "my role",
            hop: 2,
            hops: 2,
            role_by: None,
            duration_by: None,
        },
        Ask::Devices => Attempted::Iam("ListMFADevices"),
    };
    advise(error, &Attempt { profile: "my work", call, signer, code, clock_offset_seconds: 0 })
}

#[test]
fn every_refusal_is_one_clear_line_with_awss_words_behind_it_and_a_hint() {
    for Case { ask, signer, code, refused: (status, name, words), line, hint } in CASES {
        let error = AwsError::Refused {
            code: (*name).to_owned(),
            message: (*words).to_owned(),
            status: *status,
            request_id: Some("fake-id".to_owned()),
        };
        let told = told(&error, *ask, *signer, *code);
        assert_eq!(told.message(), *line);
        assert!(told.hint_texts().iter().any(|told| told == hint), "{line}:\n{:#?}\nis without\n{hint}", told.hints());
        assert_eq!(told.cause_texts(), [format!("AWS says {name}: {words} (request id fake-id)")]);
        let answered_no = *status < 500;
        assert_eq!(told.kind() == Kind::Refused, answered_no, "{line}");
        assert_eq!(told.kind() == Kind::Failed, !answered_no, "{line}");
        assert!(!told.shown().contains("123456"), "{}", told.shown());
    }
}

/// What an option asked for is asked for by an option again, and no profile's setting would change it.
#[test]
fn a_refused_role_or_duration_of_the_command_line_is_fixed_on_the_command_line() {
    let request = AssumeRole {
        role_arn: "arn:aws:iam::222222222222:role/admin".to_owned(),
        duration_seconds: 43_200,
        ..AssumeRole::default()
    };
    let hints = |name: &str, message: &str, line: &[&str]| {
        let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let by = Some(line.as_slice());
        let call =
            Attempted::AssumeRole { request: &request, profile: "work", hop: 1, hops: 1, role_by: by, duration_by: by };
        let error = AwsError::Refused { code: name.into(), message: message.into(), status: 400, request_id: None };
        let attempt = Attempt { profile: "work", call, signer: MFA, code: None, clock_offset_seconds: 0 };
        let hints = advise(&error, &attempt).hint_texts().join("\n");
        assert!(!hints.contains("profile set"), "{hints}");
        hints
    };
    let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let told = hints("ValidationError", too_long, &["keyfob", "exec", "work", "--duration", "12h", "--", "true"]);
    assert!(told.contains("`keyfob exec work --duration 1h -- true`"), "{told}");
    let told = hints("ValidationError", too_long, &["keyfob", "hook", "--step", "switch", "--", "--duration", "12h"]);
    assert!(told.contains("use `--duration 1h`"), "{told}");
    let line = ["keyfob", "exec", "work", "--role", "222222222222:admin", "--", "true"];
    let told = hints("AccessDenied", NOT_AUTHORIZED, &line);
    assert!(told.contains("`keyfob exec work --role 222222222222:admin --external-id ID -- true`"), "{told}");
}

#[test]
fn mfa_is_suggested_only_where_none_was_given() {
    let error = AwsError::Refused {
        code: "AccessDenied".into(),
        message: NOT_AUTHORIZED.into(),
        status: 403,
        request_id: None,
    };
    for (signer, code, suggested) in [
        (KEY, None, true),
        (PLAIN, None, true),
        (KEY, Some(CodeFrom::Given), false),
        (MFA, None, false),
        (ROLE, None, false),
    ] {
        let told = told(&error, Ask::Role, signer, code);
        assert_eq!(told.shown().contains("mfa_serial ARN"), suggested, "{signer:?} {code:?}");
    }
}

#[test]
fn what_never_came_to_an_answer_is_told_by_its_obstacle() {
    for (cause, hint) in [
        ("name lookup failed: dns error", "check the network, the region, "),
        ("no connection within 5s", "with `KEYFOB_CONNECT_TIMEOUT=20s` keyfob waits longer"),
        ("TLS failed: invalid peer certificate: UnknownIssuer", "`AWS_CA_BUNDLE`"),
        ("TLS failed: invalid peer certificate: certificate expired: verification time …", "check this machine's date"),
        ("TLS failed: invalid peer certificate: NotValidYet", "check this machine's date"),
        ("the proxy refused: tunnel error: proxy authorization required", "password in `HTTPS_PROXY`"),
        ("no connection: tcp connect error: Connection refused", "firewalls, `HTTPS_PROXY`"),
    ] {
        let error = AwsError::Unreachable { endpoint: "sts.amazonaws.com".into(), cause: cause.into() };
        let told = told(&error, Ask::Role, KEY, None);
        assert_eq!((told.message(), told.kind()), ("cannot reach `sts.amazonaws.com`", Kind::Failed));
        assert!(told.hint_texts()[0].contains(hint), "{cause}: {:?}", told.hints());
    }
}

#[test]
fn a_lost_answer_to_a_code_says_that_the_code_may_be_spent() {
    let error = AwsError::AnswerLost { endpoint: "sts.amazonaws.com".into(), cause: "within 30s".into() };
    for (code, hint) in [
        (Some(CodeFrom::Given), "the MFA code may have been used up: try again with the next one, in at most 30 s"),
        (Some(CodeFrom::Seed), "try again; with `KEYFOB_CALL_TIMEOUT=60s` keyfob waits longer than the default 30 s"),
        (None, "try again; with `KEYFOB_CALL_TIMEOUT=60s` keyfob waits longer than the default 30 s"),
    ] {
        let told = told(&error, Ask::Session, KEY, code);
        assert_eq!(told.message(), "GetSessionToken failed: no response from `sts.amazonaws.com`");
        assert_eq!((told.hint_texts(), told.kind()), (vec![hint.to_owned()], Kind::Failed));
    }
    // Nor is a failure of AWS's an answer.
    let failed =
        AwsError::Refused { code: "InternalFailure".into(), message: String::new(), status: 500, request_id: None };
    for (code, hint) in [
        (Some(CodeFrom::Given), "the MFA code may have been used up: try again in a minute with a new one"),
        (Some(CodeFrom::Seed), "try again in a minute"),
        (None, "try again in a minute"),
    ] {
        let told = told(&failed, Ask::Session, KEY, code);
        assert_eq!((told.hint_texts(), told.kind()), (vec![hint.to_owned()], Kind::Failed));
    }
}

#[test]
fn a_setup_error_is_a_configuration_error_that_points_to_the_setting() {
    let told = told(&AwsError::Setup("the CA bundle `x` cannot be read".into()), Ask::Identity, KEY, None);
    assert_eq!((told.message(), told.kind()), ("the CA bundle `x` cannot be read", Kind::Config));
    let variables = "`AWS_CA_BUNDLE`, `AWS_ENDPOINT_URL` and `HTTPS_PROXY` override the AWS files";
    assert_eq!(told.hint_texts(), ["show the file and line of each setting: `keyfob explain 'my work'`", variables]);
}

#[test]
fn a_clock_that_is_off_is_told_apart_from_a_wrong_seed() {
    let wrong =
        AwsError::Refused { code: "AccessDenied".into(), message: WRONG_CODE.into(), status: 403, request_id: None };
    let mfa = Some(mfa_code());
    let request = GetSessionToken { duration_seconds: 43_200, mfa, time_limit: None };
    let call = Attempted::GetSessionToken(&request);
    let told = |code, clock_offset_seconds| {
        let attempt = Attempt { profile: "work", call, signer: KEY, code: Some(code), clock_offset_seconds };
        let error = advise(&wrong, &attempt);
        (error.message().to_owned(), error.hint_texts().join("\n"))
    };
    let (line, hints) = told(CodeFrom::Given, -90);
    assert!(line.ends_with("is wrong or expired: this machine's clock is 1m 30s ahead of AWS's"), "{line}");
    assert!(hints.starts_with("if the code is generated on this machine, set its clock"), "{hints}");
    assert!(!told(CodeFrom::Given, 20).0.contains("clock"));
    let (line, hints) = told(CodeFrom::Seed, 0);
    assert!(line.starts_with("AWS rejected every code generated from the stored seed of `arn:"), "{line}");
    assert!(hints.contains("`keyfob mfa add work --replace`") && !hints.contains("clock"), "{hints}");
    assert!(told(CodeFrom::Seed, 600).1.contains("10m behind AWS's, but that is not the reason"));
}
