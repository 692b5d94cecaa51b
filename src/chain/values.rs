//! Values of settings, checked against the limits of the STS API before anything is sent.
//!
//! Pure. Each reader returns what is wrong as a sentence; the caller adds profile, file and line.

use crate::chain::reason::length;
use crate::duration;

/// The longest life of a role's session, seconds (STS API, AssumeRole, `DurationSeconds`).
pub(super) const LONGEST_ROLE: u32 = 43_200;
/// The longest life of a GetSessionToken session, seconds (STS API, GetSessionToken, `DurationSeconds`).
pub(super) const LONGEST_SESSION: u32 = 129_600;
/// The shortest life of either, seconds.
pub(super) const SHORTEST: u32 = 900;
/// What AssumeRole gives unasked, the most it gives to role chaining, and the most a root user's session gets, seconds
/// (IAM User Guide, "Roles terms and concepts", role chaining; STS API, GetSessionToken).
pub(super) const HOUR: u32 = 3600;

/// Reads `duration_seconds`; `most` is [`LONGEST_ROLE`] or [`LONGEST_SESSION`].
pub(super) fn duration_seconds(text: &str, most: u32) -> Result<u32, String> {
    let seconds: u32 =
        text.parse().map_err(|_| format!("`{text}` is not a number of seconds; expected {SHORTEST} to {most}"))?;
    if (SHORTEST..=most).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("{seconds} is out of range; AWS accepts {SHORTEST} to {most} seconds"))
    }
}

/// Reads `keyfob_mfa_max_age`: a duration with a unit, or seconds.
pub(super) fn max_age(text: &str) -> Result<u32, String> {
    let seconds = duration::parse(text)?.as_secs();
    match u32::try_from(seconds) {
        // A session with less than a minute left is never handed out, so a smaller age could not be kept.
        Ok(age) if (60..=LONGEST_SESSION).contains(&age) => Ok(age),
        _ => Err(format!("`{text}` is out of range; expected 1m to {}", length(LONGEST_SESSION))),
    }
}

/// `keyfob_session`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionMode {
    Always,
    Mfa,
    Never,
}

/// Reads `keyfob_session`.
pub(super) fn session_mode(text: &str) -> Result<SessionMode, String> {
    match text {
        "always" => Ok(SessionMode::Always),
        "mfa" => Ok(SessionMode::Mfa),
        "never" => Ok(SessionMode::Never),
        _ => Err(format!("`{text}` is invalid; expected `always`, `mfa` or `never`")),
    }
}

/// `keyfob_agents`: what an AI agent gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgentRights {
    Same,
    ReadOnly,
    Ask,
}

/// Reads `keyfob_agents`.
pub(super) fn agent_rights(text: &str) -> Result<AgentRights, String> {
    match text {
        "same" => Ok(AgentRights::Same),
        "read-only" => Ok(AgentRights::ReadOnly),
        "ask" => Ok(AgentRights::Ask),
        _ => Err(format!("`{text}` is invalid; expected `same`, `read-only` or `ask`")),
    }
}

/// Reads `sso_account_id`.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a valid account id; expected 12 digits, zeros at the beginning included"))
}

/// Reads `sso_role_name`: what could be the name of a permission set, or of an IAM role, which the portal refuses.
pub(super) fn permission_set(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
    {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a valid name of a permission set; expected letters, digits and `+=,.@_-`"))
}

/// Reads `keyfob_cache`.
pub(super) fn is_cached(text: &str) -> Result<bool, String> {
    match text {
        "always" => Ok(true),
        "never" => Ok(false),
        _ => Err(format!("`{text}` is invalid; expected `always` or `never`")),
    }
}

/// Reads `credential_source`. The case counts: botocore and the JavaScript SDK refuse another one (measured).
pub(super) fn credential_source(text: &str) -> Result<(), String> {
    match text {
        "Environment" | "Ec2InstanceMetadata" | "EcsContainer" => Ok(()),
        _ => Err(format!("`{text}` is invalid; expected `Environment`, `Ec2InstanceMetadata` or `EcsContainer`")),
    }
}

/// `keyfob_web_identity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenFrom {
    GitHub,
    Environment,
}

