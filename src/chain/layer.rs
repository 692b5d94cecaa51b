//! What narrows credentials, as data. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one source of narrowing asks for. What is left are the rights that all of them grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// To change nothing.
    ReadOnly,
    /// What one of these policies allows.
    Policies {
        /// An inline one.
        policy: Option<String>,
        /// ARNs of managed ones.
        arns: Vec<String>,
    },
}

/// How the credentials of a plan are narrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// The call that takes the policies.
    pub by: NarrowedBy,
    /// Each of them holds.
    pub layers: Vec<Layer>,
}

/// The call that takes the policies. `Display` gives its name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NarrowedBy {
    /// The last AssumeRole, or its like.
    Policy,
    /// GetFederationToken.
    Federation,
    /// GetScopedCredentials.
    Scoped,
}

impl fmt::Display for NarrowedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NarrowedBy::Policy => "policy",
            NarrowedBy::Federation => "federation",
            NarrowedBy::Scoped => "scoped",
        })
    }
}

impl Narrowed {
    /// Whether they change nothing.
    pub fn is_read_only(&self) -> bool {
        self.layers.contains(&Layer::ReadOnly)
    }

    /// What `KEYFOB_NARROW` is for the programs that get them.
    pub fn variable(&self) -> String {
        serde_json::to_string(&self.layers).expect("texts always become JSON")
    }
}
