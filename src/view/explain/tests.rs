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
    assert!(text.contains("code         not needed before 2023-11-14T22:13:20Z (`mfa_process` of `base`)\n"), "{text}");
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
        (state(end, false, true), Some(true), json!(false), "works until 2023-11-14T22:13:20Z; somebody must sign in"),
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
