//! The registry of bases: what it says of every profile is what the plan then does.

use super::{Input, Stored, ask, expand, in_short};
use crate::chain::base::{
    Base, BaseSource, Identity, KINDS, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose, key, overrides,
};
use crate::chain::error::PlanError;
use crate::chain::reason::Reason;
use crate::chain::rules::plan_of;
use crate::chain::step::{Plan, Step};
use crate::chain::{KnownBase, Request};
use crate::profile::{AwsFile, Profiles};
use crate::sys::env::Environment;

/// A kind that keyfob does not have. Adding one takes this and its line in a table of kinds; a real one has a variant of
/// [`BaseSource`] as well, and its other half and one arm in `ops/resolve/base`.
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
            whose: Whose::Unknown,
            title: "a throwaway token".to_owned(),
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
fn a_link_hides_each_setting_that_makes_a_base_but_keys_and_processes() {
    use crate::profile::known::{BASE_SETTINGS, PREFIX};
    let stays =
        |name: &&&str| key::SETTINGS.contains(name) || **name == "credential_process" || name.starts_with(PREFIX);
    let made_by: Vec<&&str> = KINDS.iter().flat_map(|kind| kind.settings).filter(|name| !stays(name)).collect();
    assert!(made_by.len() > 5, "{made_by:?}");
    assert!(made_by.iter().all(|name| BASE_SETTINGS.contains(name)), "{made_by:?}");
}

/// Whatever else is asked about a base is answered by its fields and methods, so that a new kind is one file on either side.
#[test]
fn nobody_else_matches_on_what_a_base_is_made_from() {
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    let mut seen = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let inside = path.strip_prefix(&src).expect("inside").to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if !inside.contains("tests")
                && std::fs::read_to_string(&path).expect("readable").contains("BaseSource::")
            {
                seen.push(inside);
            }
        }
    }
    assert!(seen.iter().any(|path| path == "ops/resolve/base/mod.rs"), "{seen:?}");
    let others: Vec<_> =
        seen.iter().filter(|path| !path.starts_with("chain/base/") && !path.starts_with("ops/resolve/base/")).collect();
    assert!(others.is_empty(), "{others:?}");
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
        let env = Environment::default();
        let lookup = crate::chain::node::Lookup { profiles: &profiles, stored: &stored, files: &files, env: &env };
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

