//! What gives credentials to some who read the profile, and to others nothing, or something else.

use crate::chain::base::{is_complete_for_sdks, key};
use crate::hint::Hint;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::process_line::keyfob_profile_of;
use crate::profile::{AwsFile, Setting};

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let name = checked.profile.name();
    let link_or = |unless: &str| checked.link().unwrap_or_else(|| unless.into());
    let mut found = Vec::new();
    let mut add = |setting: &Setting<'_>, message: String, why: &str, fix: Hint| {
        found.push(checked.finding("setting", setting, message, why, fix));
    };
    // keyfob and aws-vault follow it, no SDK does.
    if let Some(source) = checked.set("source_profile").filter(|_| !is_complete_for_sdks(checked.profile)) {
        let why = "SDKs find no credentials for such a profile";
        let fix = link_or("give it a role, or name a source whose credentials keyfob can get");
        add(&source, format!("`{name}` has a `source_profile`, but no `role_arn`"), why, fix);
    }
    let other = "remove it, or name another source of credentials";
    if let Some(source) = checked.set("credential_source").filter(|_| checked.set("role_arn").is_none()) {
        let why = "SDKs ignore it, and use whatever credentials they find elsewhere";
        add(&source, format!("`{name}` has a `credential_source` and no `role_arn`"), why, link_or(other));
    }
    // Only keyfob knows these.
    let sdks_find_one = ["source_profile", "credential_source", "web_identity_token_file"]
        .iter()
        .any(|name| checked.set(name).is_some());
    if let Some(role) = checked.set("role_arn").filter(|_| !sdks_find_one) {
        for (source, what) in [("keyfob_web_identity", "token"), ("keyfob_certificate", "credentials")] {
            if checked.set(source).is_some() {
                let why = "SDKs see a role without a source, and fail";
                add(&role, format!("`{name}` gets its {what} from `{source}`"), why, link_or(other));
            }
        }
    }
    if let Some(process) = checked.set("web_identity_token_process") {
        let why = "no SDK runs it: only aws-vault and keyfob do";
        add(&process, format!("`{name}` gets its token from `web_identity_token_process`"), why, link_or(other));
    }
    let process = checked.set("credential_process").filter(|process| keyfob_profile_of(&process.value).is_none());
    let key = checked.set(key::ID).filter(|key| key.file == AwsFile::Config);
    let key = key.filter(|_| checked.set(key::SECRET).is_some());
    if let (Some(_), Some(key)) = (process, key) {
        let why = "the AWS CLI, boto3 and keyfob run the process, the SDKs for JavaScript and Rust use the key";
        let fix = "keep one of them, and delete the lines of the other".into();
        add(&key, format!("`{name}` has both an access key and a `credential_process`"), why, fix);
    }
    found
}
