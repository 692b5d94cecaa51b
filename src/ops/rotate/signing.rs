//! IAM calls of a rotation: who signs them, and what AWS's refusals mean.
//!
//! The key itself signs; where a policy wants MFA for that, an MFA session of its user; with `--with`, another profile.

use std::cell::{Cell, RefCell};

use crate::aws::advice::{Attempt, Attempted, Signer, advise};
use crate::aws::{AccessKeys, AwsError};
use crate::chain::Plan;
use crate::chain::base::key::base_of;
use crate::chain::target::Target;
use crate::credentials::{AccessKey, Credentials, StoredKey};
use crate::error::{Error, Kind};
use crate::keystore::StoreOpener;
use crate::keystore::access_key::read_access_key;
use crate::ops::Context;
use crate::ops::resolve::{ResolveOptions, credentials};
use crate::rotation::Failure;
use crate::secret::Secret;

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum Failed {
    /// AWS's answer, or the lack of one, and what the user is told of it.
    Aws { error: Box<AwsError>, advice: Error },
    /// It could not be signed.
    Other(Error),
}

impl Failed {
    pub(super) fn into_error(self) -> Error {
        match self {
            Failed::Aws { advice, .. } => advice,
            Failed::Other(error) => error,
        }
    }

    /// As the state machine knows it; what could not be signed ends the step.
    pub(super) fn kind(&self) -> Failure {
        match self {
            Failed::Aws { error, .. } => kind_of(error),
            Failed::Other(_) => Failure::Refused,
        }
    }
}

/// What a failed call means for a rotation.
pub(super) fn kind_of(error: &AwsError) -> Failure {
    if error.is_invalid_client_token() {
        return Failure::UnknownSigner;
    }
    if error.is_no_such_entity() {
        return Failure::NoSuchKey;
    }
    match error {
        AwsError::Refused { status, .. } if error.is_throttled() || *status >= 500 || error.is_foreign_answer() => {
            Failure::Passing { may_be_processed: !error.means_request_not_processed() }
        }
        AwsError::Refused { .. } | AwsError::Setup(_) => Failure::Refused,
        AwsError::Unreachable { .. } => Failure::Passing { may_be_processed: false },
        AwsError::AnswerLost { .. } => Failure::Passing { may_be_processed: true },
    }
}

/// Makes IAM calls about one user.
pub(super) struct Signing<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) stores: &'a dyn StoreOpener,
    /// The profile whose key is rotated.
    pub(super) profile: String,
    /// The ARN the calls are about, for the policy that is shown.
    pub(super) user_arn: String,
    /// Where the calls go.
    pub(super) target: Target,
    /// `--with`: how its credentials are made.
    pub(super) with: Option<Plan>,
    /// How an MFA session of the user is made, where a device is known. Its key is replaced by the one that signs.
    pub(super) mfa: Option<Result<Plan, Error>>,
    /// `--mfa-code`.
    pub(super) mfa_code: Option<Secret>,
    /// Whether AWS has asked for MFA.
    pub(super) needs_mfa: Cell<bool>,
    /// A key that has to be able to sign although its store may fail: the one that made another, until that one is stored.
    pub(super) held: RefCell<Option<AccessKey>>,
}

