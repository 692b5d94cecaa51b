//! A user's console password: generated, kept in the key store until it is shown, once.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::keystore::{Item, StoreError};
use crate::ops::Context;
use crate::ops::user::admin::Admin;
use crate::ops::user::journal;
use crate::ops::user::policy::current_policy;
use crate::secret::{Secret, SecretBytes};
use crate::user::Journal;
use crate::user::password;

/// One that meets the account's policy.
///
/// # Errors
/// Where AWS does not tell the policy.
pub(super) fn generate(admin: &Admin<'_>) -> Result<Secret> {
    let policy = current_policy(admin)?.unwrap_or_default();
    Ok(password::generate(&policy, &mut |bytes| OsRng.fill_bytes(bytes)))
}

/// Gives a user its password, which it has to change when it signs in first.
///
/// # Errors
/// AWS's.
pub(super) fn set(admin: &Admin<'_>, name: &str, password: &Secret) -> Result<()> {
    // Security: a password is a parameter of the request's body, over TLS.
    let secret = password.expose();
    let params = [("UserName", name), ("Password", secret), ("PasswordResetRequired", "true")];
    let send =
        |action| admin.patiently(action, &["NoSuchEntity"], |by| admin.context.iam.ask(by, action, &params, &[secret]));
    match send("CreateLoginProfile") {
        // An earlier try has set another, which nobody has seen.
        Err(refusal) if refusal.is("EntityAlreadyExists") => Ok(send("UpdateLoginProfile").map(drop)?),
        set => Ok(set.map(drop)?),
    }
}

/// Stores it and reads it back.
///
/// # Errors
/// Where it does not come out again.
pub(super) fn keep(context: &Context<'_>, journal: &Journal, password: &Secret) -> Result<()> {
    let (item, backend) = (Item::Password(journal.arn.clone()), backend_of(journal)?);
    let store = context.store(backend)?;
    let kept = store.set(&item, &SecretBytes::from(password.clone())).and_then(|()| store.get(&item));
    match kept.map_err(|error| error.for_user(backend))?.expose() == password.expose().as_bytes() {
        true => Ok(()),
        false => {
            Err(Error::new(Kind::KeyStore, "the key store returned a different password than the one just stored"))
        }
    }
}

/// Shows it on the terminal and deletes it; false where there is no terminal.
///
/// # Errors
/// Where the store fails.
pub(super) fn show(context: &Context<'_>, journal: &Journal) -> Result<bool> {
    if !context.human.is_there() {
        return Ok(false);
    }
    let backend = backend_of(journal)?;
    let item = Item::Password(journal.arn.clone());
    let stored = context.store(backend)?.get(&item).map_err(|error| error.for_user(backend))?;
    let text = std::str::from_utf8(stored.expose()).unwrap_or_default();
    if !is_printable(text) {
        let what = format!("what {} holds as the password of `{}` is not one", backend.title(), journal.name);
        return Err(Error::new(Kind::KeyStore, what).because("it has characters that are not printable"));
    }
    context.human.progress(&format!(
        "the password of `{}`, shown once; it has to be changed at the first sign-in:",
        journal.name
    ));
    // Security: on the terminal alone, because it was asked for in so many words.
    context.human.show(text).map_err(|error| error.into_error("a terminal to show the password on"))?;
    forget(context, journal)?;
    Ok(true)
}

/// Whether it is one that keyfob makes.
// Security: it is shown as it is, and others could steer the terminal.
pub(super) fn is_printable(password: &str) -> bool {
    !password.is_empty() && password.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Deletes it, shown or not.
///
/// # Errors
/// Where the store fails.
pub(super) fn forget(context: &Context<'_>, journal: &Journal) -> Result<()> {
    let (true, Some(backend), None) = (journal.wish.console, journal.backend, &journal.wish.handover) else {
        return Ok(());
    };
    let deleted = context.store(backend)?.ensure_deleted(&Item::Password(journal.arn.clone()));
    deleted.map_err(|error: StoreError| error.for_user(backend))
}

/// `user password NAME`: shows the password of a user that was created here, once.
///
/// # Errors
/// Where none is kept, or there is no terminal.
pub fn password(context: &Context<'_>, name: &str) -> Result<()> {
    let waiting = journal::Journals::new(&context.paths.data).all()?.into_iter().filter(|journal| {
        journal.name == name && journal.has_ended() && journal.wish.console && journal.wish.handover.is_none()
    });
    let mut waiting: Vec<Journal> = waiting.collect();
    let Some(found) = waiting.pop() else {
        return Err(Error::new(Kind::Failed, format!("no password of `{name}` waits to be shown"))
            .because("keyfob shows a password once, and keeps only those of users it created")
            .hint("set another one in the IAM console: Users, its name, Security credentials, Manage console access"));
    };
    let held = journal::hold(&context.paths.data, found.account(), name)?;
    if !show(context, &found)? {
        return Err(Error::new(Kind::NeedsHuman, "the password is shown on a terminal, and there is none")
            .hint(run!("keyfob user password {}", name).to("run this in a terminal")));
    }
    held.remove()
}

fn backend_of(journal: &Journal) -> Result<StoreId> {
    journal.backend.ok_or_else(|| Error::new(Kind::Defect, "the journal names no key store"))
}
