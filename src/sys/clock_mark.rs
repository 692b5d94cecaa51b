//! Which clock a time was taken from.

use serde::{Deserialize, Serialize};

/// What tells whether the machine's clock has been set since: the boot, and the time the clock says it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockMark {
    pub(super) boot: String,
    pub(super) booted_at: i64,
}

impl ClockMark {
    /// Whether nobody has set the clock between the two. Time servers move it by less.
    pub fn is_of_same_clock(&self, other: &ClockMark) -> bool {
        const DRIFT: u64 = 5;
        self.boot == other.boot && self.booted_at.abs_diff(other.booted_at) <= DRIFT
    }
}
