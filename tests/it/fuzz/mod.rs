//! What the fuzz targets in `tests/fuzz` check, each in a file that both share; here with the inputs they have found.

mod document;
mod otpauth;
mod process;
mod session;

use crate::support::data;

/// Runs a check on every input in its folder, and on each of them cut short.
fn replay(name: &str, check: fn(&[u8])) {
    let inputs = data::files(&format!("fuzz/{name}"));
    assert!(inputs.len() >= 20, "the inputs of `{name}` are gone");
    for (path, input) in inputs {
        // A check that fails says nothing of its input.
        let halves = [input.len(), input.len() / 2, input.len() / 3].map(|length| &input[..length]);
        for input in halves {
            let done = std::panic::catch_unwind(|| check(input));
            assert!(done.is_ok(), "{}, the first {} bytes", path.display(), input.len());
        }
    }
}

#[test]
fn documents_keep_their_promises() {
    replay("document", document::check);
}

#[test]
fn process_lines_keep_their_promises() {
    replay("process", process::check);
}

#[test]
fn seeds_keep_their_promises() {
    replay("otpauth", otpauth::check);
}

#[test]
fn session_files_keep_their_promises() {
    replay("session", session::check);
}
