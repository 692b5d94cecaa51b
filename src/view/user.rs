//! `user list` and `user password-policy`.

use crate::ops::user::list::UserList;
use crate::ops::user::policy::PolicyReport;
use crate::view::table::Table;

/// The users; nothing where there is none.
///
/// On a terminal of `width` columns the widest cells are cut until a line fits.
pub fn list(list: &UserList, width: Option<usize>) -> String {
    let known = |fact: Option<bool>| fact.map_or("?", |fact| if fact { "yes" } else { "no" }).to_owned();
    let dash = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    let rows = list.users.iter().map(|user| {
        let keys = user.keys.as_ref().map_or("?".to_owned(), |keys| {
            let ages = keys.iter().map(|key| {
                let age = key.age_days.map_or("?".to_owned(), |days| format!("{days} d"));
                if key.active { age } else { format!("{age} (Inactive)") }
            });
            dash(&ages.collect::<Vec<_>>())
        });
        [
            user.name.clone(),
            dash(&user.groups),
            keys,
            known(user.mfa),
            known(user.password),
            user.last_seen.map_or("-".to_owned(), |seen| seen.to_string()),
            dash(&user.profiles),
            user.state.unwrap_or_default().to_owned(),
        ]
    });
    let header = ["USER", "GROUPS", "KEYS", "MFA", "PASSWORD", "LAST SEEN", "PROFILES HERE", "NOTE"];
    let table = Table::new(header, rows);
    match width {
        Some(width) => table.fit(width, &[0, 1, 2, 6, 7], &[6, 4, 7, 5, 1, 2]).to_string(),
        None => table.to_string(),
    }
}

/// Every setting, beside what CIS asks for.
pub fn policy(report: &PolicyReport) -> String {
    let rows = report.settings.iter().map(|line| {
        let cis = line.cis.unwrap_or("-").to_owned();
        let note = if line.meets_cis { "" } else { "less than CIS asks for" };
        [line.setting.to_owned(), line.value.clone(), cis, note.to_owned()]
    });
    let table = Table::new(["SETTING", "VALUE", "CIS", ""], rows);
    match report.is_set {
        true => table.to_string(),
        false => format!("no password policy is set in account {}: AWS's default applies\n{table}", report.account),
    }
}
