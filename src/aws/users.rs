//! IAM calls that need no types of their own: what manages users, groups and policies sends names and reads names.

use crate::aws::client::{Aws, Sending};
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};

/// IAM by the names of its actions, parameters and answers (IAM API Reference).
pub trait Iam {
    /// Makes a call that can be made again: it reads, or finds done what it is to do. AWS's words do not show `secrets`.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn ask(
        &self,
        by: Access<'_>,
        action: &'static str,
        params: &[(&str, &str)],
        secrets: &[&str],
    ) -> Result<Element, AwsError>;

    /// Makes a call once, whose second sending would not tell what the first has done.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn ask_once(&self, by: Access<'_>, action: &'static str, params: &[(&str, &str)]) -> Result<Element, AwsError>;

    /// Every member of a list that comes in pages.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn pages(
        &self,
        by: Access<'_>,
        action: &'static str,
        params: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Element>, AwsError>;
}

impl Iam for Aws {
    fn ask(
        &self,
        by: Access<'_>,
        action: &'static str,
        params: &[(&str, &str)],
        secrets: &[&str],
    ) -> Result<Element, AwsError> {
        self.iam_with(by, Sending::Retried, action, params, secrets)
    }

    fn ask_once(&self, by: Access<'_>, action: &'static str, params: &[(&str, &str)]) -> Result<Element, AwsError> {
        self.iam(by, Sending::Once, action, params)
    }

    fn pages(
        &self,
        by: Access<'_>,
        action: &'static str,
        params: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Element>, AwsError> {
        self.iam_pages(by, action, params, list)
    }
}
