//! AWS as unit tests play it, beside the scripted server of `aws/testing.rs`, which speaks to the real client.

use crate::aws::http::{Answer, Http, Request};
use crate::aws::{
    AccessKeys, AssumeRole, AwsError, CallerIdentity, CodePair, GetSessionToken, LastUse, ListedKey, MfaDevices,
    NewMfaDevice, Sts,
};
use crate::chain::target::Target;
use crate::credentials::{AccessKey, AccessKeyId, Credentials, Session};
use crate::secret::Secret;

/// The areas of AWS that a test does not call: a call fails it.
pub(crate) struct Unasked;

macro_rules! unasked {
    ($area:ident: $($call:ident($($argument:ty),*) -> $answer:ty;)*) => {
        impl $area for Unasked {
            $(fn $call(&self, $(_: $argument),*) -> Result<$answer, AwsError> {
                panic!("{} is not called here", stringify!($call))
            })*
        }
    };
}

unasked! { Sts:
    get_caller_identity(&Credentials, &Target) -> CallerIdentity;
    get_session_token(&Credentials, &GetSessionToken, &Target) -> Session;
    assume_role(&Credentials, &AssumeRole, &Target) -> Session;
    assume_role_with_web_identity(&Secret, &AssumeRole, &Target) -> Session;
}

unasked! { Http:
    send(&Request<'_>) -> Answer;
}

unasked! { AccessKeys:
    list_access_keys(&Credentials, Option<&str>, &Target) -> Vec<ListedKey>;
    create_access_key(&Credentials, &str, &Target) -> AccessKey;
    set_access_key_active(&Credentials, &str, &AccessKeyId, bool, &Target) -> ();
    delete_access_key(&Credentials, &str, &AccessKeyId, &Target) -> ();
    access_key_last_used(&Credentials, &AccessKeyId, &Target) -> Option<LastUse>;
}

unasked! { MfaDevices:
    list_mfa_devices(&Credentials, Option<&str>, &Target) -> Vec<String>;
    create_virtual_mfa_device(&Credentials, &str, &Target) -> NewMfaDevice;
    enable_mfa_device(&Credentials, &str, &CodePair, &Target) -> ();
    resync_mfa_device(&Credentials, &str, &CodePair, &Target) -> ();
    deactivate_mfa_device(&Credentials, &str, &str, &Target) -> ();
    delete_virtual_mfa_device(&Credentials, &str, &Target) -> ();
}
