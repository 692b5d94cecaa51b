//! Names that are nearly what somebody has typed. Pure.

use crate::profile::Profiles;

/// A profile with nearly that name, for the hint.
pub fn nearest(profiles: &Profiles<'_>, name: &str) -> Option<String> {
    nearest_of(profiles.names(), name)
}

/// The one of these names that is nearly that one, for the hint.
pub fn nearest_of<'a>(names: impl Iterator<Item = &'a str>, name: &str) -> Option<String> {
    let near = names.map(|other| (strsim::jaro_winkler(other, name), other));
    // The threshold clap suggests at.
    near.filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other.to_string())
}