impl Signing<'_> {
    /// The secret of a stored key, read from its store.
    pub(super) fn read(&self, key: &StoredKey) -> Result<AccessKey, Error> {
        let store = self.stores.open(key.backend).map_err(|error| error.for_user(key.backend))?;
        read_access_key(store, &key.id).map_err(|error| error.for_user(key.backend))
    }

    /// Makes an IAM call, signed with `key` or what stands for it.
    pub(super) fn call<T>(
        &self,
        key: &StoredKey,
        name: &'static str,
        call: impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Failed> {
        if let Some(plan) = &self.with {
            return self.with_session(plan, self.resolve(plan)?, name, &call);
        }
        if self.needs_mfa.get() {
            return self.with_mfa(key, name, &call, None);
        }
        match self.with_key(key, name, &call) {
            // The usual policy that wants MFA denies as any other does.
            Err(Failed::Aws { error, advice }) if error.is_access_denied() && self.mfa.is_some() => {
                self.context.talk.explain(&format!("{name} was denied to the key itself: trying with MFA"));
                self.with_mfa(key, name, &call, Some(advice))
            }
            result => result,
        }
    }

    /// As [`Signing::call`], for what is only shown: nobody is asked for a code that no other call has wanted.
    pub(super) fn call_in_passing<T>(
        &self,
        key: &StoredKey,
        name: &'static str,
        call: impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Failed> {
        match self.with.is_some() || self.needs_mfa.get() {
            true => self.call(key, name, call),
            false => self.with_key(key, name, &call),
        }
    }

    fn with_key<T>(
        &self,
        key: &StoredKey,
        name: &'static str,
        call: &impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Failed> {
        let key = match (self.read(key), &*self.held.borrow()) {
            (Err(_), Some(held)) if held.id == key.id => held.clone(),
            (read, _) => read.map_err(Failed::Other)?,
        };
        self.send(&Credentials::Key { key, account_id: None }, name, call)
    }

    /// Keeps a key in memory until the next is named: should its store fail meanwhile, it still signs.
    ///
    /// # Errors
    /// Where its store does not give it.
    pub(super) fn hold(&self, key: Option<&StoredKey>) -> Result<(), Error> {
        let held = key.map(|key| self.read(key)).transpose()?;
        self.held.replace(held);
        Ok(())
    }

    fn with_mfa<T>(
        &self,
        key: &StoredKey,
        name: &'static str,
        call: &impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
        denial: Option<Error>,
    ) -> Result<T, Failed> {
        let resolved = self.mfa.clone().expect("only with a device is MFA tried").map_err(Failed::Other);
        let resolved = resolved.and_then(|mut plan| {
            plan.base = base_of(&plan.base.profile, key.clone());
            Ok((self.resolve(&plan)?, plan))
        });
        let (signer, plan) = match (resolved, denial) {
            (Ok(resolved), _) => resolved,
            (Err(Failed::Other(error)), Some(denial)) => return Err(Failed::Other(with_denial(error, &denial))),
            (Err(error), _) => return Err(error),
        };
        let answer = self.with_session(&plan, signer, name, call);
        if answer.is_ok() {
            self.needs_mfa.set(true);
        }
        answer
    }

    /// Sends a call with what `plan` led to. A session that AWS does not take any more, of a key that is Inactive now for
    /// one, is dropped, and another is made.
    fn with_session<T>(
        &self,
        plan: &Plan,
        signer: Credentials,
        name: &'static str,
        call: &impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Failed> {
        let is_session = matches!(signer, Credentials::Session(_));
        match self.send(&signer, name, call) {
            Err(Failed::Aws { error, .. }) if is_session && (error.is_invalid_client_token() || error.is_expired()) => {
                self.context.talk.explain(&format!("AWS refuses the session ({error}): it is dropped"));
                self.context.cache.clear(&plan.profile).map_err(|error| Failed::Other(error.into()))?;
                self.send(&self.resolve(plan)?, name, call)
            }
            result => result,
        }
    }

    fn resolve(&self, plan: &Plan) -> Result<Credentials, Failed> {
        let options = ResolveOptions { mfa_code: self.mfa_code.clone(), ..ResolveOptions::default() };
        credentials(self.context, plan, &options).map_err(Failed::Other)
    }

    fn send<T>(
        &self,
        signer: &Credentials,
        name: &'static str,
        call: &impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Failed> {
        call(self.context.access_keys, signer, &self.target).map_err(|error| {
            let id = signer.access_key_id();
            let signed_by = match signer {
                Credentials::Key { .. } => Signer::Key { id, arn: None },
                Credentials::Session(_) => Signer::MfaSession { arn: None, age_seconds: 0 },
                Credentials::NoExpiry { .. } => Signer::PlainSession { arn: None },
            };
            let attempt = Attempt {
                profile: &self.profile,
                call: Attempted::Iam(name),
                signer: signed_by,
                code: None,
                clock_offset_seconds: self.context.clock.offset_seconds(),
            };
            let mut advice = advise(&error, &attempt);
            if error.is_access_denied() {
                advice = advice
                    .hint(format!("this is all a user needs to rotate its own key: {}", policy(&self.user_arn)))
                    .hint(format!(
                        "or have it done by another profile: `keyfob rotate {} --with PROFILE`",
                        self.profile
                    ));
            }
            Failed::Aws { error: Box::new(error), advice }
        })
    }
}

/// The question for a code could not be put; why it was put belongs with that.
fn with_denial(error: Error, denial: &Error) -> Error {
    denial.hints().iter().cloned().fold(error.because(format!("without MFA: {denial}")), Error::hint)
}

/// The smallest policy with which a user can rotate its own key. GetAccessKeyLastUsed is for what is shown alone.
fn policy(user_arn: &str) -> String {
    let actions = ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"];
    let actions = actions.map(|action| format!("iam:{action}"));
    let statement = serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": user_arn});
    serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The user in an ARN: `ann` of `arn:aws:iam::111122223333:user/team/ann`.
///
/// # Errors
/// A root user, which IAM calls cannot name, and whatever has no access keys to rotate.
pub(super) fn user_name(arn: &str) -> Result<&str, Error> {
    if arn.ends_with(":root") {
        return Err(Error::new(Kind::Failed, format!("`{arn}` is a root user, whose key keyfob does not rotate"))
            .because("no policy limits a root key, and AWS advises against having one")
            .hint("make an IAM user with a key of its own, and delete the root key in the console"));
    }
    let path = arn.split_once(":user/").map(|(_, path)| path);
    path.and_then(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Error::new(Kind::Failed, format!("`{arn}` is no IAM user, so it has no key to rotate")))
}
