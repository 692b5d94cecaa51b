//! Going from step to step: taken up, journalled before and after each, and said what is left where it stops.

use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::rotate::facts::{self, KeyFacts};
use crate::ops::rotate::journal::{JournalLock, Journals};
use crate::ops::rotate::signing::Signing;
use crate::ops::rotate::{RotateRequest, Rotation, resume_of, rollback_of, stored};
use crate::ops::signed::Signed;
use crate::rotation::{Asked, Journal, Phase, RotationStep};

/// Why a step is not done.
pub(super) enum Stop {
    /// Nothing is left of it at AWS that the journal would have to remember.
    Void(Error),
    /// It can be done again from here.
    Here(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Here(error)
    }
}

impl<'a> Rotation<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        request: &RotateRequest,
        files: &'a AwsFiles,
        facts: KeyFacts,
        held: JournalLock,
        journal: Journal,
    ) -> Result<Self> {
        let (profile, arn) = (&journal.profile, &journal.user.arn);
        let signed = match &journal.asked.with {
            Some(with) => Signed::by_plan(context, facts::plan_to_sign(context, files, with)?, facts.target),
            None => Signed::by_key(context, profile, Some(arn.clone()), facts.target, facts.mfa),
        };
        let signing = Signing::new(context, profile, arn, signed.with_code(request.mfa_code.clone()));
        let delete_other = request.delete_other.clone();
        Ok(Rotation { context, files, delete_other, signing, targets: facts.targets, held, journal })
    }

    /// Takes a journal up, with what is asked for now added to what was.
    pub(super) fn take_up(
        context: &'a Context<'a>,
        request: &RotateRequest,
        files: &'a AwsFiles,
        journal: Journal,
    ) -> Result<Self> {
        let held = Journals::new(&context.paths.data).hold(&journal.old)?;
        let mut journal = held.load()?.ok_or_else(|| {
            Error::new(
                Kind::Failed,
                format!("another process has just completed the rotation of `{}`", journal.profile),
            )
            .hint(run!("keyfob list").to("show the stored keys"))
        })?;
        let Asked { with, delete_now, force, drop_sessions } = request.asked.clone();
        let asked = &mut journal.asked;
        asked.with = with.or(asked.with.take());
        asked.delete_now |= delete_now;
        asked.force |= force;
        asked.drop_sessions |= drop_sessions;
        // Whichever of the two the profiles use; their plans say where its calls go.
        let in_use = Index::load(&context.paths.data)?.key_of(&journal.profile);
        let key = in_use.filter(|key| journal.concerns(&key.id)).unwrap_or_else(|| stored(&journal, &journal.old));
        let facts = KeyFacts::gather(context, files, &journal.profile, &key)?;
        Rotation::new(context, request, files, facts, held, journal)
    }

    /// Notes that a step begins, unless it has begun.
    pub(super) fn begin(&mut self, step: RotationStep) -> Result<()> {
        if self.journal.at() == (step, false) && self.journal.changed_at().is_some() {
            return Ok(());
        }
        self.journal.begin(step, self.context.clock.now());
        self.save()
    }

    pub(super) fn save(&self) -> Result<()> {
        self.held.save(&self.journal)
    }

    /// Does step after step until the rotation rests or ends.
    pub(super) fn run(mut self) -> Result<Option<Journal>> {
        while let Some(step) = self.journal.next() {
            self.begin(step)?;
            match self.perform(step) {
                Ok(()) => {}
                Err(Stop::Void(error)) => {
                    self.held.remove()?;
                    return Err(error);
                }
                Err(Stop::Here(error)) => return Err(self.stopped(error)),
            }
            self.journal.complete(self.context.clock.now());
            self.save().map_err(|error| self.stopped(error))?;
        }
        match self.journal.phase() {
            Phase::Ended => {
                self.held.remove()?;
                self.tell_of_end();
                Ok(None)
            }
            Phase::Unfinished | Phase::Resting => {
                self.tell_of_rest();
                Ok(Some(self.journal))
            }
        }
    }

    /// An error that ends this run, with what it leaves and how to continue.
    pub(super) fn stopped(&self, error: Error) -> Error {
        let (step, _) = self.journal.at();
        let error = error
            .because(format!("the rotation stopped at `{}`: {}. no key is lost", step.name(), step.leaves()))
            .outcome(resume_of(&self.journal));
        if step.goes_back() { error } else { error.outcome(rollback_of(&self.journal)) }
    }

    pub(super) fn tell_of_rest(&self) {
        let Journal { profile, old, inactive_at, .. } = &self.journal;
        let (talk, short) = (self.context.talk, old.short());
        let from = inactive_at.map(|at| at.plus(self.context.settings.rotate_grace));
        let from = from.map_or_else(String::new, |from| format!(" after {from}"));
        talk.say(&format!("{short} stays stored for now: another machine or a pipeline may still use it"));
        let finish = run!("keyfob rotate {} --finish", profile).option("--with", self.journal.asked.with.as_ref());
        talk.hint(finish.to(format!("delete it{from}")));
        talk.hint(rollback_of(&self.journal));
    }

    fn tell_of_end(&self) {
        let (profile, step) = (&self.journal.profile, self.journal.at().0);
        let (old, new) = (self.journal.old.short(), self.journal.new.as_ref().map(AccessKeyId::short));
        self.context.talk.say(&match (step.goes_back(), new) {
            (true, Some(new)) => format!("`{profile}` uses {old} again; {new} was deleted at AWS and here"),
            (true, None) => format!("`{profile}` uses {old} as before; the rotation left no other key"),
            (false, _) => format!("the old key of `{profile}`, {old}, was deleted at AWS and here"),
        });
    }
}