/// Reads `keyfob_web_identity`.
pub(super) fn token_from(text: &str) -> Result<TokenFrom, String> {
    match text {
        "github" => Ok(TokenFrom::GitHub),
        "environment" => Ok(TokenFrom::Environment),
        _ => Err(format!("`{text}` is invalid; expected `github` or `environment`")),
    }
}

/// Reads `role_arn`: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
///
/// A path may have any of `\u0021-\u007E`, and only the name is limited to `[\w+=,.@-]` (IAM API, CreateRole, `Path` and
/// `RoleName`).
pub(super) fn role_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let right = match parts[..] {
        ["arn", partition, "iam", "", account, resource] => {
            !partition.is_empty()
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && resource.strip_prefix("role/").is_some_and(|role| {
                    let (path, name) = role.rsplit_once('/').unwrap_or(("", role));
                    path.bytes().all(|b| b.is_ascii_graphic()) && !name.is_empty() && name.chars().all(is_name)
                })
        }
        _ => false,
    };
    if right && text.len() <= 2048 {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a valid role ARN; expected `arn:aws:iam::123456789012:role/NAME`"))
    }
}

/// Reads `role_session_name` or `source_identity`.
pub(super) fn session_name(text: &str) -> Result<String, String> {
    checked(text, 2..=64, is_name, "letters, digits and `_+=,.@-`")
}

/// Reads `external_id`.
pub(super) fn external_id(text: &str) -> Result<String, String> {
    checked(text, 2..=1224, |c| is_name(c) || matches!(c, ':' | '/'), "letters, digits and `_+=,.@:/-`")
}

/// Reads `mfa_serial`.
///
/// # Errors
/// What is wrong, with what would be right.
pub fn mfa_serial(text: &str) -> Result<String, String> {
    checked(text, 9..=256, |c| is_name(c) || matches!(c, ':' | '/'), "letters, digits and `_+=/:,.@-`")
}

/// `[\w+=,.@-]`, the characters of names in STS and IAM.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

fn checked(
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
    allowed: impl Fn(char) -> bool,
    alphabet: &str,
) -> Result<String, String> {
    let count = text.chars().count();
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        Err(format!("{bad:?} is not allowed; AWS accepts {alphabet}"))
    } else if lengths.contains(&count) {
        Ok(text.to_owned())
    } else {
        Err(format!("it has {count} characters; AWS accepts {} to {}", lengths.start(), lengths.end()))
    }
}

/// Reads `session_tags`, as aws-vault writes them: `k=v,k2=v2`, blanks around keys and values dropped.
pub(super) fn session_tags(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for pair in text.split(',') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("`{}` is not a valid tag; expected `key=value,key2=value2`", pair.trim()));
        };
        let (key, value) = (tag_key(key.trim())?, value.trim());
        if value.chars().count() > 256 || !value.chars().all(is_tag) {
            return Err(format!("the value of the tag `{key}` is invalid: AWS accepts at most 256 {TAG_ALPHABET}"));
        }
        // AWS compares the keys without regard to case.
        if tags.iter().any(|(other, _)| other.to_lowercase() == key.to_lowercase()) {
            return Err(format!("the tag `{key}` appears twice"));
        }
        tags.push((key, value.to_owned()));
    }
    if tags.len() > 50 { Err(format!("{} tags are too many; AWS accepts 50", tags.len())) } else { Ok(tags) }
}

/// Reads `transitive_session_tags`, as aws-vault writes them: `a,b`, blanks and empty ones dropped.
pub(super) fn transitive_tag_keys(text: &str) -> Result<Vec<String>, String> {
    let keys = list(text).map(tag_key).collect::<Result<Vec<_>, _>>()?;
    if keys.len() > 50 { Err(format!("{} tags are too many; AWS accepts 50", keys.len())) } else { Ok(keys) }
}

