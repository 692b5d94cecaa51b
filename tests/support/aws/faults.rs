//! What goes wrong on demand: the next calls of an action meet it, each once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 400 `Throttling`; not processed.
    Throttle,
    /// 500 `InternalFailure`; not processed.
    InternalFailure,
    /// 503 `ServiceUnavailable`; not processed.
    Unavailable,
    /// A refusal in these words; not processed.
    Refuse { status: u16, code: &'static str, message: &'static str },
    /// Processed at once, answered late.
    Slow(Duration),
    /// The connection is closed; not processed.
    DropRequest,
    /// Processed, and the connection closed without an answer.
    DropAnswer,
    /// Processed, and answered 500 `InternalFailure`: what the error code alone does not tell from [`Fault::InternalFailure`].
    FailAfterwards,
    /// Processed, and half of the answer sent.
    HalfAnswer,
    /// Processed, and answered 200 with something that is no XML.
    Garbage,
    /// Processed, and answered with what this makes of the answer.
    Rewritten(Rewrite),
}

/// What somebody between AWS and its client makes of an answer.
#[derive(Clone)]
pub struct Rewrite(Arc<dyn Fn(String) -> String + Send + Sync>);

impl Rewrite {
    pub fn of(&self, body: &[u8]) -> Vec<u8> {
        (self.0)(String::from_utf8_lossy(body).into_owned()).into_bytes()
    }
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewrite")
    }
}

impl PartialEq for Rewrite {
    fn eq(&self, other: &Rewrite) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Rewrite {}

impl Fault {
    /// The answer as `rewrite` changes it.
    pub fn rewritten(rewrite: impl Fn(String) -> String + Send + Sync + 'static) -> Fault {
        Fault::Rewritten(Rewrite(Arc::new(rewrite)))
    }

    /// The answer with this text, which may be markup, in each `<element>`.
    pub fn says(element: &'static str, text: &str) -> Fault {
        let text = text.to_owned();
        Fault::rewritten(move |body| {
            let (open, close) = (format!("<{element}>"), format!("</{element}>"));
            let mut pieces = body.split(&open);
            let first = pieces.next().unwrap_or_default().to_owned();
            pieces.fold(first, |body, piece| {
                let rest = piece.find(&close).map_or("", |end| &piece[end..]);
                format!("{body}{open}{text}{rest}")
            })
        })
    }
}

/// A fault and the calls it waits for.
#[derive(Debug, Clone)]
pub struct PlannedFault {
    /// `AssumeRole`; `*` is any.
    pub action: String,
    /// So many of these calls are left alone first.
    pub after: usize,
    pub times: usize,
    pub fault: Fault,
}

/// Takes the fault this call meets off the plan.
pub fn take(plan: &mut Vec<PlannedFault>, action: &str) -> Option<Fault> {
    let meant = |planned: &PlannedFault| planned.action == action || planned.action == "*";
    let index = plan.iter().position(meant)?;
    if plan[index].after > 0 {
        plan[index].after -= 1;
        return None;
    }
    plan[index].times -= 1;
    if plan[index].times == 0 { Some(plan.remove(index).fault) } else { Some(plan[index].fault.clone()) }
}
