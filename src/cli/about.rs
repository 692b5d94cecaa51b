//! What a shell or a command is told of the credentials it gets.

use crate::chain::Plan;
use crate::chain::layer::Narrowed;
use crate::ops::whoami::Issued;

/// What a shell or a command is told of credentials, beside themselves.
pub struct About {
    /// What `KEYFOB_NARROW` is.
    pub narrowed: Option<String>,
    /// What `KEYFOB_IDENTITY` is.
    pub identity: String,
    /// The region of an agent's profile, for where nothing on this machine says one.
    pub region: Option<String>,
    /// The plan; none of an agent's.
    pub plan: Option<Plan>,
}

impl From<Plan> for About {
    fn from(plan: Plan) -> About {
        About {
            narrowed: plan.narrowed.as_ref().map(Narrowed::variable),
            identity: Issued::of(&plan).variable(),
            region: None,
            plan: Some(plan),
        }
    }
}