const TAG_ALPHABET: &str = "letters, digits, spaces and `_.:/=+-@`";

fn tag_key(key: &str) -> Result<String, String> {
    if (1..=128).contains(&key.chars().count()) && key.chars().all(is_tag) {
        Ok(key.to_owned())
    } else {
        Err(format!("the tag key `{key}` is invalid: AWS accepts 1 to 128 {TAG_ALPHABET}"))
    }
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
fn is_tag(c: char) -> bool {
    c.is_alphanumeric()
        || (c.is_whitespace() && !c.is_control())
        || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

/// The most characters of a session policy, inline and ARNs together (STS API, AssumeRole, `Policy`).
pub(super) const LONGEST_POLICY: usize = 2048;

/// Reads `policy`: an inline session policy, a JSON object.
pub(super) fn policy(text: &str) -> Result<String, String> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Err(error) => Err(format!("it is not a JSON object: {error}")),
        Ok(_) if text.chars().count() > LONGEST_POLICY => {
            Err(format!("it has {} characters; AWS accepts at most {LONGEST_POLICY}", text.chars().count()))
        }
        Ok(_) => Ok(text.to_owned()),
    }
}

/// As [`policy`], without the blanks between its parts, which count too.
pub(super) fn compact_policy(text: &str) -> Result<String, String> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(object) => policy(&serde_json::Value::Object(object).to_string()),
        Err(_) => policy(text),
    }
}

/// Reads a setting that is `true` or `false`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither `true` nor `false`")),
    }
}

/// Reads `policy_arns`: ARNs of managed session policies, with commas between; `policy` is the inline one beside them.
pub(super) fn policy_arns(text: &str, policy: Option<&str>) -> Result<Vec<String>, String> {
    let arns: Vec<String> = list(text).map(str::to_owned).collect();
    if let Some(bad) = arns.iter().find(|arn| !is_policy_arn(arn)) {
        return Err(format!(
            "`{bad}` is not a valid policy ARN; expected one like `arn:aws:iam::aws:policy/ReadOnlyAccess`"
        ));
    }
    let length = arns.iter().chain(policy.map(str::to_owned).as_ref()).map(|text| text.chars().count()).sum::<usize>();
    if arns.len() > 10 {
        Err(format!("{} policies are too many; AWS accepts 10", arns.len()))
    } else if length > LONGEST_POLICY {
        Err(format!("together with `policy` they have {length} characters; AWS accepts at most {LONGEST_POLICY}"))
    } else {
        Ok(arns)
    }
}

fn is_policy_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    (20..=2048).contains(&text.len())
        && matches!(parts[..], ["arn", partition, "iam", "", _, resource]
            if !partition.is_empty() && resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty()))
}

