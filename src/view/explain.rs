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
mod tests {
    use super::*;
    use crate::chain::tests::{Input, ask};

    const CHAIN: &str = "[profile prod]
        role_arn = ROLE(Admin)
        source_profile = jump
        duration_seconds = 7200
        region = eu-west-1
        [profile jump]
        role_arn = ROLE(Jump)
        source_profile = base
        [profile base]
        mfa_serial = DEVICE";

    fn planned(config: &str, stored: &str, asked: &str) -> Plan {
        Input { config, stored, ask: ask(asked), ..Input::default() }.plan().expect("there is a plan")
    }

    fn of_steps(steps: Vec<Option<Timestamp>>) -> CacheSummary {
        CacheSummary { steps, ..CacheSummary::default() }
    }

    #[test]
    fn a_chain_is_told_step_by_step_with_the_line_of_each_setting() {
        let [session, hop] = [1_700_000_000, 1_700_003_600].map(|end| Some(Timestamp::from_unix(end)));
        let cached = CacheSummary { needs_code: Some(false), ..of_steps(vec![session, hop, None]) };
        let expected = "\
How credentials for `prod` are made:

  base         access key ****0000 of `base`, in the vault
  MFA session  12h from GetSessionToken in us-east-1
               one MFA session for all profiles with this key and device, since the first role lasts at most 1h
               cached until 2023-11-14T22:13:20Z
  role         arn:aws:iam::111122223333:role/Jump of `jump`, in eu-west-1
               1h: the default, since no `duration_seconds` is set
               cached until 2023-11-14T23:13:20Z
  role         arn:aws:iam::111122223333:role/Admin of `prod`, in eu-west-1
               capped at 1h: 2h were requested, but AWS limits a role that is assumed from a session (of `jump`) to 1h
  MFA device   arn:aws:iam::111122223333:mfa/me of `base`; its code is used for the MFA session
  code         not needed now
  credentials  not cached

notes:
  `base` has no region; using `us-east-1`, the default for the partition of `arn:aws:iam::111122223333:role/Jump`

settings:
  ~/.aws/config:2   role_arn of `prod`
  ~/.aws/config:3   source_profile of `prod`
  ~/.aws/config:4   duration_seconds of `prod`
  ~/.aws/config:5   region of `prod`
  ~/.aws/config:7   role_arn of `jump`
  ~/.aws/config:8   source_profile of `jump`
  ~/.aws/config:10  mfa_serial of `base`
";
        assert_eq!(text(&planned(CHAIN, "base", "prod"), &cached, Some("the terminal"), Some(false), None), expected);
    }

