//! The calls, against answers as AWS gives them.

use super::*;
use crate::aws::canned::Canned;
use crate::aws::identity_center::service;

fn client() -> Client {
    Client {
        id: "client-1".to_owned(),
        secret: Secret::new("client-secret".to_owned()),
        expires_at: Timestamp::from_unix(2_000),
    }
}

fn scopes() -> Vec<String> {
    vec!["sso:account:access".to_owned()]
}

#[test]
fn each_way_of_signing_in_registers_a_client_of_its_own_with_scopes() {
    let registered = r#"{"clientId":"c","clientSecret":"s","clientSecretExpiresAt":2000,"authorizationEndpoint":""}"#;
    for (flow, grants) in [
        (
            Flow::Browser,
            r#""grantTypes":["authorization_code","refresh_token"],"redirectUris":["http://127.0.0.1/oauth/callback"]"#,
        ),
        (Flow::Device, r#""grantTypes":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]"#),
    ] {
        let http = Canned::answering(vec![(200, Vec::new(), registered)]);
        let client = Oidc(service(&http)).register_client(flow, "https://corp.awsapps.com/start", &scopes());
        let client = client.expect("registered");
        assert_eq!((client.id.as_str(), client.secret.expose()), ("c", "s"));
        assert_eq!(client.expires_at, Timestamp::from_unix(2000));
        let expected = format!(
            r#"POST http://oidc.test/client/register {{"clientName":"keyfob","clientType":"public",{grants},"issuerUrl":"https://corp.awsapps.com/start","scopes":["sso:account:access"]}}"#
        );
        assert_eq!(http.requests(), [expected]);
    }
}

#[test]
fn a_device_code_comes_with_its_page_and_its_pace() {
    let whole = r#"{"deviceCode":"d","userCode":"AB-CD","verificationUri":"https://device.sso/","verificationUriComplete":"https://device.sso/?user_code=AB-CD","expiresIn":600,"interval":1}"#;
    let bare = r#"{"deviceCode":"d","userCode":"AB-CD","verificationUri":"https://device.sso/"}"#;
    for (body, complete, interval) in
        [(whole, "https://device.sso/?user_code=AB-CD", 1), (bare, "https://device.sso/", 5)]
    {
        let http = Canned::answering(vec![(200, Vec::new(), body)]);
        let started = Oidc(service(&http)).start_device_authorization(&client(), "https://corp").expect("started");
        assert_eq!((started.verification_uri_complete.as_str(), started.interval), (complete, interval));
        assert!(
            http.requests()[0]
                .ends_with(r#"{"clientId":"client-1","clientSecret":"client-secret","startUrl":"https://corp"}"#)
        );
    }
    let script = r#"{"deviceCode":"d","userCode":"A","verificationUri":"file:///etc/passwd"}"#;
    let http = Canned::answering(vec![(200, Vec::new(), script)]);
    let error = Oidc(service(&http)).start_device_authorization(&client(), "https://corp").expect_err("no page");
    assert!(matches!(error, AwsError::AnswerLost { .. }), "{error}");
}

#[test]
fn each_grant_is_sent_with_what_belongs_to_it_and_nothing_else() {
    let now = Timestamp::from_unix(1_000);
    let secret = |text: &str| Secret::new(text.to_owned());
    let (device, code, verifier, refresh) = (secret("dev"), secret("abc"), secret("ver"), secret("ref"));
    let grants = [
        (
            Grant::DeviceCode(&device),
            r#"{"grantType":"urn:ietf:params:oauth:grant-type:device_code","clientId":"client-1","clientSecret":"client-secret","deviceCode":"dev"}"#,
        ),
        (
            Grant::AuthorizationCode {
                code: &code,
                redirect_uri: "http://127.0.0.1:9/oauth/callback",
                verifier: &verifier,
            },
            r#"{"grantType":"authorization_code","clientId":"client-1","clientSecret":"client-secret","code":"abc","redirectUri":"http://127.0.0.1:9/oauth/callback","codeVerifier":"ver"}"#,
        ),
        (
            Grant::RefreshToken(&refresh),
            r#"{"grantType":"refresh_token","clientId":"client-1","clientSecret":"client-secret","refreshToken":"ref"}"#,
        ),
    ];
    for (grant, expected) in grants {
        let http =
            Canned::answering(vec![(200, Vec::new(), r#"{"accessToken":"a","expiresIn":3600,"refreshToken":"r"}"#)]);
        let tokens = Oidc(service(&http)).create_token(&client(), grant, now).expect("tokens");
        assert_eq!(http.requests(), [format!("POST http://oidc.test/token {expected}")]);
        assert_eq!(tokens.access.expose(), "a");
        assert_eq!(tokens.expires_at, Timestamp::from_unix(4_600));
        assert_eq!(tokens.refresh.map(|token| token.expose().to_owned()).as_deref(), Some("r"));
    }
}

#[test]
fn a_token_without_a_life_or_with_an_absurd_one_is_taken_for_what_it_can_be() {
    for (expires_in, life) in [("", 0), (r#","expiresIn":-5"#, 0), (r#","expiresIn":99999999999"#, LONGEST_LIFE)] {
        let body = format!(r#"{{"accessToken":"a"{expires_in}}}"#);
        let http = Canned::answering(vec![(200, Vec::new(), Box::leak(body.into_boxed_str()))]);
        let grant = Secret::new("ref".to_owned());
        let tokens = Oidc(service(&http))
            .create_token(&client(), Grant::RefreshToken(&grant), Timestamp::from_unix(1_000))
            .expect("tokens");
        assert_eq!(tokens.expires_at, Timestamp::from_unix(1_000 + life));
        assert!(tokens.refresh.is_none());
    }
}

#[test]
fn refusals_of_a_token_are_told_apart() {
    type Question = fn(&AwsError) -> bool;
    let questions: [(&str, Question); 6] = [
        ("pending", AwsError::is_pending),
        ("slow down", AwsError::is_slow_down),
        ("code expired", AwsError::is_code_expired),
        ("invalid grant", AwsError::is_invalid_grant),
        ("invalid client", AwsError::is_invalid_client),
        ("declined", AwsError::is_sign_in_declined),
    ];
    for (status, error, kind) in [
        (400, "authorization_pending", "pending"),
        (400, "slow_down", "slow down"),
        (400, "expired_token", "code expired"),
        (400, "invalid_grant", "invalid grant"),
        (401, "invalid_client", "invalid client"),
        (400, "access_denied", "declined"),
    ] {
        let body = format!(r#"{{"error":"{error}","error_description":"because client-secret"}}"#);
        let http = Canned::answering(vec![(status, Vec::new(), Box::leak(body.into_boxed_str()))]);
        let grant = Secret::new("dev".to_owned());
        let refusal = Oidc(service(&http))
            .create_token(&client(), Grant::DeviceCode(&grant), Timestamp::from_unix(1_000))
            .expect_err("refused");
        let kinds: Vec<_> = questions.iter().filter(|(_, asks)| asks(&refusal)).map(|(name, _)| *name).collect();
        assert_eq!(kinds, [kind], "{error}");
        assert!(refusal.to_string().ends_with("because ****"), "{refusal}");
    }
}

#[test]
fn an_authorize_url_is_the_services_own_page_with_everything_escaped() {
    let scopes = ["sso:account:access".to_owned(), "x:y".to_owned()];
    let authorize = Authorize {
        client_id: "c&d",
        redirect_uri: "http://127.0.0.1:7/oauth/callback",
        state: "s",
        challenge: "ch",
        scopes: &scopes,
    };
    assert_eq!(
        authorize_url("https://oidc.eu-west-1.amazonaws.com", &authorize),
        "https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code&client_id=c%26d&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Foauth%2Fcallback&state=s&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess+x%3Ay&code_challenge=ch"
    );
}
