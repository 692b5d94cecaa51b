//! The process's environment, read once and handed in; every variable keyfob reads or sets is named in [`vars`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::sorted;

/// The names of all environment variables keyfob reads, sets or takes away, but for those of its settings, which follow
/// from their names (`settings::SETTINGS`).
pub mod vars {

    pub const HOME: &str = "HOME";
    pub const PATH: &str = "PATH";
    pub const SHELL: &str = "SHELL";
    pub const DISPLAY: &str = "DISPLAY";
    pub const WAYLAND_DISPLAY: &str = "WAYLAND_DISPLAY";
    pub const SSH_CONNECTION: &str = "SSH_CONNECTION";
    pub const SSH_TTY: &str = "SSH_TTY";
    pub const SSH_CLIENT: &str = "SSH_CLIENT";
    /// What says that this machine is somebody else's: no browser here.
    pub const CI: &str = "CI";
    pub const CODESPACES: &str = "CODESPACES";
    pub const CLOUD_SHELL: &str = "CLOUD_SHELL";
    pub const WSL_DISTRO_NAME: &str = "WSL_DISTRO_NAME";
    pub const KUBERNETES_SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";
    /// The browser to open pages with.
    pub const BROWSER: &str = "BROWSER";
    pub const GNUPGHOME: &str = "GNUPGHOME";
    /// The terminal that gpg's prompts go to.
    pub const GPG_TTY: &str = "GPG_TTY";
    /// Where `pass` keeps its files, in place of `~/.password-store`.
    pub const PASSWORD_STORE_DIR: &str = "PASSWORD_STORE_DIR";
    /// The language of a program that is read.
    pub const LC_ALL: &str = "LC_ALL";
    pub const NO_COLOR: &str = "NO_COLOR";
    pub const TERM: &str = "TERM";
    pub const USERPROFILE: &str = "USERPROFILE";
    pub const HOMEDRIVE: &str = "HOMEDRIVE";
    pub const HOMEPATH: &str = "HOMEPATH";
    pub const COMSPEC: &str = "COMSPEC";

