//! The source of codes against a person, a seed and programs made up, on a clock that stands still but for waiting.

use std::time::Duration;

use crate::chain::Plan;
use crate::error::{Error, Kind, Result};
use crate::mfa::code::OfferedCode;
use crate::mfa::ledger::Ledger;
use crate::mfa::{CodeError, CodeSource, Origin, six_digits};
use crate::secret::Secret;
use crate::session_cache::sample;
use crate::sys::env::Environment;
use crate::testing::ports::{NoStores, OneKey, Ports};
use crate::testing::{Person, Silence};
use crate::timestamp::Timestamp;
use crate::totp::{Seed, step_at};

/// 10 s into a step.
const NOW: i64 = 1_700_000_020;

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// What a source of codes needs.
struct World {
    plan: Plan,
    ports: Ports,
    person: Person,
    keys: OneKey,
}

impl World {
    fn new(answers: &[&'static str]) -> World {
        let (plan, ports) = (sample::plan("deploy", &[]), Ports::at(NOW));
        World { plan, ports, person: Person::typing(answers), keys: OneKey { seed: Ok(None) } }
    }

    fn with_env(mut self, name: &str, value: &str) -> World {
        self.ports.env = Environment::from_pairs([(name, value)]);
        self
    }

    fn with_seed(self) -> World {
        World { keys: OneKey { seed: Ok(Some(seed())) }, ..self }
    }

    fn with_process(mut self, command: &str) -> World {
        self.plan.mfa.as_mut().expect("there").process = Some(command.to_owned());
        self
    }

    fn code_source(&self, option: Option<&Secret>, limit: Option<u64>) -> CodeSource<'_> {
        let World { plan, ports, person, keys } = self;
        let context = ports.context(&Silence, person, keys, &NoStores);
        CodeSource::new(plan, plan.mfa.as_ref().expect("there"), context, option, limit.map(Duration::from_secs))
    }

    fn serial(&self) -> &str {
        &self.plan.mfa.as_ref().expect("there").serial
    }

    /// Has a code used by another process.
    fn spend(&self, code: &str, step: Option<i64>) {
        let claimed =
            Ledger::new(&self.ports.paths.data).claim(self.serial(), &secret(code), step, self.ports.clock.now());
        assert!(claimed.expect("written"));
    }
}

fn seed() -> Seed {
    Seed::parse(SEED).expect("a seed")
}

