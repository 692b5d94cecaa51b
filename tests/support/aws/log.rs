//! What was asked: every request that arrived, for tests to count and look into.

use super::answer::Service;
use super::params::Params;

/// One request. Holds secrets as they came (MFA codes); for a test's eyes.
#[derive(Debug, Clone)]
pub struct Logged {
    /// From 1; requests with the same number came over the same connection.
    pub connection: u64,
    pub service: Option<Service>,
    pub action: String,
    pub params: Params,
    /// Who signed it, by id.
    pub key_id: Option<String>,
    /// Who that is, where the signature held.
    pub caller_arn: Option<String>,
    /// The region of the credential scope.
    pub region: Option<String>,
    pub user_agent: String,
    /// 200, or the error code: `AccessDenied`, `Throttling`. `None` where the request was dropped unread.
    pub outcome: Option<String>,
    /// Whether the answer was sent whole.
    pub answered: bool,
}

impl Logged {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    pub fn succeeded(&self) -> bool {
        self.outcome.as_deref() == Some("200")
    }
}