    pub const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
    pub const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
    pub const AWS_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
    pub const AWS_SECURITY_TOKEN: &str = "AWS_SECURITY_TOKEN";
    /// An older name of `AWS_ACCESS_KEY_ID`.
    pub const AWS_ACCESS_KEY: &str = "AWS_ACCESS_KEY";
    /// An older name of `AWS_SECRET_ACCESS_KEY`.
    pub const AWS_SECRET_KEY: &str = "AWS_SECRET_KEY";
    pub const AWS_CREDENTIAL_FILE: &str = "AWS_CREDENTIAL_FILE";
    pub const AWS_CREDENTIAL_SCOPE: &str = "AWS_CREDENTIAL_SCOPE";
    pub const AWS_ROLE_ARN: &str = "AWS_ROLE_ARN";
    pub const AWS_ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";
    pub const AWS_WEB_IDENTITY_TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    /// Begins the names that send SDKs to a credentials server.
    pub const AWS_CONTAINER_CREDENTIALS_PREFIX: &str = "AWS_CONTAINER_CREDENTIALS_";
    /// Begins the names that say what to show a credentials server.
    pub const AWS_CONTAINER_AUTHORIZATION_PREFIX: &str = "AWS_CONTAINER_AUTHORIZATION_";
    /// Begins the names of tokens that beat access keys, one a service.
    pub const AWS_BEARER_TOKEN_PREFIX: &str = "AWS_BEARER_TOKEN_";
    pub const AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    pub const AWS_CONTAINER_CREDENTIALS_FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    pub const AWS_CONTAINER_AUTHORIZATION_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    pub const AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    pub const AWS_EC2_METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
    pub const AWS_EC2_METADATA_SERVICE_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    pub const AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    /// Where a workflow of GitHub gets a token that says which one it is.
    pub const ACTIONS_ID_TOKEN_REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
    /// What it shows there.
    pub const ACTIONS_ID_TOKEN_REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
    pub const GITHUB_REPOSITORY: &str = "GITHUB_REPOSITORY";
    pub const GITHUB_JOB: &str = "GITHUB_JOB";
    /// What names a run or a job in CI.
    pub const RUNS: [&str; 5] =
        ["GITHUB_RUN_ID", "CI_JOB_ID", "BUILDKITE_JOB_ID", "CIRCLE_WORKFLOW_JOB_ID", "BITBUCKET_BUILD_NUMBER"];
    /// What AI agents set for the programs that they run.
    pub const AGENTS: [&str; 8] = [
        "AI_AGENT", "CLAUDECODE", "CURSOR_AGENT", "GEMINI_CLI", "CODEX_SANDBOX", "OPENCODE", "AUGMENT_AGENT",
        "COPILOT_AGENT",
    ];
    pub const AWS_CREDENTIAL_EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
    /// What starship shows of a session (its module `aws`); no SDK reads these two.
    pub const AWS_SESSION_EXPIRATION: &str = "AWS_SESSION_EXPIRATION";
    pub const AWSU_PROFILE: &str = "AWSU_PROFILE";
    pub const AWS_ACCOUNT_ID: &str = "AWS_ACCOUNT_ID";
    pub const AWS_PROFILE: &str = "AWS_PROFILE";
    pub const AWS_DEFAULT_PROFILE: &str = "AWS_DEFAULT_PROFILE";
    pub const AWS_REGION: &str = "AWS_REGION";
    pub const AWS_DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
    pub const AWS_CONFIG_FILE: &str = "AWS_CONFIG_FILE";
    pub const AWS_SHARED_CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
    /// Where `aws login` keeps its tokens, in place of `~/.aws/login/cache`.
    pub const AWS_LOGIN_CACHE_DIRECTORY: &str = "AWS_LOGIN_CACHE_DIRECTORY";
    pub const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";
    pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
    /// Begins the names of endpoints, one a service.
    pub const AWS_ENDPOINT_URL_PREFIX: &str = "AWS_ENDPOINT_URL_";
    pub const AWS_ENDPOINT_URL_STS: &str = "AWS_ENDPOINT_URL_STS";
    pub const AWS_ENDPOINT_URL_ACCESSANALYZER: &str = "AWS_ENDPOINT_URL_ACCESSANALYZER";
    pub const AWS_ENDPOINT_URL_EC2: &str = "AWS_ENDPOINT_URL_EC2";
    pub const AWS_ENDPOINT_URL_IAM: &str = "AWS_ENDPOINT_URL_IAM";
    pub const AWS_ENDPOINT_URL_ROLESANYWHERE: &str = "AWS_ENDPOINT_URL_ROLESANYWHERE";
    pub const AWS_ENDPOINT_URL_SIGNIN: &str = "AWS_ENDPOINT_URL_SIGNIN";
    pub const AWS_ENDPOINT_URL_SSO: &str = "AWS_ENDPOINT_URL_SSO";
    pub const AWS_ENDPOINT_URL_SSO_OIDC: &str = "AWS_ENDPOINT_URL_SSO_OIDC";
    pub const AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    pub const AWS_USE_FIPS_ENDPOINT: &str = "AWS_USE_FIPS_ENDPOINT";
    pub const AWS_USE_DUALSTACK_ENDPOINT: &str = "AWS_USE_DUALSTACK_ENDPOINT";
    pub const AWS_STS_REGIONAL_ENDPOINTS: &str = "AWS_STS_REGIONAL_ENDPOINTS";

    /// aws-vault's own: which of its places is used, where it is, and what opens it.
    pub const AWS_VAULT_BACKEND: &str = "AWS_VAULT_BACKEND";
    pub const AWS_VAULT_FILE_DIR: &str = "AWS_VAULT_FILE_DIR";
    pub const AWS_VAULT_FILE_PASSPHRASE: &str = "AWS_VAULT_FILE_PASSPHRASE";
    pub const AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME: &str = "AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME";
    pub const AWS_VAULT_PASS_CMD: &str = "AWS_VAULT_PASS_CMD";
    pub const AWS_VAULT_PASS_PREFIX: &str = "AWS_VAULT_PASS_PREFIX";
    pub const AWS_VAULT_PASS_PASSWORD_STORE_DIR: &str = "AWS_VAULT_PASS_PASSWORD_STORE_DIR";

