//! `explain`.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::chain::base::{Signs, key};
use crate::chain::identity_center::SignInState;
use crate::chain::layer::{Narrowed, NarrowedBy};
use crate::chain::list::CodeDue;
use crate::chain::{Plan, Reason, SpentIn, Step, length};
use crate::credentials::AccessKeyId;
use crate::format::harmless::one_indented_line;
use crate::session_cache::cache_summary::{CacheSummary, KnownBy};
use crate::timestamp::Timestamp;
use crate::view::table::Table;

/// The plan as the JSON others build on.
pub fn json(
    plan: &Plan,
    cached: &CacheSummary,
    code_from: Option<&str>,
    needs_sign_in: Option<bool>,
    sign_in: Option<&SignInState>,
) -> Value {
    let (mut session, mut hops) = (Value::Null, Vec::new());
    for (step, until) in plan.steps.iter().zip(&cached.steps) {
        match step {
            Step::Base | Step::Scoped(_) | Step::Federation(_) => {}
            Step::SessionToken(step) => {
                session = json!({
                    "duration_seconds": step.duration_seconds,
                    "reason": step.reason.to_string(),
                    "cached_until": until,
                });
            }
            Step::AssumeRole(hop) => hops.push(json!({
                "profile": hop.profile,
                "role_arn": hop.role_arn,
                "duration_asked": hop.duration_asked,
                "duration_seconds": hop.duration_seconds,
                "capped": hop.capped(),
                "reason": hop.reason.to_string(),
                "cached_until": until,
            })),
        }
    }
    let settings = plan.used.iter().map(
        |used| json!({"profile": used.profile, "name": used.name, "file": *used.place.path, "line": used.place.line}),
    );
    json!({
        "profile": plan.profile,
        "base": {
            "kind": plan.base.kind,
            "profile": plan.base.profile,
            "key_id": plan.base.key_id().map(AccessKeyId::as_str),
            "backend": plan.base.stored_key().map(|key| key.backend.name()),
            "identity": identity(plan),
        },
        // There in any case: without a device all of it is null.
        "mfa": {
            "serial": plan.mfa.as_ref().map(|mfa| mfa.serial.as_str()).or(unspent_device(plan)),
            "spent_in": plan.mfa.as_ref().map(|mfa| match mfa.spent_in {
                SpentIn::Session => "session",
                SpentIn::Hop => "hop",
            }),
            "code_from": code_from,
        },
        "session": session,
        "needs_code": cached.needs_code,
        "needs_sign_in": needs_sign_in,
        "sign_in": sign_in,
        "cache": cached.known_by,
        "cached_until": cached.cached_until(),
        "narrowed": plan.narrowed.as_ref().map(|narrowed| json!({
            "by": narrowed.by.to_string(),
            "read_only": narrowed.is_read_only(),
        })),
        "hops": hops,
        "region": plan.region(),
        "mfa_max_age_seconds": plan.mfa_max_age_seconds,
        "notes": plan.notes.iter().map(Reason::to_string).collect::<Value>(),
        "settings": settings.collect::<Value>(),
    })
}

/// The user's ARN, or what names the sessions of another base; null for a key whose user is not known.
fn identity(plan: &Plan) -> Option<String> {
    match plan.base.key_id() {
        Some(_) => plan.base.user_arn().map(str::to_owned),
        None => Some(plan.base.identity.to_string()),
    }
}

/// A device that is known where the key itself is handed out.
fn unspent_device(plan: &Plan) -> Option<&str> {
    plan.notes
        .iter()
        .find_map(|note| if let Reason::KeyItself { device, .. } = note { device.as_deref() } else { None })
}

