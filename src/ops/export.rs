//! Giving a stored key back in plain text, for another machine, another program, or to leave.

use zeroize::Zeroizing;

use crate::chain::StoredKeys;
use crate::chain::base::key::{ID, SECRET};
use crate::chain::base::process::runs_keyfob;
use crate::config_file::{AwsFiles, Edited, path_of};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::access_key::read_access_key;
use crate::ops::Context;
use crate::ops::edits::edit;
use crate::ops::planning::no_stored_key;
use crate::profile::AwsFile;
use crate::secret::Secret;

/// Where the key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// To stdout as two lines, as `add --stdin` reads them.
    Lines,
    /// To stdout as the CSV file of the AWS console.
    Csv,
    /// Into the credentials file.
    Credentials,
}

/// Gives the key stored for `profile`, once somebody at the terminal has confirmed that, or with `force`. Returns what goes
/// to stdout.
///
/// # Errors
/// Where there is no such key, nobody confirms, the store does not give it, or the credentials file has another key.
pub fn export(
    context: &Context<'_>,
    profile: &str,
    form: ExportForm,
    force: bool,
    files: &AwsFiles,
) -> Result<Option<Secret>> {
    let index = Index::load(&context.paths.data)?;
    let Some(stored) = index.key_of(profile) else {
        let error = no_stored_key(context, files, &index, profile, |base| {
            run!("keyfob export {}", base).to("export the key it starts from")
        });
        return Err(match files.profiles().get(profile) {
            Some(_) => error.hint(run!("keyfob env {}", profile).to("or print the credentials of a session")),
            None => error,
        });
    };
    let short = stored.id.short();
    let path = path_of(context.paths, AwsFile::Credentials).display();
    let section = AwsFile::Credentials.section(profile);
    if form == ExportForm::Credentials
        && let Some(document) = &files.credentials
        && document.value_in(section, ID).is_some_and(|id| id != stored.id.as_str())
    {
        return Err(Error::new(Kind::Failed, format!("{path}: `[{profile}]` has another access key"))
            .hint(run!("keyfob import {}", profile).to("move that one into the key store, or delete its lines")));
    }
    let question = match form {
        ExportForm::Lines | ExportForm::Csv => {
            format!("print the secret of {short}, the key of `{profile}`, in plain text?")
        }
        ExportForm::Credentials => {
            format!("write the secret of {short}, the key of `{profile}`, into {path} in plain text?")
        }
    };
    if !force {
        let answer = context.human.confirm(&question).map_err(|error| {
            error
                .into_error(&format!("confirmation to export {short}"))
                .hint(context.talk.again(&["--force"]).to("export it without a question"))
        })?;
        if !answer {
            return Err(Error::new(Kind::Failed, format!("{short} is not exported")));
        }
    }
    let for_user = |error: crate::keystore::StoreError| error.for_user(stored.backend).with_profile(profile);
    let key =
        context.stores.open(stored.backend).and_then(|store| read_access_key(store, &stored.id)).map_err(for_user)?;
    let (id, secret) = (key.id.as_str(), key.secret.expose());
    // Security: the one command that gives away a long-term secret, because it was asked to in so many words.
    match form {
        ExportForm::Lines => return Ok(Some(Secret::new(format!("{id}\n{secret}\n")))),
        ExportForm::Csv => return Ok(Some(Secret::new(format!("Access key ID,Secret access key\n{id},{secret}\n")))),
        ExportForm::Credentials => {}
    }
    let secret = Zeroizing::new(secret.to_owned());
    let edited = edit(context, AwsFile::Credentials, |document| {
        document.set(section, ID, id)?;
        document.set(section, SECRET, &secret)
    })?;
    if let Edited::Paste(paste) = edited {
        return Err(Error::new(Kind::Failed, format!("{path}: the file cannot be replaced"))
            .because(paste.cause)
            .hint(run!("keyfob export {}", profile).to("print the key, and write it there yourself")));
    }
    context
        .talk
        .say(&format!("wrote {short} into {path} as `[{profile}]`; it is still in {} too", stored.backend.title()));
    if files.profiles().get(profile).is_some_and(|profile| runs_keyfob(&profile)) {
        context.talk.hint(run!("keyfob profile unlink {}", profile).to("let SDKs use that copy without keyfob"));
    }
    context.talk.hint(run!("keyfob remove {}", profile).to("delete it from the key store, if you leave keyfob"));
    Ok(None)
}