    pub const HTTP_PROXY: &str = "HTTP_PROXY";
    pub const HTTP_PROXY_LOWER: &str = "http_proxy";
    pub const HTTPS_PROXY: &str = "HTTPS_PROXY";
    pub const HTTPS_PROXY_LOWER: &str = "https_proxy";
    pub const ALL_PROXY: &str = "ALL_PROXY";
    pub const ALL_PROXY_LOWER: &str = "all_proxy";
    pub const NO_PROXY: &str = "NO_PROXY";
    pub const NO_PROXY_LOWER: &str = "no_proxy";

    pub const KEYFOB_PROFILE: &str = "KEYFOB_PROFILE";
    /// The region `env` or `exec` exported: `AWS_REGION` of the same value is keyfob's doing, another is the user's.
    pub const KEYFOB_REGION: &str = "KEYFOB_REGION";
    /// What else `env` or `exec` set (key id, endpoints and the like), each with a digest of its value.
    pub const KEYFOB_VARIABLES: &str = "KEYFOB_VARIABLES";
    pub const KEYFOB_SAVED_AWS_PROFILE: &str = "KEYFOB_SAVED_AWS_PROFILE";
    pub const KEYFOB_SAVED_AWS_DEFAULT_PROFILE: &str = "KEYFOB_SAVED_AWS_DEFAULT_PROFILE";
    pub const KEYFOB_SAVED_AWS_REGION: &str = "KEYFOB_SAVED_AWS_REGION";
    pub const KEYFOB_SAVED_AWS_DEFAULT_REGION: &str = "KEYFOB_SAVED_AWS_DEFAULT_REGION";
    /// What narrows the credentials that `env` or `exec` handed out, for keyfobs started with them.
    pub const KEYFOB_NARROW: &str = "KEYFOB_NARROW";
    /// Whose credentials `env` or `exec` handed out, for `whoami`.
    pub const KEYFOB_IDENTITY: &str = "KEYFOB_IDENTITY";
    pub const KEYFOB_CONFIG: &str = "KEYFOB_CONFIG";
    pub const KEYFOB_DATA_DIR: &str = "KEYFOB_DATA_DIR";
    pub const KEYFOB_CACHE_DIR: &str = "KEYFOB_CACHE_DIR";
    pub const KEYFOB_MFA_CODE: &str = "KEYFOB_MFA_CODE";
    pub const KEYFOB_CHAIN: &str = "KEYFOB_CHAIN";
    /// What the server of `exec --server` is shown; its own credentials may come from another such server.
    pub const KEYFOB_SERVER_TOKEN: &str = "KEYFOB_SERVER_TOKEN";
    /// The setting `agent`, which an agent's own requests must not see.
    pub const KEYFOB_AGENT: &str = "KEYFOB_AGENT";
}

/// A snapshot of environment variables.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl fmt::Debug for Environment {
    // Security: names alone; `AWS_SECRET_ACCESS_KEY` is one of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The process's own.
    ///
    /// On Windows, where case does not matter in names and `PATH` is mostly written `Path`, they are in upper case.
    pub fn of_process() -> Self {
        let name = |name: OsString| if cfg!(windows) { name.to_ascii_uppercase() } else { name };
        Environment(sorted::map(std::env::vars_os().map(|(variable, value)| (name(variable), value))))
    }

    /// Made up, for tests.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Environment(sorted::map(pairs.into_iter().map(|(name, value)| (name.into(), value.into()))))
    }

    /// The value, where set, not empty and UTF-8: an empty variable counts as unset, as in the SDKs.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name)?.to_str()
    }

    /// The value, where set and not empty, in any encoding.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// The value unchanged, even if it is empty.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.raw_os(OsStr::new(name))
    }

    /// As [`Environment::raw`], for a name in any encoding.
    pub fn raw_os(&self, name: &OsStr) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// Whether a window would be seen: there is a display, and over SSH it would be another machine's, or show where
    /// nobody sits.
    pub fn has_display(&self) -> bool {
        let set = |name| self.get_os(name).is_some();
        (set(vars::DISPLAY) || set(vars::WAYLAND_DISPLAY)) && !set(vars::SSH_CONNECTION)
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes a variable away.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Environment(sorted::map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_show_in_debug_output() {
        let environment = Environment::from_pairs([("AWS_SECRET_ACCESS_KEY", "FAKE-secret")]);
        assert_eq!(format!("{environment:?}"), "{\"AWS_SECRET_ACCESS_KEY\"}");
    }
}
