//! The client against a scripted server: what goes out, how often, over how many connections, and what comes back as what.

mod network;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::aws::testing::{NOW, Reply, Server, code, key, session, target};
use crate::aws::{Access, AssumeRole, Aws, AwsError, GetSessionToken, MfaDevices, Sts};
use crate::settings::Settings;
use crate::sys::clock::Clock;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

fn settings() -> Settings {
    Settings { connect_timeout: Duration::from_secs(5), call_timeout: Duration::from_secs(20), ..Settings::default() }
}

fn aws_with(env: &[(&str, &str)], settings: &Settings) -> (Aws, Arc<Clock>) {
    let clock = Arc::new(Clock::fixed(Timestamp::from_unix(NOW)));
    (Aws::new(settings, &Environment::from_pairs(env.iter().copied()), Arc::clone(&clock)), clock)
}

fn aws() -> Aws {
    aws_with(&[], &settings()).0
}

fn mfa_session() -> GetSessionToken {
    GetSessionToken { duration_seconds: 3600, mfa: Some(code()), time_limit: None }
}

fn role() -> AssumeRole {
    AssumeRole {
        role_arn: "arn:aws:iam::222222222222:role/admin".to_owned(),
        role_session_name: "jane".to_owned(),
        duration_seconds: 3600,
        ..AssumeRole::default()
    }
}

#[test]
fn a_whole_chain_and_an_iam_call_share_one_connection() {
    let devices = "<ListMFADevicesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListMFADevicesResult>\
         <MFADevices><member><UserName>jane</UserName><SerialNumber>arn:aws:iam::111111111111:mfa/jane</SerialNumber>\
         <EnableDate>2023-01-01T00:00:00Z</EnableDate></member></MFADevices><IsTruncated>false</IsTruncated>\
         </ListMFADevicesResult></ListMFADevicesResponse>";
    let server = Server::http([
        Reply::caller(),
        Reply::session("GetSessionToken"),
        Reply::session("AssumeRole"),
        Reply::session("AssumeRole"),
        Reply::ok(devices),
    ]);
    let (aws, target) = (aws(), target(&server.url()));
    assert_eq!(aws.get_caller_identity(&key(), &target).expect("an answer").arn, "arn:aws:iam::111111111111:user/jane");
    aws.get_session_token(&key(), &mfa_session(), &target).expect("a session");
    aws.assume_role(&session(), &role(), &target).expect("a session");
    aws.assume_role(&session(), &role(), &target).expect("a session");
    let serials = aws.list_mfa_devices(Access { signer: &session(), target: &target }, None).expect("devices");
    assert_eq!(serials, ["arn:aws:iam::111111111111:mfa/jane"]);
    assert_eq!(
        server.actions(),
        ["GetCallerIdentity", "GetSessionToken", "AssumeRole", "AssumeRole", "ListMFADevices"]
    );
    assert!(server.asked().iter().all(|asked| asked.connection == 1), "{:?}", server.asked());
}

#[test]
fn every_parameter_of_assume_role_goes_out_and_the_answer_comes_back_whole() {
    let server = Server::http([Reply::session("AssumeRole")]);
    let request = AssumeRole {
        external_id: Some("ext".to_owned()),
        tags: vec![("team".to_owned(), "blue".to_owned()), ("stage".to_owned(), String::new())],
        transitive_tag_keys: vec!["team".to_owned()],
        source_identity: Some("jane".to_owned()),
        policy: Some("{}".to_owned()),
        policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()],
        mfa: Some(code()),
        ..role()
    };
    let made = aws().assume_role(&session(), &request, &target(&server.url())).expect("a session");
    let asked = &server.asked()[0];
    for (name, value) in [
        ("RoleArn", "arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fadmin"),
        ("RoleSessionName", "jane"),
        ("DurationSeconds", "3600"),
        ("ExternalId", "ext"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "blue"),
        ("Tags.member.2.Value", ""),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "jane"),
        ("Policy", "%7B%7D"),
        ("PolicyArns.member.1.arn", "arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess"),
        ("SerialNumber", "arn%3Aaws%3Aiam%3A%3A111111111111%3Amfa%2Fjane"),
        ("TokenCode", "123456"),
    ] {
        assert_eq!(asked.parameter(name), Some(value), "{name} in {}", asked.body);
    }
    assert_eq!(asked.header("x-amz-security-token"), Some("fake-token-of-the-tests"));
    let authorization = asked.header("authorization").expect("signed");
    assert!(authorization.contains("Credential=ASIAFAKEFAKEFAKEFAKE/20231114/eu-central-1/sts/"), "{authorization}");
    assert_eq!(made.access_key_id, "ASIAFAKEFAKEFAKEFAKE");
    assert_eq!(made.secret_access_key.expose(), "fake-secret-of-a-session");
    assert_eq!(made.session_token.as_ref().map_or("", |token| token.expose()), "fake-token-of-the-tests");
    assert_eq!((made.issued_at.unix(), made.expires_at.unix()), (NOW, NOW + 3600));
    assert_eq!(made.account_id.as_deref(), Some("222222222222"));
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let server = Server::http([Reply::session("AssumeRole")]);
    aws().assume_role(&key(), &role(), &target(&server.url())).expect("a session");
    let body = &server.asked()[0].body;
    for name in ["ExternalId", "Tags", "TransitiveTagKeys", "SourceIdentity", "Policy", "SerialNumber", "TokenCode"] {
        assert!(!body.contains(name), "{name} in {body}");
    }
}

