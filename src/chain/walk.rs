//! The walk from the asked profile to the base: which roles lie between, and whose key the chain starts with.
//!
//! Pure. The order of its questions is that of the SDKs (smithy-rs, `aws-config/src/profile/credentials/repr.rs`).

use std::str::FromStr;

use crate::chain::error::{PlanError, UnsupportedBase};
use crate::chain::{BaseKey, FileNames, Place, Reason, StoredKeys, Used};
use crate::credentials::{AccessKeyId, InvalidAccessKeyId, StoredKey};
use crate::process_line::keyfob_profile_of;
use crate::profile::{Profile, Profiles, Setting};

/// What the walk found.
pub(super) struct Walk<'p> {
    /// Every profile met, the asked one first, the base last.
    pub(super) nodes: Vec<Node<'p>>,
    /// Indexes into `nodes` of those whose role is assumed, in the order of the calls.
    pub(super) roles: Vec<usize>,
    /// The base's key.
    pub(super) key: BaseKey,
    pub(super) used: Vec<Used>,
    pub(super) notes: Vec<Reason>,
}

impl<'p> Walk<'p> {
    pub(super) fn asked(&self) -> &Node<'p> {
        self.nodes.first().expect("a walk starts at the asked profile")
    }

    pub(super) fn base(&self) -> &Node<'p> {
        self.nodes.last().expect("a walk ends at a base")
    }

    /// Those whose roles are assumed, in the order of the calls.
    pub(super) fn role_nodes(&self) -> impl Iterator<Item = &Node<'p>> {
        self.roles.iter().map(|index| &self.nodes[*index])
    }
}

/// A profile of the walk: in the AWS files, in the key store, or in both.
pub(super) struct Node<'p> {
    pub(super) name: String,
    pub(super) profile: Option<Profile<'p>>,
    stored: Option<StoredKey>,
    files: &'p FileNames,
}

impl<'p> Node<'p> {
    /// A key stored for a name that no AWS file has makes a profile too, one without settings.
    pub(super) fn find(world: &World<'p>, name: &str) -> Option<Self> {
        let World { profiles, stored, files } = *world;
        let node = Node { name: name.to_owned(), profile: profiles.get(name), stored: stored.key_of(name), files };
        (node.profile.is_some() || node.stored.is_some()).then_some(node)
    }

    /// The effective setting, without a trace.
    pub(super) fn setting(&self, name: &str) -> Option<Setting<'_>> {
        self.profile.as_ref().and_then(|profile| profile.setting(name))
    }

    /// The effective setting, put on the list of what had a part.
    pub(super) fn read(&self, name: &str, used: &mut Vec<Used>) -> Option<Setting<'_>> {
        let setting = self.setting(name)?;
        let new = Used { profile: self.name.clone(), name: setting.name.to_string(), place: self.place(&setting) };
        if !used.contains(&new) {
            used.push(new);
        }
        Some(setting)
    }

    /// Whether the profile has a whole key, in the key store or in the files. Temporary ones count, as in the SDKs.
    fn has_key(&self) -> bool {
        self.stored.is_some()
            || (self.setting("aws_access_key_id").is_some() && self.setting("aws_secret_access_key").is_some())
    }

    pub(super) fn place(&self, setting: &Setting<'_>) -> Place {
        self.files.place_of(setting)
    }

    /// What the setting's text means, or why it means nothing.
    pub(super) fn value<T>(
        &self,
        setting: &Setting<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, PlanError> {
        read(&setting.value).map_err(|problem| PlanError::BadValue {
            profile: self.name.clone(),
            name: setting.name.to_string(),
            problem,
            place: self.place(setting),
        })
    }

    fn unsupported(&self, base: UnsupportedBase, setting: &Setting<'_>) -> PlanError {
        PlanError::Unsupported { profile: self.name.clone(), base, place: self.place(setting) }
    }
}

/// Where a walk looks things up.
#[derive(Clone, Copy)]
pub(super) struct World<'p> {
    pub(super) profiles: &'p Profiles<'p>,
    pub(super) stored: &'p dyn StoredKeys,
    pub(super) files: &'p FileNames,
}

/// Where a step of the walk leads.
enum Step {
    /// The end, with its key.
    Base(BaseKey),
    /// On to another profile, named in a setting.
    Next { name: String, setting: String, place: Place },
}

