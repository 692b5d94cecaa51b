//! Plans carried out against a scripted AWS, one cache folder shared by many runs.

mod agreement;
mod failing;
mod world;

use std::sync::Barrier;
use std::time::Duration;

use self::world::{NOW, World, denied, refused};
use super::ResolveOptions;
use crate::chain::SpentIn;
use crate::chain::base::{BaseSource, SealWith};
use crate::credentials::Credentials;
use crate::error::Kind;
use crate::secret::Secret;
use crate::session_cache::sample::{edit_hops_target, hop_mut, plan};

#[test]
fn a_cold_chain_asks_one_code_and_a_warm_one_touches_neither_aws_nor_the_key() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a", "b"]);
    let first = world.get(&plan).expect("made");
    let made = [
        "GetSessionToken 43200 s, code 123456, by AKIAFAKEFAKEFAKEFAKE in eu-west-1",
        "AssumeRole role/a as keyfob-ann, 3600 s, by ASIAFAKE1 in eu-west-1",
        "AssumeRole role/b as keyfob-ann, 3600 s, by ASIAFAKE2 in eu-west-1",
    ];
    assert_eq!(world.calls(), made);
    assert_eq!((first.access_key_id(), first.account_id()), ("ASIAFAKE3", Some("210987654321")));
    let second = world.get(&plan).expect("cached");
    assert_eq!(second.session_token().map(Secret::expose), first.session_token().map(Secret::expose));
    assert_eq!((world.calls().len(), world.key_reads()), (3, 1));
    assert_eq!(world.warnings(), [""; 0]);
}

#[test]
fn fifty_at_once_on_a_cold_cache_make_one_prompt_and_one_call_a_step() {
    let world = World::new(&["123456"]);
    world.aws_takes(Duration::from_millis(30));
    let plan = plan("deploy", &["a", "b"]);
    let start = Barrier::new(50);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let run = || {
            start.wait();
            world.get(&plan).expect("an answer").access_key_id().to_owned()
        };
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(ids, vec!["ASIAFAKE3"; 50]);
    assert_eq!((world.calls().len(), world.prompts()), (3, 1));
}

#[test]
fn different_profiles_at_once_share_the_steps_they_have_in_common() {
    let world = World::new(&["123456"]);
    world.aws_takes(Duration::from_millis(10));
    let roles = [vec!["a", "b"], vec!["a", "c"], vec!["a"], vec!["d"]];
    std::thread::scope(|scope| {
        for (number, roles) in roles.iter().cycle().take(40).enumerate() {
            let world = &world;
            scope.spawn(move || world.get(&plan(&format!("p{number}"), roles)).expect("an answer"));
        }
    });
    let mut roles: Vec<String> = world.calls().iter().map(|call| call.split(' ').nth(1).unwrap_or("").into()).collect();
    roles.sort();
    assert_eq!(roles, ["43200", "role/a", "role/b", "role/c", "role/d"]);
    assert_eq!(world.prompts(), 1);
}

#[test]
fn an_edited_role_gives_the_new_role_over_the_same_mfa_session() {
    let world = World::new(&["123456"]);
    world.get(&plan("deploy", &["a"])).expect("made");
    let mut edited = plan("deploy", &["b"]);
    edit_hops_target(&mut edited, |target| target.region = "ap-south-1".into());
    world.get(&edited).expect("made");
    assert_eq!(world.calls()[2..], ["AssumeRole role/b as keyfob-ann, 3600 s, by ASIAFAKE1 in ap-south-1"]);
}

#[test]
fn a_profile_that_shares_a_session_is_written_into_its_header() {
    let world = World::new(&["123456"]);
    world.get(&plan("one", &["a"])).expect("made");
    world.get(&plan("two", &["a"])).expect("cached");
    let hop = world.ports.cache.list().expect("listed").into_iter().find(|header| header.role_arn.is_some());
    let hop = hop.expect("kept");
    assert_eq!(hop.profiles, ["one", "two"]);
    assert_eq!(world.get(&plan("two", &["a"])).expect("cached").access_key_id(), "ASIAFAKE2");
}

#[test]
fn a_code_for_a_long_role_is_spent_in_its_hop() {
    let world = World::new(&["123456"]);
    let mut plan = plan("deploy", &["a", "b"]);
    plan.steps.remove(0);
    hop_mut(&mut plan, 0).duration_seconds = 14_400;
    plan.mfa.as_mut().expect("there").spent_in = SpentIn::Hop;
    world.get(&plan).expect("made");
    let made = [
        "AssumeRole role/a as keyfob-ann, 14400 s, code 123456, by AKIAFAKEFAKEFAKEFAKE in eu-west-1",
        "AssumeRole role/b as keyfob-ann, 3600 s, by ASIAFAKE1 in eu-west-1",
    ];
    assert_eq!(world.calls(), made);
}