#[test]
fn a_call_with_a_code_is_sent_once_and_its_lost_answer_is_called_that() {
    for lost in
        [Reply::dropped(), Reply::refused(500, "InternalFailure", "oops"), Reply::refused(400, "Throttling", "")]
    {
        let server = Server::http([lost.clone(), Reply::session("GetSessionToken")]);
        let error = aws().get_session_token(&key(), &mfa_session(), &target(&server.url())).expect_err("refused");
        assert_eq!(server.actions().len(), 1, "{lost:?}");
        assert_eq!(error.means_request_not_processed(), error.is_throttled(), "{error:?}");

        let server = Server::http([lost.clone(), Reply::session("AssumeRole")]);
        let request = AssumeRole { mfa: Some(code()), ..role() };
        aws().assume_role(&key(), &request, &target(&server.url())).expect_err("refused");
        assert_eq!(server.actions().len(), 1, "{lost:?}");
    }
    let server = Server::http([Reply::dropped()]);
    let error = aws().get_session_token(&key(), &mfa_session(), &target(&server.url())).expect_err("lost");
    assert!(matches!(&error, AwsError::AnswerLost { endpoint, .. } if server.url().ends_with(endpoint)), "{error:?}");
}

#[test]
fn a_call_without_a_code_is_sent_again_up_to_three_times() {
    let server =
        Server::http([Reply::dropped(), Reply::refused(500, "InternalFailure", "oops"), Reply::session("AssumeRole")]);
    aws().assume_role(&key(), &role(), &target(&server.url())).expect("the third answer");
    assert_eq!(server.actions().len(), 3);

    let server = Server::http(std::iter::repeat_n(Reply::refused(400, "Throttling", "Rate exceeded"), 5));
    let error = aws().assume_role(&key(), &role(), &target(&server.url())).expect_err("throttled");
    assert!(error.is_throttled(), "{error:?}");
    assert_eq!(server.actions().len(), 3);
}

