//! An access key: read when it signs, and not before.

use crate::chain::Base;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::ops::Context;

/// # Errors
/// Where the store or file does not give it.
pub(super) fn credentials(context: &Context, base: &Base) -> Result<Credentials> {
    let key = context.keys.access_key(base)?;
    Ok(Credentials::Key { key, account_id: base.account_id() })
}
