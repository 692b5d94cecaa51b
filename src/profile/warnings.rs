//! What in the AWS files does not do what it seems to. Pure, and worked out only when asked for.

use super::{AwsFile, Profiles};

/// Something in a file that bites.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The file.
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
    /// What is wrong, and what would have been right.
    pub message: String,
}

impl Profiles<'_> {
    /// What is ignored, or read otherwise by some SDKs, in file order.
    pub fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}
