//! The accounts and roles that the portal lists, as far as they are known. Pure.

use serde::{Deserialize, Serialize};

use crate::glob::Glob;

/// An account that is assigned to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// 12 digits; zeros at the front are digits too.
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    /// The permission sets, in alphabetical order; none as long as they have not been asked for, or AWS has not told.
    pub roles: Option<Vec<String>>,
}

/// `--account` and `--role`: what is not named is left alone. Nothing named is all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub accounts: Vec<Glob>,
    pub roles: Vec<Glob>,
}

impl Filter {
    /// Whether an account is meant, by its name or its id.
    pub fn has_account(&self, id: &str, name: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|glob| glob.matches(id) || glob.matches(name))
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|glob| glob.matches(role))
    }
}
