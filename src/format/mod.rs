//! How credentials leave keyfob: the `credential_process` document, lines for shells, and which variables say it.
//!
//! Pure: values in, text out. May use `credentials`, `secret`, `error`, and a snapshot of the environment handed in.

pub mod detect;
pub mod environment;
pub mod harmless;
pub mod hint;
pub mod hook;
pub mod process;
mod quote;
pub mod shell;
pub mod surroundings;

use crate::secret::Secret;

/// What happens to one environment variable.
#[derive(Debug, Clone)]
pub enum VariableChange {
    /// It gets a value, and is exported.
    Set {
        name: String,
        /// Its value; one type for all, since most of them are secret.
        value: Secret,
    },
    /// It goes. It is never blanked: to the AWS CLI an empty `AWS_PROFILE` is the name of a profile.
    Unset { name: String },
}

impl VariableChange {
    /// The variable's name.
    pub fn name(&self) -> &str {
        match self {
            VariableChange::Set { name, .. } | VariableChange::Unset { name } => name,
        }
    }

    /// Its new value; none where it goes.
    pub fn value(&self) -> Option<&Secret> {
        match self {
            VariableChange::Set { value, .. } => Some(value),
            VariableChange::Unset { .. } => None,
        }
    }
}
