//! Work done by several threads at once, a bounded number of them, while one tells how far it is.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What a thread says of its work.
type Told<R> = (usize, Result<R, String>);

/// Does `work` with each of `items`, at most `at_once` at a time, and returns what came of it, in their order. What `work` tells
/// is handed to `show` on this thread.
pub(super) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    at_once: usize,
    work: impl Fn(&T, &dyn Fn(String)) -> R + Sync,
    mut show: impl FnMut(&str),
) -> Vec<R> {
    let next = Mutex::new(0);
    let take = || {
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        *next - 1
    };
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, told) = channel::<Told<R>>();
        for _ in 0..at_once.min(items.len()) {
            let (sender, take, work): (Sender<Told<R>>, _, _) = (sender.clone(), &take, &work);
            scope.spawn(move || {
                loop {
                    let at = take();
                    let Some(item) = items.get(at) else { return };
                    // Nobody listens any more only if this thread's scope is ending.
                    let done = work(item, &|text| drop(sender.send((at, Err(text)))));
                    drop(sender.send((at, Ok(done))));
                }
            });
        }
        drop(sender);
        for (at, told) in told {
            match told {
                Ok(done) => results[at] = Some(done),
                Err(text) => show(&text),
            }
        }
    });
    results.into_iter().map(|result| result.expect("a thread that panics ends the scope")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_are_in_order_and_no_more_run_at_once_than_may() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..40).collect();
        let mut told = Vec::new();
        let results = in_parallel(
            &items,
            3,
            |item, tell| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                tell(item.to_string());
                running.fetch_sub(1, Ordering::SeqCst);
                item * 2
            },
            |text| told.push(text.to_owned()),
        );
        assert_eq!(results, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert_eq!(told.len(), 40);
        assert!(in_parallel(&[] as &[u8], 3, |_, _| (), |_| ()).is_empty());
    }
}
