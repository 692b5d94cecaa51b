//! How a run of a creation ends: with a user, with what is left and the ways on, or with nothing.

use crate::error::{Error, Result};
use crate::hint::run;
use crate::ops::user::create::Creation;
use crate::ops::user::{passwords, ways_on};
use crate::user::{Journal, Recipient, UserStep};

impl Creation<'_> {
    /// An error that ends this run, with what it leaves and how to continue. What has left nothing needs no journal.
    pub(super) fn stopped(&self, error: Error) -> Error {
        let (step, _) = self.journal.at();
        let made = &self.journal.made;
        let name = &self.journal.name;
        let nothing = step == UserStep::User && made.groups.is_empty() && made.attached.is_empty()
            || step == UserStep::Groups && self.groups_are_untouched();
        let absent = || matches!(self.admin.find("GetUser", &[("UserName", name)]), Ok(None));
        if nothing && absent() && self.held.remove().is_ok() {
            return error.outcome("nothing was created");
        }
        let error = error.because(format!("{} `{name}` stopped at `{}`: {}", step.doing(), step.name(), step.leaves()));
        // Whoever presses Ctrl-C leaves the user there, too.
        ways_on(&self.journal).into_iter().fold(error, Error::outcome)
    }

    fn groups_are_untouched(&self) -> bool {
        let is_absent = |group: &String| matches!(self.admin.find("GetGroup", &[("GroupName", group)]), Ok(None));
        let made = &self.journal.made;
        made.groups.iter().all(is_absent) && made.attached.iter().all(|(group, _)| made.groups.contains(group))
    }

    pub(super) fn end(self) -> Result<Option<String>> {
        let (context, Journal { name, wish, .. }) = (self.admin.context, &self.journal);
        let account = self.journal.account().to_owned();
        if !self.journal.at().0.creates() {
            self.held.remove()?;
            context.talk.say(&format!("`{name}` and everything created for it were deleted, at AWS and here"));
            return Ok(None);
        }
        if let Some(url) = crate::ops::console::sign_in_url(&account, self.journal.partition()).filter(|_| wish.console)
        {
            context.talk.say(&format!("`{name}` signs in at {url}"));
        }
        match &wish.handover {
            Some(handover) => {
                self.held.remove()?;
                let file = handover.file.display();
                context.talk.say(&format!("wrote {file}; no secret of `{name}` is on this machine"));
                // The folder is one of this machine.
                let name = handover.file.file_name().map(|name| name.display().to_string()).unwrap_or_default();
                let to = "send it to its owner, who runs";
                if handover.to == Recipient::Passphrase {
                    context.talk.hint(run!("keyfob user accept {}", name).to(to));
                    context.talk.hint("send the passphrase by another channel than the file".into());
                } else {
                    context.talk.hint(run!("keyfob user accept {} --identity FILE", name).to(to));
                }
            }
            None if wish.console => {
                if !passwords::show(context, &self.journal)? {
                    context
                        .talk
                        .hint(run!("keyfob user password {}", name).to("show its password once, in a terminal"));
                    return Ok(self.lines);
                }
                self.held.remove()?;
            }
            None => self.held.remove()?,
        }
        Ok(self.lines)
    }
}
