//! How long sessions and hops last: what is asked, and what AWS gives. Pure.

use super::Maker;
use crate::chain::error::PlanError;
use crate::chain::node::Node;
use crate::chain::reason::{AskedBy, Reason};
use crate::chain::values::{self, HOUR, LONGEST_ROLE, LONGEST_SESSION, SHORTEST};
use crate::profile::Setting;

impl Maker<'_, '_> {
    /// What is asked for each hop, in the order of the calls. `--duration` is for the last.
    pub(super) fn hop_durations(&mut self) -> Result<Vec<Option<(u32, AskedBy)>>, PlanError> {
        let walk = self.walk;
        let option = match self.request.duration_seconds {
            Some(asked) => Some((option_in_range(asked, LONGEST_ROLE, "a role's session")?, AskedBy::Option)),
            None => None,
        };
        let count = walk.roles.len() + usize::from(self.request.role.is_some());
        let mut durations = Vec::with_capacity(count);
        for (index, node) in walk.role_nodes().enumerate() {
            durations.push(match (option, index + 1 == count) {
                (Some(option), true) => Some(option),
                (_, _) => match node.read("duration_seconds", self.used) {
                    Some(setting) => {
                        let read = |text: &str| values::duration_seconds(text, LONGEST_ROLE);
                        Some((node.value(&setting, read)?, AskedBy::Setting))
                    }
                    None => None,
                },
            });
        }
        if self.request.role.is_some() {
            durations.push(option);
        }
        Ok(durations)
    }

    /// How long a session of GetSessionToken lasts: `option` is `--duration`, `setting` a `duration_seconds`, else keyfob's
    /// own setting.
    pub(super) fn session_duration(
        &mut self,
        setting: Option<(&Node<'_>, Setting<'_>)>,
        option: Option<u32>,
    ) -> Result<u32, PlanError> {
        let root = self.walk.base.is_root();
        let most = if root { HOUR } else { LONGEST_SESSION };
        let asked = match (option, setting) {
            (Some(asked), _) => option_in_range(asked, most, if root { "a root user's session" } else { "a session" })?,
            (None, Some((node, setting))) => {
                node.value(&setting, |text| values::duration_seconds(text, LONGEST_SESSION))?
            }
            (None, None) => self.request.session_duration_seconds,
        };
        if asked > most {
            self.notes.push(Reason::RootSessionCap { asked });
        }
        Ok(asked.min(most))
    }
}

/// How long a hop lasts, and why; `signed_by` names whose session signs it.
pub(super) fn hop_duration(
    profile: &str,
    asked: Option<(u32, AskedBy)>,
    signed_by: Option<String>,
) -> Result<(u32, Reason), PlanError> {
    match (asked, signed_by) {
        (None, _) => Ok((HOUR, Reason::NothingAsked)),
        (Some((asked, AskedBy::Option)), Some(signed_by)) if asked > HOUR => {
            Err(PlanError::DurationChained { asked, profile: profile.to_owned(), signed_by })
        }
        (Some((asked, AskedBy::Setting)), Some(signed_by)) if asked > HOUR => {
            Ok((HOUR, Reason::ChainingCap { asked, signed_by }))
        }
        (Some((asked, by)), _) => Ok((asked, Reason::AsAsked(by))),
    }
}

/// `--duration`, where AWS could give it.
fn option_in_range(asked: u32, most: u32, what: &'static str) -> Result<u32, PlanError> {
    if (SHORTEST..=most).contains(&asked) {
        Ok(asked)
    } else {
        Err(PlanError::DurationOutOfRange { asked, most, what })
    }
}
