//! `sso accounts`.

use serde::Serialize;

use crate::ops::sso::directory::{Account, Filter};
use crate::view::table::Table;

/// The accounts that are meant, with the roles that are.
#[derive(Debug, Serialize)]
pub struct Listing {
    pub accounts: Vec<ListedAccount>,
}

#[derive(Debug, Serialize)]
pub struct ListedAccount {
    id: String,
    name: String,
    email: Option<String>,
    /// `null` if AWS does not list them.
    roles: Option<Vec<String>>,
}

impl Listing {
    pub fn new(accounts: Vec<Account>, filter: &Filter) -> Listing {
        let meant = accounts.into_iter().filter(|account| filter.has_account(&account.id, &account.name));
        let listed = meant.map(|Account { id, name, email, roles }| {
            let roles = roles.map(|roles| roles.into_iter().filter(|role| filter.has_role(role)).collect());
            ListedAccount { id, name, email, roles }
        });
        Listing {
            accounts: listed.filter(|account| account.roles.as_ref().is_none_or(|roles| !roles.is_empty())).collect(),
        }
    }
}

/// A line for each account; nothing where there is none.
///
/// Where that does not fit a terminal of `width` columns, each role has a line: people type its name, so it is not cut.
pub fn text(listing: &Listing, width: Option<usize>) -> String {
    let whole = table(listing, |roles| vec![roles.join(", ")]);
    match width {
        Some(width) if whole.width() > width => {
            table(listing, <[String]>::to_vec).fit(width, &[1, 2], &[2]).to_string()
        }
        Some(_) | None => whole.to_string(),
    }
}

/// The accounts, with the lines that `lines` makes of their roles.
fn table(listing: &Listing, lines: impl Fn(&[String]) -> Vec<String>) -> Table<4> {
    let rows = listing.accounts.iter().flat_map(|account| {
        let roles = account.roles.as_deref().map_or(vec!["?".to_owned()], &lines);
        let email = account.email.clone().unwrap_or("-".to_owned());
        let mut first = Some([account.id.clone(), account.name.clone(), email]);
        roles.into_iter().map(move |role| {
            let [id, name, email] = first.take().unwrap_or_default();
            [id, name, email, role]
        })
    });
    Table::new(["ACCOUNT", "NAME", "EMAIL", "ROLES"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_is_cut_on_a_narrow_terminal() {
        let roles = ["AdministratorAccess", "ReadOnly"].map(str::to_owned).to_vec();
        let account = |id: &str, name: &str, roles| Account {
            id: id.to_owned(),
            name: name.to_owned(),
            email: Some(format!("aws+{id}@corp.example")),
            roles,
        };
        let accounts = vec![
            account("000000000042", "Payments of everybody", Some(roles)),
            account("111122223333", "Sandbox", None),
        ];
        let listing = Listing::new(accounts, &Filter::default());
        assert_eq!(
            text(&listing, Some(60)),
            "\
ACCOUNT       NAME              ROLES
000000000042  Payments of eve…  AdministratorAccess
                                ReadOnly
111122223333  Sandbox           ?
"
        );
        assert!(text(&listing, None).contains("corp.example  AdministratorAccess, ReadOnly\n"));
    }
}
