//! `store serve`: this keyfob as a key store of another, over standard input and output (docs/stores.md has the protocol).
//!
//! A kill between a request and its response leaves a `set` or a `delete` done or not done; whoever reads back learns which.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use crate::glob::Glob;
use crate::human::AskError;
use crate::keystore::protocol::{Failure, FailureKind, Response, StoreRequest};
use crate::keystore::{Item, KeyStore, StoreError};
use crate::ops::store::check;
use crate::ops::store::known::KnownNames;
use crate::secret::Secret;
use crate::settings::ServeSettings;

/// The most bytes of a request: a secret of 4,096 bytes, each written as six.
const LONGEST: usize = 32 << 10;

/// The most names of checks that are served unasked: a check has two at a time, and one that is killed leaves them.
const MOST_OF_CHECKS: usize = 8;

/// What is served, and who is asked.
pub struct Served<'a> {
    store: &'a dyn KeyStore,
    known: KnownNames,
    /// A name has to match one of each.
    only: Vec<Vec<Glob>>,
    get_only: bool,
    ask: bool,
    /// Shows a question where the person of this machine sees it.
    allow: &'a dyn Fn(&str) -> Result<bool, AskError>,
    /// What was allowed already, by action and name.
    allowed: RefCell<BTreeSet<(&'static str, String)>>,
}

impl<'a> Served<'a> {
    /// By the settings, tightened by `--only` and `--get-only`.
    pub fn new(
        store: &'a dyn KeyStore,
        known: KnownNames,
        settings: &ServeSettings,
        only: &[String],
        get_only: bool,
        allow: &'a dyn Fn(&str) -> Result<bool, AskError>,
    ) -> Self {
        let globs = |patterns: &[String]| patterns.iter().map(|pattern| Glob::new(pattern)).collect::<Vec<_>>();
        let only =
            settings.only.iter().map(|only| globs(only)).chain((!only.is_empty()).then(|| globs(only))).collect();
        let (get_only, ask, allowed) = (settings.get_only || get_only, settings.ask, RefCell::default());
        Served { store, known, only, get_only, ask, allow, allowed }
    }

