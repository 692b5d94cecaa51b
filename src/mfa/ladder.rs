//! The ladder: `--mfa-code` or `KEYFOB_MFA_CODE`, `mfa_process`, the terminal.

use std::time::Duration;

use crate::chain::{Mfa, Plan};
use crate::human::{AskError, Human};
use crate::mfa::code::{CodeError, OfferedCode, Origin};
use crate::secret::Secret;
use crate::settings::{Prompt, Settings};
use crate::sys::child;
use crate::sys::env::{Environment, vars};

/// How often a person may try.
const TRIES: u32 = 3;

/// The sources of a code for one run of one plan; the first that applies gives it.
///
/// A given code is offered once: AWS takes a code once, and a second try with it could only fail. Whoever types gets
/// three tries in all, whether keyfob or AWS found a code wrong.
pub struct Ladder<'a> {
    profile: &'a str,
    mfa: &'a Mfa,
    settings: &'a Settings,
    human: &'a dyn Human,
    given: Option<(&'static str, Secret)>,
    process_chain: Vec<String>,
    limit: Option<Duration>,
    typed: u32,
}

impl<'a> Ladder<'a> {
    /// The ladder for the device of a plan.
    ///
    /// `option` is `--mfa-code`; `limit` bounds a question and a program, for callers that SDKs do not wait for.
    pub fn new(
        plan: &'a Plan,
        mfa: &'a Mfa,
        env: &Environment,
        settings: &'a Settings,
        human: &'a dyn Human,
        option: Option<&Secret>,
        limit: Option<Duration>,
    ) -> Self {
        let given = match option {
            Some(code) => Some(("--mfa-code", code.clone())),
            None => env.get(vars::KEYFOB_MFA_CODE).map(|code| (vars::KEYFOB_MFA_CODE, Secret::new(code.to_owned()))),
        };
        let process_chain = plan.chain_for_programs(env);
        Ladder { profile: &plan.profile, mfa, settings, human, given, process_chain, limit, typed: 0 }
    }

    /// The next code.
    ///
    /// # Errors
    /// Where the source that applies has none: a broken `mfa_process` does not fall through to the terminal.
    pub fn next_code(&mut self) -> Result<OfferedCode, CodeError> {
        if let Some((name, code)) = self.given.take() {
            let code = six_digits(code.expose()).ok_or(CodeError::GivenMalformed(name))?;
            return Ok(OfferedCode { code, origin: Origin::Given });
        }
        match &self.mfa.process {
            Some(command) => self.run(command).map(|code| OfferedCode { code, origin: Origin::Process }),
            None => self.ask().map(|code| OfferedCode { code, origin: Origin::Typed }),
        }
    }

    /// Whether the person may type another code after AWS has refused one; they are told why it was.
    pub fn may_try_again(&self, reason: &str) -> bool {
        let may = self.typed < TRIES;
        if may {
            self.human.progress(&format!("{reason}; try again with the next code"));
        }
        may
    }

    fn run(&self, command: &str) -> Result<Secret, CodeError> {
        let argv = shell_words::split(command)
            .map_err(|problem| CodeError::ProcessQuoting { profile: self.mfa.profile.clone(), problem })?;
        // Security: the arguments stay out of messages, somebody may have put a secret there.
        let program = argv.first().cloned().unwrap_or_default();
        let limit = self.limit.map_or(self.settings.program_timeout, |limit| limit.min(self.settings.program_timeout));
        let answer = match child::run(&argv, &self.process_chain, limit) {
            Ok(answer) => answer,
            Err(error) => return Err(CodeError::ProcessFailed { program, error }),
        };
        if !answer.status.success() {
            return Err(CodeError::ProcessStatus { program, status: answer.status });
        }
        let text = std::str::from_utf8(answer.stdout.expose()).unwrap_or("");
        six_digits(text).ok_or(CodeError::ProcessMalformed(program))
    }