fn made_at(unix: i64) -> String {
    seed().code(step_at(Timestamp::from_unix(unix))).expose().to_owned()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn code_of(result: Result<OfferedCode, CodeError>) -> (String, Origin) {
    let code = result.expect("a code");
    (code.code.expose().to_owned(), code.origin)
}

fn error_of(result: Result<OfferedCode, CodeError>) -> Error {
    result.expect_err("no code").into()
}

#[test]
fn a_given_code_is_offered_once_and_wins_over_everything_else() {
    let world = World::new(&["333333"]).with_env("KEYFOB_MFA_CODE", "111111");
    let mut from_variable = world.code_source(None, None);
    assert_eq!(code_of(from_variable.next_code(None)), ("111111".into(), Origin::Given));
    assert_eq!(code_of(from_variable.next_code(None)), ("333333".into(), Origin::Typed));
    let world = world.with_seed().with_process("echo 444444");
    let option = secret("222222");
    assert_eq!(code_of(world.code_source(Some(&option), None).next_code(None)), ("222222".into(), Origin::Given));
    let error = error_of(world.code_source(Some(&option), None).next_code(None));
    assert_eq!(error.message(), "the MFA code in `--mfa-code` was already used, and AWS accepts each code once");
}

#[test]
fn what_is_no_code_is_never_offered() {
    for (text, code) in [
        ("123456", Some("123456")),
        (" 123 456\n", Some("123456")),
        ("", None),
        ("12345", None),
        ("1234567", None),
        ("12345a", None),
        ("１２３４５６", None),
    ] {
        assert_eq!(six_digits(text).as_ref().map(Secret::expose), code, "{text:?}");
    }
    let world = World::new(&[]).with_env("KEYFOB_MFA_CODE", "hunter2");
    let error = error_of(world.code_source(None, None).next_code(None));
    assert_eq!(error.kind(), Kind::Usage);
    assert!(!error.shown().contains("hunter2"), "{}", error.shown());
}

#[test]
fn a_person_has_three_tries_and_the_prompt_names_profile_and_device() {
    let world = World::new(&["12", "123456", "123456", "654321"]);
    let mut code_source = world.code_source(None, None);
    let typed = code_source.next_code(None).expect("a code");
    assert_eq!(typed.code.expose(), "123456");
    assert!(code_source.note_refused(&typed, "AWS refused that code"));
    // The third try is the code that was sent already: it is not sent again.
    let error = error_of(code_source.next_code(None));
    assert!(error.shown().contains("because: that code was already used"), "{error:?}");
    assert!(!code_source.note_refused(&typed, "AWS refused that code"));
    let prompt = "MFA code for profile `deploy` (arn:aws:iam::123456789012:mfa/ann): ";
    let again = "AWS refused that code; try again with the next code";
    assert_eq!(*world.person.seen.lock().expect("sound"), [prompt, "that is not six digits", prompt, again, prompt]);
}

#[test]
fn with_nobody_to_ask_the_first_line_says_what_to_do() {
    let error = error_of(World::new(&[]).code_source(None, None).next_code(None));
    assert_eq!(error.kind(), Kind::NeedsHuman);
    assert!(error.message().ends_with("start a session in a terminal first"), "{}", error.message());
    assert_eq!(error.hint_texts()[0], "`keyfob exec deploy -- true`");
    assert_eq!(error.cause_texts(), ["there is no terminal"]);
}

#[test]
fn a_stored_seed_makes_the_code_of_this_step_and_nobody_is_asked() {
    let world = World::new(&["999999"]).with_seed().with_process("echo 999999");
    let offered = world.code_source(None, None).next_code(None).expect("a code");
    assert_eq!((offered.code.expose(), offered.origin), (made_at(NOW).as_str(), Origin::Seed));
    assert!(world.person.seen.lock().expect("sound").is_empty());
}

#[test]
fn a_seed_that_cannot_be_had_ends_the_run() {
    let locked = Err(Error::new(Kind::KeyStore, "the keychain is locked"));
    let world = World { keys: OneKey { seed: locked }, ..World::new(&["999999"]).with_process("echo 999999") };
    assert_eq!(error_of(world.code_source(None, None).next_code(None)).kind(), Kind::KeyStore);
}

#[test]
fn two_that_want_a_code_at_once_get_two_and_the_second_waits_for_its_step() {
    let world = World::new(&[]).with_seed();
    assert_eq!(code_of(world.code_source(None, None).next_code(None)).0, made_at(NOW));
    assert_eq!(code_of(world.code_source(None, None).next_code(None)).0, made_at(NOW + 30));
    assert_eq!(world.ports.clock.now().unix(), NOW + 20, "no longer than to the next step");
    let counted = world.person.counted.lock().expect("sound");
    assert_eq!((counted.len(), counted.last().map(String::as_str)), (21, Some("")));
    assert_eq!(counted[0], "[##########....................] next code in 20 s: the last one was used");
}

#[test]
fn a_code_that_was_typed_is_not_made_again() {
    let world = World::new(&[]).with_seed();
    world.spend(&made_at(NOW), None);
    assert_eq!(code_of(world.code_source(None, None).next_code(None)).0, made_at(NOW + 30));
}

#[test]
fn whoever_cannot_wait_is_told_when_the_next_code_comes() {
    let world = World::new(&[]).with_seed();
    world.spend(&made_at(NOW), Some(step_at(world.ports.clock.now())));
    for (limit, patience) in [(Some(19), None), (None, Some(Duration::from_secs(3)))] {
        let error = error_of(world.code_source(None, limit).next_code(patience));
        assert!(error.message().ends_with("the next one comes in 20 s"), "{}", error.message());
    }
    assert_eq!(code_of(world.code_source(None, Some(20)).next_code(None)).0, made_at(NOW + 30));
}

#[test]
fn a_made_code_that_aws_refuses_is_followed_once_by_the_next() {
    let world = World::new(&[]).with_seed();
    let mut code_source = world.code_source(None, None);
    let first = code_source.next_code(None).expect("a code");
    assert_eq!(first.code.expose(), made_at(NOW));
    assert!(code_source.note_refused(&first, "used by a phone"));
    let second = code_source.next_code(None).expect("a code");
    assert_eq!(second.code.expose(), made_at(NOW + 30));
    assert!(!code_source.note_refused(&second, "used by a phone"));
}

#[test]
fn once_aws_has_told_the_time_the_code_is_made_for_it_without_a_wait() {
    let world = World::new(&[]).with_seed();
    let mut code_source = world.code_source(None, None);
    for offset in [300, -30] {
        world.ports.clock.correct(0);
        let first = code_source.next_code(None).expect("a code");
        world.ports.clock.correct(offset);
        assert!(code_source.note_refused(&first, "made for another time"));
        assert_eq!(code_of(code_source.next_code(None)).0, made_at(NOW + offset));
        assert_eq!(world.ports.clock.uncorrected().unix(), NOW);
        code_source = world.code_source(None, None);
        std::fs::remove_file(world.ports.paths.data.join("mfa-codes.json")).expect("there");
    }
}

#[test]
fn a_code_that_never_went_out_is_not_spent() {
    let world = World::new(&[]).with_seed();
    let mut code_source = world.code_source(None, None);
    let offered = code_source.next_code(None).expect("a code");
    code_source.not_sent(&offered);
    assert_eq!(code_of(world.code_source(None, None).next_code(None)).0, made_at(NOW));
}

#[cfg(unix)]
#[test]
fn a_program_gives_the_code_or_ends_the_run() {
    let cases = [
        ("echo 123456", Ok("123456")),
        ("sh -c 'echo $KEYFOB_CHAIN | grep -qx outer,deploy,base && printf \" 654321 \"'", Ok("654321")),
        ("sh -c 'echo 123456; exit 3'", Err("`sh` did not print an MFA code: it failed (exit status: 3)")),
        ("echo s3cret", Err("`echo` printed something that is not six digits")),
        ("sh -c 'unfinished", Err("`mfa_process` of profile `base`: missing closing quote")),
        ("/nonexistent/ykman code", Err("`/nonexistent/ykman` did not print an MFA code: it could not be started")),
        ("sleep 30", Err("`sleep` did not print an MFA code: it did not finish within 2s")),
    ];
    for (command, expected) in cases {
        // Nobody is asked where a program is named, so this answer is never used.
        let world = World::new(&["999999"]).with_env("KEYFOB_CHAIN", "outer").with_process(command);
        let result = world.code_source(None, Some(2)).next_code(None);
        match expected {
            Ok(code) => assert_eq!(code_of(result), (code.into(), Origin::Process), "{command}"),
            Err(message) => {
                let error = error_of(result);
                assert!(error.message().starts_with(message), "{command}: {}", error.message());
                assert!(!error.shown().contains("s3cret"));
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_prints_a_spent_code_is_run_again_at_the_next_step_and_no_more() {
    let world = World::new(&[]);
    let state = world.ports.paths.data.join("next");
    let command = format!("sh -c 'if [ -e {0} ]; then echo 222222; else touch {0}; echo 111111; fi'", state.display());
    let world = world.with_process(&command);
    world.spend("111111", None);
    assert_eq!(code_of(world.code_source(None, None).next_code(None)).0, "222222");
    let error = error_of(world.code_source(None, None).next_code(None));
    assert!(error.message().contains("printed a code of `arn:"), "{}", error.message());
    assert_eq!(world.ports.clock.now().unix(), NOW + 50, "it waited for two steps");
}
