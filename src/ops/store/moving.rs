//! Moving keys and seeds from one key store to another: copied, read back, switched in the index, then deleted.
//!
//! What a kill leaves, by where it comes: before the index is switched, an item that is used where it was, and perhaps a copy that
//! nothing points to; after that, an item that is used where it is now, and perhaps the old copy. The journal says which, and the
//! next move of anything goes on with it.

use serde::Serialize;

use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::StoreError;
use crate::keystore::access_key::access_key_in;
use crate::keystore::old_copy::{OldCopy, delete_old_copy};
use crate::keystore::totp_seed::seed_in;
use crate::ops::Context;
use crate::ops::store::journal::{Move, MoveLock, Moved, Moves, Phase};
use crate::ops::store::plan::{Wanted, both_factors, items, question, shared};
use crate::secret::{Secret, SecretBytes};

/// What [`move_items`] did, as `--json` reports it.
#[derive(Debug, Default, Serialize)]
pub struct MoveReport {
    pub moved: Vec<Done>,
}

/// One item that was moved.
#[derive(Debug, Serialize)]
pub struct Done {
    /// Its name in the stores.
    item: String,
    from: StoreId,
    to: StoreId,
    /// Whether it is gone from where it was.
    deleted: bool,
}

/// Moves the keys of profiles, and the seeds of their devices, once somebody has confirmed that. Moves that were interrupted
/// are continued first.
///
/// # Errors
/// Where the target cannot be used, the answer is no, or a store fails: then every item is where it was, or where it should be.
pub fn move_items(context: &Context<'_>, wanted: &Wanted, keep: bool, files: &AwsFiles) -> Result<MoveReport> {
    let mut report = MoveReport::default();
    for journal in Moves::new(&context.paths.data).all()? {
        match resume_one(context, &journal.item) {
            Ok(done) => report.moved.extend(done),
            // What is asked for now may be the way out of it.
            Err(error) => context.talk.warn(&format!("cannot continue an interrupted move: {}", error.in_one_line())),
        }
    }
    let index = Index::load(&context.paths.data)?;
    let items = items(context, wanted, &index, files)?;
    let title = wanted.to.title();
    if items.is_empty() {
        context.talk.say(&format!("nothing to move: it is all in {title} already"));
        return Ok(report);
    }
    for (id, others) in shared(&items, wanted, &index) {
        let (id, others) = (id.short(), others.join("`, `"));
        context.talk.warn(&format!("other profiles use the access key {id} too, and move with it: `{others}`"));
    }
    for (serial, profile) in both_factors(&items, wanted.to, &index, files) {
        context.talk.warn(&format!(
            "both factors of `{profile}`, the key and the seed of `{serial}`, will be in {title}: anyone who can open it has both"
        ));
    }
    let question = question(&items, wanted.to, keep, &index);
    if !context.confirm(&question, "confirmation to move keys")? {
        return Err(Error::new(Kind::Failed, "cancelled; nothing was moved"));
    }
    let moves = Moves::new(&context.paths.data);
    for (item, from) in items {
        let lock = moves.hold(&item)?;
        match lock.load()? {
            Some(Move { phase: Phase::Copy, to, .. }) => {
                context.talk.warn(&format!("{} may still have a copy of {}", to.title(), item.title()));
            }
            Some(Move { phase: Phase::Delete, from, .. }) => {
                let message = format!("{} has not been deleted from {} yet", item.title(), from.title());
                return Err(stopped(context, Error::new(Kind::Failed, message)));
            }
            None => {}
        }
        // Another process may have moved it while the question stood.
        if !uses(&Index::load(&context.paths.data)?, &item, from) {
            context.talk.say(&format!("another process has just moved {}", item.title()));
            continue;
        }
        let journal = Move::new(item, from, wanted.to, keep);
        lock.save(&journal)?;
        report.moved.extend(carry_out(context, &lock, journal).map_err(|error| stopped(context, error))?);
    }
    Ok(report)
}

