//! The tables of the state machine.

use std::time::Duration;

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn id(last: &str) -> AccessKeyId {
    format!("AKIAFAKEFAKEFAKE{last:0>4}").parse().expect("valid")
}

fn journal() -> Journal {
    let user =
        User { arn: "arn:aws:iam::111122223333:user/ann".into(), name: "ann".into(), account: "111122223333".into() };
    let users = BTreeMap::from([("work".to_owned(), StoreId::VAULT)]);
    let mut journal = Journal::new("work", (&id("OLD"), StoreId::VAULT), user, Asked::default(), users);
    journal.before = vec![id("OLD")];
    journal
}

/// A journal that stands at this step.
fn at(step: RotationStep, done: bool) -> Journal {
    let mut journal = journal();
    journal.new = (step != RotationStep::Create && step != RotationStep::Discard).then(|| id("NEW"));
    journal.begin(step, NOW);
    if done {
        journal.complete(NOW);
    }
    journal
}

const FORWARD: [RotationStep; 8] = [
    RotationStep::Create,
    RotationStep::Prove,
    RotationStep::Switch,
    RotationStep::Settle,
    RotationStep::Deactivate,
    RotationStep::Confirm,
    RotationStep::Delete,
    RotationStep::Forget,
];

const BACK: [RotationStep; 5] = [
    RotationStep::Reactivate,
    RotationStep::ProveOld,
    RotationStep::PointBack,
    RotationStep::DeleteNew,
    RotationStep::ForgetNew,
];

#[test]
fn the_steps_follow_each_other_and_a_rotation_rests_before_it_deletes() {
    let mut journal = journal();
    let mut done = Vec::new();
    while let Some(step) = journal.next() {
        journal.begin(step, NOW);
        done.push(step);
        journal.complete(NOW);
    }
    assert_eq!(done, FORWARD[..6]);
    assert_eq!(journal.phase(), Phase::Resting);
    assert_eq!((journal.switched_at, journal.inactive_at), (Some(NOW), Some(NOW)));
    journal.asked.delete_now = true;
    assert_eq!(journal.next(), Some(RotationStep::Delete));
}

#[test]
fn a_step_that_was_begun_is_done_again() {
    for step in FORWARD.into_iter().chain(BACK).chain([RotationStep::Discard]) {
        assert_eq!(at(step, false).next(), Some(step));
        assert!(!step.leaves().is_empty());
        let name = serde_json::to_value(step).expect("JSON");
        assert_eq!(name, step.name());
    }
}

#[test]
fn each_way_ends() {
    for (steps, last) in [(&FORWARD[..], RotationStep::Forget), (&BACK[..], RotationStep::ForgetNew)] {
        let mut journal = at(steps[0], false);
        journal.asked.delete_now = true;
        for step in steps {
            assert_eq!(journal.next(), Some(*step));
            journal.begin(*step, NOW);
            journal.complete(NOW);
        }
        assert_eq!((journal.at(), journal.next(), journal.phase()), ((last, true), None, Phase::Ended));
    }
    assert_eq!(at(RotationStep::Discard, true).phase(), Phase::Ended);
}

#[test]
fn the_way_back_begins_where_the_old_key_needs_it() {
    use KeyState::{Active, Gone, Inactive};
    let cases = [
        (RotationStep::Create, false, Active, Some(RotationStep::Discard)),
        (RotationStep::Prove, false, Active, Some(RotationStep::ProveOld)),
        (RotationStep::Switch, true, Active, Some(RotationStep::ProveOld)),
        (RotationStep::Deactivate, false, Active, Some(RotationStep::ProveOld)),
        (RotationStep::Deactivate, false, Inactive, Some(RotationStep::Reactivate)),
        (RotationStep::Confirm, true, Inactive, Some(RotationStep::Reactivate)),
        (RotationStep::Delete, false, Inactive, Some(RotationStep::Reactivate)),
        (RotationStep::Delete, false, Gone, None),
        (RotationStep::Forget, false, Gone, None),
        // A way back that was begun goes on.
        (RotationStep::Reactivate, false, Inactive, Some(RotationStep::Reactivate)),
        (RotationStep::Reactivate, true, Active, Some(RotationStep::ProveOld)),
        (RotationStep::DeleteNew, false, Active, Some(RotationStep::DeleteNew)),
        (RotationStep::DeleteNew, true, Active, Some(RotationStep::ForgetNew)),
    ];
    for (step, done, old, expected) in cases {
        assert_eq!(way_back(&at(step, done), old), expected, "{step:?} {done} {old:?}");
    }
}