#[test]
fn a_connection_the_server_closed_between_two_calls_does_not_lose_one_that_is_sent_once() {
    let server = Server::http([Reply::caller().closing(), Reply::session("GetSessionToken")]);
    let (aws, target) = (aws(), target(&server.url()));
    aws.get_caller_identity(&key(), &target).expect("an answer");
    std::thread::sleep(Duration::from_millis(200));
    aws.get_session_token(&key(), &mfa_session(), &target).expect("a session");
    assert_eq!(server.asked().iter().map(|asked| asked.connection).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_clock_refused_by_aws_is_corrected_and_even_a_call_with_a_code_is_sent_once_more() {
    let expired =
        "Signature expired: 20231114T221320Z is now earlier than 20231114T222820Z (20231114T224320Z - 15 min.)";
    let server = Server::http([
        Reply::refused(403, "SignatureDoesNotMatch", expired).ahead(1800),
        Reply::session("GetSessionToken").ahead(1800),
    ]);
    let (aws, clock) = aws_with(&[], &settings());
    aws.get_session_token(&key(), &mfa_session(), &target(&server.url())).expect("the second signature is good");
    let signed: Vec<_> =
        server.asked().iter().map(|asked| asked.header("x-amz-date").map(str::to_owned).expect("dated")).collect();
    assert_eq!(signed, ["20231114T221320Z", "20231114T224320Z"]);
    assert_eq!(clock.offset_seconds(), 1800);
    let warning = aws.clock_warning().expect("a warning");
    assert_eq!(warning, "this machine's clock is 30m behind AWS's; using AWS's time instead");
    assert_eq!(aws.clock_warning(), None);
}

#[test]
fn a_clock_refused_again_or_without_a_better_time_is_not_tried_any_further() {
    let expired = || Reply::refused(403, "SignatureDoesNotMatch", "Signature expired: …");
    let server = Server::http([expired().ahead(1800), expired().ahead(3600), Reply::caller()]);
    let error = aws().get_caller_identity(&key(), &target(&server.url())).expect_err("refused");
    assert!(error.is_clock_refusal());
    assert_eq!(server.actions().len(), 2);

    let server = Server::http([expired(), Reply::caller()]);
    assert!(aws().get_caller_identity(&key(), &target(&server.url())).is_err());
    assert_eq!(server.actions().len(), 1);
}

#[test]
fn ten_minutes_that_aws_lets_pass_are_noticed_all_the_same() {
    let server = Server::http([Reply::caller().ahead(-600), Reply::session("GetSessionToken").ahead(-600)]);
    let (aws, clock) = aws_with(&[], &settings());
    let target = target(&server.url());
    aws.get_caller_identity(&key(), &target).expect("an answer");
    assert_eq!(clock.now().unix(), NOW - 600);
    assert_eq!(
        aws.clock_warning().expect("a warning").split(';').next(),
        Some("this machine's clock is 10m ahead of AWS's")
    );
    aws.get_session_token(&key(), &mfa_session(), &target).expect("a session");
    assert_eq!(server.asked()[1].header("x-amz-date"), Some("20231114T220320Z"));
}

#[test]
fn a_few_seconds_correct_the_clock_without_a_warning() {
    let server = Server::http([Reply::caller().ahead(20)]);
    let (aws, clock) = aws_with(&[], &settings());
    aws.get_caller_identity(&key(), &target(&server.url())).expect("an answer");
    assert_eq!((clock.offset_seconds(), aws.clock_warning()), (20, None));
}

#[test]
fn the_limit_of_a_call_holds_for_all_of_it() {
    let settings = Settings { call_timeout: Duration::from_millis(300), ..settings() };
    let server = Server::http(std::iter::repeat_n(Reply::caller().after(Duration::from_secs(5)), 3));
    let started = Instant::now();
    let error = aws_with(&[], &settings).0.get_caller_identity(&key(), &target(&server.url())).expect_err("too slow");
    assert!(started.elapsed() < Duration::from_secs(5), "the answer was waited for: {:?}", started.elapsed());
    assert!(matches!(&error, AwsError::AnswerLost { cause, .. } if cause == "timed out after 300ms"), "{error:?}");
}

#[test]
fn a_call_may_have_a_shorter_limit_of_its_own_and_no_longer_one() {
    let settings = Settings { call_timeout: Duration::from_millis(300), ..settings() };
    for (time_limit, within) in [(200, "timed out after 200ms"), (5000, "timed out after 300ms")] {
        let server = Server::http([Reply::caller().after(Duration::from_secs(5))]);
        let request = AssumeRole { time_limit: Some(Duration::from_millis(time_limit)), ..role() };
        let result = aws_with(&[], &settings).0.assume_role(&key(), &request, &target(&server.url()));
        assert!(matches!(&result, Err(AwsError::AnswerLost { cause, .. }) if cause == within), "{result:?}");
    }
}

#[test]
fn a_refusal_keeps_awss_code_status_and_request_id_and_loses_every_secret() {
    let words = "Value '123456' at 'tokenCode' and fake-secret-of-the-tests\n\nThe Canonical String for this request \
                 should have been 'POST / x-amz-security-token:…'";
    let server = Server::http([Reply::refused(400, "ValidationError", words)]);
    let error = aws().get_session_token(&key(), &mfa_session(), &target(&server.url())).expect_err("refused");
    let AwsError::Refused { code, message, status, request_id } = error else { panic!("{error:?}") };
    assert_eq!((code.as_str(), status, request_id.as_deref()), ("ValidationError", 400, Some("fake-request-id")));
    assert_eq!(message, "Value '****' at 'tokenCode' and ****");
}

#[test]
fn an_answer_without_credentials_is_no_session() {
    let page = "<html>please log in to the hotel's network</html>";
    let empty = "<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetSessionTokenResult/>\
         </GetSessionTokenResponse>";
    for body in [page, empty, ""] {
        let server = Server::http([Reply::ok(body)]);
        let error = aws().get_session_token(&key(), &mfa_session(), &target(&server.url())).expect_err(body);
        assert!(matches!(error, AwsError::Invalid { .. }), "{error:?}");
    }
}

#[test]
fn no_more_than_a_megabyte_of_a_response_is_read() {
    use crate::aws::http::{Http, HttpRequest};
    let long = "x".repeat(2 << 20);
    let server = Server::http([Reply::ok(&long), Reply::page(500, &long), Reply::ok(&long[..1 << 20])]);
    let url = server.url();
    let limit = Duration::from_secs(10);
    let get = HttpRequest { method: "GET", url: &url, headers: &[], body: "", is_nearby: true, ca_bundle: None, limit };
    let aws = aws();
    for _ in 0..2 {
        let error = aws.send(&get).expect_err("too long");
        assert!(matches!(&error, AwsError::Invalid { cause, .. } if cause.contains("longer than 1 MiB")), "{error:?}");
    }
    assert_eq!(aws.send(&get).expect("as long as it may be").body.expose().len(), 1 << 20);

    let server = Server::http([Reply::ok(&long)]);
    let error = aws.get_session_token(&key(), &mfa_session(), &target(&server.url())).expect_err("too long");
    assert!(matches!(error, AwsError::Invalid { .. }), "{error:?}");
}

#[test]
fn nothing_is_started_before_the_first_call() {
    let aws = aws();
    assert!(format!("{aws:?}").contains("runtime: None"), "{aws:?}");
}
