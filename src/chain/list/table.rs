//! The listing for a person.

use super::{Key, Listing, NONE};
use crate::credentials::short_id;

/// The listing for a person: a table with a header, or nothing where there is no profile.
///
/// On a terminal of `width` columns the widest cells are cut, down to what tells them apart, until a line fits.
pub fn table(listing: &Listing, width: Option<usize>) -> String {
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut rows =
        vec![["PROFILE", "SOURCE", "ACCOUNT", "REGION", "MFA", "LINKED", "SESSION", "KEY"].map(str::to_owned)];
    for line in &listing.profiles {
        let source = match line.source {
            NONE => "-".to_owned(),
            source => source.replace('_', " "),
        };
        rows.push([
            line.name.clone(),
            line.via.as_ref().map_or(source.clone(), |via| format!("{source} via {via}")),
            dash(line.account.clone()),
            dash(line.region.clone()),
            dash(line.mfa_serial.as_ref().map(|serial| device_name(serial).to_owned())),
            if line.linked { "yes" } else { "-" }.to_owned(),
            dash(line.session_seconds_left.filter(|left| *left > 0).map(left)),
            dash(line.key.as_ref().map(key_in_short)),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let is_empty = |column: usize| rows.iter().skip(1).all(|row| row[column] == "-");
    let shown = width.map_or_else(|| (0..COLUMNS).collect(), |width| fit(&mut widths, width, &is_empty));
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = shown.iter().map(|column| cut(&row[*column], widths[*column])).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

const COLUMNS: usize = 8;

/// Narrows the widest of the columns that may be cut (profile, source, region, device, session, key) until all fit; where
/// that is not enough, leaves columns out, first those that say nothing. Returns the columns that stay.
fn fit(widths: &mut [usize; COLUMNS], width: usize, is_empty: &dyn Fn(usize) -> bool) -> Vec<usize> {
    const MAY_BE_CUT: [usize; 6] = [0, 1, 3, 4, 6, 7];
    const NARROWEST: usize = 8;
    /// Region, device, account, linked, session, source, key.
    const LEAST_FIRST: [usize; 7] = [3, 4, 2, 5, 6, 1, 7];
    let mut shown: Vec<usize> = (0..COLUMNS).collect();
    let sum = |widths: &[usize; COLUMNS], shown: &[usize]| {
        shown.iter().map(|column| widths[*column]).sum::<usize>() + 2 * (shown.len() - 1)
    };
    let mut least = LEAST_FIRST.into_iter().filter(|column| is_empty(*column));
    let mut next = LEAST_FIRST.into_iter().filter(|column| !is_empty(*column));
    while sum(widths, &shown) > width {
        let may_be_cut = shown.iter().filter(|column| MAY_BE_CUT.contains(column) && widths[**column] > NARROWEST);
        match may_be_cut.max_by_key(|column| widths[**column]) {
            Some(widest) => widths[*widest] -= 1,
            None => match least.next().or_else(|| next.next()) {
                Some(column) => shown.retain(|shown| *shown != column),
                None => {
                    widths[0] = width;
                    break;
                }
            },
        }
    }
    shown
}

/// A cell in its column, with `…` where it is cut.
fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return format!("{cell:width$}");
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A virtual device's name, a hardware one's whole serial.
fn device_name(serial: &str) -> &str {
    serial.rsplit('/').next().unwrap_or(serial)
}

fn left(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, minutes) => format!("{minutes}m left"),
        (hours, minutes) => format!("{hours}h {minutes}m left"),
    }
}

fn key_in_short(key: &Key) -> String {
    let id = short_id(&key.id);
    match (key.backend, key.age_days) {
        (Some(backend), Some(days)) => {
            // First, so that it is seen where the cell is cut.
            format!("{}{id} {backend} {days}d", if key.overdue { "overdue " } else { "" })
        }
        (_, _) => format!("{id} in plain text"),
    }
}
