//! Going back from a creation: everything that came of it is deleted, and nothing else.

use crate::credentials::StoredKey;
use crate::error::{Error, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::Item;
use crate::ops::manage::Manager;
use crate::ops::mfa;
use crate::ops::remove::release;
use crate::ops::user::create::Creation;
use crate::ops::user::passwords;
use crate::ops::user::remove::delete_everything;
use crate::user::documents::REQUIRE_MFA;

impl Creation<'_> {
    /// Deletes the user, unless it is older than the journal.
    pub(super) fn undo_user(&mut self) -> Result<()> {
        let (name, of_others) = (self.journal.name.clone(), self.journal.made.user_is_of_others);
        let is_there = self.admin.find("GetUser", &[("UserName", &name)])?.is_some();
        if is_there && (of_others || !self.is_ours()?) {
            self.admin.context.talk.warn(&format!("somebody else's user `{name}` was not deleted"));
            return Ok(());
        }
        let held = &self.held;
        delete_everything(&self.admin, &mut self.journal, &|journal| held.save(journal))
    }

    /// Takes back what groups were given, and deletes those that were created and are empty.
    pub(super) fn undo_groups(&self) -> Result<()> {
        let (admin, made) = (&self.admin, &self.journal.made);
        for (group, arn) in &made.attached {
            admin.ensure_gone("DetachGroupPolicy", &[("GroupName", group), ("PolicyArn", arn)])?;
        }
        for group in &made.groups {
            if group == REQUIRE_MFA {
                let inline = [("GroupName", REQUIRE_MFA), ("PolicyName", REQUIRE_MFA)];
                admin.ensure_gone("DeleteGroupPolicy", &inline)?;
            }
            if !admin.pages("GetGroup", &[("GroupName", group)], "Users")?.is_empty() {
                admin.context.talk.warn(&format!("the group `{group}` stays: somebody else is in it meanwhile"));
                continue;
            }
            // Its last member was just deleted, which may still be in the way for a moment.
            admin.until("DeleteGroup", &[("GroupName", group)], "NoSuchEntity", &["DeleteConflict"])?;
        }
        Ok(())
    }

    /// Deletes what is stored here: key, seed, password, and the profile, which did not exist before.
    pub(super) fn forget(&self) -> Result<()> {
        let (context, journal) = (self.admin.context, &self.journal);
        for serial in &journal.made.devices {
            mfa::forget(context, serial)?;
        }
        passwords::forget(context, journal)?;
        if let Some(handover) = journal.wish.handover.as_ref().filter(|handover| handover.file.exists()) {
            context.talk.hint(format!("delete {}: the user in it is gone", handover.file.display()).into());
        }
        let (Some(id), Some(backend), None) = (&journal.made.key, journal.backend, &journal.wish.handover) else {
            return Ok(());
        };
        let profile = &journal.wish.profile;
        let key = StoredKey { id: id.clone(), backend, user_arn: None, created_at: None };
        release(context, profile, &key)?;
        let item = Item::AccessKey(id.clone());
        context.store(backend)?.ensure_deleted(&item).map_err(|error| error.for_user(backend))?;
        self.remove_profile(profile)
    }

    fn remove_profile(&self, profile: &str) -> Result<()> {
        let (context, files) = (self.admin.context, self.files);
        let index = Index::load(&context.paths.data)?;
        if files.profiles().get(profile).is_none() {
            return Ok(());
        }
        let manager = Manager { context, files, index: &index, show_only: false };
        let removed = manager.remove(profile, false).map(drop);
        removed.map_err(|error: Error| error.hint(run!("keyfob profile remove {}", profile).to("remove the profile")))
    }
}
