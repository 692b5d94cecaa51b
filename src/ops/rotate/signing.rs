//! IAM calls of a rotation: who signs them, and what AWS's refusals mean.
//!
//! The key itself signs; where a policy wants MFA for that, an MFA session of its user; with `--with`, another profile.

use std::cell::RefCell;

use crate::aws::advice::Attempted;
use crate::aws::{AccessKeys, AwsError, LastUse};
use crate::chain::base::key::base_of;
use crate::chain::target::Target;
use crate::credentials::{AccessKey, AccessKeyId, Credentials, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::keystore::access_key::read_access_key;
use crate::ops::Context;
use crate::ops::signed::{Refusal, Signed, SigningKey};
use crate::rotation::Failure;

/// What a refusal means for a rotation; what could not be signed ends the step.
pub(super) fn kind_of(refusal: &Refusal) -> Failure {
    let Some(error) = refusal.error() else { return Failure::Refused };
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
    /// The profile whose key is rotated.
    pub(super) profile: String,
    /// The ARN the calls are about, for the policy that is shown.
    pub(super) user_arn: String,
    pub(super) signed: Signed<'a>,
    /// A key that has to be able to sign although its store may fail: the one that made another, until that one is stored.
    held: RefCell<Option<AccessKey>>,
}

impl<'a> Signing<'a> {
    pub(super) fn new(context: &'a Context<'a>, profile: &str, user_arn: &str, signed: Signed<'a>) -> Self {
        let (profile, user_arn) = (profile.to_owned(), user_arn.to_owned());
        Signing { context, profile, user_arn, signed, held: RefCell::default() }
    }

    /// The secret of a stored key, read from its store.
    pub(super) fn read(&self, key: &StoredKey) -> Result<AccessKey> {
        let store = self.context.stores.open(key.backend).map_err(|error| error.for_user(key.backend))?;
        read_access_key(store, &key.id).map_err(|error| error.for_user(key.backend))
    }

    /// Keeps a key in memory until the next is named: should its store fail meanwhile, it still signs.
    ///
    /// # Errors
    /// Where its store does not give it.
    pub(super) fn hold(&self, key: Option<&StoredKey>) -> Result<()> {
        let held = key.map(|key| self.read(key)).transpose()?;
        self.held.replace(held);
        Ok(())
    }

    /// Makes an IAM call, signed with `key` or what stands for it.
    pub(super) fn call<T>(
        &self,
        key: &StoredKey,
        name: &'static str,
        call: impl Fn(&dyn AccessKeys, &Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let send = |signer: &Credentials, target: &Target| call(self.context.access_keys, signer, target);
        let read = || self.read_or_held(key);
        let key = SigningKey { base: base_of(&self.profile, key.clone()), read: &read };
        self.signed.call(&key, Attempted::Iam(name), send).map_err(|refusal| match refusal.is_access_denied() {
            true => refusal
                .hint(format!("this is all a user needs to rotate its own key: {}", policy(&self.user_arn)))
                .hint(run!("keyfob rotate {} --with PROFILE", self.profile).to("or make another profile do it")),
            false => refusal,
        })
    }

    /// When a key was used last, for what is only shown: nobody is asked for a code that no other call has wanted.
    pub(super) fn last_use_in_passing(&self, key: &StoredKey, id: &AccessKeyId) -> Result<Option<LastUse>, Refusal> {
        let read = || self.read_or_held(key);
        let key = SigningKey { base: base_of(&self.profile, key.clone()), read: &read };
        self.signed.call_in_passing(&key, Attempted::Iam("GetAccessKeyLastUsed"), |signer, target| {
            self.context.access_keys.access_key_last_used(signer, id, target)
        })
    }

    fn read_or_held(&self, key: &StoredKey) -> Result<AccessKey> {
        match (self.read(key), &*self.held.borrow()) {
            (Err(_), Some(held)) if held.id == key.id => Ok(held.clone()),
            (read, _) => read,
        }
    }
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
