//! IAM calls of a rotation: who signs them, and what AWS's refusals mean.
//!
//! The key itself signs; where a policy wants MFA for that, an MFA session of its user; with `--with`, another profile.

use crate::aws::advice::Attempted;
use crate::aws::{Access, AccessKeys, AwsError, LastUse};
use crate::chain::base::key::base_of;
use crate::credentials::{AccessKey, AccessKeyId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::keystore::access_key::read_access_key;
use crate::ops::Context;
use crate::ops::signed::{Refusal, Signed, SigningKey};
use crate::rotation::Failure;

/// What a refusal means for a rotation; what could not be signed ends the step.
pub(in crate::ops) fn kind_of(refusal: &Refusal) -> Failure {
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
        AwsError::AnswerLost { .. } | AwsError::Invalid { .. } => Failure::Passing { may_be_processed: true },
    }
}

/// A stored key that signs.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) stored: StoredKey,
    /// Its secret, if it has to sign although its store may fail: of a key that makes another, until that one is stored.
    held: Option<AccessKey>,
}

impl From<StoredKey> for Key {
    fn from(stored: StoredKey) -> Key {
        Key { stored, held: None }
    }
}

/// Makes IAM calls about one user.
pub(super) struct Signing<'a> {
    context: &'a Context<'a>,
    /// The profile whose key is rotated.
    profile: String,
    /// The ARN the calls are about, for the policy that is shown.
    user_arn: String,
    signed: Signed<'a>,
}

impl<'a> Signing<'a> {
    pub(super) fn new(context: &'a Context<'a>, profile: &str, user_arn: &str, signed: Signed<'a>) -> Self {
        Signing { context, profile: profile.to_owned(), user_arn: user_arn.to_owned(), signed }
    }

    /// The secret of a key, read from its store unless it is held.
    pub(super) fn read(&self, key: &Key) -> Result<AccessKey> {
        let Key { stored: StoredKey { id, backend, .. }, held } = key;
        match held {
            Some(held) => Ok(held.clone()),
            None => (self.context.stores.open(*backend).and_then(|store| read_access_key(store, id)))
                .map_err(|error| error.for_user(*backend).with_profile(&self.profile)),
        }
    }

    /// Reads a key now, so that it signs whatever becomes of its store.
    pub(super) fn hold(&self, key: Key) -> Result<Key> {
        Ok(Key { held: Some(self.read(&key)?), ..key })
    }

    /// Makes an IAM call, signed with `key` or what stands for it.
    pub(super) fn call<T>(
        &self,
        key: &Key,
        name: &'static str,
        call: impl Fn(&dyn AccessKeys, Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let send = |by: Access<'_>| call(self.context.access_keys, by);
        let answer = self.signed.call(&self.signing_key(key, &|| self.read(key)), Attempted::Iam(name), send);
        answer.map_err(|refusal| match refusal.is_access_denied() {
            true => {
                refusal.hint(format!("this policy lets a user rotate its own key: {}", policy(&self.user_arn))).hint(
                    self.context
                        .talk
                        .again(&["--with", "PROFILE"])
                        .to("or use another profile's credentials for the rotation"),
                )
            }
            false => refusal,
        })
    }

    /// When a key was used last.
    pub(super) fn last_use(&self, key: &Key, id: &AccessKeyId) -> Result<Option<LastUse>, Refusal> {
        self.call(key, "GetAccessKeyLastUsed", |keys, by| keys.access_key_last_used(by, id))
    }

    /// When a key was used last, for what is only shown: nobody is asked for a code that no other call has wanted.
    pub(super) fn last_use_in_passing(&self, key: &Key, id: &AccessKeyId) -> Result<Option<LastUse>, Refusal> {
        let send = |by: Access<'_>| self.context.access_keys.access_key_last_used(by, id);
        let call = Attempted::Iam("GetAccessKeyLastUsed");
        self.signed.call_in_passing(&self.signing_key(key, &|| self.read(key)), call, send)
    }

    fn signing_key<'k>(&self, key: &Key, read: &'k dyn Fn() -> Result<AccessKey>) -> SigningKey<'k> {
        SigningKey { base: base_of(&self.profile, key.stored.clone()), read }
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
        return Err(Error::new(Kind::Failed, format!("`{arn}` is the root user, and keyfob cannot rotate its key"))
            .because("no policy limits a root user's key, and AWS advises against having one")
            .hint("create an IAM user with an access key, and delete the root user's key in the console"));
    }
    let path = arn.split_once(":user/").map(|(_, path)| path);
    path.and_then(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Error::new(Kind::Failed, format!("`{arn}` is not an IAM user, so it has no key to rotate")))
}
