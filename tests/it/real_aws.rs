//! AWS itself, only when a developer asks for it: CONTRIBUTING.md, "Against a real AWS account".
//!
//! It only reads: GetSessionToken or AssumeRole for the profile, as keyfob makes its session, then GetCallerIdentity.
#![allow(clippy::disallowed_methods, reason = "the developer's own keyfob, with the environment it always has")]

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::Value;

use crate::KEYFOB;

#[test]
#[ignore = "asks AWS itself; KEYFOB_TEST_AWS_PROFILE names a profile (CONTRIBUTING.md)"]
fn a_session_made_for_a_real_account_is_one_that_aws_knows() {
    let profile = env::var("KEYFOB_TEST_AWS_PROFILE").expect("KEYFOB_TEST_AWS_PROFILE is not set; see CONTRIBUTING.md");
    // Nothing is cached there, so AWS is asked, and what it gives is thrown away afterwards.
    let cache = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(KEYFOB);
    command.args(["credential-process", &profile]).env("KEYFOB_CACHE_DIR", cache.path()).stderr(Stdio::inherit());
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "see above");
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("there is no {name}")).to_owned();

    // Not with a message: it would show the id.
    assert!(text("AccessKeyId").starts_with("ASIA"));
    let expiry = DateTime::from_str(&text("Expiration"), Format::DateTime).expect("a time as RFC 3339 writes it");
    let expiry = SystemTime::try_from(expiry).expect("a time to come");
    let left = expiry.duration_since(SystemTime::now()).expect("it has not expired");
    assert!(left > Duration::from_mins(10) && left <= Duration::from_hours(36), "{left:?}");

    let credentials = Credentials::new(
        text("AccessKeyId"),
        text("SecretAccessKey"),
        Some(text("SessionToken")),
        Some(expiry),
        "test",
    );
    let (account, arn) = caller(credentials);
    assert_eq!(account.len(), 12);
    assert!(arn.contains(&format!("::{account}:")), "an ARN of another account");
    if let Some(told) = made["AccountId"].as_str() {
        assert_eq!(told, account);
    }
    let kept: Vec<_> = fs::read_dir(cache.path()).expect("our own folder").flatten().collect();
    assert!(!kept.is_empty(), "nothing was cached, so nothing was asked");
}

/// The account and the ARN that AWS says the credentials are of, through the SDK alone.
fn caller(credentials: Credentials) -> (String, String) {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned())))
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https())
        .credentials_provider(credentials);
    config.set_endpoint_url(env::var("AWS_ENDPOINT_URL").ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let identity = runtime.block_on(client.get_caller_identity().send()).expect("AWS knows the session");
    (identity.account().expect("an account").to_owned(), identity.arn().expect("an ARN").to_owned())
}
