//! Variables of this shell that win over profiles, or lead away from them.

use super::Finding;
use crate::config_file::AwsFiles;
use crate::hint::run;
use crate::sys::env::{Environment, vars};
use crate::sys::modes::is_there;
use crate::sys::paths::Paths;

/// Variables that win over profiles.
pub fn of_environment(env: &Environment, paths: &Paths, files: Option<&AwsFiles>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |message: String, why: &str, name: &str| {
        found.push(Finding::new("variable", message, why, run!("unset {}", name)));
    };
    let winners = [
        vars::AWS_ACCESS_KEY_ID,
        vars::AWS_SECRET_ACCESS_KEY,
        vars::AWS_SESSION_TOKEN,
        vars::AWS_SECURITY_TOKEN,
        vars::AWS_ROLE_ARN,
        vars::AWS_WEB_IDENTITY_TOKEN_FILE,
    ];
    for name in winners.into_iter().filter(|name| env.get(name).is_some()) {
        add(format!("`{name}` is set in this shell"), "most SDKs use it before any profile", name);
    }
    let names = env.iter().filter_map(|(name, value)| name.to_str().filter(|_| !value.is_empty()));
    for name in names.filter(|name| name.starts_with(vars::AWS_BEARER_TOKEN_PREFIX)) {
        let why = "SDKs use it for that service before any key or profile";
        add(format!("`{name}` is set in this shell"), why, name);
    }
    let files_named =
        [(vars::AWS_CONFIG_FILE, &paths.aws_config), (vars::AWS_SHARED_CREDENTIALS_FILE, &paths.aws_credentials)];
    for (name, path) in files_named.into_iter().filter(|(name, path)| env.get_os(name).is_some() && !is_there(path)) {
        let message = format!("`{name}` names {}, which is not there", path.display());
        add(message, "SDKs take it for an empty file and know no profile of it", name);
    }
    if env.raw(vars::AWS_PROFILE).is_some_and(std::ffi::OsStr::is_empty) {
        add(
            format!("`{}` is set and empty", vars::AWS_PROFILE),
            "the AWS CLI looks for a profile of that name",
            vars::AWS_PROFILE,
        );
    }
    let profiles = files.map(AwsFiles::profiles);
    for name in [vars::AWS_PROFILE, vars::AWS_DEFAULT_PROFILE] {
        if let (Some(profile), Some(profiles)) = (env.get(name), &profiles)
            && profiles.get(profile).is_none()
        {
            add(format!("`{name}` names `{profile}`, which is no profile"), "every SDK in this shell fails", name);
        }
    }
    for (one, other, why) in [
        (vars::AWS_PROFILE, vars::AWS_DEFAULT_PROFILE, "boto3 and the AWS CLI 1 take the second, all others the first"),
        (vars::AWS_REGION, vars::AWS_DEFAULT_REGION, "boto3 and the AWS CLI 1 take the second, all others the first"),
    ] {
        if let (Some(first), Some(second)) = (env.get(one), env.get(other))
            && first != second
        {
            add(format!("`{one}` is `{first}` and `{other}` is `{second}`"), why, other);
        }
    }
    found
}
