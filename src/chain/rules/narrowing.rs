//! What narrows a plan's credentials: an outer keyfob's layers, the profile's, and those of an AI agent. Pure.

use super::{Made, Maker};
use crate::chain::error::{CannotNarrow, PlanError};
use crate::chain::layer::{Layer, Narrowed};
use crate::chain::narrow::{self, Ways};
use crate::chain::reason::{AgentGets, Reason};
use crate::chain::step::Step;
use crate::chain::values::{self, AgentRights};
use crate::sys::env::vars;

impl Maker<'_, '_> {
    /// What narrows the credentials, an outer keyfob's first.
    pub(super) fn wanted_layers(&mut self) -> Result<Vec<Layer>, PlanError> {
        let (walk, request, env) = (self.walk, self.request, self.env);
        let read = |text: &str| narrow::read_policy(text, env, request.read_policy);
        let of_settings = narrow::of_settings(walk.requested(), walk.roles.contains(&0), read, self.used)?;
        let of_agent = self.layer_of_agent()?;
        for (index, node) in walk.nodes.iter().enumerate().skip(1) {
            let of_hop = walk.roles.contains(&index);
            let names = ["keyfob_read_only", "keyfob_policy", "keyfob_policy_arns"].into_iter().take(if of_hop {
                1
            } else {
                3
            });
            for name in names.filter(|name| node.setting(name).is_some()) {
                self.notes.push(Reason::NarrowingOfSource { profile: node.name.clone(), name });
            }
        }
        Ok(request.narrow.iter().cloned().chain(of_settings).chain(of_agent).collect())
    }

    /// What `keyfob_agents` of the requested profile narrows, if an AI agent runs keyfob.
    fn layer_of_agent(&mut self) -> Result<Option<Layer>, PlanError> {
        let Some(variable) = vars::AGENTS.into_iter().find(|name| self.env.get(name).is_some()) else {
            return Ok(None);
        };
        let requested = self.walk.requested();
        let gets = match self.setting(requested, "keyfob_agents", values::agent_rights)? {
            None => AgentGets::TheSame,
            Some(AgentRights::Same) => return Ok(None),
            Some(AgentRights::ReadOnly) => AgentGets::ReadOnly,
            Some(AgentRights::Ask) => AgentGets::AfterQuestion,
        };
        self.notes.push(Reason::Agent { variable, profile: requested.name.clone(), gets });
        Ok((gets == AgentGets::ReadOnly).then_some(Layer::ReadOnly))
    }

    /// Narrows what the steps lead to.
    pub(super) fn narrow(&mut self, made: &mut Made, wanted: &[Layer]) -> Result<Option<Narrowed>, PlanError> {
        let walk = self.walk;
        let last = made.steps.last();
        let target = match last.and_then(Step::target) {
            Some(target) => target.clone(),
            None if wanted.is_empty() => return Ok(None),
            None => {
                let target = self.target(walk.base_node(), None)?;
                made.base_target = Ok(target.clone());
                target
            }
        };
        let federation_seconds = match last {
            Some(Step::SessionToken(session)) if made.mfa.is_none() && !walk.base.is_root() => {
                Some(session.duration_seconds)
            }
            _ => None,
        };
        let own_node = walk.role_nodes().last().filter(|_| self.request.role.is_none());
        let own_setting = own_node.and_then(|node| {
            let setting = ["policy", "policy_arns"].into_iter().find_map(|name| node.setting(name))?;
            Some((setting.name.to_string(), node.place(&setting)))
        });
        let is_scoped_unknown = self.request.known.as_ref().is_some_and(|known| known.is_scoped_unknown);
        // The exchange of a certificate takes no policy.
        let is_exchange = walk.roles.len() == 1 && self.request.role.is_none();
        let takes_policy = !(is_exchange && walk.base.anchor().is_some());
        let ways = Ways { target: &target, federation_seconds, is_scoped_unknown, own_setting, takes_policy };
        narrow::narrow(&mut made.steps, wanted, &ways).map_err(|why| self.cannot_narrow(why))
    }

    pub(super) fn cannot_narrow(&self, why: CannotNarrow) -> PlanError {
        let profile = self.request.profile.clone();
        PlanError::CannotNarrow { profile, why: Box::new(why), is_asked: !self.request.narrow.is_empty() }
    }
}