#[test]
fn a_plan_without_steps_is_the_key_itself_and_needs_no_sealing_key() {
    let world = World::new(&[]);
    world.lose_key_store(Kind::KeyStore, "the keychain is locked");
    let mut plan = plan("deploy", &[]);
    plan.steps.remove(0);
    plan.mfa = None;
    let error = world.get(&plan).expect_err("the key store is lost");
    assert_eq!(error.message(), "the keychain is locked: access key");
    world.find_access_keys();
    let credentials = world.get(&plan).expect("the key");
    assert!(matches!(credentials, Credentials::Key { .. }));
    assert_eq!(credentials.account_id(), Some("123456789012"));
}

#[test]
fn what_is_not_fresh_is_renewed_and_what_only_signs_need_not_be() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    world.get(&plan).expect("made");
    // The hop has 20 min left of its hour; the MFA session, of its 12 h, five minutes at the second time.
    for (after, calls) in [(2399, 2), (2400, 3), (43_200 - 300, 4)] {
        world.set_time(NOW + after);
        world.get(&plan).expect("an answer");
        assert_eq!((world.calls().len(), world.prompts()), (calls, 1), "after {after} s");
    }
    let options = ResolveOptions { min_ttl: Some(Duration::from_secs(3599)), ..ResolveOptions::default() };
    world.set_time(NOW + 43_200 - 298);
    world.get_with(&plan, &options).expect("an answer");
    assert_eq!(world.calls().len(), 5);
}

#[test]
fn a_cached_signer_that_aws_forgot_is_replaced_once() {
    for code in ["InvalidClientTokenId", "ExpiredToken"] {
        let world = World::new(&["111111", "222222"]);
        world.get(&plan("deploy", &["a"])).expect("made");
        world.aws_answers([refused(code, "The security token included in the request is invalid.")]);
        world.get(&plan("deploy", &["b"])).expect("made over a new session");
        let signers: Vec<_> =
            world.calls()[2..].iter().map(|call| call.split(" by ").nth(1).unwrap_or("").to_owned()).collect();
        assert_eq!(signers, ["ASIAFAKE1 in eu-west-1", "AKIAFAKEFAKEFAKEFAKE in eu-west-1", "ASIAFAKE3 in eu-west-1"]);
        // A signer made in this very run is not replaced: the refusal is about something else.
        let world = World::new(&["111111"]);
        world.aws_answers_after(1, [refused(code, "no")]);
        assert_eq!(world.get(&plan("deploy", &["a"])).expect_err("refused").kind(), Kind::Refused);
        assert_eq!(world.calls().len(), 2);
    }
}

#[test]
fn a_forgotten_signer_is_gone_even_where_no_other_can_be_had() {
    let world = World::new(&["111111"]);
    world.get(&plan("deploy", &["a"])).expect("made");
    world.aws_answers([refused("ExpiredToken", "The security token included in the request is expired")]);
    let error = world.get(&plan("deploy", &["b"])).expect_err("no second code");
    assert_eq!(error.kind(), Kind::NeedsHuman);
    assert_eq!(world.ports.cache.list().expect("listed").len(), 1, "the hop that still works");
}

#[test]
fn an_mfa_session_older_than_the_profile_accepts_is_not_used() {
    let world = World::new(&["111111", "222222"]);
    world.get(&plan("deploy", &["a"])).expect("made");
    world.set_time(NOW + 901);
    let mut strict = plan("admin", &["b"]);
    strict.mfa_max_age_seconds = Some(900);
    world.get(&strict).expect("made");
    assert_eq!(world.prompts(), 2);
    let mut tolerant = plan("audit", &["c"]);
    tolerant.mfa_max_age_seconds = Some(900);
    world.set_time(NOW + 1801);
    world.get(&tolerant).expect("made");
    assert_eq!(world.prompts(), 2, "the new one is shared");
}