/// Walks from `asked` to its base.
///
/// # Errors
/// Whatever keeps the walk from ending at an access key; each has its own [`PlanError`].
pub(super) fn walk<'p>(world: &World<'p>, asked: &str) -> Result<Walk<'p>, PlanError> {
    let mut trace = Trace::default();
    let mut nodes: Vec<Node<'p>> = Vec::new();
    let mut node = Node::find(world, asked)
        .ok_or_else(|| PlanError::NoSuchProfile { name: asked.to_owned(), nearest: nearest(world.profiles, asked) })?;
    loop {
        let step = step(&node, nodes.len(), &mut trace)?;
        nodes.push(node);
        match step {
            Step::Base(key) => {
                trace.roles.reverse();
                let Trace { roles, used, notes } = trace;
                return Ok(Walk { nodes, roles, key, used, notes });
            }
            Step::Next { name, setting, place } => {
                if let Some(start) = nodes.iter().position(|node| node.name == name) {
                    let mut names: Vec<String> = nodes[start..].iter().map(|node| node.name.clone()).collect();
                    names.push(name);
                    return Err(PlanError::Loop(names));
                }
                let from = nodes.last().map(|node| node.name.clone()).unwrap_or_default();
                node = Node::find(world, &name).ok_or_else(|| PlanError::MissingSource {
                    nearest: nearest(world.profiles, &name),
                    name,
                    from,
                    setting,
                    place,
                })?;
            }
        }
    }
}

/// What a walk picks up on its way.
#[derive(Default)]
struct Trace {
    roles: Vec<usize>,
    used: Vec<Used>,
    notes: Vec<Reason>,
}

/// Decides where `node`, the `index`th of the walk, leads.
fn step(node: &Node<'_>, index: usize, trace: &mut Trace) -> Result<Step, PlanError> {
    if index > 0 && node.has_key() {
        if let Some(role) = node.setting("role_arn") {
            trace.notes.push(Reason::KeyEndsWalk { profile: node.name.clone(), role_arn: role.value.to_string() });
        }
        return own_key(node, trace).map(Step::Base);
    }
    match node.read("role_arn", &mut trace.used) {
        Some(role) => step_of_role(node, &role, index, trace),
        None => step_without_role(node, trace),
    }
}

fn step_of_role(node: &Node<'_>, role: &Setting<'_>, index: usize, trace: &mut Trace) -> Result<Step, PlanError> {
    if let Some(token) = node.setting("web_identity_token_file") {
        return Err(node.unsupported(UnsupportedBase::WebIdentity, &token));
    }
    let source = match (node.read("source_profile", &mut trace.used), node.setting("credential_source")) {
        (Some(_), Some(source)) => {
            return Err(PlanError::TwoSources { profile: node.name.clone(), place: node.place(&source) });
        }
        (None, Some(source)) => {
            return Err(node.unsupported(UnsupportedBase::CredentialSource(source.value.to_string()), &source));
        }
        (None, None) => {
            return Err(PlanError::RoleWithoutSource {
                profile: node.name.clone(),
                place: node.place(role),
                own_key: node.has_key(),
            });
        }
        (Some(source), None) => source,
    };
    trace.roles.push(index);
    if source.value != node.name.as_str() {
        if node.has_key() {
            let (profile, source) = (node.name.clone(), source.value.to_string());
            trace.notes.push(Reason::OwnKeyNotUsed { profile, source });
        }
        return Ok(next(node, &source));
    }
    if node.has_key() {
        return own_key(node, trace).map(Step::Base);
    }
    // AWS's reference takes any other source of such a profile as its own base, a process too.
    match node.read("credential_process", &mut trace.used) {
        Some(process) => match keyfob_profile_of(&process.value) {
            Some(other) if other != node.name => Ok(followed(node, other, &process, trace)),
            Some(_) => Err(PlanError::SelfSourceWithoutKey { profile: node.name.clone(), place: node.place(&source) }),
            None => Err(node.unsupported(UnsupportedBase::Process, &process)),
        },
        None => match incomplete_key(node) {
            Some(error) => Err(error),
            None => Err(PlanError::SelfSourceWithoutKey { profile: node.name.clone(), place: node.place(&source) }),
        },
    }
}

