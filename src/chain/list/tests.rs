//! The listing: what gives each profile's credentials.

use proptest::prelude::*;

use super::*;
use crate::chain::base::Signs;
use crate::chain::tests::{Stored, ask, expand};
use crate::chain::{PlanError, plan};
use crate::sys::env::Environment;

pub(crate) fn listed(config: &str, stored: &str) -> Listing {
    let profiles = Profiles::from_texts(&expand(config), "");
    let names: Vec<String> = stored.split_whitespace().map(str::to_owned).collect();
    let sources = Sources {
        stored: &Stored::of(stored),
        stored_names: &names,
        sessions: &|name| match name {
            "base" => {
                (Some(Timestamp::from_unix(1_700_868_500)), CodeDue::At(Timestamp::from_unix(1_700_867_300)), None)
            }
            "prod" => (None, CodeDue::Unknown, None),
            _ => (None, CodeDue::Never, None),
        },
        now: Timestamp::from_unix(1_700_864_000),
        key_max_age_seconds: 90 * 86_400,
    };
    listing(&profiles, &sources)
}

#[test]
fn each_profile_has_the_source_its_credentials_come_from() {
    let cases = [
        ("[profile a]", "a", "key"),
        ("[profile a]|KEY", "", "key"),
        ("[profile a]|credential_process = keyfob credential-process a", "a", "key"),
        ("[profile a]|credential_process = keyfob credential-process a|KEY", "", "key"),
        ("[profile a]|credential_process = keyfob credential-process a|keyfob_role_arn = ROLE(A)", "", "role"),
        ("[profile a]|role_arn = ROLE(A)|source_profile = a", "a", "role"),
        ("[profile a]|role_arn = ROLE(A)|credential_source = Environment", "", "role"),
        ("[profile a]|role_arn = ROLE(A)|web_identity_token_file = /t", "", "web_identity"),
        ("[profile a]|sso_session = s", "", "sso"),
        ("[profile a]|credential_process = other", "", "process"),
        ("[profile a]|credential_process = keyfob credential-process b", "", "none"),
        ("[profile a]|credential_process = keyfob credential-process b", "b", "key"),
        ("[profile a]|login_session = arn:aws:iam::111122223333:user/me|KEY", "", "login"),
        ("[profile a]|sso_role_name = r", "", "sso"),
        ("[profile a]|role_arn = ROLE(A)", "", "role"),
        ("[profile a]|source_profile = b|[profile b]", "b", "key"),
        ("[profile a]|source_profile = b|[profile b]|source_profile = a", "", "none"),
        ("[profile a]|credential_process = keyfob credential-process a", "", "none"),
        ("[profile a]|region = eu-west-1", "", "none"),
        ("[profile a]", "", "none"),
    ];
    for (config, stored, source) in cases {
        assert_eq!(listed(config, stored).profiles[0].source, source, "{config}");
    }
}

#[test]
fn a_role_or_an_alias_says_what_it_builds_on() {
    let cases = [
        ("[profile a]|role_arn = ROLE(A)|source_profile = b", "", Some("b")),
        ("[profile a]|role_arn = ROLE(A)|source_profile = a", "a", None),
        ("[profile a]|role_arn = ROLE(A)|credential_source = Environment", "", Some("Environment")),
        ("[profile a]|keyfob_role_arn = ROLE(A)|keyfob_source_profile = b", "", Some("b")),
        ("[profile a]|source_profile = b|[profile b]|source_profile = c|[profile c]|KEY", "", Some("b")),
        ("[profile a]|source_profile = b|[profile b]|role_arn = ROLE(A)|source_profile = c", "", Some("b")),
        ("[profile a]|source_profile = b", "a", None),
    ];
    for (config, stored, via) in cases {
        assert_eq!(listed(config, stored).profiles[0].via.as_deref(), via, "{config}");
    }
}

pub(crate) const CONFIG: &str = "[profile base]
    region = eu-west-1
    mfa_serial = DEVICE
    credential_process = keyfob credential-process base
    [profile prod]
    role_arn = arn:aws:iam::444455556666:role/Admin
    source_profile = base
    [profile old]
    KEY
    [profile empty]";

#[test]
fn the_json_has_every_field_of_every_profile() {
    let json = serde_json::to_value(listed(CONFIG, "base alone")).expect("it is JSON");
    let expected = serde_json::json!([
        {"name": "base", "source": "key", "via": null, "account": "111122223333", "region": "eu-west-1",
         "mfa_serial": "arn:aws:iam::111122223333:mfa/me", "linked": true, "session_expires": "2023-11-24T23:28:20Z",
         "code_due": "2023-11-24T23:08:20Z", "sign_in": null,
         "key": {"id": "AKIABASE000000000000", "backend": "vault", "age_days": 10, "overdue": false}},
        {"name": "prod", "source": "role", "via": "base", "account": "444455556666", "region": null, "mfa_serial": null,
         "linked": false, "session_expires": null, "code_due": "unknown", "sign_in": null, "key": null},
        {"name": "old", "source": "key", "via": null, "account": null, "region": null, "mfa_serial": null, "linked": false,
         "session_expires": null, "code_due": null, "sign_in": null,
         "key": {"id": "AKIAFILE000000000000", "backend": null, "age_days": null, "overdue": null}},
        {"name": "empty", "source": "none", "via": null, "account": null, "region": null, "mfa_serial": null, "linked": false,
         "session_expires": null, "code_due": null, "sign_in": null, "key": null},
        {"name": "alone", "source": "key", "via": null, "account": "111122223333", "region": null, "mfa_serial": null,
         "linked": false, "session_expires": null, "code_due": null, "sign_in": null,
         "key": {"id": "AKIAALONE00000000000", "backend": "vault", "age_days": 10, "overdue": false}},
    ]);
    assert_eq!(json["profiles"], expected);
}

