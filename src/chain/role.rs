//! A role that the command line names, to be assumed after what the profile leads to. Pure.

pub mod read;

use std::fmt;

/// `--role`, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraRole {
    /// The role.
    pub role: RoleName,
    /// `--external-id`.
    pub external_id: Option<String>,
    /// `--session-name`.
    pub session_name: Option<String>,
}

/// A role as it is named on the command line: its ARN, or `ACCOUNT:NAME` in the partition that calls go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleName {
    /// `arn:aws:iam::123456789012:role/NAME`
    Arn(String),
    /// `123456789012:NAME`, with the path before the name if the role has one.
    InAccount {
        /// 12 digits.
        account: String,
        /// Path and name.
        name: String,
    },
}

impl fmt::Display for RoleName {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoleName::Arn(arn) => f.write_str(arn),
            RoleName::InAccount { account, name } => write!(f, "{account}:{name}"),
        }
    }
}

impl RoleName {
    /// The ARN, in a partition where the name has none.
    pub fn arn(&self, partition: &str) -> String {
        match self {
            RoleName::Arn(arn) => arn.clone(),
            RoleName::InAccount { account, name } => format!("arn:{partition}:iam::{account}:role/{name}"),
        }
    }
}
