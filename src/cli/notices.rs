//! What commands say of profiles and plans beside what they print.

use crate::chain::{AgentGets, KeyItselfBecause, Plan, Reason};
use crate::cli::world::World;
use crate::config_file::path_of;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Mark, Result};
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::ops::log::{Entry, Issued, Origin};
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::{resume_of, rollback_of};
use crate::profile::{Profiles, Warning};
use crate::rotation::{Journal, Phase};
use crate::settings::{self, LogMode};

impl World<'_> {
    /// Warns of what the lines of some profiles hold that is ignored, or read otherwise by some SDKs.
    pub fn warn_of<'n>(&self, profiles: &Profiles<'_>, names: impl IntoIterator<Item = &'n String>) {
        for Warning { file, line, message } in
            names.into_iter().filter_map(|name| profiles.get(name)).flat_map(|profile| profiles.warnings_of(&profile))
        {
            self.talk.warn(&format!("{}:{line}: {message}", path_of(&self.paths, file).display()));
        }
    }

    /// Says how many lines of the AWS files are ignored, or read otherwise by some SDKs: `doctor` names them.
    pub fn count_odd_lines(&self, profiles: &Profiles<'_>) {
        let mut lines: Vec<_> = profiles.warnings().into_iter().map(|warning| (warning.file, warning.line)).collect();
        lines.dedup();
        match lines.len() {
            0 => return,
            1 => self.talk.warn("some SDKs ignore a line of the AWS files or read it differently"),
            several => {
                self.talk.warn(&format!("some SDKs ignore {several} lines of the AWS files or read them differently"));
            }
        }
        self.talk.hint(run!("keyfob doctor").to("see which"));
    }

    /// Says that commands which issue credentials ask an agent in place of this machine's files, for those that show the latter.
    pub(super) fn warn_of_agent(&self) {
        if let Some(socket) = &self.settings.agent {
            let socket = socket.display();
            self.talk.warn(&format!(
                "this shows this machine's own profiles; `credential-process`, `env`, `exec` and `whoami` ask the agent at {socket}"
            ));
        }
    }

    /// Adds to an error what this shell's variables and keyfob's settings have to do with it.
    pub(super) fn in_this_world(&self, error: Error) -> Error {
        if self.settings.agent.is_none() && error.is(Mark::NoSuchProfile) {
            let missing = self.paths.missing(&self.env).into_iter();
            return missing.fold(error, |error, (_, message)| error.because(message));
        }
        if self.is_forbidden.get() && matches!(error.kind(), Kind::NeedsHuman | Kind::KeyStore) {
            let place = settings::place_of("prompt", &self.env);
            return error.hint_first(format!("let keyfob prompt in the terminal: change or unset {place}"));
        }
        error
    }

    pub(super) fn explain_plan(&self, plan: &Plan) {
        if let Some(session) = plan.session() {
            self.talk.explain(&session.reason.to_string());
        }
        for hop in plan.hops() {
            self.talk.explain(&format!("`{}` for {} s: {}", hop.role_arn, hop.duration_seconds, hop.reason));
        }
        for note in &plan.notes {
            self.talk.explain(&note.to_string());
        }
    }

    /// Says that it is the access key itself that is handed out, where it is: SDKs keep it for as long as they run. That of
    /// another service is meant to be.
    pub fn tell_of_key(&self, plan: &Plan) {
        let is_news = |reason: &&Reason| matches!(reason, Reason::KeyItself { because, .. } if *because != KeyItselfBecause::OtherService);
        for reason in plan.reasons().filter(is_news) {
            self.talk.warn(&reason.to_string());
        }
    }

    /// Says that an AI agent gets less than a person, and asks where the profile says so: rights never differ silently.
    ///
    /// # Errors
    /// Where nobody can be asked (exit 3), or a person does not agree.
    pub(super) fn answer_ai_agent(&self, plan: &Plan) -> Result<()> {
        let is_agents = |note: &&Reason| matches!(note, Reason::Agent { .. });
        let Some(note @ Reason::Agent { variable, profile, gets }) = plan.notes.iter().find(is_agents) else {
            return Ok(());
        };
        let what = format!("consent to issue the credentials of `{profile}` to an AI agent");
        match gets {
            AgentGets::TheSame => Ok(()),
            AgentGets::AfterQuestion if self.is_agreed.get() => Ok(()),
            AgentGets::ReadOnly => {
                self.talk.warn(&note.to_string());
                Ok(())
            }
            AgentGets::AfterQuestion => {
                let question =
                    format!("an AI agent (`{variable}` is set) wants the credentials of `{profile}`; issue them?");
                match self.person(false, None).confirm(&question) {
                    Ok(true) => {
                        self.is_agreed.set(true);
                        Ok(())
                    }
                    Ok(false) => Err(Error::new(Kind::Declined, format!("{what} was not given"))),
                    Err(error) => Err(error.into_error(&what).hint("run the command yourself, in a terminal")),
                }
            }
        }
    }

    /// Hints at a rotation of the plan's key that stopped half-way. Credentials work all the same, and so they do where
    /// its journal cannot be read.
    pub(super) fn tell_of_rotation(&self, plan: &Plan) {
        let journals = Journals::new(&self.paths.data);
        let journal = plan.base.key_id().and_then(|id| journals.of_key(id).ok().flatten());
        let stopped = |journal: &Journal| journal.phase() == Phase::Unfinished && !journals.is_held(journal);
        if let Some(journal) = journal.filter(stopped) {
            self.talk.hint(resume_of(&journal));
            self.talk.hint(rollback_of(&journal));
        }
    }

    /// Writes what is issued into the log. One that cannot be written costs a warning.
    pub(super) fn note_in_log<'i>(&self, issued: impl Into<Issued<'i>>, credentials: &Credentials, is_cached: bool) {
        let origin = match (self.settings.log, is_cached) {
            (LogMode::Off, _) | (LogMode::New, true) => return,
            (LogMode::All, true) => Origin::Cache,
            (LogMode::New | LogMode::All, false) => Origin::New,
        };
        let (command, now) = (self.talk.issuing_command(), self.clock().now());
        let mut entry = Entry::new(&issued.into(), credentials, origin, command, now);
        match &self.served {
            Some(served) => {
                "agent".clone_into(&mut entry.command);
                (entry.parent, entry.agent) = (served.peer.clone(), Some(served.socket.clone()));
            }
            None => entry.agent = self.settings.agent.as_ref().map(|socket| socket.display().to_string()),
        }
        if let Err(error) = entry.write(&self.paths.data) {
            self.talk.warn(&format!("the log cannot be written: {error}"));
        }
    }
}
