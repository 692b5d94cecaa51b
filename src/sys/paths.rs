//! Where things are: AWS's two files, keyfob's settings, data and cache.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;
use crate::sys::modes::is_there;
use crate::sys::name_lookup::keep_to_files_and_dns;

/// Every path keyfob uses, made absolute once.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `~/.aws/config` or `AWS_CONFIG_FILE`.
    pub aws_config: PathBuf,
    /// `~/.aws/credentials` or `AWS_SHARED_CREDENTIALS_FILE`.
    pub aws_credentials: PathBuf,
    /// keyfob's own `config.toml`, or `KEYFOB_CONFIG`.
    pub settings: PathBuf,
    /// Vault, index, journal: 0700, files 0600.
    pub data: PathBuf,
    /// Sealed sessions and their locks: 0700, files 0600.
    pub cache: PathBuf,
}

impl Paths {
    /// Works out the paths.
    ///
    /// # Errors
    /// Where neither a home folder nor the variables that replace it are set (exit 6).
    pub fn new(env: &Environment) -> Result<Self> {
        let home = home(env);
        if env.get_os(vars::HOME).is_none() {
            // `dirs` asks the list of users then.
            keep_to_files_and_dns();
        }
        let under_home = |variable: &str, rest: [&str; 2]| match env.get_os(variable) {
            Some(path) => Ok(expand(path, env, home.as_deref())),
            None => home.as_ref().map(|home| home.join(rest[0]).join(rest[1])).ok_or_else(|| homeless(variable)),
        };
        let platform = |variable: &str, folder: Option<PathBuf>, rest: &str| match (env.get_os(variable), folder) {
            (Some(path), _) => Ok(expand_tilde(Path::new(path), home.as_deref())),
            (None, Some(folder)) => Ok(folder.join("keyfob").join(rest)),
            (None, None) => Err(homeless(variable)),
        };
        Ok(Paths {
            aws_config: under_home(vars::AWS_CONFIG_FILE, [".aws", "config"])?,
            aws_credentials: under_home(vars::AWS_SHARED_CREDENTIALS_FILE, [".aws", "credentials"])?,
            settings: platform(vars::KEYFOB_CONFIG, dirs::config_dir(), "config.toml")?,
            data: platform(vars::KEYFOB_DATA_DIR, dirs::data_local_dir(), "")?,
            cache: platform(vars::KEYFOB_CACHE_DIR, dirs::cache_dir(), "")?,
        })
    }

    /// The variables that name an AWS file which does not exist, each with a sentence that says so. keyfob's own may be written
    /// yet.
    pub fn missing(&self, env: &Environment) -> Vec<(&'static str, String)> {
        let named =
            [(vars::AWS_CONFIG_FILE, &self.aws_config), (vars::AWS_SHARED_CREDENTIALS_FILE, &self.aws_credentials)];
        let missing = named.into_iter().filter(|(name, path)| env.get_os(name).is_some() && !is_there(path));
        missing.map(|(name, path)| (name, format!("`{name}` names {}, which does not exist", path.display()))).collect()
    }
}

/// The folder of aws-vault's encrypted files: `AWS_VAULT_FILE_DIR`, else `~/.awsvault/keys` (aws-vault `cli/global.go`).
pub fn aws_vault_files(env: &Environment) -> Option<PathBuf> {
    let home = home(env);
    match env.get_os(vars::AWS_VAULT_FILE_DIR) {
        Some(path) => Some(expand_tilde(Path::new(path), home.as_deref())),
        None => Some(home?.join(".awsvault").join("keys")),
    }
}

/// The folder of `aws login`'s tokens: `AWS_LOGIN_CACHE_DIRECTORY`, else `~/.aws/login/cache` (botocore `utils.py`,
/// `get_login_token_cache_directory`).
pub fn aws_login_cache(env: &Environment) -> Option<PathBuf> {
    let home = home(env);
    match env.get_os(vars::AWS_LOGIN_CACHE_DIRECTORY) {
        Some(path) => Some(expand(path, env, home.as_deref())),
        None => Some(home?.join(".aws").join("login").join("cache")),
    }
}

/// The variables with `HOME` set: to the home folder in the list of users where it is not, as in a service. The AWS CLI, boto3
/// and the SDKs for Go and JavaScript look there too.
pub fn with_home(mut env: Environment) -> Environment {
    if cfg!(windows) || env.get_os(vars::HOME).is_some() {
        return env;
    }
    keep_to_files_and_dns();
    if let Some(home) = dirs::home_dir().filter(|home| home.is_absolute()) {
        env.set(vars::HOME, home);
    }
    env
}

/// The home folder as the SDKs find it: `HOME` on every platform, then Windows' own variables.
///
/// smithy-rs `aws-runtime/src/env_config`; the cases are in AWS's `file-location-tests.json`.
fn home(env: &Environment) -> Option<PathBuf> {
    if let Some(home) = env.get_os(vars::HOME) {
        return Some(home.into());
    }
    if cfg!(windows) {
        if let Some(profile) = env.get_os(vars::USERPROFILE) {
            return Some(profile.into());
        }
        if let (Some(drive), Some(path)) = (env.get(vars::HOMEDRIVE), env.get(vars::HOMEPATH)) {
            return Some(format!("{drive}{path}").into());
        }
    }
    None
}

