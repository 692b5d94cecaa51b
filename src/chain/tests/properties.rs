//! What holds for every plan, whatever the profiles look like.

use proptest::prelude::*;

use super::{Input, ask};
use crate::chain::{Request, SpentIn};

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