/// The plan for a person, step by step in the order of the calls, then what it rests on.
pub fn text(
    plan: &Plan,
    cached: &CacheSummary,
    code_from: Option<&str>,
    needs_sign_in: Option<bool>,
    sign_in: Option<&SignInState>,
) -> String {
    let mut page = Page::default();
    page.line(&format!("How credentials for `{}` are made:", plan.profile));
    page.line("");
    page.item("base", &plan.base.title);
    if let Some(sign_in) = sign_in {
        page.item("sign-in", &sign_in_text(sign_in));
    }
    for (number, (step, until)) in plan.steps.iter().zip(&cached.steps).enumerate() {
        let is_last = number + 1 == plan.steps.len();
        match step {
            Step::Base | Step::Scoped(_) => continue,
            Step::SessionToken(session) => {
                let what = if plan.mfa.is_some() { "MFA session" } else { "session" };
                let life = length(session.duration_seconds);
                page.item(what, &format!("{life} from GetSessionToken in {}", session.target.region));
                page.more(&session.reason.to_string());
            }
            Step::Federation(federation) => {
                let life = length(federation.duration_seconds);
                page.item("session", &format!("{life} from GetFederationToken in {}", federation.target.region));
                page.more("without MFA; IAM refuses it, and STS all calls but GetCallerIdentity");
            }
            Step::AssumeRole(hop) => {
                page.item("role", &format!("{} of `{}`, in {}", hop.role_arn, hop.profile, hop.target.region));
                let life = length(hop.duration_seconds);
                page.more(&if hop.capped() {
                    format!("capped at {life}: {}", hop.reason)
                } else {
                    format!("{life}: {}", hop.reason)
                });
            }
        }
        // The last one's are the credentials, of which that is said below.
        if !is_last {
            page.more(&until_text(*until, cached));
        }
    }
    if let Some(narrowed) = &plan.narrowed {
        page.item("narrowed", narrowed_text(narrowed));
    }
    code_items(&mut page, plan, cached, code_from);
    match needs_sign_in {
        Some(_) | None if sign_in.is_some() => {}
        Some(false) => {}
        Some(true) => page.item("sign-in", "needed now"),
        None => page.item("sign-in", "its credentials have expired; needed if AWS does not renew them"),
    }
    page.item(
        "credentials",
        &match plan.steps.last() {
            None if plan.base.signs_as == Signs::Key => "the access key itself, which never expires".to_owned(),
            None if plan.base.login_arn().is_some() => {
                "those of the sign-in, renewed in AWS's own file 5 min before they end".to_owned()
            }
            None if plan.base.kind == key::WRITTEN_SESSION => "as they are written there".to_owned(),
            None => "as they are, made again each time".to_owned(),
            Some(_) if cached.renews => {
                format!("{}, renewed at the next use", until_text(cached.cached_until(), cached))
            }
            Some(_) => until_text(cached.cached_until(), cached),
        },
    );
    page.list("notes", plan.notes.iter().map(ToString::to_string));
    let used = plan.used.iter().map(|used| [used.place.to_string(), format!("{} of `{}`", used.name, used.profile)]);
    page.list("settings", Table::without_header(used).to_string().lines().map(str::to_owned));
    page.text
}

/// The MFA device, if the plan has one, and when its code is needed.
fn code_items(page: &mut Page, plan: &Plan, cached: &CacheSummary, code_from: Option<&str>) {
    let Some(mfa) = &plan.mfa else { return };
    let place = match mfa.spent_in {
        SpentIn::Session => "the MFA session",
        SpentIn::Hop => "the first role",
    };
    page.item("MFA device", &format!("{} of `{}`; its code is used for {place}", mfa.serial, mfa.profile));
    let from = code_from.map(|from| format!(" ({from})")).unwrap_or_default();
    page.item(
        "code",
        &match (cached.needs_code, cached.code_due) {
            (Some(true), _) => format!("needed now{from}"),
            (Some(false), CodeDue::At(time)) => format!("not needed before {time}{from}"),
            (Some(false), CodeDue::Never | CodeDue::Unknown) => "not needed now".to_owned(),
            (None, _) => format!("may be needed now{from}: {NOT_KNOWN}"),
        },
    );
    if let Some(age) = plan.mfa_max_age_seconds {
        page.more(&format!("an MFA session older than {} is not used", length(age)));
    }
}

fn narrowed_text(narrowed: &Narrowed) -> &'static str {
    match (narrowed.by, narrowed.is_read_only()) {
        (NarrowedBy::Policy, true) => "to reading, by a session policy that is sent with the role",
        (NarrowedBy::Policy, false) => "by a session policy that is sent with the role",
        (NarrowedBy::Scoped, true) => "to reading, by GetScopedCredentials",
        (NarrowedBy::Scoped, false) => "by GetScopedCredentials",
        (NarrowedBy::Federation, true) => "to reading, by GetFederationToken",
        (NarrowedBy::Federation, false) => "by GetFederationToken",
    }
}

/// AWS does not tell when the portal's session ends.
fn sign_in_text(sign_in: &SignInState) -> String {
    match (sign_in.certain_until, sign_in.renewed) {
        (Some(end), true) => format!("certain to work until {end}; renewed unattended until the session ends"),
        (None, true) => "renewed at the next use, unless the session has ended".to_owned(),
        (Some(end), false) => format!("works until {end}; somebody must sign in after that"),
        (None, false) => "needed".to_owned(),
    }
}

fn until_text(until: Option<Timestamp>, cached: &CacheSummary) -> String {
    match (until, cached.known_by) {
        (Some(until), _) => format!("cached until {until}"),
        (None, KnownBy::Checked | KnownBy::Headers) => "not cached".to_owned(),
        (None, KnownBy::Unknown) => format!("may be cached: {NOT_KNOWN}"),
    }
}

/// Why it is not known what is cached.
const NOT_KNOWN: &str = "an older keyfob's sessions can be told apart only with the key store unlocked";

/// Lines with a label column.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{}", one_indented_line(line).trim_end()).expect("a String takes every write");
    }

    fn item(&mut self, label: &str, what: &str) {
        self.line(&format!("  {label:<12} {what}"));
    }

    fn more(&mut self, what: &str) {
        self.item("", what);
    }

    fn list(&mut self, title: &str, items: impl Iterator<Item = String>) {
        let mut items = items.peekable();
        if items.peek().is_some() {
            self.line("");
            self.line(&format!("{title}:"));
        }
        for item in items {
            self.line(&format!("  {item}"));
        }
    }
}

#[cfg(test)]
mod tests;
