//! Narrowing: which call takes the policies, and that nothing is granted that a plan without them, or one of them, denies.

use proptest::prelude::*;
use serde_json::Value;

use super::{Input, ask, in_short};
use crate::chain::layer::{Layer, NarrowedBy};
use crate::chain::narrow::{inherited, of_policies};
use crate::chain::role::ExtraRole;
use crate::chain::role::read::role_name;
use crate::chain::{KnownBase, Plan, PlanError, Request, Step};

const KEY: &str = "[profile b]";
const KEY_WITH_DEVICE: &str = "[profile b]|mfa_serial = DEVICE";
const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]";
const OVER_SESSION: &str = "[profile a]|credential_source = Environment";

const READ_ONLY_ARN: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ADMIN_ARN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn allow(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

fn policy(action: &str) -> Layer {
    of_policies(Some(&allow(action)), &[]).expect("valid").expect("a layer")
}

fn managed(arn: &str) -> Layer {
    of_policies(None, &[arn.to_owned()]).expect("valid").expect("a layer")
}

fn planned(config: &str, ask: Request) -> Result<Plan, PlanError> {
    let env =
        &[("AWS_ACCESS_KEY_ID", "ASIAENV0000000000000"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t")];
    Input { config, stored: "b", env, ask, ..Input::default() }.plan()
}

fn narrowed(config: &str, profile: &str, narrow: &[Layer]) -> Result<Plan, PlanError> {
    planned(config, Request { narrow: narrow.to_vec(), ..ask(profile) })
}

/// What a statement says of actions covers this one; a test's own reading of policies, as IAM documents them.
fn covers(patterns: &Value, action: &str) -> bool {
    let matches = |pattern: &Value| match pattern.as_str().expect("a text").split_once('*') {
        Some((start, _)) => action.starts_with(start),
        None => pattern == action,
    };
    patterns.as_array().map_or_else(|| matches(patterns), |patterns| patterns.iter().any(matches))
}

/// Whether the policies of one call let an action through.
fn lets_through(policy: Option<&str>, arns: &[String], action: &str) -> bool {
    let is_read =
        ["s3:Get", "s3:List", "ec2:Describe", "sts:GetCallerIdentity"].iter().any(|start| action.starts_with(start));
    let by_managed = arns.iter().any(|arn| arn == ADMIN_ARN || arn == READ_ONLY_ARN && is_read);
    let document: Value = policy.map_or(Value::Null, |policy| serde_json::from_str(policy).expect("JSON"));
    let statements = document["Statement"].as_array().cloned().unwrap_or_default();
    let applies = |statement: &Value| match (&statement["Action"], &statement["NotAction"]) {
        (Value::Null, not) => !covers(not, action),
        (actions, _) => covers(actions, action),
    };
    let any = |effect: &str| statements.iter().any(|statement| statement["Effect"] == effect && applies(statement));
    (by_managed || any("Allow")) && !any("Deny")
}

/// Whether what a plan leads to may do something that its role or user may.
fn allows(plan: &Plan, action: &str) -> bool {
    let last_hop = plan.hops().count();
    let mut hop_number = 0;
    plan.steps.iter().all(|step| match step {
        Step::Base | Step::SessionToken(_) => true,
        Step::AssumeRole(hop) => {
            hop_number += 1;
            let is_free = hop.policy.is_none() && hop.policy_arns.is_empty();
            hop_number < last_hop || is_free || lets_through(hop.policy.as_deref(), &hop.policy_arns, action)
        }
        Step::Scoped(scoped) => lets_through(Some(&scoped.policy), &[], action),
        Step::Federation(step) => lets_through(step.policy.as_deref(), &step.policy_arns, action),
    })
}

fn layer_allows(layer: &Layer, action: &str) -> bool {
    match layer {
        Layer::ReadOnly => lets_through(None, &[READ_ONLY_ARN.to_owned()], action),
        Layer::Policies { policy, arns } => lets_through(policy.as_deref(), arns, action),
    }
}

#[test]
fn the_call_that_takes_a_policy_is_the_roles_own_or_else_one_after_the_session() {
    let cases: [(&str, &str, &[Layer], &str, NarrowedBy); 9] = [
        (ROLE, "a", &[Layer::ReadOnly], "b[stored] -> a 3600", NarrowedBy::Policy),
        (ROLE, "a", &[policy("s3:*"), Layer::ReadOnly], "b[stored] -> a 3600", NarrowedBy::Policy),
        (ROLE, "a", &[managed(ADMIN_ARN), Layer::ReadOnly], "b[stored] -> a 3600", NarrowedBy::Policy),
        (ROLE, "a", &[policy("s3:*"), policy("ec2:*")], "b[stored] -> a 3600 -> scoped", NarrowedBy::Scoped),
        (KEY, "b", &[Layer::ReadOnly], "b[stored] -> session 43200 -> scoped", NarrowedBy::Scoped),
        (KEY_WITH_DEVICE, "b", &[Layer::ReadOnly], "b[stored] -> session+mfa 43200 -> scoped", NarrowedBy::Scoped),
        (KEY, "b", &[managed(ADMIN_ARN), Layer::ReadOnly], "b[stored] -> federation", NarrowedBy::Federation),
        (OVER_SESSION, "a", &[Layer::ReadOnly], "a[environment] -> scoped", NarrowedBy::Scoped),
        (OVER_SESSION, "a", &[policy("s3:*"), Layer::ReadOnly], "a[environment] -> scoped", NarrowedBy::Scoped),
    ];
    for (config, profile, layers, expected, by) in cases {
        let plan = narrowed(config, profile, layers).expect("a plan");
        assert_eq!((in_short(&plan).as_str(), plan.narrowed.map(|narrowed| narrowed.by)), (expected, Some(by)));
    }
}

#[test]
fn a_key_without_a_device_is_federated_once_aws_has_said_that_it_cannot_be_scoped() {
    let known = KnownBase { is_key: true, is_scoped_unknown: true, ..KnownBase::default() };
    let ask = |profile: &str| Request { narrow: vec![Layer::ReadOnly], known: Some(known.clone()), ..ask(profile) };
    let plan = planned(KEY, ask("b")).expect("a plan");
    assert_eq!((in_short(&plan).as_str(), plan.may_federate()), ("b[stored] -> federation", false));
    let with_device = planned(KEY_WITH_DEVICE, ask("b")).expect("a plan");
    assert_eq!(in_short(&with_device), "b[stored] -> session+mfa 43200 -> scoped", "it would carry no MFA");
    assert!(narrowed(KEY, "b", &[Layer::ReadOnly]).expect("a plan").may_federate());
}

#[test]
fn what_cannot_be_narrowed_is_refused_with_the_reason() {
    let own = ROLE.replace("ROLE(A)", &format!("ROLE(A)|policy_arns = {ADMIN_ARN}"));
    let many: Vec<Layer> = ["a:*", "b:*", "c:*", "d:*", "e:*"].map(policy).into();
    for (config, profile, layers, reason) in [
        (
            own.as_str(),
            "a",
            vec![managed(READ_ONLY_ARN)],
            "~/.aws/config:3: `policy_arns` of the role's profile takes the place",
        ),
        (KEY_WITH_DEVICE, "b", vec![managed(ADMIN_ARN)], "AWS takes managed policies only with a role"),
        (OVER_SESSION, "a", vec![managed(ADMIN_ARN)], "AWS takes managed policies only with a role"),
        (ROLE, "a", many.clone(), "these are more policies than AWS allows"),
        (KEY, "b", many, "these are more policies than AWS allows"),
        (KEY, "b", vec![managed(ADMIN_ARN), managed(READ_ONLY_ARN)], "these are more policies than AWS allows"),
    ] {
        let error = narrowed(config, profile, &layers).expect_err("refused");
        assert!(error.to_string().contains(reason), "{error}");
    }
    let itself = Request { no_session: true, narrow: vec![Layer::ReadOnly], ..ask("b") };
    assert!(planned(KEY, itself).expect_err("refused").to_string().contains("`--no-session`"));
}

#[test]
fn settings_of_the_requested_profile_narrow_and_those_of_a_source_are_noted() {
    let said = |config: &str, profile: &str| {
        let plan = narrowed(config, profile, &[]).expect("a plan");
        let notes: Vec<String> =
            plan.notes.iter().map(ToString::to_string).filter(|note| note.contains("narrows")).collect();
        (in_short(&plan), plan.narrowed.map(|narrowed| (narrowed.by, narrowed.is_read_only())), notes)
    };
    let key = format!("{KEY}|keyfob_read_only = true|keyfob_session = never");
    let scoped = ("b[stored] -> session 43200 -> scoped".to_owned(), Some((NarrowedBy::Scoped, true)), vec![]);
    assert_eq!(said(&key, "b"), scoped, "a session, since a key cannot be narrowed");
    let off = (String::from("b[stored] -> session 43200"), None, vec![]);
    assert_eq!(said(&format!("{KEY}|keyfob_read_only = false"), "b"), off);
    let own = format!("{KEY}|keyfob_policy = {}", allow("s3:*"));
    assert_eq!(said(&own, "b").1, Some((NarrowedBy::Scoped, false)));
    let role = ROLE.replace("ROLE(A)", "ROLE(A)|keyfob_read_only = true");
    assert_eq!(said(&role, "a").1, Some((NarrowedBy::Policy, true)));
    let (_, of_role, notes) = said(&format!("{ROLE}|keyfob_read_only = true"), "a");
    let note = "`keyfob_read_only` of `b` is not used: it narrows the credentials of `b` only";
    assert_eq!((of_role, notes), (None, vec![note.to_owned()]));
    let bad = narrowed(&format!("{KEY}|keyfob_read_only = yes"), "b", &[]).expect_err("refused");
    assert!(bad.to_string().contains("`yes` is neither `true` nor `false`"), "{bad}");
}

#[test]
fn a_policy_in_a_file_is_named_by_what_it_says() {
    const POLICY: &str = if cfg!(windows) { "C:/p.json" } else { "/p.json" };
    let read = |text: &str| Request {
        read_policy: match text {
            "one" => |path| match path.to_str() {
                Some(POLICY) => Ok("{ \"Statement\" : [] }".to_owned()),
                other => Err(format!("{other:?}")),
            },
            _ => |_| Ok(r#"{"Statement":[{}]}"#.to_owned()),
        },
        ..ask("a")
    };
    let config = ROLE.replace("ROLE(A)", &format!("ROLE(A)|keyfob_policy = {POLICY}"));
    let policy_of =
        |text: &str| planned(&config, read(text)).expect("a plan").hops().last().and_then(|hop| hop.policy.clone());
    assert_eq!(policy_of("one").as_deref(), Some(r#"{"Statement":[]}"#));
    assert_ne!(policy_of("one"), policy_of("two"));
    let relative = planned(&config.replace(POLICY, "p.json"), read("one")).expect_err("refused");
    assert!(relative.to_string().contains("nor the whole path of a file"), "{relative}");
}

#[test]
fn a_role_of_the_command_line_is_one_more_hop() {
    let with = |config: &str, profile: &str, role: &str, duration_seconds: Option<u32>| {
        let role =
            ExtraRole { role: role_name(role).expect("valid"), external_id: Some("e1".into()), session_name: None };
        planned(config, Request { role: Some(role), duration_seconds, ..ask(profile) })
    };
    let role = "arn:aws:iam::444455556666:role/X";
    let plan = with(ROLE, "a", role, None).expect("a plan");
    assert_eq!(in_short(&plan), "b[stored] -> a 3600 -> a 3600");
    let last = plan.hops().last().expect("a hop");
    assert_eq!((last.role_arn.as_str(), last.external_id.as_deref()), (role, Some("e1")));
    assert_eq!(in_short(&with(KEY, "b", role, None).expect("a plan")), "b[stored] -> b 3600");
    assert_eq!(
        in_short(&with(KEY_WITH_DEVICE, "b", role, None).expect("a plan")),
        "b[stored] -> session+mfa 43200 -> b 3600"
    );
    assert_eq!(in_short(&with(KEY_WITH_DEVICE, "b", role, Some(7200)).expect("a plan")), "b[stored] -> b+mfa 7200");
    assert!(matches!(with(ROLE, "a", role, Some(7200)), Err(PlanError::DurationChained { asked: 7200, .. })));
    assert_eq!(in_short(&with(OVER_SESSION, "a", role, None).expect("a plan")), "a[environment] -> a 3600");
    for (region, partition) in [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")] {
        let plan = with(&format!("{KEY}|region = {region}"), "b", "444455556666:path/X", None).expect("a plan");
        let arn = format!("arn:{partition}:iam::444455556666:role/path/X");
        assert_eq!(plan.hops().last().map(|hop| hop.role_arn.clone()), Some(arn));
    }
    let narrow = vec![Layer::ReadOnly];
    let extra = ExtraRole { role: role_name(role).expect("valid"), external_id: None, session_name: Some("me".into()) };
    let plan = planned(ROLE, Request { role: Some(extra), narrow, ..ask("a") }).expect("a plan");
    let policies: Vec<bool> = plan.hops().map(|hop| hop.policy_arns == [READ_ONLY_ARN]).collect();
    assert_eq!(policies, [false, true], "the last step is narrowed");
}

#[test]
fn an_outer_keyfobs_narrowing_survives_its_variable_and_nothing_else_passes_for_it() {
    let layers = [Layer::ReadOnly, policy("s3:*"), managed(ADMIN_ARN)];
    let plan = narrowed(ROLE, "a", &layers[..2]).expect("a plan");
    let variable = plan.narrowed.expect("narrowed").variable();
    assert_eq!(inherited(&variable), Ok(layers[..2].to_vec()));
    for bad in [
        "",
        "1",
        "{}",
        "[1]",
        r#"["all"]"#,
        r#"[{"policies":{"policy":null,"arns":[]}}]"#,
        r#"[{"policies":{"policy":"x","arns":[]}}]"#,
    ] {
        assert!(inherited(bad).is_err(), "{bad}");
    }
}

const ACTIONS: [&str; 6] =
    ["s3:GetObject", "s3:PutObject", "ec2:DescribeInstances", "ec2:RunInstances", "iam:CreateUser", "sts:AssumeRole"];

fn layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        Just(Layer::ReadOnly),
        prop::sample::select(vec!["s3:*", "*", "ec2:*", "s3:GetObject", "sts:AssumeRole"]).prop_map(policy),
        prop::sample::select(vec![READ_ONLY_ARN, ADMIN_ARN]).prop_map(managed),
        Just(of_policies(Some(&allow("s3:*")), &[READ_ONLY_ARN.to_owned()]).expect("valid").expect("a layer")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn narrowing_grants_nothing_that_is_denied_without_it_and_never_shares_a_session(
        base in prop::sample::select(vec![KEY, KEY_WITH_DEVICE, ROLE, OVER_SESSION]),
        own in prop::option::of(prop::sample::select(vec!["policy", "policy_arns"])),
        setting in prop::option::of(prop::sample::select(vec!["keyfob_read_only = true", "keyfob_policy_arns = ADMIN"])),
        layers in prop::collection::vec(layer(), 1..5),
        is_scoped_unknown: bool,
    ) {
        let profile = if matches!(base, ROLE | OVER_SESSION) { "a" } else { "b" };
        let own = match own {
            Some("policy") => format!("policy = {}", allow("s3:*")),
            Some(_) => format!("policy_arns = {READ_ONLY_ARN}"),
            None => String::new(),
        };
        let setting = setting.unwrap_or_default().replace("ADMIN", ADMIN_ARN);
        let config = base.replacen(']', &format!("]|{own}|{setting}"), 1);
        let known = is_scoped_unknown.then(|| KnownBase { is_key: true, is_scoped_unknown, ..KnownBase::default() });
        let plain = planned(&config, Request { known: known.clone(), ..ask(profile) });
        let narrow = planned(&config, Request { known, narrow: layers.clone(), ..ask(profile) });
        let Ok(narrow) = narrow else { return Ok(()) };
        for action in ACTIONS {
            let is_allowed = allows(&narrow, action);
            if let Ok(plain) = &plain {
                prop_assert!(!is_allowed || allows(plain, action), "{action} is denied without narrowing");
            }
            for layer in &layers {
                prop_assert!(!is_allowed || layer_allows(layer, action), "{layer:?} denies {action}");
            }
            prop_assert!(!layers.contains(&Layer::ReadOnly) || !is_allowed || !action.contains("AssumeRole"));
        }
        if let Some(plain) = plain.as_ref().ok().filter(|plain| plain.narrowed != narrow.narrowed) {
            prop_assert_ne!(plain.steps.last(), narrow.steps.last(), "its name is made of that");
        }
    }
}