#[test]
fn a_lost_answer_is_found_out_by_comparing_lists() {
    let (old, new) = (id("OLD"), id("NEW"));
    let mut journal = journal();
    let stored = |_: &AccessKeyId| true;
    let nothing = |_: &AccessKeyId| false;
    assert_eq!(find_out(&journal, std::slice::from_ref(&old), nothing), Observation::Nothing);
    assert_eq!(find_out(&journal, &[], nothing), Observation::Nothing);
    assert_eq!(find_out(&journal, &[old.clone(), new.clone()], nothing), Observation::Orphan(new.clone()));
    assert_eq!(find_out(&journal, &[new.clone(), old.clone()], stored), Observation::Stored(new.clone()));
    journal.lost = Some(new.clone());
    assert_eq!(find_out(&journal, &[old.clone(), new.clone()], nothing), Observation::Lost(new.clone()));
    // A key that was there before is nobody's orphan.
    journal.before.push(new.clone());
    assert_eq!(find_out(&journal, &[old, new], nothing), Observation::Nothing);
}

#[test]
fn only_create_is_never_sent_again_where_it_may_have_been_processed() {
    use Failure::{NoSuchKey, Passing, Refused, UnknownSigner};
    let (lost, throttled) = (Passing { may_be_processed: true }, Passing { may_be_processed: false });
    for step in FORWARD.into_iter().chain(BACK).chain([RotationStep::Discard]) {
        let create = step == RotationStep::Create;
        assert_eq!(judge(step, lost), if create { Verdict::FindOut } else { Verdict::Again }, "{step:?}");
        assert_eq!(judge(step, throttled), Verdict::Again, "{step:?}");
        assert_eq!(judge(step, UnknownSigner), if create { Verdict::Stop } else { Verdict::Again }, "{step:?}");
        assert_eq!(judge(step, Refused), Verdict::Stop, "{step:?}");
        let deletes = matches!(
            step,
            RotationStep::Deactivate | RotationStep::Delete | RotationStep::DeleteNew | RotationStep::Discard
        );
        assert_eq!(judge(step, NoSuchKey), if deletes { Verdict::AsGood } else { Verdict::Stop }, "{step:?}");
    }
}

#[test]
fn an_old_key_is_deleted_when_it_was_inactive_long_enough_and_nobody_used_it() {
    let day = Duration::from_hours(24);
    let resting = at(RotationStep::Confirm, true);
    let mut resting = Journal { switched_at: Some(NOW), inactive_at: Some(NOW.plus_seconds(10)), ..resting };
    let finish = |journal: &Journal, old, used: Option<i64>, after| {
        may_finish(journal, old, used.map(|used| NOW.plus_seconds(used)), day, NOW.plus_seconds(after))
    };
    use KeyState::{Active, Gone, Inactive};
    assert_eq!(finish(&resting, Inactive, None, 86_410), Ok(()));
    assert_eq!(finish(&resting, Inactive, Some(0), 86_410), Ok(()));
    assert_eq!(finish(&resting, Inactive, None, 86_409), Err(NotYet::TooEarly(NOW.plus_seconds(86_410))));
    assert_eq!(finish(&resting, Inactive, Some(3), 99_999), Err(NotYet::Used(NOW.plus_seconds(3))));
    assert_eq!(finish(&resting, Active, None, 99_999), Err(NotYet::Active));
    assert_eq!(finish(&resting, Gone, None, 0), Ok(()));
    resting.inactive_at = None;
    assert_eq!(finish(&resting, Inactive, None, 0), Ok(()), "a journal that does not say since when");
}

#[test]
fn a_journal_is_read_back_as_it_was_written_and_holds_no_secret() {
    let journal = at(RotationStep::Deactivate, true);
    let text = serde_json::to_string_pretty(&journal).expect("JSON");
    assert_eq!(serde_json::from_str::<Journal>(&text).expect("read"), journal);
    assert!(text.contains("\"step\": \"deactivate\"") && !text.contains("secret"), "{text}");
    assert!(journal.concerns(&id("OLD")) && journal.concerns(&id("NEW")) && !journal.concerns(&id("X")));
    assert_eq!(journal.other_than(&id("NEW")), Some(&id("OLD")));
    assert_eq!(journal.other_than(&id("X")), None);
}

#[test]
fn keys_are_in_motion_from_the_first_step_to_the_rest() {
    for (step, done, phase) in [
        (RotationStep::Create, false, Phase::Unfinished),
        (RotationStep::Confirm, false, Phase::Unfinished),
        (RotationStep::Confirm, true, Phase::Resting),
        (RotationStep::Delete, false, Phase::Resting),
        (RotationStep::Reactivate, false, Phase::Unfinished),
        (RotationStep::ForgetNew, true, Phase::Ended),
    ] {
        assert_eq!(at(step, done).phase(), phase, "{step:?} {done}");
    }
    for (step, done, active) in [
        (RotationStep::Settle, true, true),
        (RotationStep::Deactivate, false, false),
        (RotationStep::Reactivate, false, false),
        (RotationStep::Reactivate, true, true),
    ] {
        assert_eq!(at(step, done).old_is_active(), active, "{step:?} {done}");
    }
}
