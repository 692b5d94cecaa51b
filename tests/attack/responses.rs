//! Somebody between keyfob and AWS, who changes responses.

use super::{Figures, HOSTILE, Random, has_its_key, judge, nothing_was_run};
use crate::responses::scene_without_codes;
use crate::rotate::hurry;
use crate::support::aws::Fault;

const ACTIONS: [&str; 9] = [
    "*", "GetSessionToken", "AssumeRole", "GetCallerIdentity", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey",
    "DeleteAccessKey", "GetAccessKeyLastUsed",
];

const ELEMENTS: [&str; 11] = [
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Arn", "Account", "UserId", "Status", "CreateDate",
    "Code", "Message",
];

const COMMANDS: [&[&str]; 9] = [
    &["credential-process", "bob"],
    &["credential-process", "plain"],
    &["exec", "plain", "--", "true"],
    &["env", "bob", "--shell", "bash"],
    &["rotate", "bob", "--yes"],
    &["rotate", "bob", "--resume", "--yes"],
    &["rotate", "bob", "--rollback", "--yes"],
    &["doctor", "--online"],
    &["keys", "--json"],
];

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let mut scene = scene_without_codes();
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_CALL_TIMEOUT", "3s");
    for _ in 0..10 {
        let times = 1 + random.below(4);
        scene.aws.faults(random.pick(&ACTIONS), times, change(random, &scene.key.id));
        judge(&scene.sandbox.keyfob(random.pick(&COMMANDS)).run(), false, figures);
        nothing_was_run(&scene);
        scene.aws.forget_faults();
        scene.sandbox.keyfob(&["clear", "bob"]).run().ok();
    }
    // Whatever was answered: the other user's key is untouched, and the attacked one's rotation ends.
    has_its_key(&scene, "work");
    let mut ran = scene.sandbox.keyfob(&["rotate", "bob", "--rollback", "--yes"]).run();
    if let Some(orphan) = ran.stderr.split("--delete-other ").nth(1).and_then(|rest| rest.split(['`', ' ']).next()) {
        ran = scene.sandbox.keyfob(&["rotate", "bob", "--rollback", "--yes", "--delete-other", orphan]).run();
    }
    judge(&ran, false, figures);
    has_its_key(&scene, "bob");
}

/// What becomes of a response.
fn change(random: &mut Random, known_key: &str) -> Fault {
    let (place, number) = (random.below(10_000), random.below(256));
    let element = random.pick(&ELEMENTS);
    let markup =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#10;").replace('\0', "&#0;");
    match random.below(8) {
        0 => Fault::rewritten(move |mut body| {
            let at = (0..=place % (body.len() + 1)).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
            body.truncate(at);
            body
        }),
        1 => Fault::rewritten(move |body| {
            let mut bytes = body.into_bytes();
            let length = bytes.len();
            bytes[place % length] ^= u8::try_from(number | 1).unwrap_or(1);
            String::from_utf8_lossy(&bytes).into_owned()
        }),
        2 => Fault::says(element, known_key),
        3 => Fault::says(element, "1970-01-01T00:00:00Z"),
        4 => Fault::rewritten(move |body| body + &" ".repeat(place * 300)),
        5 => Fault::rewritten(move |body| format!("{}{body}", "<x>".repeat(place))),
        6 => Fault::rewritten(move |body| body.replace("111122223333", "999999999999")),
        _ => Fault::says(element, &markup(random.pick(&HOSTILE))),
    }
}
