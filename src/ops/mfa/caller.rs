//! Whoever makes the IAM calls about devices: the base profile's key, or an MFA session of its user if a policy demands that.

use std::rc::Rc;

use crate::aws::advice::{Attempted, Signer};
use crate::aws::{Access, AwsError, MfaDevices};
use crate::chain::{Base, Plan};
use crate::credentials::{AccessKey, Credentials};
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::signed::{Refusal, Signed, SigningKey};

/// The user whose devices they are, and what its calls are signed with.
pub(in crate::ops) struct Caller<'a> {
    context: &'a Context<'a>,
    /// The user's name, without its path.
    pub(super) user: String,
    /// 12 digits.
    pub(super) account: String,
    arn: String,
    base: Base,
    /// None: whoever signs is not the user.
    key: Option<AccessKey>,
    signed: Rc<Signed<'a>>,
}

impl<'a> Caller<'a> {
    /// Reads the key of `plan`, a base's, and finds out whose it is.
    ///
    /// # Errors
    /// Where the key is not available, AWS does not know it, or it is a root user's.
    pub(super) fn new(context: &'a Context<'a>, plan: &'a Plan) -> Result<Self> {
        let key = context.keys.access_key(&plan.base).map_err(|error| error.with_profile(&plan.profile))?;
        let target = plan.base_target()?;
        let arn = match plan.base.user_arn() {
            Some(arn) => arn.to_owned(),
            None => {
                let asked =
                    context.sts.get_caller_identity(&Credentials::Key { key: key.clone(), account_id: None }, target);
                let refused = |error| {
                    let signer = Signer::Key { id: key.id.as_str(), arn: None };
                    Refusal::new(context, &plan.profile, signer, Attempted::GetCallerIdentity, error)
                };
                asked.map_err(refused)?.arn
            }
        };
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        if !resource.starts_with("user/") {
            return Err(Error::new(
                Kind::Failed,
                format!("`{arn}` is not an IAM user, so keyfob cannot manage its MFA devices"),
            )
            .hint("manage a root user's devices in the AWS console, under Security credentials"));
        }
        let mfa = (plan.session().is_some() && plan.mfa.is_some()).then(|| plan.clone());
        let signed = Signed::by_key(context, &plan.profile, Some(arn.clone()), target.clone(), mfa);
        Ok(Caller { key: Some(key), ..Caller::of_user(context, &plan.base, &arn, Rc::new(signed)) })
    }

    /// Somebody else who manages the devices of the user with this ARN.
    pub(in crate::ops) fn of_user(context: &'a Context<'a>, base: &Base, arn: &str, signed: Rc<Signed<'a>>) -> Self {
        let user = arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        Caller { context, user, account, arn: arn.to_owned(), base: base.clone(), key: None, signed }
    }

    /// The ARN a virtual device of this name has.
    pub(super) fn serial_of(&self, name: &str) -> String {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:iam::{}:mfa/{name}", self.account)
    }

    /// Makes an IAM call.
    ///
    /// # Errors
    /// AWS's, or that of making the session.
    pub(super) fn call<T>(
        &self,
        name: &str,
        send: impl Fn(&dyn MfaDevices, Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let read = || self.key.clone().ok_or_else(|| Error::new(Kind::Defect, "a plan signs, and no key"));
        let key = SigningKey { base: self.base.clone(), read: &read };
        self.signed.call(&key, Attempted::Iam(name), |by| send(self.context.mfa_devices, by))
    }

    /// The serials of the user's devices.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub(super) fn devices(&self) -> Result<Vec<String>, Refusal> {
        self.call("ListMFADevices", |devices, by| devices.list_mfa_devices(by, Some(&self.user)))
    }

    /// Deletes a virtual device that is nobody's.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub(super) fn delete_device(&self, serial: &str) -> Result<(), Refusal> {
        self.call("DeleteVirtualMFADevice", |devices, by| devices.delete_virtual_mfa_device(by, serial))
    }
}