#[test]
fn a_refusal_over_an_old_mfa_session_names_its_age_as_a_cause() {
    for (age, hinted) in [(900, false), (901, true)] {
        let world = World::new(&["111111"]);
        world.get(&plan("deploy", &["a"])).expect("made");
        world.set_time(NOW + age);
        world.aws_answers([denied()]);
        let error = world.get(&plan("deploy", &["b"])).expect_err("denied");
        assert_eq!(error.shown().contains("keyfob_mfa_max_age"), hinted, "{}", error.shown());
        assert_eq!(error.kind(), Kind::Refused);
    }
}

#[test]
fn a_damaged_file_is_a_miss_with_one_warning() {
    let world = World::new(&["111111", "222222"]);
    let plan = plan("base", &[]);
    world.get(&plan).expect("made");
    world.damage_sessions();
    assert_eq!(world.get(&plan).expect("made anew").access_key_id(), "ASIAFAKE2");
    let warnings = world.warnings();
    assert!(warnings.len() == 1 && warnings[0].starts_with("the cached session in "), "{warnings:?}");
    assert_eq!(world.get(&plan).expect("cached").access_key_id(), "ASIAFAKE2");
}

#[test]
fn with_another_sealing_key_every_session_is_made_anew() {
    let world = World::new(&["111111", "222222"]);
    let plan = plan("base", &[]);
    world.get(&plan).expect("made");
    world.set_sealing_key(vec![9; 32]);
    assert_eq!(world.get(&plan).expect("made").access_key_id(), "ASIAFAKE2");
    world.set_sealing_key(vec![9; 31]);
    assert_eq!(world.get(&plan).expect_err("damaged").kind(), Kind::KeyStore);
}

#[test]
fn a_cache_that_cannot_be_used_costs_a_warning_and_not_the_session() {
    let blocked = tempfile::NamedTempFile::new().expect("a file where the folder should be");
    let mut world = World::new(&["111111", "222222"]);
    world.move_cache(blocked.path().join("cache"));
    for prompts in [1, 2] {
        world.get(&plan("deploy", &["a"])).expect("made");
        assert_eq!((world.prompts(), world.warnings().len()), (prompts, 1), "{:?}", world.warnings());
        world.forget_warnings();
    }
}

#[test]
fn sessions_of_a_plain_text_key_are_kept_where_a_sealing_key_can_be_had() {
    let mut plan = plan("base", &[]);
    plan.base.source = BaseSource::Written { id: plan.base.key_id().expect("a key").clone() };
    plan.base.sealed_with = SealWith::Default;
    let world = World::new(&["111111", "222222"]);
    world.get(&plan).expect("made");
    world.get(&plan).expect("cached");
    assert_eq!((world.calls().len(), world.warnings().len()), (1, 0));
    world.lose_key_store(Kind::KeyStore, "no keychain");
    world.find_access_keys();
    world.get(&plan).expect("made without keeping it");
    assert_eq!((world.calls().len(), world.warnings().len()), (2, 0), "only `-v` says so");
}

#[test]
fn a_clock_that_was_behind_is_taken_to_be_so_still() {
    let world = World::new(&["111111", "222222"]);
    let plan = plan("base", &[]);
    world.clock_is_behind(600);
    world.get(&plan).expect("made");
    // By this machine 25 min are left, by AWS 15: not fresh, so renewed.
    world.set_time(NOW + 43_200 - 900);
    world.get(&plan).expect("renewed");
    assert_eq!(world.calls().len(), 2);
}

#[test]
fn a_session_made_under_a_clock_a_day_ahead_is_found_again_or_it_is_said_why_not() {
    let world = World::new(&["111111", "222222"]);
    let plan = plan("base", &[]);
    world.clock_is_behind(-86_400);
    world.get(&plan).expect("made");
    world.set_time(NOW + 3600);
    world.get(&plan).expect("cached");
    assert_eq!((world.calls().len(), world.warnings()), (1, Vec::new()));
    // Where the system does not tell whether the clock has been set.
    world.edit_headers(&plan, |header| header.clock_mark = None);
    world.get(&plan).expect("made");
    let warning = "the cached session of `base` is not used: this machine's clock, 24h ahead of AWS's when the session was \
                   made, says it has expired";
    assert_eq!((world.calls().len(), world.warnings()), (2, vec![warning.to_owned()]));
}

#[test]
fn what_is_wrong_is_said_with_the_step_that_failed() {
    let world = World::new(&["111111"]);
    world.aws_answers_after(2, [denied()]);
    let error = world.get(&plan("deploy", &["a", "b"])).expect_err("denied");
    assert!(error.message().starts_with("hop 2 of 2: cannot assume `arn:aws:iam::210987654321:role/b`"), "{error}");
}
