//! What a base turned out to be when it was made, handed in for the next plan. Pure.

/// What a base turned out to be when it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBase {
    /// Whether its credentials are a long-term key.
    pub is_key: bool,
    /// The roles that AWS assumes with it for an hour at most.
    pub capped_roles: Vec<String>,
    /// Whether AWS, asked with it, has said that there is no GetScopedCredentials.
    pub is_scoped_unknown: bool,
}
