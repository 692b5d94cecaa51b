//! IAM Roles Anywhere: the certificate and key of a profile, read when they are exchanged, and the exchange.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::aws::AwsError;
use crate::chain::base::roles_anywhere::Anchor;
use crate::chain::{Hop, Plan, hosts};
use crate::credentials::Session;
use crate::error::{Error, Kind, Result};
use crate::format::environment::of_helper;
use crate::hint::run;
use crate::human::AskError;
use crate::ops::Context;
use crate::roles_anywhere::{Certificate, CreateSession, KeyError, PrivateKey, chain, create_session};
use crate::secret::{Secret, SecretBytes};
use crate::sys::child::{self, Given};
use crate::sys::env::Environment;
use crate::sys::{files, modes, paths};

/// A certificate and its key, ready to be exchanged.
pub(in crate::ops::resolve) struct Opened<'a> {
    anchor: &'a Anchor,
    certificates: Vec<Certificate>,
    key: PrivateKey,
}

/// Reads the certificate and the key of a profile, and checks them. A person may be asked for the key's passphrase.
///
/// # Errors
/// A file that is missing or not what it should be (exit 6), a passphrase that nobody gives (3).
pub(in crate::ops::resolve) fn open<'a>(
    context: &Context,
    plan: &Plan,
    anchor: &'a Anchor,
    prompt_limit: Option<Duration>,
) -> Result<Opened<'a>> {
    let files = Files { context, plan, anchor, prompt_limit };
    let (certificates, key) = (files.certificates()?, files.key()?);
    files.check(&certificates, &key)?;
    Ok(Opened { anchor, certificates, key })
}

impl Opened<'_> {
    /// Exchanges the certificate for a session of the first hop's role.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(in crate::ops::resolve) fn exchange(
        &self,
        context: &Context,
        hop: &Hop,
        duration_seconds: u32,
        limit: Option<Duration>,
    ) -> std::result::Result<Session, AwsError> {
        let Opened { anchor, certificates, key } = self;
        let endpoint = hosts::roles_anywhere(&hop.target, &anchor.region).map_err(AwsError::Setup)?;
        let most = context.settings.call_timeout;
        let asked = CreateSession {
            trust_anchor_arn: &anchor.trust_anchor_arn,
            profile_arn: &anchor.profile_arn,
            role_arn: &hop.role_arn,
            role_session_name: hop.role_session_name.as_deref(),
            duration_seconds,
            region: &anchor.region,
            endpoint: &endpoint,
            ca_bundle: hop.target.ca_bundle.as_deref(),
            limit: limit.map_or(most, |limit| limit.min(most)),
            certificates,
            key,
        };
        create_session(context.http, context.clock, &asked)
    }
}

/// What names the certificate in this file: its SHA-256; none for a file that has none.
pub(super) fn identity(path: &str, env: &Environment) -> Option<String> {
    let text = files::read(&paths::in_setting(path, env)).ok()?;
    let certificates = chain(&String::from_utf8_lossy(&text)).ok()?;
    Some(certificates.first()?.fingerprint())
}

/// The files of a profile.
struct Files<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    anchor: &'a Anchor,
    prompt_limit: Option<Duration>,
}