/// Goes on with every move that was interrupted; one that another process is at is left to it.
///
/// # Errors
/// As [`move_items`].
pub fn resume(context: &Context<'_>) -> Result<MoveReport> {
    let mut report = MoveReport::default();
    for journal in Moves::new(&context.paths.data).all()? {
        report.moved.extend(resume_one(context, &journal.item).map_err(|error| stopped(context, error))?);
    }
    Ok(report)
}

fn resume_one(context: &Context<'_>, item: &Moved) -> Result<Option<Done>> {
    let Ok(lock) = Moves::new(&context.paths.data).hold(item) else { return Ok(None) };
    let Some(journal) = lock.load()? else { return Ok(None) };
    context.talk.say(&format!("continuing an interrupted move, of {}", item.title()));
    carry_out(context, &lock, journal)
}

fn stopped(context: &Context<'_>, error: Error) -> Error {
    match Moves::new(&context.paths.data).all() {
        Ok(left) if left.is_empty() => error,
        Ok(_) | Err(_) => error.outcome(run!("keyfob store move --resume").to("nothing is lost; continue later")),
    }
}

/// Does what is left of one move. None where the item is gone by now.
fn carry_out(context: &Context<'_>, lock: &MoveLock, mut journal: Move) -> Result<Option<Done>> {
    let data = &context.paths.data;
    let index = Index::load(data)?;
    if uses(&index, &journal.item, journal.from) {
        copy(context, &journal, &index)?;
        // Before the index is switched: after a kill between the two the item is still used in `from`, and is copied again.
        journal.phase = Phase::Delete;
        lock.save(&journal)?;
        switch(context, &journal)?;
    }
    if !uses(&Index::load(data)?, &journal.item, journal.to) {
        // Removed, or replaced, since the move began.
        delete_unused(context, &journal, journal.to, None)?;
        lock.remove()?;
        return Ok(None);
    }
    let left = match journal.keep {
        true => Left::Kept,
        false => delete_unused(context, &journal, journal.from, Some(journal.to))?,
    };
    lock.remove()?;
    tell(context, &journal, left);
    let Move { item, from, to, .. } = journal;
    Ok(Some(Done { item: item.item().to_string(), from, to, deleted: left == Left::Nothing }))
}

/// Copies an item, reads it back and compares.
fn copy(context: &Context<'_>, journal: &Move, index: &Index) -> Result<()> {
    let Move { item, from, to, .. } = journal;
    let name = item.item();
    let (source, target) = (context.store(*from)?, context.store(*to)?);
    let value = source.get(&name).map_err(|error| match error {
        StoreError::NotFound => {
            Error::new(Kind::KeyStore, format!("{} is missing from {}", item.title(), from.title()))
                .hint(run!("keyfob add PROFILE --replace").to("store the key again"))
        }
        error => error.for_user(*from),
    })?;
    let content = content(item, &value).map_err(|error| error.for_user(*from))?;
    match target.get(&name) {
        Ok(there) if there.expose() == value.expose() => return Ok(()),
        // For another profile: it must not be overwritten, and need not be.
        Ok(there) if uses(index, item, *to) && is_content(item, &there, &content) => return Ok(()),
        Ok(_) if uses(index, item, *to) => {
            let message = format!("{} is in {} too, and differs there", item.title(), to.title());
            return Err(
                Error::new(Kind::KeyStore, message).hint(run!("keyfob remove PROFILE").to("remove one of them"))
            );
        }
        Ok(_) | Err(StoreError::NotFound) => {}
        Err(error) => return Err(error.for_user(*to)),
    }
    target.set(&name, &value).map_err(|error| error.for_user(*to))?;
    let back = target.get(&name).map_err(|error| error.for_user(*to))?;
    match back.expose() == value.expose() {
        true => Ok(()),
        false => {
            Err(Error::new(Kind::KeyStore, format!("{} returned another secret than the one just stored", to.title()))
                .hint(run!("keyfob store check {}", to).to("test the key store")))
        }
    }
}

/// The secret of the key or the seed in an item, whichever profile it was stored for.
///
/// # Errors
/// What is not that item: a store that returned something else must not be what the key is copied from, or deleted for.
fn content(item: &Moved, value: &SecretBytes) -> Result<Secret, StoreError> {
    match item {
        Moved::Key(id) => access_key_in(value, id).map(|key| key.secret),
        Moved::Seed(serial) => seed_in(value, serial).map(|seed| seed.to_base32()),
    }
}

