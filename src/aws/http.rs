//! Single HTTP requests that are not an SDK's: metadata and credential servers, and services of AWS without a client here.
//!
//! May use `client`. Redirects are not followed, and nothing is sent again.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use hyper_util::client::legacy::connect::CaptureConnection;

use crate::aws::AwsError;
use crate::aws::client::{Aws, Route, notice_closed_connections};
use crate::aws::connection::BoxError;
use crate::aws::connector::{MOST_BODY, host_of, read_body, read_date};
use crate::aws::translate::{chain, foreign, harmless, lost, plain};
use crate::duration;
use crate::mask;
use crate::secret::SecretBytes;

/// One request at a time.
pub trait Http {
    /// Sends it, and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// Where there is none: [`AwsError::Unreachable`], [`AwsError::AnswerLost`], [`AwsError::Setup`].
    fn send(&self, request: &HttpRequest<'_>) -> Result<Answer, AwsError>;
}

/// A request.
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    /// `GET`, `PUT`, `POST`.
    pub method: &'static str,
    /// A whole URL.
    pub url: &'a str,
    /// Names in lower case; values may be secrets.
    pub headers: &'a [(&'static str, &'a str)],
    pub body: &'a str,
    /// Whether it stays on this machine or its link, where no proxy is asked.
    pub is_nearby: bool,
    /// Other certificates than the machine's own.
    pub ca_bundle: Option<&'a Path>,
    /// How long all of it may take.
    pub limit: Duration,
}

/// What an answer may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes.
    pub(super) longest: usize,
    /// The limit that is named where there is no answer in time: that of the call the request is a part of.
    pub(super) told: Duration,
}

/// An answer. What it says may be secret.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: SecretBytes,
}

impl Answer {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// What sort of error a JSON service of AWS says it is: the header `x-amzn-errortype`, without what follows a colon.
    pub fn error_type(&self) -> Option<&str> {
        self.header("x-amzn-errortype")?.split(':').next()
    }

    /// A text of a JSON object; none where there is no such text.
    pub fn text(&self, name: &str) -> Option<String> {
        let object: serde_json::Value = serde_json::from_slice(self.body.expose()).ok()?;
        Some(object.get(name)?.as_str()?.to_owned())
    }

    /// What a JSON service of AWS refuses with: the OAuth code in `error`, else the sort of error in the header, or in the
    /// body's `__type` or `code`.
    // Security: a service may repeat what it was sent, so what has the form of a secret is masked.
    pub fn refusal(&self) -> AwsError {
        let sort =
            || self.error_type().map(str::to_owned).or_else(|| self.text("__type")).or_else(|| self.text("code"));
        let code = self.text("error").or_else(sort);
        let code =
            code.as_deref().map(|code| code.rsplit('#').next().unwrap_or(code)).and_then(|code| plain(code, "._"));
        let Some(code) = code else { return foreign(self.status) };
        let message = ["message", "Message", "error_description"].iter().find_map(|name| self.text(name));
        let message = message.map_or_else(|| "no message".to_owned(), |message| harmless(&mask::text(&message)));
        AwsError::Refused { code: code.to_owned(), message, status: self.status, request_id: None }
    }
}

impl Http for Aws {
    fn send(&self, request: &HttpRequest<'_>) -> Result<Answer, AwsError> {
        self.exchange(request, Bounds { longest: MOST_BODY, told: request.limit })
    }
}

impl Aws {
    /// As [`Http::send`], with other bounds.
    pub(super) fn exchange(&self, request: &HttpRequest<'_>, bounds: Bounds) -> Result<Answer, AwsError> {
        let HttpRequest { method, url, headers, body, is_nearby, ca_bundle, limit } = *request;
        let (runtime, connector) = self.running(&Route { url: Some(url), ca_bundle, is_nearby })?;
        // Security: of what is wrong with a value nothing is repeated.
        let invalid = || AwsError::Setup(format!("the request to `{}` cannot be made", without_query(url)));
        let mut message = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            message = message.header(*name, *value);
        }
        if !body.is_empty() {
            message = message.header("content-length", body.len());
        }
        let message = message.body(body.to_owned()).map_err(|_| invalid())?;
        let host = host_of(url).unwrap_or_else(|| "AWS".to_owned());
        let is_tls = message.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        runtime.block_on(async {
            notice_closed_connections().await;
            let (clock, sent) = (self.clock(), self.clock().uncorrected());
            let (captured, answer) = connector.send(message);
            let exchange = async {
                let answer = answer.await?;
                read_date(clock, sent, answer.headers(), is_tls);
                let status = answer.status().as_u16();
                let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                };
                let headers = answer.headers().iter().map(header).collect();
                let body = read_body(answer.into_body(), bounds.longest).await?;
                Ok::<_, BoxError>(Answer { status, headers, body: SecretBytes::new(body) })
            };
            // Without a connection AWS has seen nothing.
            let went_out = |captured: &CaptureConnection| captured.connection_metadata().is_some();
            match tokio::time::timeout(limit, exchange).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(lost(host, went_out(&captured), chain(&*error))),
                Err(_) => Err(lost(host, went_out(&captured), format!("within {}", duration::text(bounds.told)))),
            }
        })
    }
}

/// A URL as it may be shown.
pub fn without_query(url: &str) -> Cow<'_, str> {
    mask::address(url.split(['?', '#']).next().unwrap_or(url))
}
