//! What the query APIs say back: results and refusals, as the XML documents AWS sends.

use serde_json::json;
use time::OffsetDateTime;

use super::http::Response;

/// Which of the APIs a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    Sts,
    Iam,
    Ec2,
    /// IAM Access Analyzer, which speaks JSON.
    AccessAnalyzer,
}

impl Service {
    /// By the `Version` parameter, the one thing that tells the query APIs apart on one address.
    pub fn of_version(version: &str) -> Option<Self> {
        [Service::Sts, Service::Iam, Service::Ec2].into_iter().find(|service| service.version() == version)
    }

    pub const fn version(self) -> &'static str {
        match self {
            Service::Sts => "2011-06-15",
            Service::Iam => "2010-05-08",
            Service::Ec2 => "2016-11-15",
            Service::AccessAnalyzer => "2019-11-01",
        }
    }

    /// The name in a credential scope and in `iam:ListMFADevices`.
    pub const fn name(self) -> &'static str {
        match self {
            Service::Sts => "sts",
            Service::Iam => "iam",
            Service::Ec2 => "ec2",
            Service::AccessAnalyzer => "access-analyzer",
        }
    }
}

/// The inside of a `…Result` element.
pub type Xml = String;

/// A no from AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    /// The OAuth code of services that have one beside the other.
    pub oauth: Option<String>,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Refusal { status, code: code.to_owned(), oauth: None, message: message.into() }
    }

    /// One of a service that speaks OAuth.
    pub fn oauth(status: u16, code: &str, oauth: &str, message: impl Into<String>) -> Self {
        Refusal { oauth: Some(oauth.to_owned()), ..Self::new(status, code, message) }
    }

    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    /// The text for a key AWS does not know, or not yet, or no longer.
    pub fn unknown_key() -> Self {
        Self::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    }
}

/// `<name>value</name>`, escaped.
pub fn text(name: &str, value: &str) -> Xml {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{value}</{name}>")
}

/// `<name>…</name>` around elements.
pub fn element(name: &str, inside: &str) -> Xml {
    format!("<{name}>{inside}</{name}>")
}

/// The answer AWS gives to `action`, a result or an error document.
pub fn response(
    service: Service,
    action: &str,
    result: &Result<Xml, Refusal>,
    request_id: &str,
    now_ms: i64,
) -> Response {
    let namespace = format!("https://{}.amazonaws.com/doc/{}/", service.name(), service.version());
    let id = text("RequestId", request_id);
    let (status, document) = match result {
        Ok(inside) => {
            // Actions without a result have no result element (IAM: UpdateAccessKey, DeleteAccessKey, …).
            // EC2's have none at all.
            let result = match (inside.is_empty(), service) {
                (true, _) => String::new(),
                (false, Service::Ec2) => inside.clone(),
                (false, _) => element(&format!("{action}Result"), inside),
            };
            let metadata = element("ResponseMetadata", &id);
            (200, format!("<{action}Response xmlns=\"{namespace}\">{result}{metadata}</{action}Response>\n"))
        }
        Err(refusal) => {
            let kind = if refusal.status >= 500 { "Receiver" } else { "Sender" };
            let error = text("Type", kind) + &text("Code", &refusal.code) + &text("Message", &refusal.message);
            let document =
                format!("<ErrorResponse xmlns=\"{namespace}\">{}{id}</ErrorResponse>\n", element("Error", &error));
            (refusal.status, document)
        }
    };
    let header = |name: &str, value: String| (name.to_owned(), value);
    Response {
        status,
        headers: vec![
            header("x-amzn-RequestId", request_id.to_owned()),
            header("Content-Type", "text/xml".to_owned()),
            header("Date", http_date(now_ms)),
        ],
        body: document.into_bytes(),
    }
}

/// The same of a service that speaks JSON: results with this status, refusals with their sort in a header.
pub fn json_response(status: u16, result: &Result<String, Refusal>, request_id: &str, now_ms: i64) -> Response {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![
        header("x-amzn-RequestId", request_id),
        header("Content-Type", "application/json"),
        header("Date", &http_date(now_ms)),
    ];
    let (status, body) = match result {
        Ok(document) => (status, document.clone()),
        Err(refusal) => {
            headers.push(header("x-amzn-ErrorType", &format!("{}:http://internal.amazon.com/", refusal.code)));
            let mut body = json!({"message": refusal.message});
            if let Some(oauth) = &refusal.oauth {
                body["error"] = oauth.clone().into();
            }
            (refusal.status, body.to_string())
        }
    };
    Response { status, headers, body: body.into_bytes() }
}

fn calendar(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).expect("the server's clock is in this era")
}

/// `2026-01-31T12:00:00Z`, as in `Expiration`.
pub fn iso_date(ms: i64) -> String {
    let t = calendar(ms);
    let (month, day) = (u8::from(t.month()), t.day());
    format!("{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", t.year(), t.hour(), t.minute(), t.second())
}

/// `20260131T120000Z`, as in `X-Amz-Date`.
pub fn amz_date(ms: i64) -> String {
    iso_date(ms).replace(['-', ':'], "")
}

/// Reads `20260131T120000Z`.
pub fn parse_amz_date(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| text.get(from..to)?.parse::<u8>().ok();
    if text.len() != 16 || text.as_bytes()[8] != b'T' || text.as_bytes()[15] != b'Z' {
        return None;
    }
    let month = time::Month::try_from(digits(4, 6)?).ok()?;
    let date = time::Date::from_calendar_date(text.get(..4)?.parse().ok()?, month, digits(6, 8)?).ok()?;
    let time = time::Time::from_hms(digits(9, 11)?, digits(11, 13)?, digits(13, 15)?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp() * 1000)
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`.
fn http_date(ms: i64) -> String {
    let t = calendar(ms);
    let (weekday, month) = (t.weekday().to_string(), t.month().to_string());
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        t.day(),
        &month[..3],
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

#[test]
fn dates_have_the_three_forms_aws_uses() {
    let ms = 1_769_860_800_000;
    assert_eq!(iso_date(ms), "2026-01-31T12:00:00Z");
    assert_eq!(http_date(ms), "Sat, 31 Jan 2026 12:00:00 GMT");
    assert_eq!(parse_amz_date(&amz_date(ms)), Some(ms));
}
