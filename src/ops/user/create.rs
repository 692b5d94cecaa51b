//! Creating a user: journalled before and after each step, resumed or taken back from wherever it stopped.
//!
//! A kill at any instant leaves the journal at a step that can be done again; `UserStep::leaves` says what that is. The secret of
//! the key goes from AWS's answer straight into the key store, or sealed into the journal; only a kill between the two loses it.
//! The user is this journal's alone, so a key of it that nobody has the secret of is deleted, and another one made.

use crate::aws::{Access, Element};
use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::keystore::access_key::read_access_key;
use crate::ops::Context;
use crate::ops::add::{AddRequest, add};
use crate::ops::manage::link::LineOf;
use crate::ops::mfa::enroll::{EnrollRequest, enroll_for};
use crate::ops::user::admin::{Admin, Patience, is_passing};
use crate::ops::user::handover::{self, Sealing};
use crate::ops::user::journal::{self, JournalLock};
use crate::ops::user::plan::plan;
use crate::ops::user::{passwords, rollback_of, unfinished};
use crate::secret::Secret;
use crate::timestamp::Timestamp;
use crate::user::documents::{REQUIRE_MFA, require_mfa};
use crate::user::{Journal, MfaWish, Recipient, UserStep, Wish};

/// How often in a row AWS has to know something new: what one of its servers knows the next may not.
pub(super) const IN_A_ROW: usize = 3;

/// Seconds by which the user may seem older than the journal.
const SLACK: i64 = 5;

/// What is asked of [`create`].
pub struct CreateRequest<'r> {
    pub name: String,
    /// The profile whose credentials make the calls.
    pub with: String,
    pub wish: Wish,
    /// Where key, seed and password go.
    pub backend: StoreId,
    /// `--mfa-code`, of the profile that makes the calls.
    pub mfa_code: Option<Secret>,
    /// Where the passphrase of a handover comes from; else it is asked for.
    pub passphrase: Option<Secret>,
    /// The `credential_process` line of the new profile.
    pub line: LineOf<'r>,
}

/// Which way an unfinished creation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateWay {
    /// From the beginning.
    New,
    /// `--resume`.
    On,
    /// `--rollback`.
    Back,
}

pub(super) struct Creation<'a> {
    pub(super) admin: Admin<'a>,
    pub(super) files: &'a AwsFiles,
    pub(super) held: JournalLock,
    pub(super) journal: Journal,
    request: &'a CreateRequest<'a>,
    pub(super) sealing: Option<Sealing>,
    /// Whether the journal comes from an earlier run.
    has_run: bool,
    /// Whether the current step was begun by that.
    pub(super) is_again: bool,
    pub(super) lines: Option<String>,
}

/// Creates a user, or goes on with or back from a creation that was interrupted. Returns the lines to paste where the AWS file
/// cannot be replaced.
///
/// # Errors
/// Where it is refused or stops; the message says what is left and how to continue.
pub fn create(
    context: &Context<'_>,
    request: &CreateRequest<'_>,
    way: CreateWay,
    files: &AwsFiles,
) -> Result<Option<String>> {
    let name = &request.name;
    let admin = Admin::new(context, files, &request.with, request.mfa_code.as_ref())?;
    let held = journal::hold(&context.paths.data, &admin.account, name)?;
    let found = held.load()?.filter(|journal| !journal.has_ended());
    let journal = match (found, way) {
        (Some(journal), CreateWay::New) => return Err(unfinished(&journal)),
        (Some(journal), CreateWay::On | CreateWay::Back) if journal.at().0.removes() => {
            return Err(unfinished(&journal));
        }
        (Some(journal), CreateWay::On | CreateWay::Back) => journal,
        (None, CreateWay::New) => {
            // Whatever could keep the key from being stored is found out before there is one.
            if request.wish.handover.is_none() {
                context.store(request.backend)?.presence().map_err(|error| error.for_user(request.backend))?;
            }
            let mut planned = plan(&admin, files, name, request.wish.clone(), request.backend)?;
            // A user that somebody else creates while the question is open is older.
            planned.began_at = context.clock.now();
            planned
        }
        (None, CreateWay::On | CreateWay::Back) => {
            context.talk.say(&format!("there is nothing to continue or roll back: `{name}` is not being created"));
            return Ok(None);
        }
    };
    let has_run = way != CreateWay::New;
    let mut creation =
        Creation { admin, files, held, journal, request, sealing: None, has_run, is_again: false, lines: None };
    if way == CreateWay::Back && creation.journal.at().0.creates() {
        creation.journal.begin(UserStep::UndoUser, context.clock.now());
    }
    if creation.journal.at().0.creates() {
        creation.sealing = creation.sealing()?;
    }
    creation.run()
}

