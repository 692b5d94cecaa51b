//! Variables of this shell that win over profiles, or lead away from them.

use std::fmt::Display;
use std::path::Path;

use crate::hint::run;
use crate::ops::doctor::{Finding, Machine};
use crate::sys::env::vars;
use crate::sys::modes::is_there;

/// Variables that win over profiles, or that not every SDK reads.
pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let (env, paths) = (machine.context.env, machine.context.paths);
    let mut found = Vec::new();
    let finding = |message: String, why: &str, fix| Finding::new("variable", message, why, fix);
    let unset = |message: String, why: &str, name: &str| finding(message, why, run!("unset {}", name));
    let export = |message: String, why: &str, name: &str, value: &dyn Display| {
        finding(message, why, run!("export {}", format!("{name}={value}")))
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
        found.push(unset(format!("`{name}` is set in this shell"), "most SDKs use it instead of any profile", name));
    }
    let names = env.iter().filter_map(|(name, value)| name.to_str().filter(|_| !value.is_empty()));
    for name in names.filter(|name| name.starts_with(vars::AWS_BEARER_TOKEN_PREFIX)) {
        let why = "SDKs use it for that service instead of any key or profile";
        found.push(unset(format!("`{name}` is set in this shell"), why, name));
    }
    for (name, message) in paths.missing(env) {
        let why = "SDKs and keyfob treat it as an empty file, without profiles";
        found.push(unset(message, why, name));
    }
    let files_named =
        [(vars::AWS_CONFIG_FILE, &paths.aws_config), (vars::AWS_SHARED_CREDENTIALS_FILE, &paths.aws_credentials)];
    for (name, path) in files_named.into_iter().filter(|(_, path)| is_there(path)) {
        if env.get(name).is_some_and(|text| text.contains('$') && Path::new(text) != path) {
            let why = "the AWS CLI, boto3 and keyfob expand it; the SDKs for Go, Java, JavaScript and Rust do not";
            found.push(export(format!("`{name}` contains a variable"), why, name, &path.display()));
        }
    }
    if env.raw(vars::AWS_PROFILE).is_some_and(std::ffi::OsStr::is_empty) {
        let message = format!("`{}` is set but empty", vars::AWS_PROFILE);
        found.push(unset(message, "the AWS CLI looks for a profile with an empty name", vars::AWS_PROFILE));
    }
    let profiles = machine.files.as_ref().ok().map(|files| files.profiles());
    for name in [vars::AWS_PROFILE, vars::AWS_DEFAULT_PROFILE] {
        if let (Some(profile), Some(profiles)) = (env.get(name), &profiles)
            && profiles.get(profile).is_none()
        {
            let message = format!("`{name}` names `{profile}`, which does not exist");
            found.push(unset(message, "every SDK in this shell fails", name));
        }
    }
    if let (None, Some(profile)) = (env.get(vars::AWS_PROFILE), env.get(vars::AWS_DEFAULT_PROFILE)) {
        let message = format!("`{}` is `{profile}`, and `{}` is not set", vars::AWS_DEFAULT_PROFILE, vars::AWS_PROFILE);
        let why = "the AWS CLI, boto3 and keyfob use it; the SDKs for Go, Java, JavaScript and Rust do not read it";
        found.push(export(message, why, vars::AWS_PROFILE, &profile));
    }
    for (one, other, why) in [
        (
            vars::AWS_PROFILE,
            vars::AWS_DEFAULT_PROFILE,
            "boto3 and the AWS CLI 1 take the second; keyfob, the AWS CLI 2 and all others take the first",
        ),
        (vars::AWS_REGION, vars::AWS_DEFAULT_REGION, "boto3 and AWS CLI 1 use the second, all others the first"),
    ] {
        if let (Some(first), Some(second)) = (env.get(one), env.get(other))
            && first != second
        {
            found.push(unset(format!("`{one}` is `{first}` and `{other}` is `{second}`"), why, other));
        }
    }
    found
}
