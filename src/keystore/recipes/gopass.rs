//! gopass: `gopass insert`, `gopass show` and `gopass ls --flat`.

use super::{FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, bytes_of, nothing, or_none};

pub(super) const KNOWN: Known = Known {
    id: "gopass",
    program: "gopass",
    settings: &["folder"],
    signs: &[
        ("entry is not in the password store", FailureKind::NotFound),
        ("not found", FailureKind::NotFound),
        ("does not exist", FailureKind::NotFound),
        ("no pinentry", FailureKind::Locked),
        ("inappropriate ioctl for device", FailureKind::Locked),
        ("timeout", FailureKind::Locked),
        ("canceled", FailureKind::Denied),
        ("cancelled", FailureKind::Denied),
    ],
    unlock: "unlock your gpg or age key first, for example with `gopass show` in a terminal",
    set_up: Some(("initialized", "set it up with `gopass setup`, then try again")),
    recipe: Some(&Gopass),
};

struct Gopass;

impl Recipe for Gopass {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        match request {
            // `-n`: as it is, and not as the fields of a form.
            StoreRequest::Get { name } => tool
                .call(&["show", "-n", "-f", &tool.path(name)], nothing())
                .and_then(|answer| tool.text(&answer))
                .map(Response::Secret),
            StoreRequest::Set { name, secret } => {
                tool.call(&["insert", "-m", "-f", &tool.path(name)], bytes_of(secret)).map(|_| Response::Done)
            }
            StoreRequest::Delete { name } => {
                tool.call(&["rm", "-f", &tool.path(name)], nothing()).map(|_| Response::Done)
            }
            StoreRequest::List => {
                let listed = tool.call(&["ls", "--flat", "--strip-prefix", tool.folder()], nothing());
                or_none(listed.and_then(|answer| tool.lines(&answer))).map(Response::Names)
            }
        }
    }
}
