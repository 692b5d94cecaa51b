//! The ladder: `--mfa-code` or `KEYFOB_MFA_CODE`, a stored seed, `mfa_process`, the person.
//!
//! Where the person is asked, on the terminal or through pinentry, is the port's affair.

use std::time::Duration;

use crate::chain::{Mfa, Plan};
use crate::context::Context;
use crate::format::environment::of_helper;
use crate::human::{AskError, Human};
use crate::mfa::code::{CodeError, OfferedCode, Origin, six_digits};
use crate::mfa::ledger::Ledger;
use crate::secret::Secret;
use crate::sys::child::{self, Given};
use crate::sys::clock::Clock;
use crate::sys::env::vars;
use crate::totp::{STEP_SECONDS, Seed, seconds_left, step_at};

/// How often a person may try.
const TRIES: u32 = 3;

/// How often a seed may be used: once more, with the next code, where AWS says the first was used.
const MADE: u32 = 2;

/// How far the response that refuses a code may have moved the clock for another to be made, seconds.
const MOST_MOVED: u64 = 300;

/// The sources of a code for one run of one plan; the first that applies gives it, and never one that was sent before.
///
/// A given code is offered once: AWS takes a code once, and a second try with it could only fail. One made from a seed that AWS
/// refuses is followed once by the next. Whoever types gets three tries in all, whether keyfob or AWS found a code wrong.
pub struct CodeSource<'a> {
    profile: &'a str,
    mfa: &'a Mfa,
    context: Context<'a>,
    ledger: Ledger,
    given: Option<(&'static str, Secret)>,
    process_chain: Vec<String>,
    limit: Option<Duration>,
    seed: Option<Option<Seed>>,
    typed: u32,
    made: u32,
    /// The correction of the clock that the last code was made with, seconds.
    made_with: i64,
    waited: Duration,
}

impl<'a> CodeSource<'a> {
    /// The ladder for the device of a plan.
    ///
    /// `option` is `--mfa-code`; `limit` bounds a question, a program and the wait for the next code, for callers that SDKs
    /// do not wait for.
    pub fn new(
        plan: &'a Plan,
        mfa: &'a Mfa,
        context: Context<'a>,
        option: Option<&Secret>,
        limit: Option<Duration>,
    ) -> Self {
        let variable = || context.env.get(vars::KEYFOB_MFA_CODE).map(|code| Secret::new(code.to_owned()));
        let given = match option {
            Some(code) => Some(("--mfa-code", code.clone())),
            None => variable().map(|code| (vars::KEYFOB_MFA_CODE, code)),
        };
        CodeSource {
            profile: &plan.profile,
            mfa,
            context,
            ledger: Ledger::new(&context.paths.data),
            given,
            process_chain: plan.chain_for_programs(context.env),
            limit,
            seed: None,
            typed: 0,
            made: 0,
            made_with: 0,
            waited: Duration::ZERO,
        }
    }

    /// Whether a code was given that nobody has sent yet.
    pub fn brings_code(&self) -> bool {
        let code = self.given.as_ref().and_then(|(_, code)| six_digits(code.expose()));
        code.is_some_and(|code| !self.ledger.is_spent(&self.mfa.serial, &code, self.context.clock.now_for_codes()))
    }

    /// The next code, claimed for the caller: nobody else gets it from keyfob.
    ///
    /// `patience` bounds the wait for a code that is not spent, where the caller can do without one.
    ///
    /// # Errors
    /// Where the source that applies has none: a broken `mfa_process` or a locked key store does not fall through to the
    /// person.
    pub fn next_code(&mut self, patience: Option<Duration>) -> Result<OfferedCode, CodeError> {
        if let Some((name, code)) = self.given.take() {
            let code = six_digits(code.expose()).ok_or(CodeError::GivenMalformed(name))?;
            return match self.claim(&code, None) {
                true => Ok(OfferedCode { code, origin: Origin::Given, step: None }),
                false => Err(CodeError::GivenSpent(name)),
            };
        }
        if self.seed.is_none() {
            self.seed = Some(self.context.keys.seed(&self.mfa.serial).map_err(CodeError::Seed)?);
        }
        if let Some(Some(seed)) = self.seed.clone() {
            return self.make(&seed, patience);
        }
        match &self.mfa.process {
            Some(command) => self.run(command, patience),
            None => self.ask(),
        }
    }

    /// Takes note that AWS refused a code as wrong or used, and says whether another may be tried.
    pub fn note_refused(&mut self, offered: &OfferedCode, reason: &str) -> bool {
        if let Some(step) = offered.step {
            // Left as it is, it costs a wait.
            drop(self.ledger.refused(&self.mfa.serial, step, self.context.clock.now_for_codes()));
        }
        let (again, next) = match offered.origin {
            // What a program prints is not keyfob's to judge: its clock, or its device, may be another.
            Origin::Given | Origin::Process => (false, ""),
            Origin::Seed => (self.made < MADE, "trying the next one"),
            Origin::Typed => (self.typed < TRIES, "try again with the next code"),
        };
        if again {
            self.context.human.progress(&format!("{reason}; {next}"));
        }
        again
    }

    /// Why no other code is made from the seed although AWS refused one: the response that refused it says that this machine's
    /// clock is off by more than a response is believed.
    // Security: whoever answers in AWS's place must not choose the time of the next code.
    pub fn clock_problem(&self, offered: &OfferedCode) -> Option<CodeError> {
        let clock = self.context.clock;
        let off = clock.shown_offset_seconds();
        let moved = (off - self.made_with).unsigned_abs() > MOST_MOVED;
        let unheeded = off.abs_diff(clock.code_offset_seconds()) >= STEP_SECONDS.unsigned_abs();
        let serial = self.mfa.serial.clone();
        (offered.origin == Origin::Seed && (moved || unheeded)).then_some(CodeError::ClockOff { serial, off })
    }