fn is_content(item: &Moved, value: &SecretBytes, expected: &Secret) -> bool {
    content(item, value).is_ok_and(|content| content.expose() == expected.expose())
}

/// Whether a profile, a key's own record or a seed's leads to this copy of the item.
fn uses(index: &Index, item: &Moved, store: StoreId) -> bool {
    match item {
        Moved::Key(id) => {
            index.keys().get(id).is_some_and(|entry| entry.backend == store)
                || index.profiles().values().any(|entry| entry.key_id == *id && entry.backend == store)
        }
        Moved::Seed(serial) => index.seeds().get(serial).is_some_and(|entry| entry.backend == store),
    }
}

/// Has the index lead to the copy in the target; sessions that were sealed with another key go.
fn switch(context: &Context<'_>, journal: &Move) -> Result<()> {
    let mut index = Index::edit(&context.paths.data)?;
    match &journal.item {
        Moved::Key(id) => index.move_key(id, journal.from, journal.to),
        Moved::Seed(serial) => index.move_seed(serial, journal.from, journal.to),
    }
    index.save()?;
    if let Moved::Key(id) = &journal.item
        && is_sealed_anew(journal)
    {
        context.cache.remove_for_key(id)?;
    }
    Ok(())
}

/// Whether the sessions of a key are sealed with another key afterwards.
fn is_sealed_anew(journal: &Move) -> bool {
    !(journal.from.is_outside() && journal.to.is_outside())
}

/// What a store still has of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// A copy, which was to stay or which another profile uses.
    Kept,
    /// The item itself: the other store is the same place.
    SamePlace,
}

/// Deletes an item from a store in which nothing leads to it. `kept` is the store that has it, if one does. The index is held
/// meanwhile, so that nothing can come to lead there.
fn delete_unused(context: &Context<'_>, journal: &Move, store: StoreId, kept: Option<StoreId>) -> Result<Left> {
    let name = journal.item.item();
    let opened = context.store(store)?;
    // A store that has to be unlocked asks now, and not while others wait for the index.
    let there = match opened.get(&name) {
        Ok(there) => there,
        Err(StoreError::NotFound) => return Ok(Left::Nothing),
        Err(error) => return Err(error.for_user(store)),
    };
    if let (Some(kept), Ok(content)) = (kept, content(&journal.item, &there)) {
        let copy = context.store(kept)?.get(&name).map_err(|error| error.for_user(kept))?;
        if !is_content(&journal.item, &copy, &content) {
            let (item, from, to) = (journal.item.title(), store.title(), kept.title());
            let message = format!("{to} does not return {item} as it is in {from}, where it was not deleted");
            return Err(
                Error::new(Kind::KeyStore, message).hint(run!("keyfob store check {}", kept).to("test the key store"))
            );
        }
    }
    let index = Index::edit(&context.paths.data)?;
    if uses(index.index(), &journal.item, store) {
        return Ok(Left::Kept);
    }
    let Some(kept) = kept else {
        opened.ensure_deleted(&name).map_err(|error| error.for_user(store))?;
        return Ok(Left::Nothing);
    };
    let deleted = delete_old_copy(opened, context.store(kept)?, &name);
    match deleted.map_err(|(store, error)| error.for_user(store))? {
        OldCopy::Deleted => Ok(Left::Nothing),
        OldCopy::SamePlace => Ok(Left::SamePlace),
    }
}

fn tell(context: &Context<'_>, journal: &Move, left: Left) {
    let (title, from, to) = (journal.item.title(), journal.from.title(), journal.to.title());
    context.talk.say(&match left {
        Left::Nothing => format!("moved {title} from {from} to {to}"),
        Left::Kept => format!("copied {title} to {to}, which is used from now on; {from} still has it"),
        Left::SamePlace => {
            format!(
                "{from} and {to} are the same place: {title} is used from {to} from now on, and nothing was deleted"
            )
        }
    });
    if matches!(journal.item, Moved::Key(_)) && is_sealed_anew(journal) {
        context.talk.say("the next use creates new sessions");
    }
}
