//! The way to AWS: connecting, certificates, proxies, and which host a call goes to.

use std::time::Duration;

use super::{aws, aws_with, mfa_session, settings};
use crate::aws::testing::tls::CA_BUNDLE;
use crate::aws::testing::{Reply, Server, key, proxy, silent, target};
use crate::aws::{Access, AwsError, MfaDevices, Sts};
use crate::chain::target::Target;
use crate::settings::Settings;

#[test]
fn whoever_does_not_let_us_connect_has_not_seen_the_request() {
    let quick = Settings { connect_timeout: Duration::from_millis(200), ..settings() };
    let (_mute, mute) = silent();
    let refusing = {
        let (listener, port) = silent();
        drop(listener);
        port
    };
    let plain = Server::http([]);
    let stranger = Server::https([]);
    for (endpoint, expected) in [
        (format!("https://127.0.0.1:{mute}"), "no connection within 200ms"),
        (format!("http://127.0.0.1:{refusing}"), "no connection: "),
        ("http://sts.invalid".to_owned(), "name lookup failed: "),
        (plain.url().replace("http:", "https:"), "TLS failed: "),
        (stranger.url(), "TLS failed: invalid peer certificate: UnknownIssuer"),
    ] {
        let error =
            aws_with(&[], &quick).0.get_session_token(&key(), &mfa_session(), &target(&endpoint)).expect_err(&endpoint);
        let AwsError::Unreachable { endpoint: host, cause } = &error else { panic!("{endpoint}: {error:?}") };
        assert!(cause.starts_with(expected), "{endpoint}: {cause}");
        assert!(endpoint.ends_with(host.as_str()), "{endpoint}: {host}");
    }
}

#[test]
fn a_ca_bundle_lets_a_private_authority_vouch_for_the_endpoint() {
    let server = Server::https([Reply::caller(), Reply::session("GetSessionToken")]);
    let mut target = target(&server.url());
    target.ca_bundle = Some(CA_BUNDLE.into());
    let aws = aws();
    aws.get_caller_identity(&key(), &target).expect("an answer");
    aws.get_session_token(&key(), &mfa_session(), &target).expect("a session");
    assert!(server.asked().iter().all(|asked| asked.connection == 1));

    target.ca_bundle = Some("/nowhere/other.pem".into());
    let error = aws.get_caller_identity(&key(), &target).expect_err("there is no such file");
    assert!(matches!(&error, AwsError::Setup(text) if text.contains("other.pem` cannot be read")), "{error:?}");
}

#[test]
fn https_goes_through_the_proxy_of_the_environment_by_connect_and_with_its_password() {
    let (port, heads) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://jane:fake-password@127.0.0.1:{port}");
    let (aws, _) = aws_with(&[("HTTPS_PROXY", &url)], &settings());
    let error = aws
        .get_session_token(&key(), &mfa_session(), &target("https://sts.eu-central-1.amazonaws.com"))
        .expect_err("the proxy refuses");
    let head = heads.recv_timeout(Duration::from_secs(5)).expect("the proxy was asked");
    assert!(head.starts_with("CONNECT sts.eu-central-1.amazonaws.com:443 HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic "), "{head}");
    let AwsError::Unreachable { cause, .. } = &error else { panic!("{error:?}") };
    assert!(cause.starts_with("the proxy refused") && !cause.contains("fake"), "{cause}");
}

#[test]
fn plain_http_goes_through_its_own_proxy_unless_no_proxy_names_the_host() {
    let (port, heads) = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nnope");
    let url = format!("http://127.0.0.1:{port}");
    let (aws, _) = aws_with(&[("http_proxy", &url)], &settings());
    let error = aws
        .get_session_token(&key(), &mfa_session(), &target("http://sts.invalid"))
        .expect_err("an error page is no session");
    assert!(error.is_foreign_answer() && !error.means_request_not_processed(), "{error:?}");
    let head = heads.recv_timeout(Duration::from_secs(5)).expect("the proxy was asked");
    assert!(head.starts_with("POST http://sts.invalid/ HTTP/1.1"), "{head}");

    let server = Server::http([Reply::caller()]);
    let (aws, _) = aws_with(&[("http_proxy", &url), ("NO_PROXY", "localhost,127.0.0.1")], &settings());
    aws.get_caller_identity(&key(), &target(&server.url())).expect("straight");
}

#[test]
fn endpoints_follow_region_variant_and_service() {
    let (port, heads) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://127.0.0.1:{port}");
    let host = |service: &str, region: &str, change: fn(&mut Target)| {
        let (aws, _) = aws_with(&[("https_proxy", &url)], &settings());
        let mut target = target("");
        (target.sts_endpoint, target.iam_endpoint, target.region) = (None, Ok(None), region.to_owned());
        change(&mut target);
        // The proxy refuses every connection, so no call gets any further. With a code each is tried once.
        match service {
            "sts" => aws.get_session_token(&key(), &mfa_session(), &target).map(drop),
            _ => aws.list_mfa_devices(Access { signer: &key(), target: &target }, None).map(drop),
        }
        .expect_err("the proxy refuses");
        let head = heads.recv_timeout(Duration::from_secs(5)).expect("the proxy was asked");
        // A retried call asks three times.
        while heads.recv_timeout(Duration::from_millis(20)).is_ok() {}
        head.split([' ', ':']).nth(1).map(str::to_owned).expect("a host")
    };
    for (region, change, expected) in [
        ("eu-central-1", (|_| ()) as fn(&mut Target), "sts.eu-central-1.amazonaws.com"),
        ("cn-north-1", |_| (), "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", |_| (), "sts.us-gov-west-1.amazonaws.com"),
        ("us-east-2", |target| target.fips = true, "sts-fips.us-east-2.amazonaws.com"),
        ("eu-west-1", |target| target.dual_stack = true, "sts.eu-west-1.api.aws"),
        ("eu-west-1", |target| target.legacy_global = true, "sts.amazonaws.com"),
        ("eu-south-1", |target| target.legacy_global = true, "sts.eu-south-1.amazonaws.com"),
        (
            "eu-west-1",
            |target| target.iam_endpoint = Ok(Some("https://iam.invalid".to_owned())),
            "sts.eu-west-1.amazonaws.com",
        ),
    ] {
        assert_eq!(host("sts", region, change), expected);
    }
    for (region, change, expected) in [
        ("eu-central-1", (|_| ()) as fn(&mut Target), "iam.amazonaws.com"),
        ("cn-northwest-1", |_| (), "iam.cn-north-1.amazonaws.com.cn"),
        ("us-gov-east-1", |_| (), "iam.us-gov.amazonaws.com"),
        ("eu-central-1", |target| target.sts_endpoint = Some("https://sts.invalid".to_owned()), "iam.amazonaws.com"),
    ] {
        assert_eq!(host("iam", region, change), expected);
    }
}

#[test]
fn an_endpoint_that_is_no_url_and_a_request_the_sdk_cannot_build_are_setup_errors() {
    let mut fips = target("https://sts.invalid");
    fips.fips = true;
    for (target, expected) in [
        (target("localhost:4566"), "the endpoint `localhost:4566` is not a valid URL"),
        (target("ftp://localhost"), "the endpoint `ftp://localhost` is not a valid URL"),
        (fips, "FIPS and custom endpoint"),
    ] {
        let error = aws().get_caller_identity(&key(), &target).expect_err("not sent");
        assert!(matches!(&error, AwsError::Setup(text) if text.contains(expected)), "{error:?}");
    }
}
