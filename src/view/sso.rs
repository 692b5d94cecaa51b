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
pub fn text(listing: &Listing, width: Option<usize>) -> String {
    let rows = listing.accounts.iter().map(|account| {
        let roles = account.roles.as_ref().map_or("?".to_owned(), |roles| roles.join(", "));
        [account.id.clone(), account.name.clone(), account.email.clone().unwrap_or("-".to_owned()), roles]
    });
    let table = Table::new(["ACCOUNT", "NAME", "EMAIL", "ROLES"], rows);
    match width {
        Some(width) => table.fit(width, &[1, 2, 3], &[2]).to_string(),
        None => table.to_string(),
    }
}
