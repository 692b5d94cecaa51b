//! `list`.

use crate::chain::identity_center::SignInState;
use crate::chain::list::{CodeDue, Key, Listing, NONE};
use crate::credentials::short_id;
use crate::timestamp::Timestamp;
use crate::view::table::Table;

/// The profiles, a line each; nothing where there is none.
///
/// On a terminal of `width` columns the widest cells are cut, down to what tells them apart, until a line fits.
pub fn text(listing: &Listing, now: Timestamp, width: Option<usize>) -> String {
    let whole = table(listing, now, true);
    match width {
        Some(width) if whole.width() > width => {
            // The store's name goes first, then what is at the ends of long cells. Accounts, regions and keys are nothing when
            // they are cut; what is left out first is region, device and link.
            table(listing, now, false).fit(width, &[0, 1, 4, 8], &[3, 4, 5, 2, 9, 1, 8, 7, 6]).to_string()
        }
        Some(_) | None => whole.to_string(),
    }
}

/// The columns; `with_store` names the key store of each key.
fn table(listing: &Listing, now: Timestamp, with_store: bool) -> Table<10> {
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let rows = listing.profiles.iter().map(|line| {
        let source = match line.source {
            NONE => "-".to_owned(),
            source => source.replace('_', " "),
        };
        [
            line.name.clone(),
            line.via.as_ref().map_or(source.clone(), |via| format!("{source} via {via}")),
            dash(line.account.clone()),
            dash(line.region.clone()),
            // A virtual device's name, a hardware one's whole serial.
            dash(line.mfa_serial.as_ref().map(|serial| serial.rsplit('/').next().unwrap_or(serial).to_owned())),
            if line.linked { "yes" } else { "-" }.to_owned(),
            dash(line.session_expires.map(|time| format!("{} left", length(time.seconds_since(now))))),
            match line.code_due {
                CodeDue::Never => "-".to_owned(),
                CodeDue::At(time) if time <= now => "now".to_owned(),
                CodeDue::At(time) => format!("in {}", length(time.seconds_since(now))),
                CodeDue::Unknown => "?".to_owned(),
            },
            dash(line.sign_in.as_ref().map(|state| sign_in(state, now))),
            dash(line.key.as_ref().map(|key| key_in_short(key, with_store))),
        ]
    });
    let header = ["PROFILE", "SOURCE", "ACCOUNT", "REGION", "MFA", "LINKED", "SESSION", "NEXT CODE", "SIGN-IN", "KEY"];
    let all = &listing.profiles;
    let without_code = all.iter().all(|line| line.code_due == CodeDue::Never).then_some(7);
    let without_sign_in = all.iter().all(|line| line.sign_in.is_none()).then_some(8);
    without_code.into_iter().chain(without_sign_in).fold(Table::new(header, rows), Table::without)
}

/// Until when it is certain to work, and what comes after.
fn sign_in(state: &SignInState, now: Timestamp) -> String {
    let left = state.certain_until.map(|end| length(end.seconds_since(now)));
    match (left, state.renewed) {
        (Some(left), true) => format!("{left}, renewed"),
        (Some(left), false) => format!("{left}, then due"),
        (None, true) => "renewed".to_owned(),
        (None, false) => "due".to_owned(),
    }
}