/// What stands between commas, blanks around it dropped, empty ones too.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_outside_of_awss_range_are_refused() {
        assert_eq!(duration_seconds("900", LONGEST_ROLE), Ok(900));
        assert_eq!(duration_seconds("43200", LONGEST_ROLE), Ok(43_200));
        assert_eq!(duration_seconds("129600", LONGEST_SESSION), Ok(129_600));
        for bad in ["899", "43201", "1h", "-1", "", "3600.0"] {
            assert!(duration_seconds(bad, LONGEST_ROLE).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_age_has_a_unit_or_is_seconds() {
        assert_eq!(max_age("15m"), Ok(900));
        assert_eq!(max_age("900"), Ok(900));
        for bad in ["0", "59s", "2days", "soon"] {
            assert!(max_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_role_is_a_role() {
        for good in ["arn:aws:iam::123456789012:role/R", "arn:aws-cn:iam::123456789012:role/path/to/R+=,.@-_1"] {
            assert_eq!(role_arn(good).as_deref(), Ok(good));
        }
        for sign in '\u{21}'..='\u{7e}' {
            let in_path = format!("arn:aws:iam::123456789012:role/a{sign}b/{sign}/R");
            assert_eq!(role_arn(&in_path).as_deref(), Ok(&*in_path), "IAM takes {sign} in a path");
            let in_name = format!("arn:aws:iam::123456789012:role/a/R{sign}R");
            assert_eq!(role_arn(&in_name).is_ok(), is_name(sign) || sign == '/', "{sign} in a name");
        }
        for bad in [
            "R",
            "arn:foo",
            "arn:aws:iam::12345678901:role/R",
            "arn:aws:iam::123456789012:user/R",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/R S",
            "arn:aws:iam::123456789012:role/a b/R",
            "arn:aws:iam::123456789012:role/\u{e9}/R",
            "arn:aws:iam::123456789012:role/a\u{7f}/R",
            "arn:aws:iam::123456789012:role/a/",
            "arn:aws:iam:eu-west-1:123456789012:role/R",
            "arn::iam::123456789012:role/R",
        ] {
            assert!(role_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_ids_have_the_characters_and_lengths_of_the_api() {
        assert!(session_name("me@example.com").is_ok());
        assert!(session_name("m").is_err() && session_name(&"m".repeat(65)).is_err() && session_name("a b").is_err());
        assert!(external_id("arn:aws/x:1").is_ok());
        assert!(external_id("1").is_err() && external_id(&"1".repeat(1225)).is_err() && external_id("a b").is_err());
        assert!(mfa_serial("GAHT12345678").is_ok() && mfa_serial("arn:aws:iam::123456789012:mfa/me").is_ok());
        assert!(mfa_serial("12345678").is_err());
    }

    #[test]
    fn tags_are_read_as_aws_vault_reads_them() {
        let pairs = |text: &str| session_tags(text).map(|tags| tags.into_iter().map(|(k, v)| k + "=" + &v).collect());
        let read: Result<Vec<String>, String> = pairs("tag1 = value1 , tag2=value2 ,tag3=value3");
        assert_eq!(read, Ok(vec!["tag1=value1".into(), "tag2=value2".into(), "tag3=value3".into()]));
        assert_eq!(pairs("k=a=b"), Ok(vec!["k=a=b".into()]), "the first `=` splits");
        assert_eq!(pairs("k="), Ok(vec!["k=".into()]), "AWS takes an empty value");
        for bad in ["", "tag1", "tag1=v,", "=v", "a=1,A=2", "a=<b>", &format!("{}=v", "k".repeat(129))] {
            assert!(session_tags(bad).is_err(), "{bad}");
        }
        assert!(session_tags(&(0..51).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",")).is_err());
    }

    #[test]
    fn transitive_tags_skip_blanks_and_empty_ones() {
        assert_eq!(transitive_tag_keys(" tagOne ,,tagTwo, "), Ok(vec!["tagOne".into(), "tagTwo".into()]));
        assert!(transitive_tag_keys("a;b").is_err());
    }

    #[test]
    fn policies_are_json_objects_and_arns_within_the_limits() {
        assert!(policy(r#"{"Version":"2012-10-17","Statement":[]}"#).is_ok());
        assert!(policy("[]").is_err() && policy("{").is_err() && policy("file://policy.json").is_err());
        assert!(policy(&format!(r#"{{"Id":"{}"}}"#, "x".repeat(2048))).is_err());
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        assert_eq!(policy_arns(&format!("{arn} , {arn}"), None), Ok(vec![arn.into(), arn.into()]));
        assert!(policy_arns("ReadOnlyAccess", None).is_err());
        assert!(policy_arns(&[arn; 11].join(","), None).is_err());
        let policy = format!(r#"{{"Id":"{}"}}"#, "x".repeat(2030));
        assert!(policy_arns(arn, Some(&policy)).is_err(), "AWS counts both together");
    }
}
