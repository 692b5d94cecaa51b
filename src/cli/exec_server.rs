//! `keyfob exec --server`: the command gets its credentials from a server, for as long as it runs.

use std::ffi::OsStr;
use std::path::PathBuf;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

use crate::chain::base::first_for_sdks;
use crate::cli::about::About;
use crate::cli::exec::ExecArgs;
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::config_file::path_of;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::format::environment::{Handed, hand_out};
use crate::format::shell::Shell;
use crate::hex;
use crate::hint::{Hint, run};
use crate::ops::exec::exec;
use crate::ops::serve::{PATH, without_credentials};
use crate::secret::Secret;
use crate::session_cache::{SessionCache, fresh};
use crate::sys::env::vars;
use crate::sys::{files, http_server, server_process};
use crate::timestamp::Timestamp;

/// The profile that SDKs read where none is named.
const DEFAULT: &str = "default";

impl ExecArgs {
    /// The credentials that the server hands out next.
    pub(super) fn resolve(&self, world: &World<'_>) -> Result<(About, Credentials)> {
        let mut snapshot = world.snapshot();
        let profile = self.profile.resolve(world)?;
        snapshot.set_region(&profile, self.options.region.as_deref())?;
        snapshot.issue(&profile, &self.options, None)
    }

    /// The same for a profile that was chosen meanwhile.
    pub(super) fn of_profile(mut self, profile: &OsStr) -> Self {
        self.profile.profile = Some(profile.to_string_lossy().into_owned());
        self
    }

    /// What `resolve` gives from now on: new credentials or an error. The old ones, which may still work, the server has.
    pub(super) fn take_only_fresh(&mut self, credentials: &Credentials) {
        self.options.mfa_code = None;
        self.options.min_ttl = self.options.min_ttl.or_else(|| fresh::least_left(credentials));
    }

    /// When they are to be renewed.
    pub(super) fn due(&self, credentials: &Credentials) -> Timestamp {
        fresh::due(credentials, self.options.min_ttl).unwrap_or(Timestamp::from_unix(i64::MAX))
    }

    /// What an SDK shows its user where there are no credentials any more.
    pub(super) fn advice(&self, error: &Error) -> String {
        let profile = self.profile.profile.as_deref().unwrap_or(DEFAULT);
        let words = ["keyfob", "exec", profile].map(str::to_owned).into_iter().chain(self.options.repeated());
        let words: Vec<String> = words.chain(["--", "true"].map(str::to_owned)).collect();
        let command = Hint::again(&words, &[]).command(Shell::Sh).unwrap_or_default();
        format!("keyfob: {}; run in a terminal: {command}", error.in_one_line())
    }

    /// Starts the server, then becomes the command.
    pub(super) fn run_with_server(&self, world: &World<'_>) -> Result<u8> {
        if self.options.narrow.policy.as_deref() == Some("-") {
            return Err(Error::new(Kind::Usage, "`--server` cannot read a policy from standard input")
                .hint("put the policy into a file"));
        }
        let mut snapshot = world.snapshot();
        let profile = self.profile.resolve(world)?;
        snapshot.set_region(&profile, self.options.region.as_deref())?;
        let hidden = match self.hide_default {
            true => hide_default(world, &snapshot)?,
            false => {
                refuse_default(world, &snapshot)?;
                Vec::new()
            }
        };
        let failed = |error| Error::new(Kind::Failed, "the credentials server cannot be started").because(error);
        let listener = http_server::listen().map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let mut random = [0; 32];
        OsRng.fill_bytes(&mut random);
        let token = Secret::new(hex::encode(&random));
        if let Some(code) = server_process::start(listener, &token, &profile).map_err(failed)? {
            return Ok(code);
        }
        let about = snapshot.about(&profile, &self.options)?;
        let mut surroundings = snapshot.surroundings(&profile, about)?;
        surroundings.variables.extend(hidden);
        let url = format!("http://127.0.0.1:{port}{PATH}");
        let changes =
            hand_out(&world.process_env, &profile, Handed::Server { url: &url, token: &token }, &surroundings);
        let error = exec(&self.command, &profile, &changes, &world.process_env, world.talk);
        world.talk.error(&Error::from(&error));
        Ok(error.exit_code())
    }
}

/// SDKs ask a server only where `[default]` gives them nothing (botocore `credentials.py`, smithy-rs
/// `default_provider/credentials.rs`; measured).
fn refuse_default(world: &World<'_>, snapshot: &Snapshot<'_>) -> Result<()> {
    let profiles = snapshot.files()?.profiles();
    let Some(setting) = profiles.get(DEFAULT).as_ref().and_then(first_for_sdks) else { return Ok(()) };
    let place = format!("{}:{}", path_of(&world.paths, setting.file).display(), setting.line);
    let what = format!("{place}: SDKs would use `{}` of the profile `default` instead of the server", setting.name);
    Err(Error::new(Kind::Config, what)
        .hint("add `--hide-default`, to hide the credentials of `default` from the command")
        .hint(run!("keyfob profile rename default NAME").to("or give that profile another name")))
}

/// A private copy of the config file for the command, without credentials in `[default]`, and the variables that name it.
/// No key in plain text is copied, and nothing of the credentials file.
///
/// `kill -9` leaves the copy behind, which holds no secret; the next server deletes it.
fn hide_default(world: &World<'_>, snapshot: &Snapshot<'_>) -> Result<Vec<(String, String)>> {
    let unwritten = "the private config file cannot be written";
    // Security: SDKs run the programs that it names.
    SessionCache::new(world.paths.cache.clone())
        .make_writable()
        .map_err(|error| Error::new(Kind::Failed, unwritten).because(error))?;
    let files = snapshot.files()?;
    let config = files.config.as_ref().map(without_credentials).unwrap_or_default();
    let folder = server_process::private_folder(&world.paths.cache, std::process::id());
    let failed = |error| Error::new(Kind::Failed, unwritten).because(error);
    server_process::sweep(&world.paths.cache).map_err(failed)?;
    let write = |name: &str, text: &str| -> std::io::Result<PathBuf> {
        let path = folder.join(name);
        files::private_dir(&folder)?;
        files::replace_unsynced(&path, text.as_bytes())?;
        Ok(path)
    };
    let (config, credentials) = (write("config", &config).map_err(failed)?, write("credentials", "").map_err(failed)?);
    let named = [(vars::AWS_CONFIG_FILE, config), (vars::AWS_SHARED_CREDENTIALS_FILE, credentials)];
    Ok(named.into_iter().map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned())).collect())
}
