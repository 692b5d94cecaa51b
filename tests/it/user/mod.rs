//! IAM users from nothing to a linked profile, and back, by the real binary.

mod create;
pub mod handover;
mod kills;
mod list;
mod moto;
mod remove;

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::{LoopbackAws, UserHandle};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::vault;

/// A machine with an administrator's key, stored for `admin`, and nobody else.
pub struct Office {
    pub aws: Arc<LoopbackAws>,
    pub sandbox: Sandbox,
}

impl Office {
    pub fn new() -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let mut sandbox = Sandbox::with_vault(KEYFOB, &aws);
        // Nothing takes longer than it has to.
        sandbox.set("KEYFOB_ROTATE_PATIENCE", "300ms");
        let key = aws.user("admin").may_manage_others().access_key();
        let input = format!("{}\n{}\n", key.id, key.secret);
        sandbox.keyfob(&["add", "admin", "--stdin", "--yes", "--region", "eu-west-1"]).stdin(&input).run().ok();
        aws.forget_requests();
        Office { aws, sandbox }
    }

    /// `keyfob user …` with the administrator's credentials.
    pub fn user(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(&[&["user"], arguments, &["--with", "admin"]].concat()).run()
    }

    pub fn bob(&self) -> UserHandle {
        self.aws.user_named("bob")
    }

    /// The names of what the vault has of bob, and of keys that are not the administrator's.
    pub fn stored(&self) -> Vec<String> {
        let admin = self.aws.user("admin").keys()[0].0.clone();
        let names = vault::items(&self.sandbox).into_keys();
        names.filter(|name| !name.contains(&admin) && *name != "sealing-key").collect()
    }
}
