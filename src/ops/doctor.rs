//! Problems and their fixes, found in the AWS files, the environment, the machine and the stored keys.
//!
//! A check is a file here and a line in one of the two tables. Nothing is changed but modes, and those only where that is
//! asked for.

mod chain;
mod checked;
mod clock;
mod files;
mod finding;
mod identity_center;
mod keys;
mod leftovers;
mod link;
mod mfa;
mod modes;
mod nowhere;
mod plain_key;
mod program;
mod region;
mod settings;
mod sources;
mod stores;
mod users;
mod variables;

use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::keystore::open::Stores;
use crate::ops::Context;
use crate::ops::doctor::checked::Checked;
use crate::ops::manage::Manager;

pub use finding::Finding;

/// What is checked.
pub struct Machine<'a, 's> {
    pub context: &'a Context<'a>,
    pub stores: &'a Stores<'s>,
    pub files: Result<&'a AwsFiles>,
    pub index: Result<&'a Index>,
    /// Why keyfob's settings cannot be used, and the default ones are.
    pub settings_error: Option<&'a Error>,
    /// `--backend`.
    pub asked_backend: Option<StoreId>,
    /// Whether AWS is asked for the time.
    pub online: bool,
}

/// The checks, in the order in which their findings are shown.
const CHECKS: &[fn(&Machine<'_, '_>) -> Vec<Finding>] = &[
    modes::check,
    leftovers::check,
    files::unusable_settings,
    files::unreadable,
    variables::check,
    program::check,
    keys::check,
    stores::check,
    users::check,
    files::odd_lines,
    of_profiles,
    clock::check,
];

/// The checks of each profile.
const OF_A_PROFILE: &[fn(&Checked<'_, '_>) -> Vec<Finding>] = &[
    settings::check,
    plain_key::check,
    chain::check,
    mfa::of_device,
    mfa::of_session,
    link::check,
    region::check,
    nowhere::check,
    sources::check,
    identity_center::check,
];

/// Everything that is wrong.
pub fn findings(machine: &Machine<'_, '_>) -> Vec<Finding> {
    CHECKS.iter().flat_map(|check| check(machine)).collect()
}

fn of_profiles(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let (Ok(files), Ok(index)) = (&machine.files, &machine.index) else { return Vec::new() };
    let manager = Manager { context: machine.context, files, index, show_only: true };
    let profiles = files.profiles();
    let mut found = Vec::new();
    for profile in profiles.names().filter_map(|name| profiles.get(name)) {
        let checked = Checked {
            profiles: &profiles,
            profile: &profile,
            paths: machine.context.paths,
            env: machine.context.env,
            plan: &|| manager.try_plan(&profiles, profile.name()),
            working_link: &|| manager.link_that_works(profile.name()),
        };
        found.extend(OF_A_PROFILE.iter().flat_map(|check| check(&checked)));
    }
    found
}
