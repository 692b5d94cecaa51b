//! The client of an agent: one connection for each request, and nothing kept.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Human;
use crate::ops::agent::protocol::{AgentRequest, Answer, LONGEST_ANSWER};
use crate::secret::SecretBytes;
use crate::sys::own_socket::{self, SocketError};
use crate::timestamp::Timestamp;

/// How long an answer may take where nothing bounds the wait: somebody may have to type a code there, and another request for
/// the same session may be before this one.
const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// How much longer than a question an answer may take.
const CALLS: Duration = Duration::from_secs(5);
/// How long the request may take to be sent.
const SENDING: Duration = Duration::from_secs(5);

/// Asks the agent at `socket`. `limit` bounds a question there.
///
/// # Errors
/// A socket that is not this user's (exit 6); no answer (exit 1); the agent's own errors, with their exit codes.
pub fn ask(
    socket: &Path,
    request: &AgentRequest,
    limit: Option<Duration>,
    human: &dyn Human,
    now: impl Fn() -> Timestamp,
) -> Result<Answer> {
    let place = socket.display();
    let unreachable = |what: String| {
        Error::new(Kind::Failed, what)
            .hint(
                run!("keyfob agent --socket PATH --only {}", request.profile)
                    .to("start it on the machine with the keys"),
            )
            .hint(run!("unset KEYFOB_AGENT").to("or use this machine's own profiles"))
    };
    let mut stream = own_socket::connect(socket).map_err(|error| match error {
        SocketError::Distrusted(problem) => {
            Error::new(Kind::Config, format!("the agent's socket {place} is not used: {problem}"))
                .hint("put it into a folder that only you can change, such as one made by `mkdir -m 700 ~/.keyfob`")
        }
        error @ (SocketError::InUse | SocketError::Io(_)) => {
            unreachable(format!("no agent answers at {place}")).because(error)
        }
    })?;
    // What ssh does if nobody listens at its own end.
    let gone = || unreachable(format!("the agent at {place} is gone: the connection closed without an answer"));
    let silent = |error: io::Error| match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => gone(),
        io::ErrorKind::TimedOut => unreachable(format!("the agent at {place} has not answered in time")),
        _ => unreachable(format!("no answer from the agent at {place}")).because(error),
    };
    stream.set_write_timeout(Some(SENDING)).map_err(silent)?;
    stream.write_all(request.line().as_bytes()).map_err(silent)?;
    let mut told = false;
    let mut waiting = || {
        if !std::mem::replace(&mut told, true) {
            human.waiting(&format!("waiting for the agent at {place}, which may be asking a question on its machine"));
        }
    };
    let limit = limit.map_or(LONGEST_WAIT, |limit| limit + CALLS);
    // One that grew would leave its old halves in memory.
    let mut buffer = Zeroizing::new(vec![0; 2 * LONGEST_ANSWER]);
    let length = own_socket::read_to_end(&mut stream, &mut buffer, limit, &mut waiting).map_err(silent)?;
    if length == 0 {
        return Err(gone());
    }
    let bytes = SecretBytes::new(buffer[..length].to_vec());
    Answer::read(&bytes, now()).map_err(|error| {
        error.unwrap_or_else(|| {
            Error::new(Kind::Failed, format!("what answers at {place} is not an agent of this version of keyfob"))
                .hint("use the same version of keyfob on both machines")
        })
    })
}
