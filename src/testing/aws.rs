//! AWS as unit tests play it, beside the scripted server of `aws/testing.rs`, which speaks to the real client.

use std::collections::BTreeMap;

use crate::audit::facts::{Certificate, Details, Entity, PasswordPolicy};
use crate::audit::report::CredentialReport;
use crate::aws::http::{Answer, Http, HttpRequest};
use crate::aws::{
    Access, AccessKeys, Account, AssumeRole, AwsError, CallerIdentity, CodePair, Element, GetFederationToken,
    GetScopedCredentials, GetSessionToken, Iam, LastUse, ListedKey, MfaDevices, NewMfaDevice, Sts,
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
    get_scoped_credentials(&Credentials, &GetScopedCredentials, &Target) -> Session;
    get_federation_token(&Credentials, &GetFederationToken, &Target) -> Session;
    assume_role_with_web_identity(&Secret, &AssumeRole, &Target) -> Session;
}

unasked! { Http:
    send(&HttpRequest<'_>) -> Answer;
}

unasked! { AccessKeys:
    list_access_keys(Access<'_>, Option<&str>) -> Vec<ListedKey>;
    create_access_key(Access<'_>, &str) -> AccessKey;
    set_access_key_active(Access<'_>, &str, &AccessKeyId, bool) -> ();
    delete_access_key(Access<'_>, &str, &AccessKeyId) -> ();
    access_key_last_used(Access<'_>, &AccessKeyId) -> Option<LastUse>;
}

unasked! { Account:
    summary(Access<'_>) -> BTreeMap<String, i64>;
    generate_report(Access<'_>) -> bool;
    report(Access<'_>) -> CredentialReport;
    password_policy(Access<'_>) -> Option<PasswordPolicy>;
    virtual_device_owners(Access<'_>) -> Vec<String>;
    details(Access<'_>, &dyn Fn(usize)) -> Details;
    entities_for_policy(Access<'_>, &str) -> Vec<Entity>;
    server_certificates(Access<'_>) -> Vec<Certificate>;
    root_features(Access<'_>) -> Vec<String>;
    regions(Access<'_>) -> Vec<String>;
    analyzers(Access<'_>, &str) -> usize;
    start_last_accessed(Access<'_>, &str) -> String;
    last_accessed(Access<'_>, &str) -> Option<(usize, Vec<String>)>;
}

unasked! { MfaDevices:
    list_mfa_devices(Access<'_>, Option<&str>) -> Vec<String>;
    create_virtual_mfa_device(Access<'_>, &str) -> NewMfaDevice;
    enable_mfa_device(Access<'_>, &str, &CodePair) -> ();
    resync_mfa_device(Access<'_>, &str, &CodePair) -> ();
    deactivate_mfa_device(Access<'_>, &str, &str) -> ();
    delete_virtual_mfa_device(Access<'_>, &str) -> ();
}

unasked! { Iam:
    ask(Access<'_>, &'static str, &[(&str, &str)], &[&str]) -> Element;
    ask_once(Access<'_>, &'static str, &[(&str, &str)]) -> Element;
    pages(Access<'_>, &'static str, &[(&str, &str)], &str) -> Vec<Element>;
}
