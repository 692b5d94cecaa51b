//! `log`.

use crate::credentials::short_id;
use crate::ops::log::{Entry, Origin};
use crate::view::table::Table;

/// The lines as a table; nothing where there is none. Where it is too wide, the least telling columns go.
pub fn text(entries: &[Entry], width: Option<usize>) -> String {
    let rows = entries.iter().map(|entry| {
        let role = entry.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        let origin = match entry.origin {
            Origin::New => "new",
            Origin::Cache => "cached",
        };
        [
            entry.time.clone(),
            entry.profile.clone(),
            entry.account.clone().unwrap_or_else(|| "-".to_owned()),
            role.unwrap_or("-").to_owned(),
            short_id(&entry.key_id),
            if entry.narrowed { format!("{origin}, narrowed") } else { origin.to_owned() },
            entry.command.clone(),
            entry.parent.as_ref().map_or("-".to_owned(), |parent| format!("{} {}", parent.name, parent.pid)),
        ]
    });
    let table = Table::new(["TIME", "PROFILE", "ACCOUNT", "ROLE", "KEY", "ORIGIN", "COMMAND", "PARENT"], rows);
    match width {
        Some(width) => table.fit(width, &[1, 3, 7], &[5, 2, 6, 3, 7, 4]).to_string(),
        None => table.to_string(),
    }
}