fn step_without_role(node: &Node<'_>, trace: &mut Trace) -> Result<Step, PlanError> {
    if node.stored.is_some() {
        return own_key(node, trace).map(Step::Base);
    }
    if let Some(token) = node.setting("web_identity_token_file") {
        return Err(node.unsupported(UnsupportedBase::WebIdentity, &token));
    }
    for name in ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"] {
        if let Some(sso) = node.setting(name) {
            return Err(node.unsupported(UnsupportedBase::Sso, &sso));
        }
    }
    if let Some(login) = node.setting("login_session") {
        return Err(node.unsupported(UnsupportedBase::LoginSession, &login));
    }
    let process = node.read("credential_process", &mut trace.used);
    if let Some(process) = &process {
        match keyfob_profile_of(&process.value) {
            Some(other) if other != node.name => return Ok(followed(node, other, process, trace)),
            // The key beside it.
            Some(_) => {}
            None => return Err(node.unsupported(UnsupportedBase::Process, process)),
        }
    }
    if node.has_key() {
        return own_key(node, trace).map(Step::Base);
    }
    if let Some(error) = incomplete_key(node) {
        return Err(error);
    }
    if let Some(source) = node.read("source_profile", &mut trace.used)
        && source.value != node.name.as_str()
    {
        trace.notes.push(Reason::Alias { profile: node.name.clone(), next: source.value.to_string() });
        return Ok(next(node, &source));
    }
    if let Some(source) = node.setting("credential_source") {
        return Err(node.unsupported(UnsupportedBase::CredentialSource(source.value.to_string()), &source));
    }
    Err(match process {
        Some(process) => PlanError::LinkedToNothing { profile: node.name.clone(), place: node.place(&process) },
        None => PlanError::NoCredentials { profile: node.name.clone() },
    })
}

fn next(node: &Node<'_>, setting: &Setting<'_>) -> Step {
    Step::Next { name: setting.value.to_string(), setting: setting.name.to_string(), place: node.place(setting) }
}

fn followed(node: &Node<'_>, other: String, process: &Setting<'_>, trace: &mut Trace) -> Step {
    trace.notes.push(Reason::ProcessFollowed { profile: node.name.clone(), next: other.clone() });
    Step::Next { name: other, setting: process.name.to_string(), place: node.place(process) }
}

/// The key of a node that has a whole one: the stored one, else the one in the files.
fn own_key(node: &Node<'_>, trace: &mut Trace) -> Result<BaseKey, PlanError> {
    if let Some(stored) = &node.stored {
        return Ok(BaseKey::Stored(stored.clone()));
    }
    let id = node
        .read("aws_access_key_id", &mut trace.used)
        .ok_or_else(|| PlanError::NoCredentials { profile: node.name.clone() })?;
    let place = node.place(&id);
    let profile = node.name.clone();
    if let Some(token) = node.setting("aws_session_token") {
        return Err(PlanError::TemporaryKey { profile, place: node.place(&token) });
    }
    match AccessKeyId::from_str(&id.value) {
        Ok(id) => {
            trace.notes.push(Reason::KeyInFile { profile, place });
            Ok(BaseKey::File { id })
        }
        Err(InvalidAccessKeyId::Temporary) => Err(PlanError::TemporaryKey { profile, place }),
        Err(InvalidAccessKeyId::Malformed) => Err(PlanError::BadKeyId { profile, place }),
    }
}

/// What is wrong where exactly one half of a key stands in the files.
fn incomplete_key(node: &Node<'_>) -> Option<PlanError> {
    const ID: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";
    let (has, lacks, place) = match (node.setting(ID), node.setting(SECRET)) {
        (Some(id), None) => (ID, SECRET, node.place(&id)),
        (None, Some(secret)) => (SECRET, ID, node.place(&secret)),
        (None, None) | (Some(_), Some(_)) => return None,
    };
    Some(PlanError::IncompleteKey { profile: node.name.clone(), has, lacks, place })
}

/// A profile with nearly that name, for the hint.
pub fn nearest(profiles: &Profiles<'_>, name: &str) -> Option<String> {
    nearest_of(profiles.names(), name)
}

/// The one of these names that is nearly that one, for the hint.
pub fn nearest_of<'a>(names: impl Iterator<Item = &'a str>, name: &str) -> Option<String> {
    let near = names.map(|other| (strsim::jaro_winkler(other, name), other));
    // The threshold clap suggests at.
    near.filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other.to_string())
}