    /// Answers the requests of `input`, each a line or, before the end, any JSON document.
    ///
    /// # Errors
    /// Where the input cannot be read or the output cannot be written; a reader that is gone is the end.
    pub fn serve(&self, input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<()> {
        // As long as it may get from the start: one that grows leaves pieces behind.
        let mut document = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
        loop {
            let before = document.len();
            let most = (LONGEST + 1 - before) as u64;
            let length = io::Read::take(&mut *input, most).read_until(b'\n', &mut document)?;
            let is_blank = document.trim_ascii().is_empty();
            if length == 0 && is_blank {
                return Ok(());
            }
            let is_too_long = document.len() > LONGEST;
            let is_half = || {
                let parsed: Result<IgnoredAny, _> = serde_json::from_slice(&document);
                parsed.is_err_and(|error| error.is_eof())
            };
            if !is_too_long && length > 0 && (is_blank || is_half()) {
                continue;
            }
            let response = match is_too_long {
                true => failed(FailureKind::Unavailable, "the request is too long"),
                false => match StoreRequest::from_json(&document) {
                    Ok(request) => self.answer(request),
                    Err(malformed) => failed(FailureKind::Unavailable, &malformed.to_string()),
                },
            };
            // Security: secrets leave here, to whoever has started this keyfob, within the limits above.
            match output.write_all(response.to_json().expose()).and_then(|()| output.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
            // What follows is the rest of the same request.
            if is_too_long {
                return Ok(());
            }
            zeroize::Zeroize::zeroize(&mut *document);
        }
    }

    fn answer(&self, request: StoreRequest) -> Response {
        let done = match request.name().map(|name| (item(name), name)) {
            None => self.names().map(Response::Names),
            Some((Some(item), name)) if self.is_served(&item, name) => {
                self.permit(&request, &item, name).and_then(|()| self.act(&request, &item))
            }
            // As if it were not there: what is not served is nobody's affair.
            Some(_) if matches!(request, StoreRequest::Get { .. }) => Err(StoreError::NotFound),
            Some((_, name)) => Err(StoreError::Denied(format!("`{name}` is not served"))),
        };
        done.unwrap_or_else(|error| Response::Failed(Failure::from(error)))
    }

    fn act(&self, request: &StoreRequest, item: &Item) -> Result<Response, StoreError> {
        match request {
            StoreRequest::Get { .. } => {
                let secret = self.store.get(item)?;
                let text = std::str::from_utf8(secret.expose());
                let text = text.map_err(|_| StoreError::Unavailable("the item is not text".to_owned()))?;
                Ok(Response::Secret(Secret::new(text.to_owned())))
            }
            StoreRequest::Set { name, secret } => {
                self.known.note(name, true).map_err(unusable)?;
                self.store.set(item, &secret.clone().into()).map(|()| Response::Done)
            }
            StoreRequest::Delete { name } => {
                let deleted = self.store.delete(item);
                if matches!(deleted, Ok(()) | Err(StoreError::NotFound)) {
                    self.known.note(name, false).map_err(unusable)?;
                }
                deleted.map(|()| Response::Done)
            }
            StoreRequest::List => self.names().map(Response::Names),
        }
    }

    /// Whether the name may be known at all. What tests the store is not secret.
    fn is_served(&self, item: &Item, name: &str) -> bool {
        is_test(item) || self.only.iter().all(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let names = match self.store.names()? {
            Some(names) => names,
            None => self.known.all().map_err(unusable)?.into_iter().collect(),
        };
        Ok(names.into_iter().filter(|name| item(name).is_some_and(|item| self.is_served(&item, name))).collect())
    }

    /// Whether a check may store this without a question, so that nobody fills the store through the names of checks.
    fn has_room(&self, name: &str) -> Result<bool, StoreError> {
        let known = self.known.all().map_err(unusable)?;
        let others = known.iter().filter(|other| check::is_of_check(other) && *other != name).count();
        Ok(others < MOST_OF_CHECKS)
    }

    /// Checks that this may be done, and asks if somebody has to say so.
    fn permit(&self, request: &StoreRequest, item: &Item, name: &str) -> Result<(), StoreError> {
        let action = request.action();
        if self.get_only && !matches!(request, StoreRequest::Get { .. }) {
            return Err(StoreError::Denied(format!("`{action}` is not served, only `get`")));
        }
        let key = (action, name.to_owned());
        let is_harmless = is_test(item) && (!matches!(request, StoreRequest::Set { .. }) || self.has_room(name)?);
        if is_harmless || !self.ask || self.allowed.borrow().contains(&key) {
            return Ok(());
        }
        let what = match request {
            StoreRequest::Set { .. } => "store",
            StoreRequest::Delete { .. } => "delete",
            StoreRequest::Get { .. } | StoreRequest::List => "read",
        };
        match (self.allow)(&format!(
            "Another keyfob, which has started `keyfob store serve` here, wants to {what} `{name}`. Allow it?"
        )) {
            Ok(true) => {
                self.allowed.borrow_mut().insert(key);
                Ok(())
            }
            Ok(false) | Err(AskError::Declined | AskError::Cancelled) => {
                Err(StoreError::Denied("it was declined".to_owned()))
            }
            Err(error) => Err(StoreError::Denied(format!(
                "{error}; to serve without a question, set `ask = false` in `[serve]` of config.toml there"
            ))),
        }
    }
}

fn unusable(error: io::Error) -> StoreError {
    StoreError::Unavailable(format!("the names of served items: {error}"))
}

fn failed(kind: FailureKind, message: &str) -> Response {
    Response::Failed(Failure { kind, message: message.to_owned() })
}

/// The item of this name, if it is of a kind that is served: never a sealing key.
fn item(name: &str) -> Option<Item> {
    if let Some(id) = name.strip_prefix("access-key/") {
        return id.to_owned().try_into().ok().map(Item::AccessKey);
    }
    if let Some(serial) = name.strip_prefix("totp-seed/") {
        return Some(Item::TotpSeed(serial.to_owned()));
    }
    if let Some(arn) = name.strip_prefix("password/") {
        return Some(Item::Password(arn.to_owned()));
    }
    match name {
        "probe" => Some(Item::Probe),
        name if check::is_of_check(name) => Some(Item::Check(name.to_owned())),
        _ => None,
    }
}

fn is_test(item: &Item) -> bool {
    match item {
        Item::Probe | Item::Check(_) => true,
        Item::AccessKey(_) | Item::TotpSeed(_) | Item::Password(_) | Item::SealingKey => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::StoreId;
    use crate::keystore::memory::MemoryStore;
    use crate::secret::SecretBytes;

    const KEY: &str = "access-key/AKIAIOSFODNN7EXAMPLE";

    /// The lines that are answered to these.
    fn answers(
        settings: &ServeSettings,
        options: (&[&str], bool),
        answer: Option<bool>,
        requests: &str,
    ) -> Vec<String> {
        let store = MemoryStore::new(StoreId::VAULT);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let names = [KEY, "sealing-key", "totp-seed/arn:aws:iam::1:mfa/a"];
        let known = KnownNames::new(folder.path().to_owned(), names.map(str::to_owned).to_vec());
        for name in names {
            store.set(&Item::Check(name.to_owned()), &SecretBytes::new(b"s".to_vec())).expect("stored");
        }
        let allow = |_: &str| answer.ok_or(AskError::Nobody("there is no display"));
        let only: Vec<String> = options.0.iter().map(|text| (*text).to_owned()).collect();
        let mut output = Vec::new();
        let served = Served::new(&store, known, settings, &only, options.1, &allow);
        served.serve(&mut requests.as_bytes(), &mut output).expect("a vector takes everything");
        String::from_utf8(output).expect("text").lines().map(str::to_owned).collect()
    }

    fn request(action: &str, name: &str) -> String {
        let secret = if action == "set" { r#","secret":"new""# } else { "" };
        format!("{{\"version\":1,\"action\":\"{action}\",\"name\":\"{name}\"{secret}}}\n")
    }

    fn unasked() -> ServeSettings {
        ServeSettings { ask: false, ..ServeSettings::default() }
    }

    #[test]
    fn requests_are_lines_or_one_document_and_what_is_none_is_unavailable() {
        let all = [request("set", KEY), request("get", KEY), request("delete", KEY), request("get", KEY)].concat();
        let expected = [
            r#"{"version":1}"#,
            r#"{"version":1,"secret":"new"}"#,
            r#"{"version":1}"#,
            r#"{"version":1,"error":"not-found","message":"there is no such item"}"#,
        ];
        assert_eq!(answers(&unasked(), (&[], false), None, &all), expected);
        let pretty = "{\n  \"version\": 1,\n  \"action\": \"get\",\n\n  \"name\": \"NAME\"\n}".replace("NAME", KEY);
        assert_eq!(answers(&unasked(), (&[], false), None, &pretty), [r#"{"version":1,"secret":"s"}"#]);
        let broken = format!("nonsense\n{}{{\"version\":1,", request("get", KEY));
        let told = answers(&unasked(), (&[], false), None, &broken);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("unavailable") && told[1].contains("secret") && told[2].contains("unavailable"));
        let long = format!("{}\n{}", "x".repeat(LONGEST + 1), request("get", KEY));
        let told = answers(&unasked(), (&[], false), None, &long);
        assert!(told.len() == 1 && told[0].contains("too long"), "{told:?}");
    }

    #[test]
    fn options_only_tighten_and_a_sealing_key_is_never_served() {
        let list = "{\"version\":1,\"action\":\"list\"}\n";
        let names = |settings: &ServeSettings, only: &[&str]| answers(settings, (only, false), None, list).concat();
        let both = format!("{{\"version\":1,\"names\":[\"{KEY}\",\"totp-seed/arn:aws:iam::1:mfa/a\"]}}");
        let key = format!("{{\"version\":1,\"names\":[\"{KEY}\"]}}");
        let keys = ServeSettings { only: Some(vec!["access-key/*".into()]), ..unasked() };
        assert_eq!(names(&unasked(), &[]), both);
        assert_eq!(names(&unasked(), &["access-key/*"]), key);
        assert_eq!(names(&keys, &["*"]), key);
        assert_eq!(names(&keys, &["totp-seed/*"]), r#"{"version":1,"names":[]}"#);
        let told = answers(&keys, (&[], false), None, &request("get", "totp-seed/arn:aws:iam::1:mfa/a")).concat();
        assert!(told.contains("not-found"), "{told}");
        for action in ["get", "set", "delete"] {
            let told = answers(&unasked(), (&[], false), Some(true), &request(action, "sealing-key")).concat();
            assert!(told.contains("not-found") || told.contains("denied"), "{told}");
        }
        for get_only in [(ServeSettings { get_only: true, ..unasked() }, false), (unasked(), true)] {
            for (action, done) in [("get", true), ("set", false), ("delete", false)] {
                let told = answers(&get_only.0, (&[], get_only.1), Some(true), &request(action, KEY)).concat();
                assert_eq!(told.contains("denied"), !done, "{told}");
            }
        }
    }

    #[test]
    fn each_item_is_asked_for_once_and_without_an_answer_it_is_denied() {
        let ask = ServeSettings::default();
        let twice = request("get", KEY).repeat(2);
        assert_eq!(answers(&ask, (&[], false), Some(true), &twice), [r#"{"version":1,"secret":"s"}"#; 2]);
        for (answer, says) in [(Some(false), "it was declined"), (None, "no display; to serve without a question")] {
            let told = answers(&ask, (&[], false), answer, &request("get", KEY)).concat();
            assert!(told.contains("denied") && told.contains(says), "{told}");
        }
        let test = request("set", "keyfob-check/1-2/never") + &request("get", "probe");
        let told = answers(&ask, (&[], false), None, &test);
        assert!(told[0] == r#"{"version":1}"# && told[1].contains("not-found"), "{told:?}");
    }

    #[test]
    fn only_what_a_check_needs_is_stored_unasked() {
        let ask = ServeSettings::default();
        let set = |name: &str| answers(&ask, (&[], false), None, &request("set", name)).concat();
        for name in ["keyfob-check/1-2/access-key/AKIACHECK00000000000", "keyfob-check/1-2/never"] {
            assert_eq!(set(name), r#"{"version":1}"#, "{name}");
        }
        for name in [
            "keyfob-check/",
            "keyfob-check/anything",
            "keyfob-check/1/never",
            "keyfob-check/1-2/x",
            "keyfob-check/1-2/never/x",
            "keyfob-check/-2/never",
            "keyfob-check/1-123456789012345678901/never",
            "keyfob-check/a-2/never",
        ] {
            assert!(set(name).contains("is not served"), "{name}");
        }
        let name = |number: usize| format!("keyfob-check/{number}-2/never");
        let many: String = (0..10).map(|number| request("set", &name(number))).collect();
        let told = answers(&ask, (&[], false), None, &many);
        let done = told.iter().filter(|line| *line == r#"{"version":1}"#).count();
        assert!(done == 8 && told[8].contains("denied"), "{told:?}");
        let deleted: String = (0..10).map(|n| request("set", &name(n)) + &request("delete", &name(n))).collect();
        let told = answers(&ask, (&[], false), None, &deleted);
        assert!(told.iter().all(|line| line == r#"{"version":1}"#), "{told:?}");
    }
}