    #[test]
    fn a_code_that_is_needed_says_where_it_comes_from() {
        let plan = planned(CHAIN, "base", "prod");
        let said = |cached: &CacheSummary| text(&plan, cached, Some("`mfa_process` of `base`"), Some(false), None);
        let cached = CacheSummary { needs_code: Some(true), ..of_steps(vec![None; 3]) };
        let text = said(&cached);
        assert!(text.contains("code         needed now (`mfa_process` of `base`)\n"), "{text}");
        let until = Timestamp::from_unix(1_700_000_000);
        let cached = CacheSummary {
            needs_code: Some(false),
            code_due: CodeDue::At(until),
            renews: true,
            ..of_steps(vec![None, None, Some(until)])
        };
        let text = said(&cached);
        assert!(
            text.contains("code         not needed before 2023-11-14T22:13:20Z (`mfa_process` of `base`)\n"),
            "{text}"
        );
        assert!(text.contains("credentials  cached until 2023-11-14T22:13:20Z, renewed at the next use\n"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_not_denied() {
        let plan = planned(CHAIN, "base", "prod");
        let cached = CacheSummary { known_by: KnownBy::Unknown, ..of_steps(vec![None; 3]) };
        let json = json(&plan, &cached, None, Some(false), None);
        assert_eq!((&json["needs_code"], &json["cache"]), (&Value::Null, &"unknown".into()));
        let text = text(&plan, &cached, None, Some(false), None);
        assert!(text.contains("code         may be needed now: an older") && !text.contains("not cached"), "{text}");
    }

    #[test]
    fn the_json_has_whole_ids_and_every_field() {
        let until = Some(Timestamp::from_unix(1_700_000_000));
        let cached = CacheSummary { needs_code: Some(false), ..of_steps(vec![None, None, until]) };
        let plan = planned(CHAIN, "base", "prod");
        let json = json(&plan, &cached, None, Some(false), None);
        assert_eq!(json["profile"], "prod");
        let base = json!(
            {"kind": "key", "profile": "base", "key_id": "AKIABASE000000000000", "backend": "vault",
            "identity": "arn:aws:iam::111122223333:user/me"});
        assert_eq!(json["base"], base);
        let mfa = json!({"serial": "arn:aws:iam::111122223333:mfa/me", "spent_in": "session", "code_from": null});
        assert_eq!(json["mfa"], mfa);
        assert_eq!(json["session"]["duration_seconds"], 43_200);
        assert_eq!(
            (&json["needs_code"], &json["needs_sign_in"], &json["cache"]),
            (&false.into(), &false.into(), &"checked".into())
        );
        assert_eq!(json["cached_until"], "2023-11-14T22:13:20Z");
        let hop = &json["hops"][1];
        assert_eq!(hop["role_arn"], "arn:aws:iam::111122223333:role/Admin");
        assert_eq!((&hop["duration_asked"], &hop["duration_seconds"]), (&7200.into(), &3600.into()));
        assert_eq!(hop["capped"], true);
        assert_eq!(hop["cached_until"], "2023-11-14T22:13:20Z");
        assert_eq!(json["hops"][0]["cached_until"], Value::Null);
        let setting = json!({"profile": "prod", "name": "role_arn", "file": "~/.aws/config", "line": 2});
        assert_eq!(json["settings"][0], setting);
    }

    #[test]
    fn a_device_whose_code_is_not_spent_is_named_all_the_same() {
        let plan = planned("[profile b]|mfa_serial = DEVICE|keyfob_session = never", "b", "b");
        let json = json(&plan, &CacheSummary::default(), None, Some(false), None);
        assert_eq!(json["mfa"]["serial"], "arn:aws:iam::111122223333:mfa/me");
        assert_eq!(json["mfa"]["spent_in"], Value::Null);
        assert_eq!(json["session"], Value::Null);
        assert_eq!(json["cached_until"], Value::Null);
        let text = text(&plan, &CacheSummary::default(), None, Some(false), None);
        assert!(text.contains("credentials  the access key itself, which never expires\n"), "{text}");
    }

    #[test]
    fn a_sign_in_says_until_when_it_is_certain_to_work_and_whether_it_is_needed() {
        let config = "[profile a]|sso_session = s|sso_account_id = 000000000123|sso_role_name = Admin|[sso-session s]|sso_start_url = https://x|sso_region = eu-west-1";
        let plan = planned(config, "", "a");
        let end = Some(Timestamp::from_unix(1_700_000_000));
        let state = |certain_until, renewed, due| SignInState { certain_until, renewed, due };
        for (state, needs_base, needed, part) in [
            (
                state(end, true, false),
                Some(true),
                json!(false),
                "certain to work until 2023-11-14T22:13:20Z; renewed unattended",
            ),
            (state(None, true, false), Some(true), json!(false), "renewed at the next use"),
            (
                state(end, false, true),
                Some(true),
                json!(false),
                "works until 2023-11-14T22:13:20Z; somebody must sign in",
            ),
            (state(None, false, true), Some(true), json!(true), "needed"),
            (state(None, false, true), Some(false), json!(false), "needed"),
            (state(None, false, true), None, Value::Null, "needed"),
        ] {
            let cached = CacheSummary { needs_base, ..of_steps(vec![None]) };
            let needs_sign_in = cached.needs_sign_in(&state);
            let shown = json(&plan, &cached, None, needs_sign_in, Some(&state));
            assert_eq!(shown["needs_sign_in"], needed, "{state:?}");
            assert_eq!(shown["base"]["kind"], "sso");
            let text = text(&plan, &cached, None, needs_sign_in, Some(&state));
            assert!(text.contains(&format!("  sign-in      {part}")), "{text}");
            assert!(
                text.contains("permission set Admin in account 000000000123, from IAM Identity Center at https://x\n"),
                "{text}"
            );
        }
    }
}