/// Expands `$NAME` and `${NAME}`, then `~` or `~USER`, as the AWS CLI and boto3 do in the names of AWS's two files (Python's
/// `os.path.expandvars` and `expanduser`). A variable or a user that is not there stays as it is written.
fn expand(path: &OsStr, env: &Environment, home: Option<&Path>) -> PathBuf {
    let Some(text) = path.to_str() else { return expand_tilde(Path::new(path), home) };
    let path = expand_variables(text, env);
    let (first, rest) = path.split_once('/').unwrap_or((&path, ""));
    match first.strip_prefix('~') {
        Some(user) if !user.is_empty() => home_of(user).map_or_else(|| PathBuf::from(&path), |home| home.join(rest)),
        _ => expand_tilde(Path::new(&path), home),
    }
}

fn expand_variables(text: &str, env: &Environment) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let plain = after.find(|c| !is_in_name(c)).unwrap_or(after.len());
        let (name, end) = match after.strip_prefix('{').and_then(|braced| braced.find('}')) {
            Some(end) => (&after[1..=end], end + 2),
            None => (&after[..plain], plain),
        };
        expanded.push_str(before);
        match env.raw(name).and_then(OsStr::to_str) {
            Some(value) => expanded.push_str(value),
            None => expanded.push_str(&rest[before.len()..=before.len() + end]),
        }
        rest = &after[end..];
    }
    expanded + rest
}

/// The home folder of a user, as `/etc/passwd` has it.
fn home_of(user: &str) -> Option<PathBuf> {
    let users = read_optional(Path::new("/etc/passwd")).ok().flatten()?;
    let users = String::from_utf8_lossy(&users);
    let mut fields = users.lines().map(|line| line.split(':'));
    fields.find_map(|mut fields| (fields.next() == Some(user)).then(|| fields.nth(4).map(PathBuf::from)).flatten())
}

/// The path in a setting: a leading `~/` is expanded, which is all the SDKs agree on.
pub fn in_setting(path: &str, env: &Environment) -> PathBuf {
    expand_tilde(Path::new(path), home(env).as_deref())
}

/// Expands a leading `~/` alone, which is all the SDKs agree on.
fn expand_tilde(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn homeless(variable: &str) -> Error {
    Error::new(Kind::Config, "cannot find the home folder: `HOME` is not set")
        .hint(format!("set `HOME`, or `{variable}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_variables_replace_the_files_under_home() {
        let env = Environment::from_pairs([
            ("HOME", "/home/ann"),
            ("AWS_CONFIG_FILE", "~/other/config"),
            ("KEYFOB_DATA_DIR", "/data"),
            ("AWS_SHARED_CREDENTIALS_FILE", ""),
        ]);
        let paths = Paths::new(&env).expect("HOME is set");
        assert_eq!(paths.aws_config, Path::new("/home/ann/other/config"));
        assert_eq!(paths.aws_credentials, Path::new("/home/ann/.aws/credentials"));
        assert_eq!(paths.data, Path::new("/data"));
    }

    #[test]
    fn variables_and_users_in_the_files_names_are_expanded_as_the_aws_cli_does() {
        let env = Environment::from_pairs([("HOME", "/home/ann"), ("A", "/a"), ("EMPTY", ""), ("B_1", "$A")]);
        let cases = [
            ("$HOME/.aws/config", "/home/ann/.aws/config"),
            ("${HOME}/.aws/config", "/home/ann/.aws/config"),
            ("$A$A/${A}x", "/a/a//ax"),
            ("/x$EMPTY/y", "/x/y"),
            ("$NONE/${NONE}/$", "$NONE/${NONE}/$"),
            ("${A", "${A"),
            ("$B_1/x", "$A/x"),
            ("~/x", "/home/ann/x"),
            ("~", "/home/ann"),
            ("~nobody-of-this-name/x", "~nobody-of-this-name/x"),
            ("/a/~/x", "/a/~/x"),
            ("plain", "plain"),
        ];
        for (written, expanded) in cases {
            let mut env = env.clone();
            env.set("AWS_CONFIG_FILE", written);
            assert_eq!(Paths::new(&env).expect("HOME is set").aws_config, Path::new(expanded), "{written}");
        }
        if cfg!(unix) {
            assert_eq!(expand(OsStr::new("~root/x"), &env, None), Path::new("/root/x"));
        }
    }

    #[test]
    fn without_home_the_list_of_users_tells_it() {
        let env = with_home(Environment::from_pairs([("HOME", ""), ("LANG", "C")]));
        assert_eq!(env.get_os(vars::HOME).is_some(), !cfg!(windows));
        assert_eq!(env.get("LANG"), Some("C"));
        assert_eq!(with_home(Environment::from_pairs([("HOME", "/mine")])).get(vars::HOME), Some("/mine"));
    }
}
