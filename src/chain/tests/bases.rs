//! The registry of bases: what it says of every profile is what the plan then does.

use super::{Stored, ask, expand};
use crate::chain::Request;
use crate::chain::base::{Base, BaseSource, Identity, KINDS, Kind, Lead, Reuse, RoleUse, SealWith, Signs, overrides};
use crate::chain::error::PlanError;
use crate::chain::reason::Reason;
use crate::chain::rules::plan_of;
use crate::chain::step::{Plan, Step};
use crate::profile::{AwsFile, Profiles};
use crate::sys::env::Environment;

/// A kind that keyfob does not have. Adding one takes this and its line in a table of kinds; a real one has a variant of
/// [`BaseSource`] as well, and its other half in `ops/resolve/base`.
static THROWAWAY: Kind = Kind {
    name: "throwaway",
    settings: &["throwaway_token"],
    role: RoleUse::Beside,
    claim: |node, trace| {
        let Some(token) = node.read("throwaway_token", &mut trace.used) else { return Ok(None) };
        Ok(Some(Lead::Base(Base {
            profile: node.name.clone(),
            kind: "throwaway",
            identity: Identity { sort: "throwaway", parts: vec![token.value.to_string()] },
            signs_as: Signs::Session,
            sealed_with: SealWith::Default,
            reuse: Reuse::UntilExpiry,
            source: BaseSource::Stored(Stored::key("unused")),
        })))
    },
};

/// A plan over the registry and one kind more.
fn planned(config: &str, request: &Request) -> Result<Plan, PlanError> {
    let kinds: Vec<&Kind> = KINDS.iter().copied().chain([&THROWAWAY]).collect();
    plan_of(&kinds, &Profiles::from_texts(&expand(config), ""), &Stored::of(""), &Environment::default(), request)
}

#[test]
fn a_new_kind_of_base_is_planned_from_its_entry_in_the_table_alone() {
    let config = "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 7200|mfa_serial = DEVICE
        [profile b]|throwaway_token = t|mfa_serial = DEVICE|region = nowhere/";
    let plan = planned(config, &ask("a")).expect("planned: no call goes to the base's region");
    let hop = plan.hops().next().expect("a hop");
    assert_eq!((plan.base.kind, plan.base.profile.as_str(), &plan.mfa), ("throwaway", "b", &None));
    assert!(matches!(plan.steps.as_slice(), [Step::Base, Step::AssumeRole(_)]), "its own session is cached");
    assert_eq!(hop.duration_seconds, 3600, "a role over a session is capped before it is sent");
    let unused = plan.notes.iter().filter(|note| matches!(note, Reason::DeviceOverSession { .. })).count();
    assert_eq!(unused, 2, "{:?}", plan.notes);
    assert!(plan.base_target().is_err());

    let beside = planned("[profile a]|role_arn = ROLE(A)|throwaway_token = t", &ask("a")).expect("planned");
    assert_eq!((beside.base.kind, beside.hops().count()), ("throwaway", 1));

    let alone = Request { duration_seconds: Some(900), ..ask("b") };
    assert_eq!(
        planned("[profile b]|throwaway_token = t", &alone).expect_err("its lifetime is not ours").to_string(),
        "`--duration` is not possible: the source of the credentials of `b` (throwaway) decides how long they last"
    );
}

#[test]
fn each_setting_that_makes_a_base_is_one_keyfob_knows() {
    for setting in KINDS.iter().flat_map(|kind| kind.settings) {
        assert!(crate::profile::known::is_known(setting), "{setting}");
    }
}

#[test]
fn the_order_within_a_profile_is_botocores_behind_the_stored_key() {
    const SSO: &str = "sso_account_id = 111122223333";
    const LOGIN: &str = "login_session = arn:aws:iam::111122223333:user/me";
    const PROCESS: &str = "credential_process = other";
    let cases = [
        (format!("[profile a]|{SSO}|{LOGIN}|{PROCESS}|KEY"), "", "a", "key"),
        (format!("[profile a]|{SSO}|{LOGIN}|{PROCESS}"), "[a]|KEY", "", "sso"),
        (format!("[profile a]|{LOGIN}|{PROCESS}"), "[a]|KEY", "", "key"),
        (format!("[profile a]|{LOGIN}|{PROCESS}|KEY"), "", "", "login"),
        (format!("[profile a]|{PROCESS}|KEY"), "", "", "process"),
        (
            format!("[profile a]|{PROCESS}|aws_access_key_id = AKIAFILE000000000000"),
            "[a]|aws_secret_access_key = x",
            "",
            "process",
        ),
        ("[profile a]|KEY|credential_source = Environment".to_owned(), "", "", "key"),
        ("[profile a]|credential_source = Environment".to_owned(), "", "", "environment"),
        ("[profile a]|KEY|aws_session_token = x".to_owned(), "", "", "written_session"),
        // A role that is its own source.
        (format!("[profile a]|role_arn = ROLE(A)|source_profile = a|{PROCESS}"), "[a]|KEY", "", "process"),
        (format!("[profile a]|role_arn = ROLE(A)|source_profile = a|{SSO}|KEY"), "", "", "sso"),
        ("[profile a]|role_arn = ROLE(A)|source_profile = a|KEY".to_owned(), "", "", "key"),
        // Beyond the first profile, a key ends the walk.
        (format!("[profile a]|source_profile = b|[profile b]|{SSO}|KEY"), "", "", "key"),
        (
            "[profile a]|source_profile = b|[profile b]|role_arn = ROLE(A)|web_identity_token_file = /t".to_owned(),
            "",
            "",
            "web_identity",
        ),
    ];
    for (config, credentials, stored, kind) in cases {
        let profiles = Profiles::from_texts(&expand(&config), &expand(credentials));
        let files = crate::chain::FileNames::default();
        let stored = Stored::of(stored);
        let lookup = crate::chain::node::Lookup { profiles: &profiles, stored: &stored, files: &files };
        let walk = crate::chain::walk::walk(KINDS, &lookup, "a").expect("there is a base");
        assert_eq!(walk.base.kind, kind, "{config} {credentials}");
    }
}

#[test]
fn what_wins_over_a_linked_profile_is_named_with_its_line() {
    let profiles = Profiles::from_texts(
        "[profile work]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/a\nkeyfob_role_arn = x\n",
        "[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = fake\n",
    );
    let work = profiles.get("work").expect("there");
    let found: Vec<_> = overrides(&work).into_iter().map(|s| (s.name, s.file, s.line)).collect();
    assert_eq!(
        found,
        [
            ("role_arn".to_owned(), AwsFile::Config, 3),
            ("aws_access_key_id".to_owned(), AwsFile::Credentials, 2),
            ("aws_secret_access_key".to_owned(), AwsFile::Credentials, 3),
        ]
    );
}
