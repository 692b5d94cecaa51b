//! A time limit around every call to a key store.
//!
//! May use `keystore`'s errors and `sys`.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
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
    // Beside the channel, which is in the program once for each type that goes through one.
    let result = Arc::new(Mutex::new(None));
    let (place, (sender, receiver)) = (Arc::clone(&result), mpsc::channel());
    let spawned = thread::Builder::new().name("key store".into()).spawn(move || {
        let done = call();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        // After a timeout nobody listens any more.
        let _ = sender.send(());
    });
    spawned.map_err(|error| StoreError::Exhausted(format!("cannot start a thread: {error}")))?;
    let ended = receiver.recv_timeout(limit);
    match (ended, result.lock().unwrap_or_else(PoisonError::into_inner).take()) {
        (Err(mpsc::RecvTimeoutError::Timeout), _) => Err(StoreError::TimedOut(limit)),
        (_, Some(result)) => result,
        (_, None) => Err(StoreError::Unavailable("the client of the key store crashed".into())),
    }
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
