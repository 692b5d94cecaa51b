//! `whoami`.

use crate::ops::whoami::{From, Identity, NarrowedTo};
use crate::timestamp::Timestamp;
use crate::view::list::length;
use crate::view::table::Table;

/// The identity, a line for each fact that is known.
pub fn text(identity: &Identity, now: Timestamp) -> String {
    let Identity { profile, from, account, arn, base, mfa, expires, narrowed, checked: _ } = identity;
    let mfa = mfa.map(|used| if used { "yes" } else { "no" }.to_owned());
    let from = match from {
        From::Environment => "the environment",
        From::Profile => "the profile",
        From::Agent => "the agent",
    };
    let expires = expires.map(|at| match at.seconds_since(now) {
        left if left > 0 => format!("{at} ({} left)", length(left)),
        _ => format!("{at} (expired)"),
    });
    let narrowed = narrowed.map(|to| match to {
        NarrowedTo::ReadOnly => "to reading".to_owned(),
        NarrowedTo::Policies => "by session policies".to_owned(),
    });
    let lines = [
        ("profile", profile.clone()),
        ("account", account.clone()),
        ("ARN", arn.clone()),
        ("from", Some(from.to_owned())),
        ("base", Some(base.clone())),
        ("MFA", mfa),
        ("narrowed", narrowed),
        ("expires", expires),
    ];
    let rows = lines.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    Table::without_header(rows).to_string()
}