impl Creation<'_> {
    fn run(mut self) -> Result<Option<String>> {
        let clock = self.admin.context.clock;
        while let Some(step) = self.journal.next() {
            self.is_again = self.journal.at() == (step, false) && self.has_run;
            if !self.is_again {
                self.journal.begin(step, clock.now());
            }
            self.has_run = false;
            self.save()?;
            if let Err(error) = self.perform(step) {
                return Err(self.stopped(error));
            }
            self.journal.complete(clock.now());
            self.save().map_err(|error| self.stopped(error))?;
        }
        self.end()
    }

    pub(super) fn save(&self) -> Result<()> {
        self.held.save(&self.journal)
    }

    fn perform(&mut self, step: UserStep) -> Result<()> {
        match step {
            UserStep::Groups => self.groups(),
            UserStep::User => self.user(),
            UserStep::Mfa => self.mfa(),
            UserStep::Membership => self.membership(),
            UserStep::Password => self.password(),
            UserStep::Key => self.key(),
            UserStep::Profile => self.profile(),
            UserStep::Handover => self.hand_over(),
            UserStep::UndoUser => self.undo_user(),
            UserStep::UndoGroups => self.undo_groups(),
            UserStep::Forget => self.forget(),
            UserStep::Deactivate | UserStep::NoPassword | UserStep::Deny | UserStep::Delete => {
                Err(Error::new(Kind::Defect, "a removal is not a creation"))
            }
        }
    }

    fn groups(&self) -> Result<()> {
        let admin = &self.admin;
        for group in &self.journal.made.groups {
            admin.ensure("CreateGroup", &[("GroupName", group)])?;
        }
        for (group, arn) in &self.journal.made.attached {
            admin.ensure("AttachGroupPolicy", &[("GroupName", group), ("PolicyArn", arn)])?;
        }
        if self.journal.made.groups.iter().any(|group| group == REQUIRE_MFA) && self.journal.wish.require_mfa {
            let document = require_mfa(admin.partition());
            let params = [("GroupName", REQUIRE_MFA), ("PolicyName", REQUIRE_MFA), ("PolicyDocument", &document)];
            admin.ensure("PutGroupPolicy", &params)?;
        }
        Ok(())
    }

    fn user(&mut self) -> Result<()> {
        // One that is there already is this journal's only if an earlier attempt may have created it.
        let mut may_exist = self.is_again && !self.journal.made.user_is_of_others;
        let (context, name) = (self.admin.context, self.journal.name.clone());
        let mut patience = Patience::new(context);
        let send = |by: Access<'_>| context.iam.ask_once(by, "CreateUser", &[("UserName", &name)]);
        while let Err(refusal) = self.admin.call("CreateUser", send) {
            if refusal.is("EntityAlreadyExists") {
                if may_exist && self.is_ours()? {
                    break;
                }
                self.journal.made.user_is_of_others = true;
                self.save()?;
                let message = format!("somebody else has just created a user `{name}`");
                return Err(Error::new(Kind::Failed, message).hint("take this one back, and choose another name"));
            }
            may_exist |= !refusal.means_not_done();
            if !is_passing(&refusal) || !patience.wait("CreateUser: trying again")? {
                return Err(refusal.into());
            }
        }
        self.journal.made.user_is_of_others = false;
        // What one of AWS's servers knows the next may not know yet.
        for _ in 0..IN_A_ROW {
            self.get_user()?;
        }
        self.admin.context.talk.say(&format!("created user `{name}`"));
        Ok(())
    }

    /// Whether the user at AWS came of this journal. One that is older than it is somebody else's.
    pub(super) fn is_ours(&self) -> Result<bool> {
        let answer = self.get_user()?;
        let created = answer.child("User").and_then(|user| user.text("CreateDate")).and_then(Timestamp::parse);
        Ok(created.is_some_and(|created| created.seconds_since(self.journal.began_at) >= -SLACK))
    }

    /// The user, which exists; AWS may not see it yet.
    fn get_user(&self) -> Result<Element> {
        let params = [("UserName", self.journal.name.as_str())];
        let find = |by: Access<'_>| self.admin.context.iam.ask(by, "GetUser", &params, &[]);
        Ok(self.admin.patiently("GetUser", &["NoSuchEntity"], find)?)
    }

    fn mfa(&mut self) -> Result<()> {
        let backend = match self.journal.wish.mfa {
            MfaWish::None => return Ok(()),
            MfaWish::Qr => None,
            MfaWish::Store => self.journal.backend,
        };
        let context = self.admin.context;
        let caller = self.admin.caller_for(&self.journal.arn);
        let request = EnrollRequest { name: None, backend, png: None, show_secret: false, yes: true };
        let (noted, profile) = (self.journal.made.devices.clone(), self.journal.with.clone());
        let (journal, held) = (&mut self.journal, &self.held);
        let mut note = |serial: Option<&str>| {
            journal.made.devices = serial.map(str::to_owned).into_iter().collect();
            held.save(journal)
        };
        enroll_for(context, &caller, &request, &profile, &noted, &mut note).map(drop)
    }

    fn membership(&self) -> Result<()> {
        let (admin, Journal { name, wish, .. }) = (&self.admin, &self.journal);
        let require_mfa = wish.require_mfa.then_some(REQUIRE_MFA);
        for group in wish.groups.iter().map(String::as_str).chain(require_mfa) {
            admin.ensure("AddUserToGroup", &[("GroupName", group), ("UserName", name)])?;
        }
        for arn in &wish.own_policies {
            admin.ensure("AttachUserPolicy", &[("UserName", name), ("PolicyArn", arn)])?;
        }
        Ok(())
    }

    /// The password is sealed before AWS has it; if that stops half-way, the next try seals and sets another.
    fn password(&mut self) -> Result<()> {
        if !self.journal.wish.console {
            return Ok(());
        }
        let password = passwords::generate(&self.admin)?;
        match &self.sealing {
            Some(sealing) => {
                let sealed = handover::seal_password(sealing, &self.journal, &password)?;
                self.journal.made.sealed_password = Some(sealed);
                self.save()?;
            }
            None => passwords::keep(self.admin.context, &self.journal, &password)?,
        }
        passwords::set(&self.admin, &self.journal.name, &password)
    }

    /// The profile, as `add` makes it: the key is checked and linked, and nothing is asked.
    fn profile(&mut self) -> Result<()> {
        let wish = &self.journal.wish;
        let Some(id) = self.journal.made.key.clone().filter(|_| wish.handover.is_none()) else { return Ok(()) };
        let (backend, store) = self.store()?;
        let key = read_access_key(store, &id).map_err(|error| error.for_user(backend))?;
        self.prove(&key)?;
        let request = AddRequest {
            profile: wish.profile.clone(),
            key: Some(key),
            backend,
            region: wish.region.clone(),
            mfa_serial: self.journal.made.devices.first().cloned(),
            will_enroll: false,
            verify: true,
            link: Some((self.request.line)(&wish.profile)?),
            other_service: false,
            allow_root: false,
            replace: false,
            replace_process: false,
            yes: true,
        };
        self.lines = add(self.admin.context, request, self.files)?.lines;
        Ok(())
    }

    /// What a handover is sealed with; a passphrase is asked for, unless what it seals is in the journal already.
    fn sealing(&self) -> Result<Option<Sealing>> {
        let Journal { wish, made, .. } = &self.journal;
        let Some(handover) = &wish.handover else { return Ok(None) };
        let is_sealed = (!wish.key || made.sealed_key.is_some())
            && (!wish.console || made.sealed_password.is_some())
            && self.journal.at().0 > UserStep::Key;
        match &handover.to {
            Recipient::PublicKey(key) => Ok(Some(Sealing::ToPublicKey(key.clone()))),
            Recipient::Passphrase if is_sealed => Ok(None),
            Recipient::Passphrase => {
                let given = self.request.passphrase.clone();
                let passphrase = given.map_or_else(|| handover::ask_for_new(self.admin.context), Ok)?;
                // What is sealed with another one could not be opened together with it.
                let sealed = made.sealed_password.as_ref().filter(|_| self.journal.at().0 > UserStep::Password);
                if sealed.is_some_and(|sealed| !handover::opens(&passphrase, sealed)) {
                    return Err(Error::new(Kind::Usage, "the password of this user is sealed with another passphrase")
                        .hint("resume with the passphrase you chose first")
                        .hint(rollback_of(&self.journal)));
                }
                Ok(Some(Sealing::WithPassphrase(passphrase)))
            }
        }
    }

    fn hand_over(&mut self) -> Result<()> {
        let Some(handover) = self.journal.wish.handover.clone() else { return Ok(()) };
        handover::write(&self.journal, &handover.file)?;
        // From here on the file is the only place that has them.
        (self.journal.made.sealed_key, self.journal.made.sealed_password) = (None, None);
        self.save()
    }
}
