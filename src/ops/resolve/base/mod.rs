//! How a base's credentials are made: one file per base, of the same name as in `chain/base`.
//!
//! May use what `ops` may. This is the one place that matches on [`BaseSource`].

mod key;

use crate::chain::Base;
use crate::chain::base::BaseSource;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::ops::Context;

/// The base's own credentials.
///
/// # Errors
/// Where they cannot be made; each base says why.
pub(super) fn credentials(context: &Context, base: &Base) -> Result<Credentials> {
    match &base.source {
        BaseSource::Stored(_) | BaseSource::Written { .. } => key::credentials(context, base),
        BaseSource::Refused(error) => Err(error.as_ref().clone().into()),
    }
}
