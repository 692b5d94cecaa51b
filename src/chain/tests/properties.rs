//! What holds for every plan, whatever the profiles look like.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Input, ask};
use crate::chain::{Hop, Plan, Request, SessionStep, SpentIn, Step};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A profile with any mixture of the settings the walk asks for.
fn profile(name: &'static str) -> impl Strategy<Value = String> {
    let other = prop::sample::select(NAMES.to_vec());
    let seconds = prop::sample::select(vec![900_u32, 3600, 7200, 43_200]);
    let settings = (
        prop::option::weighted(0.9, Just(format!("role_arn = ROLE({name})"))),
        prop::option::weighted(0.9, other.clone().prop_map(|other| format!("source_profile = {other}"))),
        prop::option::weighted(
            0.2,
            other.prop_map(|other| format!("credential_process = keyfob credential-process {other}")),
        ),
        prop::option::weighted(0.2, Just("KEY".to_owned())),
        prop::option::weighted(0.4, Just("mfa_serial = DEVICE".to_owned())),
        prop::option::weighted(0.8, seconds.prop_map(|seconds| format!("duration_seconds = {seconds}"))),
    );
    settings.prop_map(move |(role, source, process, key, mfa, duration)| {
        let lines = [Some(format!("[profile {name}]")), role, source, process, key, mfa, duration];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    })
}

proptest! {
    // Long chains are rare among random profiles, so many are tried.
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_plan_ends_never_asks_aws_for_what_it_refuses_and_spends_one_code_at_most(
        profiles in NAMES.map(profile),
        stored in prop::sample::subsequence(NAMES.to_vec(), 0..3),
        no_session: bool,
    ) {
        let config = profiles.join("\n");
        let request = Request { no_session, ..ask("a") };
        let input = Input { config: &config, stored: &stored.join(" "), ask: request, ..Input::default() };
        if let Ok(plan) = input.plan() {
            let mut walk = plan.walk.clone();
            walk.sort();
            walk.dedup();
            prop_assert_eq!(walk.len(), plan.walk.len(), "a profile is met once");
            prop_assert_eq!(plan.walk.last(), Some(&plan.base.profile));
            prop_assert!(plan.walk.len() == 1 || !plan.hops().skip(1).any(|hop| hop.profile == plan.base.profile));
            let chained = usize::from(plan.session().is_none());
            for hop in plan.hops().skip(chained) {
                prop_assert!(hop.duration_seconds <= 3600, "role chaining ends after an hour");
            }
            for hop in plan.hops() {
                prop_assert!((900..=43_200).contains(&hop.duration_seconds));
                prop_assert!(hop.duration_asked.is_none_or(|asked| asked >= hop.duration_seconds));
            }
            match plan.mfa.as_ref().map(|mfa| mfa.spent_in) {
                Some(SpentIn::Session) => prop_assert!(plan.session().is_some() && !no_session),
                Some(SpentIn::Hop) => prop_assert!(plan.session().is_none() && plan.has_hops()),
                None => prop_assert!(plan.session().is_none() || !plan.has_hops()),
            }
        }
    }
}

/// What a setting may be worth, so that some plans fail for it and others never look at it.
fn value(setting: &'static str) -> impl Strategy<Value = String> {
    let good = match setting {
        "region" => "eu-west-1",
        "use_fips_endpoint" | "use_dualstack_endpoint" | "ignore_configured_endpoint_urls" => "true",
        "sts_regional_endpoints" => "legacy",
        "endpoint_url" => "http://localhost:4566",
        "services" => "s",
        "keyfob_session" => "never",
        "keyfob_mfa_max_age" => "15m",
        "mfa_serial" => "DEVICE",
        "duration_seconds" => "7200",
        _ => "fine",
    };
    prop::bool::weighted(0.8).prop_map(move |is_good| format!("{setting} = {}", if is_good { good } else { GARBAGE }))
}

/// No value of any setting that has a form.
const GARBAGE: &str = "{garbage}";

const OPTIONAL: [&str; 12] = [
    "region", "use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls",
    "sts_regional_endpoints", "endpoint_url", "services", "keyfob_session", "keyfob_mfa_max_age", "mfa_serial",
    "duration_seconds", "external_id",
];

/// The steps without the endpoints of services that no step calls.
fn calls(plan: &Plan) -> Vec<Step> {
    let mut steps = plan.steps.clone();
    for step in &mut steps {
        match step {
            Step::Base | Step::Scoped(_) | Step::Federation(_) => {}
            Step::SessionToken(SessionStep { target, .. }) | Step::AssumeRole(Hop { target, .. }) => {
                (target.iam_endpoint, target.other_endpoints) = (Ok(None), BTreeMap::new());
            }
        }
    }
    steps
}

/// A profile with a role or not, and some of the other settings.
fn profile_with_values(name: &'static str) -> impl Strategy<Value = String> {
    let other = prop::sample::select(NAMES.to_vec());
    let role = prop::option::weighted(
        0.6,
        other.prop_map(move |other| format!("role_arn = ROLE({name})\nsource_profile = {other}")),
    );
    let settings = prop::sample::subsequence(OPTIONAL.to_vec(), 0..5)
        .prop_flat_map(|names| names.into_iter().map(value).collect::<Vec<_>>());
    (role, settings).prop_map(move |(role, settings)| {
        let lines = [Some(format!("[profile {name}]")), role].into_iter().flatten().chain(settings);
        lines.collect::<Vec<_>>().join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_setting_that_plays_no_part_cannot_change_or_break_a_plan(
        profiles in NAMES.map(profile_with_values),
        stored in prop::sample::subsequence(NAMES.to_vec(), 1..4),
        no_session: bool,
    ) {
        let services = "[services s]\nsts =\n  endpoint_url = http://localhost:1";
        let config = format!("{}\n{services}", profiles.join("\n"));
        let stored = stored.join(" ");
        let planned = |config: &str| {
            let request = Request { no_session, ..ask("a") };
            Input { config, stored: &stored, ask: request, ..Input::default() }.plan()
        };
        let Ok(plan) = planned(&config) else { return Ok(()) };
        let lines: Vec<&str> = config.lines().collect();
        let mut profile = "";
        for (index, line) in lines.iter().enumerate() {
            if let Some(name) = line.strip_prefix("[profile ") {
                profile = name.trim_end_matches(']');
            }
            let Some((setting, _)) = line.split_once(" = ") else { continue };
            let has_part = plan.used.iter().any(|used| used.profile == profile && used.name == setting);
            if has_part || !OPTIONAL.contains(&setting) || line.starts_with(' ') {
                continue;
            }
            let broken = format!("{setting} = {GARBAGE}");
            let mut changed = lines.clone();
            changed[index] = &broken;
            let other = planned(&changed.join("\n"));
            prop_assert!(other.is_ok(), "{profile}: {broken}: {other:?}\n{config}");
            let other = other.expect("checked");
            prop_assert_eq!((calls(&other), &other.mfa, &other.used), (calls(&plan), &plan.mfa, &plan.used));
            prop_assert_eq!((&other.base, &other.walk), (&plan.base, &plan.walk));
        }
    }
}
