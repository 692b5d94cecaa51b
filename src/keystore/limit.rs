//! A time limit around every call to a key store.
//!
//! May use `keystore`'s errors and `sys`.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::keystore::StoreError;
use crate::sys::descriptors::check_descriptors;

/// Runs `call` on a thread of its own and waits for it, up to `limit`.
///
/// A call that never returns keeps its thread until the process ends; nothing waits for it. What it was doing may still
/// happen later.
///
/// # Errors
/// [`StoreError::TimedOut`] past the limit, and whatever `call` says.
pub fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    check_descriptors().map_err(|error| StoreError::Exhausted(format!("cannot open a key store: {error}")))?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new().name("key store".into()).spawn(move || {
        // After a timeout nobody listens any more.
        let _ = sender.send(call());
    });
    spawned.map_err(|error| StoreError::Exhausted(format!("cannot start a thread: {error}")))?;
    receiver.recv_timeout(limit).unwrap_or_else(|error| match error {
        mpsc::RecvTimeoutError::Timeout => Err(StoreError::TimedOut(limit)),
        mpsc::RecvTimeoutError::Disconnected => {
            Err(StoreError::Unavailable("the client of the key store crashed".into()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_hangs_ends_at_its_limit() {
        let limit = Duration::from_millis(50);
        let result = within(limit, || {
            thread::sleep(Duration::from_secs(5));
            Ok(())
        });
        assert!(matches!(result, Err(StoreError::TimedOut(within)) if within == limit), "{result:?}");
    }

    #[test]
    fn a_call_that_panics_is_an_error_and_not_a_wait() {
        let result = within::<()>(Duration::from_mins(1), || panic!("a defect of the client library"));
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }
}
