//! `keys`.

use crate::ops::rotate::all::KeyListing;
use crate::view::list::age;
use crate::view::table::Table;

/// The stored keys; nothing where there is none.
///
/// On a terminal of `width` columns the widest cells are cut until a line fits.
pub fn text(listing: &KeyListing, width: Option<usize>) -> String {
    let rows = listing.keys.iter().map(|line| {
        let root = line.root.then_some("ROOT USER");
        let overdue = (line.overdue == Some(true)).then_some("overdue");
        let problem = line.problem.as_deref().map(|problem| match line.id.is_of_aws() {
            true => "status unknown",
            false => problem,
        });
        let notes: Vec<&str> = [root, overdue, line.rotation, problem].into_iter().flatten().collect();
        [
            line.id.short(),
            line.status.unwrap_or("?").to_owned(),
            age(line.age_days),
            line.last_used.as_ref().map_or("-".to_owned(), |used| format!("{} {}", used.at, used.service)),
            line.backend.to_string(),
            if line.profiles.is_empty() { "-".to_owned() } else { line.profiles.join(", ") },
            notes.join(", "),
        ]
    });
    let table = Table::new(["KEY", "STATUS", "AGE", "LAST USED", "STORE", "PROFILES", "NOTE"], rows);
    match width {
        Some(width) => table.fit(width, &[3, 4, 5, 6], &[3, 4, 1, 6, 5, 2]).to_string(),
        None => table.to_string(),
    }
}