#[test]
fn the_account_comes_from_newer_key_ids_where_nothing_else_says_it() {
    let config = "[profile a]|aws_access_key_id = ASIAY34FZKBOKMUTVV7A|aws_secret_access_key = fake";
    for config in [config.to_owned(), format!("{config}|aws_session_token = fake")] {
        assert_eq!(listed(&config, "").profiles[0].account.as_deref(), Some("609629065308"));
    }
    let config = "[profile a]|sso_account_id = 999988887777|sso_role_name = r";
    assert_eq!(listed(config, "").profiles[0].account.as_deref(), Some("999988887777"));
}

#[test]
fn the_account_and_the_key_are_those_of_what_the_credentials_come_from() {
    const LOGIN: &str = "login_session = arn:aws:iam::111122223333:user/me";
    const FILE_KEY: &str = "aws_access_key_id = ASIAY34FZKBOKMUTVV7A|aws_secret_access_key = fake";
    let both = |config: &str, credentials: &str| {
        let profiles = Profiles::from_texts(&expand(config), &expand(credentials));
        let Origin { account, base, .. } = origin("a", &profiles, &Stored::of(""));
        (account, base.and_then(|base| base.written_id().map(str::to_owned)))
    };
    let (login, file) = (Some("111122223333".to_owned()), Some("609629065308".to_owned()));
    let id = Some("ASIAY34FZKBOKMUTVV7A".to_owned());
    // The SDKs and keyfob take a key in the credentials file before a sign-in, and a sign-in before one in the config file.
    let session = &format!("{FILE_KEY}|aws_session_token = fake");
    assert_eq!(both(&format!("[profile a]|{LOGIN}"), &format!("[a]|{session}")), (file, id));
    assert_eq!(both(&format!("[profile a]|{LOGIN}|{session}"), ""), (login, None));
    let sso = "[profile a]|sso_start_url = https://x.example|sso_region = eu-west-1|sso_account_id = 999988887777|sso_role_name = r";
    assert_eq!(both(&format!("{sso}|{session}"), ""), (Some("999988887777".to_owned()), None));
    // An alias has the account of what it stands for.
    let alias = "[profile a]|source_profile = b|[profile b]|role_arn = ROLE(A)|source_profile = c|[profile c]|KEY";
    assert_eq!(both(alias, "").0.as_deref(), Some("111122223333"));
}

#[test]
fn what_is_no_key_id_is_not_shown() {
    let config = "[profile a]|aws_access_key_id = fake+Secret/InTheWrongPlace|aws_secret_access_key = fake";
    assert!(listed(config, "").profiles[0].key.is_none());
}

/// A profile with any mixture of the settings that make a base or lead to one.
fn profile(name: &'static str) -> impl Strategy<Value = String> {
    let settings = KINDS.iter().flat_map(|kind| kind.settings).copied();
    let settings: std::collections::BTreeSet<&str> = settings.chain(["role_arn", "source_profile"]).collect();
    let values = |setting: &str| match setting {
        "role_arn" => vec!["arn:aws:iam::111122223333:role/A"],
        "source_profile" => vec!["a", "b"],
        "credential_source" => vec!["Environment", "Ec2InstanceMetadata", "EcsContainer"],
        "credential_process" => vec!["other", "keyfob credential-process a", "keyfob credential-process b"],
        "aws_access_key_id" => vec!["AKIAFILE000000000000", "ASIAFILE000000000000", "x"],
        _ => vec!["x"],
    };
    let lines: Vec<_> = settings
        .into_iter()
        .map(|setting| {
            prop::option::weighted(0.25, prop::sample::select(values(setting)))
                .prop_map(move |value| Some(format!("{setting} = {}", value?)))
        })
        .collect();
    lines.prop_map(move |lines| {
        let header = Some(format!("[profile {name}]"));
        std::iter::once(header).chain(lines).flatten().collect::<Vec<_>>().join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn list_says_what_the_plan_does(
        profiles in ["a", "b"].map(profile),
        stored in prop::sample::subsequence(vec!["a", "b"], 0..2),
    ) {
        let config = profiles.join("\n") + "\n";
        let profiles = Profiles::from_texts(&config, "");
        let stored = Stored::of(&stored.join(" "));
        for name in ["a", "b"] {
            let Origin { source, account, base, .. } = origin(name, &profiles, &stored);
            let planned = plan(&profiles, &stored, &Environment::default(), &ask(name));
            if let Ok(plan) = &planned {
                let of_hop = plan.hops().last().and_then(|hop| account_of_arn(&hop.role_arn)).map(str::to_owned);
                prop_assert_eq!(account, of_hop.or_else(|| plan.base.account_id()), "{}", config);
                if let Some(base) = base {
                    prop_assert_eq!(&base, &plan.base, "{}", config);
                }
            }
            match planned {
                Ok(plan) if plan.hops().count() > usize::from(plan.base.signs_as == Signs::OwnRole) => {
                    prop_assert_eq!(source, "role", "{}", config);
                }
                Ok(plan) => prop_assert_eq!(source, plan.base.kind, "{}", config),
                Err(
                    PlanError::TemporaryKey { .. }
                    | PlanError::BadKeyId { .. }
                    | PlanError::Environment { .. }
                    | PlanError::BadValue { .. }
                    | PlanError::NoSsoSession { .. }
                    | PlanError::IdentityCenterIncomplete { .. }
                    | PlanError::OtherServiceWithoutEndpoint { .. },
                ) => {
                    prop_assert_ne!(source, "none", "{}", config);
                }
                // Nothing, or a role that leads nowhere.
                Err(_) => prop_assert!(["none", "role"].contains(&source), "{} {}", source, config),
            }
        }
    }
}
