//! The form a query API is sent, and the checks AWS makes of it before anything else.

use std::collections::BTreeMap;

use super::answer::Refusal;

/// The decoded parameters of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Decodes `application/x-www-form-urlencoded`.
    pub fn parse(body: &[u8]) -> Self {
        let pairs = String::from_utf8_lossy(body);
        let decoded = pairs.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Params(decoded.collect())
    }

    /// The members of a JSON document: text and numbers as they are, a list's entries with blanks between.
    pub fn of_json(body: &[u8]) -> Self {
        let members = serde_json::from_slice::<BTreeMap<String, serde_json::Value>>(body).unwrap_or_default();
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts = members.into_iter().map(|(name, value)| match value.as_array() {
            Some(list) => (name, list.iter().map(plain).collect::<Vec<_>>().join(" ")),
            None => (name, plain(&value)),
        });
        Params(texts.collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `Tags.member.1.Key`, `Tags.member.2.Key`, … for `list("Tags", ".Key")`.
    pub fn list(&self, name: &str, field: &str) -> Vec<&str> {
        (1..).map_while(|index| self.get(&format!("{name}.member.{index}{field}"))).collect()
    }

    /// `Tags` as pairs, in order.
    pub fn tags(&self) -> Vec<(String, String)> {
        let values = |index: usize| self.get(&format!("Tags.member.{index}.Value")).unwrap_or_default();
        let keys = self.list("Tags", ".Key").into_iter().enumerate();
        keys.map(|(index, key)| (key.to_owned(), values(index + 1).to_owned())).collect()
    }
}

/// Percent-encoded text, as it was.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut index, mut decoded) = (0, Vec::new());
    while index < bytes.len() {
        let hex = text.get(index + 1..index + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[index], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                index += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        index += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What a text parameter may hold: the pattern AWS quotes in its refusals, and the characters it stands for.
#[derive(Clone, Copy)]
pub struct Pattern(pub &'static str, fn(char) -> bool);

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The patterns of the STS and IAM API references.
pub mod patterns {
    use super::{Pattern, word};

    pub const ANY: Pattern = Pattern("", |_| true);
    pub const NAME: Pattern = Pattern(r"[\w+=,.@-]*", |c| word(c) || "+=,.@-".contains(c));
    pub const EXTERNAL_ID: Pattern = Pattern(r"[\w+=,.@:\/-]*", |c| word(c) || "+=,.@:/-".contains(c));
    pub const SERIAL: Pattern = Pattern(r"[\w+=/:,.@-]*", |c| word(c) || "+=/:,.@-".contains(c));
    pub const DIGITS: Pattern = Pattern(r"[\d]*", |c| c.is_ascii_digit());
    pub const WORD: Pattern = Pattern(r"[\w]*", word);
    pub const TAG: Pattern =
        Pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", |c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
}

/// Collects every broken constraint, as AWS reports all of them at once.
#[derive(Default)]
pub struct Checks(Vec<String>);

impl Checks {
    fn problem(&mut self, value: Option<&str>, name: &str, constraint: &str) {
        let value = value.map_or("null".to_owned(), |value| format!("'{value}'"));
        let mut place = name.to_owned();
        // AWS names the member, not the parameter: `roleSessionName`.
        place[..1].make_ascii_lowercase();
        self.0.push(format!("Value {value} at '{place}' failed to satisfy constraint: Member must {constraint}"));
    }

    pub fn required(&mut self, params: &Params, name: &str) -> &mut Self {
        if params.get(name).is_none() {
            self.problem(None, name, "not be null");
        }
        self
    }

    /// The length and characters of a parameter, where it is given.
    pub fn text(&mut self, params: &Params, name: &str, length: (usize, usize), pattern: Pattern) -> &mut Self {
        if let Some(value) = params.get(name) {
            self.value(name, value, length, pattern);
        }
        self
    }

    pub fn value(&mut self, name: &str, value: &str, length: (usize, usize), pattern: Pattern) {
        if !value.chars().all(pattern.1) {
            self.problem(Some(value), name, &format!("satisfy regular expression pattern: {}", pattern.0));
        }
        let count = value.chars().count();
        if count < length.0 {
            self.problem(Some(value), name, &format!("have length greater than or equal to {}", length.0));
        }
        if count > length.1 {
            self.problem(Some(value), name, &format!("have length less than or equal to {}", length.1));
        }
    }

    /// A number within bounds, where it is given.
    pub fn number(&mut self, params: &Params, name: &str, (least, most): (i64, i64)) -> &mut Self {
        match params.get(name).map(|value| (value, value.parse::<i64>())) {
            Some((value, Ok(number))) if number < least => {
                self.problem(Some(value), name, &format!("have value greater than or equal to {least}"));
            }
            Some((value, Ok(number))) if number > most => {
                self.problem(Some(value), name, &format!("have value less than or equal to {most}"));
            }
            Some((value, Err(_))) => self.problem(Some(value), name, "be a number"),
            Some((_, Ok(_))) | None => {}
        }
        self
    }

    /// How many members a list may have.
    pub fn count(&mut self, name: &str, count: usize, most: usize) -> &mut Self {
        if count > most {
            let value = format!("[{count} members]");
            self.problem(Some(&value), name, &format!("have length less than or equal to {most}"));
        }
        self
    }

    /// # Errors
    /// One ValidationError that names every broken constraint.
    pub fn finish(&self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let plural = if self.0.len() == 1 { "error" } else { "errors" };
        Err(Refusal::validation(format!("{} validation {plural} detected: {}", self.0.len(), self.0.join("; "))))
    }
}

#[test]
fn a_form_is_decoded_and_its_lists_found_in_order() {
    let params = Params::parse(b"A=1%2B1+x%C3%A9&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c");
    assert_eq!(params.get("A"), Some("1+1 x\u{e9}"));
    assert_eq!(params.tags(), [("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())]);
}

#[test]
fn every_broken_constraint_is_named_as_aws_names_it() {
    let params = Params::parse(b"RoleSessionName=a b&DurationSeconds=899");
    let mut checks = Checks::default();
    checks.required(&params, "RoleArn").text(&params, "RoleSessionName", (2, 64), patterns::NAME);
    checks.number(&params, "DurationSeconds", (900, 43_200));
    assert_eq!(
        checks.finish().expect_err("three mistakes").message,
        "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; \
         Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression \
         pattern: [\\w+=,.@-]*; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value \
         greater than or equal to 900"
    );
}
