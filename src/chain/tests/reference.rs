//! AWS's own cases for chains of profiles.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Stored, ask};
use crate::chain::plan;
use crate::credentials::AccessKeyId;
use crate::profile::Profiles;
use crate::sys::env::Environment;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    docs: String,
    profiles: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    sso_sessions: BTreeMap<String, BTreeMap<String, String>>,
    selected_profile: String,
    chain: Option<Chain>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Chain {
    /// Of a base that is an access key; of another kind its name.
    access_key_id: Option<String>,
    base: Option<String>,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    role_arn: String,
    role_session_name: Option<String>,
    external_id: Option<String>,
}

#[test]
fn awss_own_cases_resolve_as_in_awss_own_code() {
    let Cases { cases } =
        serde_json::from_str(include_str!("../testdata/assume-role-cases.json")).expect("the cases are JSON");
    assert_eq!(cases.len(), 28);
    for case in cases {
        let mut config = String::new();
        for (kind, sections) in [("profile", &case.profiles), ("sso-session", &case.sso_sessions)] {
            for (name, settings) in sections {
                config += &format!("[{kind} {name}]\n");
                config.extend(settings.iter().map(|(name, value)| format!("{name} = {value}\n")));
            }
        }
        let profiles = Profiles::from_texts(&config, "");
        let result = plan(&profiles, &Stored::of(""), &Environment::default(), &ask(&case.selected_profile));
        match (case.chain, case.error, result) {
            (Some(chain), None, Ok(plan)) => {
                assert_eq!(
                    plan.base.key_id().map(AccessKeyId::as_str),
                    chain.access_key_id.as_deref(),
                    "{}",
                    case.docs
                );
                assert_eq!(plan.base.kind, chain.base.as_deref().unwrap_or("key"), "{}", case.docs);
                assert_eq!(plan.hops().count(), chain.roles.len(), "{}", case.docs);
                for (hop, role) in plan.hops().zip(chain.roles) {
                    assert_eq!(hop.role_arn, role.role_arn, "{}", case.docs);
                    assert_eq!(hop.role_session_name, role.role_session_name, "{}", case.docs);
                    assert_eq!(hop.external_id, role.external_id, "{}", case.docs);
                }
            }
            (None, Some(error), Err(problem)) => {
                assert!(problem.to_string().contains(&error), "{}: {problem}", case.docs);
            }
            (_, _, result) => panic!("{}: {result:?}", case.docs),
        }
    }
}