impl Files<'_> {
    fn certificates(&self) -> Result<Vec<Certificate>> {
        let path = &self.anchor.certificate;
        let bad = |problem: String| self.bad("certificate", path, &problem);
        let text = files::read(&paths::in_setting(path, self.context.env))
            .map_err(|error| bad(format!("cannot be read: {error}")))?;
        chain(&String::from_utf8_lossy(&text)).map_err(bad)
    }

    // Security: whoever can read the key can be this machine, so one that others can read is not used.
    fn key(&self) -> Result<PrivateKey> {
        let shown = &self.anchor.private_key;
        let path = paths::in_setting(shown, self.context.env);
        let bad = |problem: &str| self.bad("private key", shown, problem);
        if let Some(exposed) = modes::exposed(&path, 0o077) {
            let error = match exposed.foreign {
                true => bad("belongs to another user"),
                false => bad(&format!("can be read or changed by other users (mode {:03o})", exposed.mode)),
            };
            return Err(error.hint(run!("chmod 600 {}", path.display()).to("make the file readable only by you")));
        }
        let text = files::read(&path).map_err(|error| bad(&format!("cannot be read: {error}")))?;
        let text = SecretBytes::new(text);
        let text = std::str::from_utf8(text.expose()).map_err(|_| bad("is not PEM"))?;
        PrivateKey::read(text, || self.passphrase(&path)).map_err(|error| match error {
            KeyError::Bad(problem) => bad(problem),
            KeyError::WrongPassphrase => bad("does not open with this passphrase"),
            KeyError::NoPassphrase(error) => error,
        })
    }

    /// What has to hold before AWS is asked: AWS would refuse it too, and not say why.
    fn check(&self, certificates: &[Certificate], key: &PrivateKey) -> Result<()> {
        let certificate = certificates.first().expect("a file without one is an error");
        let (path, now) = (&self.anchor.certificate, self.context.clock.now());
        if key.public_key() != certificate.public_key {
            let message = format!("belongs to another private key than the one in `{}`", self.anchor.private_key);
            return Err(self.bad("certificate", path, &message));
        }
        let (from, to) = (certificate.not_before, certificate.not_after);
        if to < now {
            return Err(self.bad("certificate", path, &format!("expired at {to}")).hint("get a new certificate"));
        }
        if now < from {
            let problem = format!("is not valid before {from}");
            return Err(self.bad("certificate", path, &problem).hint("check this machine's date"));
        }
        Ok(())
    }

    fn bad(&self, what: &str, path: &str, problem: &str) -> Error {
        let profile = &self.plan.base.profile;
        Error::new(Kind::Config, format!("the {what} of `{profile}`, `{path}`, {problem}"))
            .hint(run!("keyfob explain {}", profile).to("show the settings"))
    }

    /// The passphrase of the private key: from its file, its command, or a person. Never from where the vault's comes from.
    fn passphrase(&self, key: &Path) -> Result<Secret> {
        let Context { settings, env, human, .. } = *self.context;
        let failed = |problem: &str| {
            Error::new(Kind::Config, format!("the passphrase of the private key `{}`: {problem}", key.display()))
        };
        let given: Option<(&str, SecretBytes)> = if let Some(file) = &settings.private_key_passphrase_file {
            let read = |path: &PathBuf| files::read(path).map(SecretBytes::new);
            let bytes = read(file).map_err(|error| failed(&format!("`{}` cannot be read: {error}", file.display())))?;
            Some(("its file", bytes))
        } else if let Some(command) = &settings.private_key_passphrase_command {
            // Its words are not repeated: somebody may have written the passphrase itself into it.
            let argv = shell_words::split(command).map_err(|error| failed(&format!("its command: {error}")))?;
            let chain = self.plan.chain_for_programs(env);
            let given = Given { env: &of_helper(env), chain: &chain, limit: settings.program_timeout };
            let answer = child::run(&argv, given).map_err(|error| failed(&format!("its command failed: {error}")))?;
            if !answer.status.success() {
                return Err(failed(&format!("its command failed: {}", answer.status)));
            }
            Some(("its command", answer.stdout))
        } else {
            None
        };
        if let Some((source, bytes)) = given {
            let line = bytes.expose().split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = std::str::from_utf8(line).map_err(|_| failed(&format!("{source} gives no UTF-8 text")))?;
            let line = line.trim_end_matches('\r');
            return match line.is_empty() {
                true => Err(failed(&format!("{source} gives none"))),
                false => Ok(Secret::new(line.to_owned())),
            };
        }
        let prompt = format!("Passphrase of the private key `{}`: ", key.display());
        let asked = human.ask_secret(&prompt, self.prompt_limit);
        let asked = asked.and_then(|secret| if secret.is_empty() { Err(AskError::Declined) } else { Ok(secret) });
        asked.map_err(|error| {
            error
                .into_error(&format!("the passphrase of the private key `{}`", key.display()))
                .hint("put it into a file, and name that in `KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE`")
        })
    }
}
