//! `keepassxc-cli`: entries of a group in a database. The running KeePassXC is also a Secret Service, which needs no file with the
//! database's password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    Answer, FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, escaped, or_none, unescaped,
};
use crate::secret::{Secret, SecretBytes};
use crate::sys::files::read_optional;

pub(super) const KNOWN: Known = Known {
    id: "keepassxc",
    program: "keepassxc-cli",
    settings: &["folder", "database", "key_file", "password_file"],
    signs: &[
        ("could not find entry", FailureKind::NotFound),
        ("not found", FailureKind::NotFound),
        ("cannot find group", FailureKind::NotFound),
        ("invalid credentials", FailureKind::Locked),
    ],
    unlock: "check `password_file` and `key_file` of `[stores.keepassxc]`",
    set_up: None,
    recipe: Some(&KeePassXc),
};

/// Where deleted entries go first (KeePassXC, `Metadata::recycleBin`).
const RECYCLE_BIN: &str = "Recycle Bin";

/// Kept as they are in titles. `/` separates groups.
const KEPT: &str = "-_.:=@,+";

struct KeePassXc;

impl Recipe for KeePassXc {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        let entry = |name: &str| tool.path(&escaped(name, KEPT));
        match request {
            StoreRequest::Get { name } => get(tool, &entry(name)).map(Response::Secret),
            StoreRequest::Set { name, secret } => {
                // As base64: KeePass takes what is between braces for a placeholder.
                let value = Secret::new(STANDARD.encode(secret.expose()));
                let entry = entry(name);
                let action = match get(tool, &entry) {
                    Ok(_) => "edit",
                    Err(StoreError::NotFound) => {
                        make_group(tool)?;
                        "add"
                    }
                    Err(error) => return Err(error),
                };
                call(tool, &[action, "-q", "-p"], &[&entry], Some(&value)).map(|_| Response::Done)
            }
            StoreRequest::Delete { name } => {
                let entry = entry(name);
                call(tool, &["rm", "-q"], &[&entry], None)?;
                // The first time it goes into the bin, if the database has one.
                let in_bin = format!("{RECYCLE_BIN}/{}", escaped(name, KEPT));
                or_none(call(tool, &["rm", "-q"], &[&in_bin], None).map(|_| ()))?;
                Ok(Response::Done)
            }
            StoreRequest::List => {
                let listed = call(tool, &["ls", "-q", "-f", "-R"], &[tool.folder()], None);
                let lines = or_none(listed.and_then(|answer| tool.lines(&answer)))?;
                Ok(Response::Names(
                    lines.iter().filter(|line| *line != "[empty]").filter_map(|line| unescaped(line)).collect(),
                ))
            }
        }
    }
}

fn get(tool: &Tool<'_>, entry: &str) -> Result<Secret, StoreError> {
    let answer = call(tool, &["show", "-q", "-s", "-a", "Password"], &[entry], None)?;
    let bytes = STANDARD.decode(tool.text(&answer)?.expose()).map_err(|_| tool.unreadable())?;
    let text = std::str::from_utf8(SecretBytes::new(bytes).expose()).map(str::to_owned);
    text.map(Secret::new).map_err(|_| tool.unreadable())
}

fn make_group(tool: &Tool<'_>) -> Result<(), StoreError> {
    match call(tool, &["ls", "-q"], &[tool.folder()], None) {
        Err(StoreError::NotFound) => call(tool, &["mkdir", "-q"], &[tool.folder()], None).map(drop),
        listed => listed.map(drop),
    }
}

/// Calls the program with what opens the database: its password is the first line that it reads.
fn call(tool: &Tool<'_>, options: &[&str], names: &[&str], value: Option<&Secret>) -> Result<Answer, StoreError> {
    let set = |name: &str| {
        tool.setting(name)
            .ok_or_else(|| StoreError::Unavailable(format!("`[stores.keepassxc]` in config.toml needs `{name}`")))
    };
    let database = set("database")?;
    let mut words = options.to_vec();
    if let Some(file) = tool.setting("key_file") {
        words.extend(["-k", file]);
    }
    // Long enough from the start: one that grows leaves pieces behind.
    let mut input = zeroize::Zeroizing::new(Vec::with_capacity(32 << 10));
    match tool.setting("password_file") {
        Some(path) => {
            let read = read_optional(path.as_ref()).ok().flatten();
            let text = read.map(SecretBytes::new).ok_or_else(|| {
                StoreError::Unavailable(format!("`password_file` of `[stores.keepassxc]`: `{path}` cannot be read"))
            })?;
            input.extend_from_slice(text.expose().split(|byte| *byte == b'\n').next().unwrap_or_default());
            input.push(b'\n');
        }
        None => words.push("--no-password"),
    }
    if let Some(value) = value {
        input.extend_from_slice(value.expose().as_bytes());
        input.push(b'\n');
    }
    words.push(database);
    words.extend(names);
    tool.call(&words, SecretBytes::new(std::mem::take(&mut *input)))
}