/// Files, variables and what is known of the base; the plan in short, its base's kind and identity, or what is wrong.
#[test]
fn what_a_base_signs_as_decides_the_cap_and_the_code() {
    const TOKEN: &str = "aws_session_token = fake";
    const LOGIN: &str = "login_session = arn:aws:iam::111122223333:user/me";
    const KEYS: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "AKIAENVI000000000000"), ("AWS_SECRET_ACCESS_KEY", "fake")];
    const ASIA: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "ASIAENVI000000000000"), ("AWS_SECRET_ACCESS_KEY", "fake")];
    const SESSION: &[(&str, &str)] = &[ASIA[0], ASIA[1], ("AWS_SESSION_TOKEN", "fake")];
    let known = |is_key| Some(KnownBase { is_key, ..KnownBase::default() });
    let role =
        "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 7200|mfa_serial = DEVICE|[profile b]";
    let alone = "[profile a]|mfa_serial = DEVICE";
    let from_env = "[profile a]|role_arn = ROLE(A)|duration_seconds = 7200|credential_source = Environment";
    let process = |profile: &str| format!("{profile}|credential_process = other");
    let web = "[profile a]|role_arn = ROLE(A)|web_identity_token_file = /nowhere/token".to_owned();
    let instance = "[profile a]|role_arn = ROLE(A)|duration_seconds = 7200|credential_source = Ec2InstanceMetadata";
    let container = "[profile a]|role_arn = ROLE(A)|duration_seconds = 7200|credential_source = EcsContainer";
    let over = |a: &str| format!("{a}|[profile c]|role_arn = ROLE(C)|source_profile = a|duration_seconds = 7200");
    let capped = |role: &str| {
        let capped_roles = vec![format!("arn:aws:iam::111122223333:role/{role}")];
        Some(KnownBase { capped_roles, ..KnownBase::default() })
    };
    type Case<'a> = (String, &'a [(&'a str, &'a str)], Option<KnownBase>, &'a str);
    let cases: &[Case<'_>] = &[
        (format!("{role}|KEY|{TOKEN}"), &[], None, "b[written_session] -> a 3600<7200"),
        (format!("{alone}|KEY|aws_security_token = fake"), &[], None, "a[written_session]"),
        (process(role), &[], None, "b[process] base -> a 3600<7200"),
        (process(role), &[], known(false), "b[process] base -> a 3600<7200"),
        (process(role), &[], known(true), "b[process] -> a+mfa 7200"),
        (process(alone), &[], None, "a[process] base"),
        (process(alone), &[], known(true), "a[process] -> session+mfa 43200"),
        (process("[profile a]"), &[], known(true), "a[process]"),
        (process("[profile a]|keyfob_session = always"), &[], known(true), "a[process] -> session 43200"),
        (from_env.to_owned(), KEYS, None, "a[environment] -> a 7200"),
        (format!("{from_env}|mfa_serial = DEVICE"), KEYS, None, "a[environment] -> a+mfa 7200"),
        (from_env.to_owned(), SESSION, None, "a[environment] -> a 3600<7200"),
        ("[profile a]|credential_source = Environment".to_owned(), KEYS, None, "a[environment]"),
        (from_env.to_owned(), &KEYS[..1], None, "`AWS_SECRET_ACCESS_KEY` is not set"),
        (format!("{web}|duration_seconds = 7200|mfa_serial = DEVICE"), &[], None, "a[web_identity] -> a 7200"),
        (over(&web), &[], None, "a[web_identity] -> a 3600 -> c 3600<7200"),
        (over(instance), &[], None, "a[instance] base -> a 7200 -> c 3600<7200"),
        (instance.to_owned(), &[], None, "a[instance] base -> a 7200"),
        (instance.to_owned(), &[], capped("A"), "a[instance] base -> a 3600<7200"),
        (instance.to_owned(), &[], capped("B"), "a[instance] base -> a 7200"),
        (instance.to_owned(), &[("AWS_EC2_METADATA_DISABLED", "True")], None, "`AWS_EC2_METADATA_DISABLED` is `true`"),
        (format!("{role}|{LOGIN}"), &[], None, "b[login] -> a 7200"),
        (format!("{role}|{LOGIN}"), &[], capped("A"), "b[login] -> a 3600<7200"),
        (format!("{alone}|{LOGIN}"), &[], None, "a[login]"),
        (
            container.to_owned(),
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")],
            None,
            "a[container] base -> a 3600<7200",
        ),
        (
            from_env.to_owned(),
            ASIA,
            None,
            "`AWS_SESSION_TOKEN`, which belongs to a temporary key (`ASIA…`), is not set",
        ),
    ];
    for (config, env, known, expected) in cases {
        let asked = if config.contains("[profile c]") { "c" } else { "a" };
        let ask = Request { known: known.clone(), ..ask(asked) };
        match (Input { config, env, ask, ..Input::default() }).plan() {
            Ok(plan) => assert_eq!(in_short(&plan), *expected, "{config} {known:?}"),
            Err(error) => assert!(error.to_string().ends_with(expected), "{config}: {error}"),
        }
    }
}

#[test]
fn what_may_be_a_secret_is_in_no_identity() {
    let identity = |config: &str| {
        let plan = Input { config, ask: ask("a"), ..Input::default() }.plan().expect("there is a plan");
        assert!(!format!("{plan:?}").contains("fakeSecret"), "{plan:?}");
        plan.base.identity.to_string()
    };
    let one = identity("[profile a]|credential_process = tool --token fakeSecret");
    assert!(one.starts_with("sha256:") && one.len() == 71, "{one}");
    assert_ne!(
        one,
        identity("[profile a]|credential_process = tool --token fakeSecret2"),
        "an edited line is another base"
    );
    let written = |id: &str| {
        identity(&format!("[profile a]|aws_access_key_id = {id}|aws_secret_access_key = x|aws_session_token = x"))
    };
    assert_eq!(written("ASIAFILE000000000000"), "ASIAFILE000000000000");
    assert!(written("ASIAfake/secret").starts_with("sha256:"));
}

#[test]
fn a_base_that_is_not_to_be_cached_is_made_each_time_with_all_that_follows() {
    for config in [
        "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|credential_process = other|keyfob_cache = never",
        "[profile a]|role_arn = ROLE(A)|source_profile = b|keyfob_cache = never|[profile b]|credential_process = other",
    ] {
        let plan = Input { config, ask: ask("a"), ..Input::default() }.plan().expect("there is a plan");
        assert_eq!((in_short(&plan).as_str(), &plan.base.sealed_with), ("b[process] -> a 3600", &SealWith::Never));
    }
}
