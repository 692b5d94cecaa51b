//! What happens where a renewal fails, a person does not answer, or a code is wrong.

use std::time::{Duration, Instant};

use super::world::{NOW, World, refused, unreachable};
use crate::error::{Error, Kind};
use crate::ops::resolve::ResolveOptions;
use crate::secret::Secret;
use crate::session_cache::sample::{self, plan};

const WRONG_CODE: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code.";

#[test]
fn a_usable_session_is_served_with_a_warning_and_the_failure_remembered_for_a_minute() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    let first = world.get(&plan).expect("made");
    world.aws_answers([unreachable(), unreachable()]);
    for (after, calls) in [(3000, 3), (3001, 3), (3059, 3), (3060, 4), (3061, 4)] {
        world.set_time(NOW + after);
        assert_eq!(world.get(&plan).expect("usable").access_key_id(), first.access_key_id());
        assert_eq!((world.calls().len(), world.warnings().len()), (calls, 1), "after {after} s");
        let warning = world.warnings().remove(0);
        assert!(
            warning.starts_with("the session of `deploy` expires at 2023-11-14T23:13:20Z and could not be renewed"),
            "{warning}"
        );
        assert!(warning.contains("cannot reach"), "{warning}");
        world.forget_warnings();
    }
    world.set_time(NOW + 3120);
    assert_eq!(world.get(&plan).expect("renewed").access_key_id(), "ASIAFAKE3");
    world.set_time(NOW + 3125);
    world.get(&plan).expect("cached");
    assert_eq!((world.calls().len(), world.warnings().len()), (5, 0));
}

#[test]
fn the_renewal_of_a_usable_session_has_three_seconds() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    world.get(&plan).expect("made");
    assert_eq!(world.time_limits(), [None, None]);
    world.set_time(NOW + 3000);
    world.get(&plan).expect("renewed");
    let limit = world.time_limits()[2].expect("limited");
    assert!(limit <= Duration::from_secs(3) && !limit.is_zero(), "{limit:?}");
}

#[test]
fn a_usable_session_is_not_kept_waiting_for_another_process() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    world.get(&plan).expect("made");
    world.set_time(NOW + 3000);
    let _held = world.hold_lock(&plan);
    let start = Instant::now();
    world.get(&plan).expect("usable");
    // Far from the two minutes for which it would be waited for otherwise, and room for a busy machine.
    assert!((2900..60_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert!(world.warnings()[0].contains("is getting the same session"), "{:?}", world.warnings());
    let waiting = format!("waiting for process {}, which is getting the same session as `deploy`", std::process::id());
    assert_eq!(world.progress(), [waiting]);
}

#[test]
fn another_process_is_waited_for_as_long_as_a_person_would_be() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    let _held = world.hold_lock(&plan);
    let options = ResolveOptions { prompt_limit: Some(Duration::from_secs(1)), ..ResolveOptions::default() };
    let error = world.get_with(&plan, &options).expect_err("held");
    let (kind, pid) = (error.kind(), std::process::id());
    let text = error.shown();
    assert_eq!((kind, world.prompts(), world.calls().len()), (Kind::Failed, 0, 0));
    assert!(
        text.contains(&format!("process {pid} is getting the same session and has not finished after 1 s")),
        "{text}"
    );
    assert!(text.contains(&format!("`kill {pid}`")), "{text}");
}

#[test]
fn whoever_asks_for_a_life_of_their_own_gets_it_or_the_error() {
    let world = World::new(&["123456"]);
    let plan = plan("deploy", &["a"]);
    let first = world.get(&plan).expect("made");
    let at_least =
        |minutes: u64| ResolveOptions { min_ttl: Some(Duration::from_secs(60 * minutes)), ..Default::default() };
    // Ten minutes of the role's hour are left.
    world.set_time(NOW + 3000);
    world.aws_answers([unreachable(), unreachable()]);
    let served = world.get_with(&plan, &at_least(10)).expect("cached");
    assert_eq!((served.access_key_id(), world.calls().len()), (first.access_key_id(), 2));
    for calls in [3, 4] {
        let error = world.get_with(&plan, &at_least(15)).expect_err("no new one is to be had");
        assert!(error.message().contains("cannot reach"), "{error}");
        assert_eq!((world.calls().len(), world.time_limits()[calls - 1]), (calls, None), "asked anew, without haste");
    }
    assert_eq!(world.warnings(), [""; 0]);
    world.get_with(&plan, &at_least(60)).expect("made");
    assert_eq!(world.calls().len(), 5);
    let error = world.get_with(&plan, &at_least(61)).expect_err("it lives for an hour");
    assert_eq!(error.message(), "`--min-ttl 1h 1m` is not possible: the credentials of `deploy` last only 1h");
    assert_eq!((error.kind(), world.calls().len()), (Kind::Usage, 5));

    let world = World::new(&["123456"]);
    let plan = sample::plan("base", &[]);
    world.get(&plan).expect("made");
    world.set_time(NOW + 43_200 - 600);
    assert_eq!(world.get_with(&plan, &at_least(15)).expect_err("nobody there").kind(), Kind::NeedsHuman);
    assert_eq!(world.warnings(), [""; 0]);
}