    fn ask(&mut self) -> Result<Secret, CodeError> {
        let not_asked =
            |error| CodeError::NotAsked { profile: self.profile.to_owned(), serial: self.mfa.serial.clone(), error };
        match self.settings.prompt {
            Prompt::Terminal => {}
            Prompt::Never => {
                return Err(not_asked(AskError::Nobody("prompts are turned off by `KEYFOB_PROMPT` or config.toml")));
            }
        }
        let prompt = format!("MFA code for profile `{}` ({}): ", self.profile, self.mfa.serial);
        loop {
            self.typed += 1;
            let answer = self.human.ask_secret(&prompt, self.limit).map_err(not_asked)?;
            if let Some(code) = six_digits(answer.expose()) {
                return Ok(code);
            }
            if self.typed >= TRIES {
                return Err(CodeError::TypedMalformed { serial: self.mfa.serial.clone() });
            }
            self.human.progress("that is not six digits");
        }
    }
}

/// The code in a text: six ASCII digits, with white space round them, and between them as some apps show it.
///
/// Checked before anything is sent: STS takes six digits and nothing else (STS API, AssumeRole, TokenCode).
fn six_digits(text: &str) -> Option<Secret> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = Secret::new(digits);
    (digits.expose().len() == 6 && digits.expose().bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::error::{Error, Kind};
    use crate::session_cache::sample;

    /// A person who gives these answers in turn, then none.
    #[derive(Default)]
    struct Person {
        answers: RefCell<Vec<&'static str>>,
        seen: RefCell<Vec<String>>,
    }

    impl Person {
        fn says(answers: &[&'static str]) -> Person {
            Person { answers: RefCell::new(answers.iter().rev().copied().collect()), ..Person::default() }
        }
    }

    impl Human for Person {
        fn ask_secret(&self, prompt: &str, _: Option<Duration>) -> Result<Secret, AskError> {
            self.seen.borrow_mut().push(prompt.to_owned());
            let answer = self.answers.borrow_mut().pop();
            answer.map(|text| Secret::new(text.into())).ok_or(AskError::Nobody("there is no terminal"))
        }

        fn ask(&self, _: &str, _: Option<Duration>) -> Result<String, AskError> {
            Err(AskError::Declined)
        }

        fn confirm(&self, _: &str) -> Result<bool, AskError> {
            Err(AskError::Declined)
        }

        fn is_there(&self) -> bool {
            true
        }

        fn progress(&self, text: &str) {
            self.seen.borrow_mut().push(text.to_owned());
        }
    }

    fn plan(process: Option<&str>) -> Plan {
        let mut plan = sample::plan("deploy", &[]);
        plan.mfa.as_mut().expect("there").process = process.map(str::to_owned);
        plan
    }

    fn ladder<'a>(
        plan: &'a Plan,
        env: &[(&str, &str)],
        settings: &'a Settings,
        person: &'a Person,
        option: Option<&Secret>,
    ) -> Ladder<'a> {
        let env = Environment::from_pairs(env.iter().copied());
        let limit = Some(Duration::from_secs(2));
        Ladder::new(plan, plan.mfa.as_ref().expect("there"), &env, settings, person, option, limit)
    }

    fn error_of(result: Result<OfferedCode, CodeError>) -> Error {
        result.expect_err("no code").into()
    }

    fn code_of(result: Result<OfferedCode, CodeError>) -> (String, Origin) {
        let code = result.expect("a code");
        (code.code.expose().to_owned(), code.origin)
    }

    #[test]
    fn a_given_code_is_offered_once_and_wins_over_everything_else() {
        let (plan, settings, person) = (plan(None), Settings::default(), Person::says(&["333333"]));
        let env = [("KEYFOB_MFA_CODE", "111111")];
        let mut from_variable = ladder(&plan, &env, &settings, &person, None);
        assert_eq!(code_of(from_variable.next_code()), ("111111".into(), Origin::Given));
        assert_eq!(code_of(from_variable.next_code()), ("333333".into(), Origin::Typed));
        let option = Secret::new("222222".into());
        let mut from_option = ladder(&plan, &env, &settings, &person, Some(&option));
        assert_eq!(code_of(from_option.next_code()), ("222222".into(), Origin::Given));
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
        let (plan, settings, person) = (plan(None), Settings::default(), Person::default());
        let error = error_of(ladder(&plan, &[("KEYFOB_MFA_CODE", "hunter2")], &settings, &person, None).next_code());
        assert_eq!(error.kind(), Kind::Usage);
        assert!(!error.render().contains("hunter2"), "{}", error.render());
    }

    #[test]
    fn a_person_has_three_tries_and_the_prompt_names_profile_and_device() {
        let (plan, settings, person) = (plan(None), Settings::default(), Person::says(&["12", "123456", "654321"]));
        let mut ladder = ladder(&plan, &[], &settings, &person, None);
        assert_eq!(code_of(ladder.next_code()).0, "123456");
        assert!(ladder.may_try_again("AWS refused that code"));
        assert_eq!(code_of(ladder.next_code()).0, "654321");
        assert!(!ladder.may_try_again("AWS refused that code"));
        let prompt = "MFA code for profile `deploy` (arn:aws:iam::123456789012:mfa/ann): ";
        let again = "AWS refused that code; try again with the next code";
        assert_eq!(*person.seen.borrow(), [prompt, "that is not six digits", prompt, again, prompt]);
    }

    #[test]
    fn three_answers_that_are_no_codes_end_the_questions() {
        let (plan, settings, person) =
            (plan(None), Settings::default(), Person::says(&["", "12345", "s3cret", "123456"]));
        let error = error_of(ladder(&plan, &[], &settings, &person, None).next_code());
        assert_eq!(error.message(), "none of three answers was an MFA code for `arn:aws:iam::123456789012:mfa/ann`");
    }

    #[test]
    fn with_nobody_to_ask_the_first_line_says_what_to_do() {
        let plan = plan(None);
        for (prompt, cause) in [(Prompt::Terminal, "there is no terminal"), (Prompt::Never, "prompts are turned off")] {
            let (settings, person) = (Settings { prompt, ..Settings::default() }, Person::default());
            let error = error_of(ladder(&plan, &[], &settings, &person, None).next_code());
            assert_eq!(error.kind(), Kind::NeedsHuman);
            assert!(error.message().contains("run `keyfob exec deploy -- true` in a terminal"), "{}", error.message());
            assert!(error.causes()[0].starts_with(cause), "{:?}", error.causes());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_gives_the_code_or_ends_the_run() {
        let cases = [
            ("echo 123456", Ok("123456")),
            ("sh -c 'echo $KEYFOB_CHAIN | grep -qx outer,deploy,base && printf \" 654321 \"'", Ok("654321")),
            ("sh -c 'echo 123456; exit 3'", Err("`sh` gave no MFA code: it ended with exit status: 3")),
            ("echo s3cret", Err("`echo` printed something that is not six digits")),
            ("sh -c 'unfinished", Err("`mfa_process` of profile `base`: missing closing quote")),
            ("/nonexistent/ykman code", Err("`/nonexistent/ykman` gave no MFA code: it cannot be started")),
            ("sleep 30", Err("`sleep` gave no MFA code: it did not end within 2s")),
        ];
        let settings = Settings::default();
        for (command, expected) in cases {
            // Nobody is asked where a program is named, so this answer is never used.
            let (plan, person) = (plan(Some(command)), Person::says(&["999999"]));
            let result = ladder(&plan, &[("KEYFOB_CHAIN", "outer")], &settings, &person, None).next_code();
            match expected {
                Ok(code) => assert_eq!(code_of(result), (code.into(), Origin::Process), "{command}"),
                Err(message) => {
                    let error = error_of(result);
                    assert!(error.message().starts_with(message), "{command}: {}", error.message());
                    assert!(!error.render().contains("s3cret"));
                }
            }
        }
    }
}