pub(super) fn length(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

fn key_in_short(key: &Key, with_store: bool) -> String {
    let id = short_id(&key.id);
    let Some(backend) = key.backend else { return format!("{id} in plain text") };
    // First, so that it is seen where the cell is cut.
    let overdue = if key.overdue == Some(true) { "overdue " } else { "" };
    let age = age(key.age_days);
    if with_store { format!("{overdue}{id} {backend} {age}") } else { format!("{overdue}{id} {age}") }
}

/// The age of a key, `?` if it is not known.
pub(super) fn age(days: Option<i64>) -> String {
    days.map_or("?".to_owned(), |days| format!("{days}d"))
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::chain::list::tests::{CONFIG, listed};
    use crate::chain::list::{Sources, listing};
    use crate::chain::tests::Stored;
    use crate::profile::Profiles;

    const NOW: Timestamp = Timestamp::from_unix(1_700_864_000);

    #[test]
    fn the_table_is_for_people() {
        let expected = "\
PROFILE  SOURCE         ACCOUNT       REGION     MFA  LINKED  SESSION      NEXT CODE  KEY
base     key            111122223333  eu-west-1  me   yes     1h 15m left  in 55m     ****0000 vault 10d
prod     role via base  444455556666  -          -    -       -            ?          -
old      key            -             -          -    -       -            -          ****0000 in plain text
empty    -              -             -          -    -       -            -          -
";
        assert_eq!(text(&listed(CONFIG, "base"), NOW, None), expected);
        assert_eq!(text(&listed("", ""), NOW, None), "");
    }

    #[test]
    fn the_table_fits_the_terminal() {
        let config = CONFIG.replace("[profile old]", "[profile a-very-long-name-of-a-profile-of-somebodys]");
        for width in [5, 10, 20, 40, 60, 80, 100, 120] {
            let table = text(&listed(&config, "base"), NOW, Some(width));
            assert!(table.lines().all(|line| line.width() <= width), "{table}");
            assert!(width < 20 || table.contains("a-very-"), "{table}");
            assert!(width < 100 || table.contains("role vi"), "{table}");
            assert!(
                width < 60 || table.contains("a-very-long-name-of-a-profile-of-somebodys "),
                "a name to be typed: {table}"
            );
            assert!(width < 40 || table.contains("SESSION"), "{table}");
            // A name that is not as long leaves room for where the credentials come from.
            let shorter = config.replace("-of-somebodys]", "]");
            let table = text(&listed(&shorter, "base"), NOW, Some(width));
            assert!(
                width < 80 || table.contains("a-very-long-name-of-a-profile ") && table.contains("role vi"),
                "{table}"
            );
        }
    }

    #[test]
    fn a_sign_in_says_until_when_it_is_certain_to_work() {
        let state = |certain, renewed, due| {
            Some(SignInState { certain_until: Some(NOW.plus_seconds(5400)).filter(|_| certain), renewed, due })
        };
        let states =
            [state(true, true, false), state(false, true, false), state(true, false, true), state(false, false, true)];
        let profiles = Profiles::from_texts("[profile a0]\n[profile a1]\n[profile a2]\n[profile a3]\n", "");
        let sources = Sources {
            stored: &Stored::of(""),
            stored_names: &[],
            sessions: &|name| (None, CodeDue::Never, states[usize::from(name.as_bytes()[1] - b'0')]),
            now: NOW,
            key_max_age_seconds: 10 * 86_400,
        };
        let table = text(&listing(&profiles, &sources), NOW, None);
        let column = table.find("SIGN-IN").expect("a column");
        let shown: Vec<&str> = table.lines().skip(1).map(|line| line[column..].trim_end_matches(['-', ' '])).collect();
        assert_eq!(shown, ["1h 30m, renewed", "renewed", "1h 30m, then due", "due"]);
    }

    #[test]
    fn a_key_that_is_too_old_is_marked() {
        let (profiles, names) = (Profiles::from_texts("[profile base]", ""), ["base".to_owned()]);
        let sources = Sources {
            stored: &Stored::of("base"),
            stored_names: &names,
            sessions: &|_| (None, CodeDue::Never, None),
            now: NOW,
            key_max_age_seconds: 10 * 86_400,
        };
        let table = text(&listing(&profiles, &sources), NOW, None);
        assert!(table.contains("overdue ****0000 vault 10d") && !table.contains("NEXT CODE"), "{table}");
        let listing = listing(&profiles, &Sources { stored: &Stored::of_unknown_age("base"), ..sources });
        assert!(text(&listing, NOW, None).contains(" ****0000 vault ?\n"));
    }
}
