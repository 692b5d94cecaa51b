//! Where things are: AWS's two files, keyfob's settings, data and cache.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::sys::env::{Environment, vars};
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
            Some(path) => Ok(expand_tilde(Path::new(path), home.as_deref())),
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
}

/// The folder of aws-vault's encrypted files: `AWS_VAULT_FILE_DIR`, else `~/.awsvault/keys` (aws-vault `cli/global.go`).
pub fn aws_vault_files(env: &Environment) -> Option<PathBuf> {
    let home = home(env);
    match env.get_os(vars::AWS_VAULT_FILE_DIR) {
        Some(path) => Some(expand_tilde(Path::new(path), home.as_deref())),
        None => Some(home?.join(".awsvault").join("keys")),
    }
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

/// Expands a leading `~/` alone, which is all the SDKs agree on.
fn expand_tilde(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn homeless(variable: &str) -> Error {
    Error::new(Kind::Config, "no home folder: `HOME` is not set").hint(format!("set `HOME`, or `{variable}`"))
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
}