#[test]
fn a_person_who_cannot_be_asked_or_declines_leaves_the_usable_session() {
    for answers in [&["123456"][..], &["123456", "declined"]] {
        let world = World::new(answers);
        let plan = plan("base", &[]);
        world.get(&plan).expect("made");
        world.set_time(NOW + 43_200 - 600);
        world.get(&plan).expect("usable");
        assert_eq!((world.calls().len(), world.prompts()), (1, 2));
        world.get(&plan).expect("usable");
        assert_eq!((world.prompts(), world.warnings().len()), (2, 2), "not asked again within the minute");
        world.set_time(NOW + 43_200 - 59);
        assert!(world.get(&plan).is_err(), "a minute before its end it is no use to anybody");
    }
}

#[test]
fn nobody_to_ask_and_nothing_cached_is_exit_3_and_no_call() {
    let world = World::new(&[]);
    let error = world.get(&plan("deploy", &["a"])).expect_err("nobody can be asked");
    assert_eq!((error.kind(), world.calls().len()), (Kind::NeedsHuman, 0));
    assert_eq!(world.progress(), [""; 0]);
}

#[test]
fn without_the_key_a_usable_session_is_served_and_without_one_the_stores_error_stands() {
    let world = World::new(&["123456", "654321"]);
    let plan = plan("base", &[]);
    world.get(&plan).expect("made");
    world.lose_access_keys(Kind::KeyStore, "the keychain is locked");
    world.set_time(NOW + 43_200 - 600);
    world.get(&plan).expect("usable");
    assert!(world.warnings()[0].ends_with("could not be renewed: the keychain is locked: access key"));
    world.set_time(NOW + 43_200);
    assert_eq!(world.get(&plan).expect_err("nothing left").kind(), Kind::KeyStore);
    assert_eq!(world.prompts(), 1, "nobody is asked for a code that could not be used");
}

#[test]
fn a_typed_code_may_be_wrong_twice() {
    let wrong = || refused("AccessDenied", WRONG_CODE);
    let world = World::new(&["111111", "222222", "333333"]);
    world.aws_answers([wrong(), wrong()]);
    world.get(&plan("deploy", &["a"])).expect("the third was right");
    let codes: Vec<_> =
        world.calls().iter().filter_map(|call| call.split("code ").nth(1)?.get(..6).map(str::to_owned)).collect();
    assert_eq!(codes, ["111111", "222222", "333333"]);
    assert!(
        world.progress().iter().all(|text| text.contains("is wrong or was already used")),
        "{:?}",
        world.progress()
    );

    let world = World::new(&["111111", "222222", "333333", "444444"]);
    world.aws_answers([wrong(), wrong(), wrong()]);
    let error = world.get(&plan("deploy", &["a"])).expect_err("three were wrong");
    assert_eq!((error.kind(), world.prompts(), world.calls().len()), (Kind::Refused, 3, 3));
}

#[test]
fn a_wrong_code_nobody_typed_is_an_error_and_is_not_sent_again() {
    let options = ResolveOptions { mfa_code: Some(Secret::new("111111".into())), ..ResolveOptions::default() };
    let mut with_program = plan("deploy", &["a"]);
    let echo = if cfg!(windows) { "cmd /c echo 111111" } else { "echo 111111" };
    with_program.mfa.as_mut().expect("there").process = Some(echo.into());
    for (plan, options) in [(plan("deploy", &["a"]), options), (with_program, ResolveOptions::default())] {
        let world = World::new(&["222222"]);
        world.aws_answers([refused("AccessDenied", WRONG_CODE)]);
        let error = world.get_with(&plan, &options).expect_err("refused");
        assert_eq!((error.kind(), world.prompts(), world.calls().len()), (Kind::Refused, 0, 1));
    }
}

#[test]
fn a_failure_is_shared_with_those_that_wait_and_not_with_later_ones() {
    let world = World::new(&["declined", "123456"]);
    let plan = plan("deploy", &["a"]);
    world.person_takes(Duration::from_millis(500));
    let errors: Vec<Error> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| world.get(&plan).expect_err("declined"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(errors.windows(2).all(|pair| pair[0] == pair[1]), "{errors:?}");
    assert_eq!(errors[0].message(), "no MFA code for profile `deploy`: cancelled");
    assert_eq!(world.prompts(), 1);
    world.get(&plan).expect("a later one asks anew");
    assert_eq!(world.prompts(), 2);
}