    /// Takes note that a code was never sent, so that it is not spent.
    pub fn not_sent(&self, offered: &OfferedCode) {
        let given_back =
            self.ledger.give_back(&self.mfa.serial, &offered.code, offered.step, self.context.clock.now_for_codes());
        // Left claimed, it costs a wait.
        drop(given_back);
    }

    /// Claims a code. Where the ledger cannot be written, AWS alone tells what is spent, which is said.
    fn claim(&self, code: &Secret, step: Option<i64>) -> bool {
        self.ledger.claim(&self.mfa.serial, code, step, self.context.clock.now_for_codes()).unwrap_or_else(|error| {
            self.context.talk.warn(&format!("cannot record which MFA codes were used: {error}"));
            true
        })
    }

    fn make(&mut self, seed: &Seed, patience: Option<Duration>) -> Result<OfferedCode, CodeError> {
        self.made += 1;
        loop {
            self.made_with = self.context.clock.code_offset_seconds();
            let step = step_at(self.context.clock.now_for_codes());
            let code = seed.code(step);
            if self.claim(&code, Some(step)) {
                return Ok(OfferedCode { code, origin: Origin::Seed, step: Some(step) });
            }
            self.wait_for_next_step(patience)?;
        }
    }

    fn run(&mut self, command: &str, patience: Option<Duration>) -> Result<OfferedCode, CodeError> {
        for last in [false, true] {
            let code = self.output_of(command)?;
            if self.claim(&code, None) {
                return Ok(OfferedCode { code, origin: Origin::Process, step: None });
            }
            if !last {
                self.wait_for_next_step(patience)?;
            }
        }
        Err(CodeError::ProcessSpent { serial: self.mfa.serial.clone() })
    }

    fn output_of(&self, command: &str) -> Result<Secret, CodeError> {
        let argv = shell_words::split(command)
            .map_err(|problem| CodeError::ProcessQuoting { profile: self.mfa.profile.clone(), problem })?;
        // Security: the arguments stay out of messages, somebody may have put a secret there.
        let program = argv.first().cloned().unwrap_or_default();
        let most = self.context.settings.program_timeout;
        let limit = self.limit.map_or(most, |limit| limit.min(most));
        let env = of_helper(self.context.env);
        let answer = match child::run(&argv, Given { env: &env, chain: &self.process_chain, limit }) {
            Ok(answer) => answer,
            Err(error) => return Err(CodeError::ProcessFailed { program, error }),
        };
        if !answer.status.success() {
            return Err(CodeError::ProcessStatus { program, status: answer.status });
        }
        let text = std::str::from_utf8(answer.stdout.expose()).unwrap_or("");
        six_digits(text).ok_or(CodeError::ProcessMalformed(program))
    }

    fn not_asked(&self, error: AskError) -> CodeError {
        CodeError::NotAsked { profile: self.profile.to_owned(), serial: self.mfa.serial.clone(), error }
    }

    fn ask(&mut self) -> Result<OfferedCode, CodeError> {
        let Mfa { serial, .. } = self.mfa;
        let prompt = format!("MFA code for profile `{}` ({serial}): ", self.profile);
        loop {
            self.typed += 1;
            let answer = self.context.human.ask_secret(&prompt, self.limit).map_err(|error| self.not_asked(error))?;
            let last = match six_digits(answer.expose()) {
                None => "that is not six digits".to_owned(),
                Some(code) if self.claim(&code, None) => {
                    return Ok(OfferedCode { code, origin: Origin::Typed, step: None });
                }
                Some(_) => {
                    let left = seconds_left(self.context.clock.now_for_codes());
                    format!(
                        "that code was already used, and AWS accepts each code once: the next one comes in {left} s"
                    )
                }
            };
            if self.typed >= TRIES {
                return Err(CodeError::TypedUseless { serial: serial.clone(), last });
            }
            self.context.human.progress(&last);
        }
    }

    /// Waits for the step after this one, at most 30 s, counting down on the terminal.
    ///
    /// The ledger is not held meanwhile. Of several processes that wait one gets the new step's code, and the others wait
    /// again.
    fn wait_for_next_step(&mut self, patience: Option<Duration>) -> Result<(), CodeError> {
        let Context { clock, human, .. } = self.context;
        let seconds = seconds_left(clock.now_for_codes());
        let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let too_long = |most: Option<Duration>, all: Duration| most.is_some_and(|most| all > most);
        if too_long(patience, wait) || too_long(self.limit, self.waited + wait) {
            return Err(CodeError::NotYet { serial: self.mfa.serial.clone(), seconds });
        }
        wait_out(clock, human, seconds, "the last one was used").map_err(|error| self.not_asked(error))?;
        self.waited += wait;
        Ok(())
    }
}

/// Waits so many seconds for the next code, with a bar that fills on the terminal.
///
/// # Errors
/// Ctrl-C: whoever presses it is told what is left behind.
pub fn wait_out(clock: &Clock, human: &dyn Human, seconds: i64, why: &str) -> Result<(), AskError> {
    for left in (1..=seconds).rev() {
        let bar: String =
            (1..=STEP_SECONDS).map(|second| if second <= STEP_SECONDS - left { '#' } else { '.' }).collect();
        human.countdown(&format!("[{bar}] next code in {left:2} s: {why}"));
        if clock.wait_or_interrupt(Duration::from_secs(1)) {
            human.countdown("");
            return Err(AskError::Cancelled);
        }
    }
    human.countdown("");
    Ok(())
}
