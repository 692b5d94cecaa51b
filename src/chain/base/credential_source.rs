//! What `credential_source` names: variables, the EC2 instance, the container.

use super::{Kind, Lead, RoleUse, unsupported};
use crate::chain::error::UnsupportedBase;
use crate::chain::node::Node;

const SETTINGS: &[&str] = &["credential_source"];

pub(super) static ENVIRONMENT: Kind = Kind {
    name: "environment",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, _| Ok(named(node, &ENVIRONMENT, |value| value == "Environment")),
};

pub(super) static INSTANCE: Kind = Kind {
    name: "instance",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, _| Ok(named(node, &INSTANCE, |value| value == "Ec2InstanceMetadata")),
};

/// The last of the three takes every other value too: it is one that no SDK knows.
pub(super) static CONTAINER: Kind = Kind {
    name: "container",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, _| Ok(named(node, &CONTAINER, |_| true)),
};

fn named(node: &Node<'_>, kind: &Kind, is_it: impl Fn(&str) -> bool) -> Option<Lead> {
    let source = node.setting(SETTINGS[0]).filter(|source| is_it(&source.value))?;
    unsupported(node, kind, UnsupportedBase::CredentialSource(source.value.to_string()))
}
