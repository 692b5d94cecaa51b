//! `store list` and `store check`.

use crate::format::harmless::one_line;
use crate::ops::store::check::{CheckReport, Status};
use crate::ops::store::list::{Listing, State};
use crate::view::table::Table;

/// The columns of a terminal in which a note is read.
const READABLE: usize = 76;

/// The key stores, a line each.
pub fn list(listing: &Listing, width: Option<usize>) -> String {
    let rows = listing.stores.iter().map(|line| {
        let state = match line.state {
            State::Ready => "ready",
            State::Locked => "locked",
            State::Missing => "missing",
            State::Denied => "denied",
            State::Broken => "broken",
        };
        let default = if line.default { "default" } else { "-" };
        let why = line.why.clone().unwrap_or_else(|| "-".to_owned());
        [line.id.to_string(), state.to_owned(), line.keys.to_string(), line.seeds.to_string(), default.to_owned(), why]
    });
    // On a terminal a note is continued below itself, unless it has no room.
    let table = Table::new(["STORE", "STATE", "KEYS", "SEEDS", "NEW KEYS", "NOTE"], rows);
    match width.filter(|width| *width < READABLE) {
        Some(width) => table.fit(width, &[5], &[5, 3, 4]).to_string(),
        None => table.to_string(),
    }
}

/// The checks, a line each, with what went wrong below.
pub fn check(report: &CheckReport) -> String {
    let rows = report.checks.iter().map(|check| {
        let status = match check.status {
            Status::Pass => "ok",
            Status::Fail => "FAILED",
            Status::Skipped => "skipped",
        };
        let why = check.why.as_ref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
        [status.to_owned(), check.check.to_owned(), format!("{}{why}", check.title)]
    });
    Table::without_header(rows).to_string()
}
