//! Each AssumeRole: what it sends, and what it leaves out where a token or a certificate is exchanged.

use super::Maker;
use super::durations::hop_duration;
use crate::chain::error::PlanError;
use crate::chain::narrow;
use crate::chain::node::Node;
use crate::chain::reason::{AskedBy, Reason};
use crate::chain::role::ExtraRole;
use crate::chain::step::Hop;
use crate::chain::target::Target;
use crate::chain::values;

impl Maker<'_, '_> {
    /// One hop; `signed_by` names whose session signs it, none where the access key does, or nobody knows.
    pub(super) fn hop(
        &mut self,
        node: &Node<'_>,
        asked: Option<(u32, AskedBy)>,
        signed_by: Option<String>,
        target: &Target,
        over_token: bool,
    ) -> Result<Hop, PlanError> {
        let profile = node.name.clone();
        let (duration_seconds, reason) = hop_duration(&profile, asked, signed_by)?;
        let (request, env) = (self.request, self.env);
        let hop = Hop {
            profile,
            is_ad_hoc: false,
            role_arn: self.setting(node, "role_arn", values::role_arn)?.unwrap_or_default(),
            target: target.clone(),
            duration_asked: asked.map(|(seconds, _)| seconds),
            duration_seconds,
            reason,
            role_session_name: self.setting(node, "role_session_name", values::session_name)?,
            external_id: self.setting(node, "external_id", values::external_id)?,
            tags: self.setting(node, "session_tags", values::session_tags)?.unwrap_or_default(),
            transitive_tag_keys: self
                .setting(node, "transitive_session_tags", values::transitive_tag_keys)?
                .unwrap_or_default(),
            source_identity: self.setting(node, "source_identity", values::session_name)?,
            policy: self.setting(node, "policy", |text| narrow::read_policy(text, env, request.read_policy))?,
            policy_arns: Vec::new(),
        };
        let room = |text: &str| values::policy_arns(text, hop.policy.as_deref());
        let policy_arns = self.setting(node, "policy_arns", room)?.unwrap_or_default();
        let hop = Hop { policy_arns, ..hop };
        if over_token { self.over_token(node, hop) } else { Ok(hop) }
    }

    /// The role that the command line names; nothing in a file says more about it.
    pub(super) fn extra_hop(
        &mut self,
        extra: &ExtraRole,
        role_arn: String,
        asked: Option<(u32, AskedBy)>,
        signed_by: Option<String>,
        target: &Target,
    ) -> Result<Hop, PlanError> {
        let profile = self.request.profile.clone();
        let (duration_seconds, reason) = hop_duration(&profile, asked, signed_by)?;
        Ok(Hop {
            profile,
            is_ad_hoc: true,
            role_arn,
            target: target.clone(),
            duration_asked: asked.map(|(seconds, _)| seconds),
            duration_seconds,
            reason,
            role_session_name: extra.session_name.clone(),
            external_id: extra.external_id.clone(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            policy: None,
            policy_arns: Vec::new(),
        })
    }

    /// The same hop as the exchange of a token or a certificate: these calls have no parameters for the rest (STS API,
    /// AssumeRoleWithWebIdentity; Roles Anywhere User Guide, "CreateSession").
    fn over_token(&mut self, node: &Node<'_>, hop: Hop) -> Result<Hop, PlanError> {
        let anchor = self.walk.base.anchor();
        // Left out, these would give more rights than the profile says.
        let policy = ["policy", "policy_arns"].into_iter().find_map(|name| node.setting(name));
        if let (Some(_), Some(setting)) = (anchor, policy) {
            return Err(PlanError::BadValue {
                profile: node.name.clone(),
                name: setting.name.to_string(),
                problem: "IAM Roles Anywhere takes no session policy; set it in its profile at AWS".to_owned(),
                place: node.place(&setting),
            });
        }
        for name in ["external_id", "session_tags", "transitive_session_tags", "source_identity"] {
            if node.setting(name).is_some() {
                let with = if anchor.is_some() { "certificate" } else { "web identity token" };
                self.notes.push(Reason::NotSentWith { profile: node.name.clone(), name, with });
            }
        }
        let hop = match anchor {
            // The call goes to the trust anchor's region, whatever the profile's is.
            Some(anchor) => {
                let is_asked = |name: &str| name == node.name && self.request.role.is_none();
                self.notes.retain(|note| !matches!(note, Reason::RegionDefaulted { profile, .. } if is_asked(profile)));
                Hop { target: Target { region: anchor.region.clone(), ..hop.target }, ..hop }
            }
            None => hop,
        };
        let session_name = || self.walk.base.session_name().map(str::to_owned);
        Ok(Hop {
            role_session_name: hop.role_session_name.clone().or_else(session_name),
            external_id: None,
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            ..hop
        })
    }
}
