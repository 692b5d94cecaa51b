//! What a command does once its arguments are read: carries plans out over a context of ports.
//!
//! May use everything but `cli`, `ui` and `view`. The world is handed in as a [`Context`], so a test can play all of it.

pub mod access_key_input;
pub mod add;
pub mod advice;
pub mod agent;
pub mod audit;
pub mod console;
pub mod doctor;
mod edits;
pub mod exec;
pub mod explain;
pub mod export;
pub mod import;
mod journal;
pub mod keys;
pub mod log;
pub mod login;
pub mod manage;
pub mod mfa;
mod planning;
pub mod remove;
pub mod resolve;
pub mod rotate;
#[cfg(unix)]
pub mod serve;
pub mod show;
mod signed;
pub mod sso;
pub mod store;
pub mod user;
pub mod whoami;
mod without_device;

pub use crate::context::{Context, Keys};

use crate::chain::nearest;
use crate::error::{Error, Kind, Mark};
use crate::hint::run;
use crate::profile::Profiles;

/// The error where no profile has this name; `otherwise` adds what helps if none has nearly that name.
pub fn no_such_profile(profiles: &Profiles<'_>, name: &str, otherwise: impl FnOnce(Error) -> Error) -> Error {
    let error = Error::new(Kind::Config, format!("there is no profile `{name}`")).marked(Mark::NoSuchProfile);
    let error = match nearest(profiles, name) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => otherwise(error),
    };
    error.hint(run!("keyfob list").to("show all profiles"))
}
