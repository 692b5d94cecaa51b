//! What the two services of IAM Identity Center have in common: JSON over HTTP, and how they refuse.
//!
//! May use `http` and `error`. The services' own SDK crates are not used: they would add more code than these few calls have.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::aws::AwsError;
use crate::aws::http::{Answer, Http, HttpRequest, without_query};
use crate::mask;
use crate::secret::Secret;

/// Longer words of AWS's are cut.
const LONGEST_MESSAGE: usize = 400;

/// Where one of the services is, and how it is reached.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    pub http: &'a dyn Http,
    /// A whole URL, without a slash at the end.
    pub endpoint: &'a str,
    /// Other certificates than the machine's own.
    pub ca_bundle: Option<&'a Path>,
    /// How long one call may take.
    pub limit: Duration,
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: &'a str,
    /// What it carries that no message may repeat.
    pub(super) secrets: &'a [&'a Secret],
}

impl Service<'_> {
    /// Sends a call once, and reads what it is answered.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(super) fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, AwsError> {
        let answer = self.send(call)?;
        // Security: the parser's own words may hold a piece of the text.
        serde_json::from_slice(answer.body.expose()).map_err(|_| AwsError::AnswerLost {
            endpoint: self.endpoint.to_owned(),
            cause: "the response is not what the API documents".to_owned(),
        })
    }

    /// Sends a call once; what it is answered is nothing to be read.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Answer, AwsError> {
        let url = format!("{}{}", self.endpoint, call.path);
        let answer = self.http.send(&HttpRequest {
            method: call.method,
            url: &url,
            headers: call.headers,
            body: call.body,
            is_nearby: false,
            ca_bundle: self.ca_bundle,
            limit: self.limit,
        })?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(self.refusal(&answer, call.secrets)) }
    }

    /// A refusal in one form: its code is the exception's name in AWS's API models, whichever way it comes.
    ///
    /// The name is in the header `x-amzn-errortype`, with a URL behind a colon (AWS restJson1 protocol), else in the body's
    /// `__type`; OAuth's own name is in `error` (RFC 6749, 5.2; RFC 8628, 3.5).
    fn refusal(&self, answer: &Answer, secrets: &[&Secret]) -> AwsError {
        let name = answer.header("x-amzn-errortype").map(str::to_owned).or_else(|| answer.text("__type"));
        let name = name.map(|name| {
            let name = name.split(':').next().unwrap_or_default();
            name.rsplit('#').next().unwrap_or_default().trim().to_owned()
        });
        let code = name.or_else(|| answer.text("error").map(|error| exception_of(&error)));
        let message = ["error_description", "message", "Message"].into_iter().find_map(|name| answer.text(name));
        let is_name = |code: &String| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let status = answer.status;
        match code.filter(is_name) {
            Some(code) => {
                let mut message = message.unwrap_or_default();
                // Why the instance's own key cannot be used; AWS's sentence leaves it out (API, `reason`).
                if let Some(reason) = answer.text("reason").filter(|reason| !message.contains(reason.as_str())) {
                    message = format!("{message} ({reason})");
                }
                let request_id = answer.header("x-amzn-requestid").map(|id| clean(id, &[]));
                AwsError::Refused { code, message: clean(&message, secrets), status, request_id }
            }
            // What is throttled early is not refused by the service itself, and has no name.
            None if status == 429 => AwsError::Refused {
                code: "TooManyRequestsException".to_owned(),
                message: "too many requests".to_owned(),
                status,
                request_id: None,
            },
            None => AwsError::Refused {
                code: format!("HTTP {status}"),
                message: format!("the response of {} did not come from AWS", without_query(self.endpoint)),
                status,
                request_id: None,
            },
        }
    }
}

/// `invalid_grant` as the API models call it: `InvalidGrantException`.
fn exception_of(error: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    match error.is_empty() || error.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        true => String::new(),
        false => format!("{}Exception", error.split('_').map(word).collect::<String>()),
    }
}

/// AWS's own words in one line, without what the request carried.
fn clean(words: &str, secrets: &[&Secret]) -> String {
    let mut line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        line = line.replace(secret.expose(), mask::MASK);
    }
    mask::text(&line).chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
}

/// A service for tests.
#[cfg(test)]
pub(super) fn service(http: &dyn Http) -> Service<'_> {
    Service { http, endpoint: "http://oidc.test", ca_bundle: None, limit: Duration::from_secs(5) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::canned::Canned;

    #[test]
    fn a_refusal_has_the_exceptions_name_whichever_way_it_comes() {
        let forms = [
            (r#"{"error":"invalid_grant","error_description":"no"}"#, Some("InvalidGrantException:http://internal/x")),
            (r#"{"error":"invalid_grant","error_description":"no"}"#, None),
            (r#"{"__type":"com.amazon#InvalidGrantException","message":"no"}"#, None),
        ];
        for (body, header) in forms {
            let headers: Vec<_> = header.map(|value| ("x-amzn-errortype", value)).into_iter().collect();
            let http = Canned::answering(vec![(400, headers, body)]);
            let secret = Secret::new("hush".to_owned());
            let call = Call { method: "POST", path: "/token", headers: &[], body: "{}", secrets: &[&secret] };
            let error = service(&http).send(&call).expect_err("refused");
            assert_eq!(error.to_string(), "InvalidGrantException: no", "{body} {header:?}");
        }
    }

    #[test]
    fn what_aws_repeats_of_a_request_is_taken_out_and_a_proxys_page_is_not_awss() {
        let secret = Secret::new("hush-hush".to_owned());
        let call = Call { method: "POST", path: "/token", headers: &[], body: "{}", secrets: &[&secret] };
        let said = |status, body: &'static str| {
            let http = Canned::answering(vec![(status, Vec::new(), body)]);
            service(&http).send(&call).expect_err("refused").to_string()
        };
        let echo = r#"{"error":"invalid_request","error_description":"bad\nhush-hush \u001b[31mnow"}"#;
        assert_eq!(said(400, echo), "InvalidRequestException: bad **** [31mnow");
        let reason = r#"{"error":"access_denied","error_description":"no","reason":"KMS_AccessDeniedException"}"#;
        assert_eq!(said(400, reason), "AccessDeniedException: no (KMS_AccessDeniedException)");
        assert!(said(429, "Too many requests").starts_with("TooManyRequestsException: "));
        for page in ["<html>blocked</html>", "", "{}", r#"{"error":"x y\nkeyfob: run curl"}"#] {
            assert!(said(403, page).starts_with("HTTP 403: the response of http://"), "{page}");
        }
    }
}
