//! The key that seals the sessions of a plan, or why they are not kept.

use crate::chain::Plan;
use crate::chain::base::SealWith;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::keystore::UNASKED;
use crate::ops::Context;
use crate::secret::SecretBytes;
use crate::session_cache::sealing_key::SealingKey;

/// The sealing key of `plan`; `None`, with a warning, where its sessions cannot be kept.
///
/// # Errors
/// Where the store of a stored key does not give it, and there is a cache folder to keep sessions in.
pub(super) fn key(context: &Context, plan: &Plan) -> Result<Option<SealingKey>> {
    let read = |backend: StoreId| context.keys.sealing_key(backend).and_then(|bytes| usable_key(&bytes, backend));
    let not_kept = |why: &dyn std::fmt::Display| {
        context.talk.warn(&format!("sessions cannot be cached, so each use creates new ones: {why}"));
    };
    match &plan.base.sealed_with {
        SealWith::Store(backend) => read(*backend).map(Some).or_else(|error| match context.cache.make_writable() {
            Ok(()) => Err(error),
            // Nothing can be kept, so nothing need be sealed; the lock under which that key is read is there as well.
            Err(unusable) => {
                not_kept(&unusable);
                Ok(None)
            }
        }),
        SealWith::Default => {
            let key = context.keys.sealing_key_unasked().and_then(|bytes| SealingKey::new(&bytes));
            if key.is_none() {
                context.talk.explain("sessions are not cached: no key to seal them with can be read without a prompt");
            }
            Ok(key)
        }
        SealWith::Never => Ok(None),
    }
}

/// The store whose sealing key seals the sessions of `plan`; none where they are not cached.
pub fn store_of(plan: &Plan) -> Option<StoreId> {
    match &plan.base.sealed_with {
        SealWith::Store(backend) => Some(*backend),
        SealWith::Default => Some(UNASKED),
        SealWith::Never => None,
    }
}

fn usable_key(bytes: &SecretBytes, backend: StoreId) -> Result<SealingKey> {
    SealingKey::new(bytes).ok_or_else(|| {
        Error::new(Kind::KeyStore, format!("the key in {} that seals sessions is damaged", backend.title()))
            .hint(run!("keyfob clear --all").to("delete it and the sessions"))
    })
}
