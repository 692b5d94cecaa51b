//! Calls of the Query protocol, which STS and IAM have, signed by the SDK's signer.
//!
//! May use `client` and `http`. The SDK's crates for the two services are not used: for each call they add to the program what
//! one caller does for all (Smithy, "AWS query protocol"), and IAM's takes a minute to compile.

use std::time::{Duration, Instant};

use crate::aws::client::{Aws, Route, Sending, check_signer};
use crate::aws::connector::host_of;
use crate::aws::http::{Answer, Bounds, HttpRequest};
use crate::aws::signature::{Scope, Unsigned, signed};
use crate::aws::translate::{Redaction, foreign, plain};
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};
use crate::chain::hosts::Place;

/// How often a request is sent, as the SDKs' standard mode has it, and how long after the first failure.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// One call of a service.
#[derive(Clone, Copy)]
pub(super) struct QueryCall<'a> {
    /// As signatures name it: `iam`, `sts`.
    pub(super) service: &'static str,
    /// Of its API: `2010-05-08`.
    pub(super) version: &'static str,
    pub(super) place: &'a Place,
    pub(super) action: &'static str,
    /// Those beside action and version. They may be secret: nothing repeats them but AWS, whose words are cleaned.
    pub(super) parameters: &'a [(&'a str, &'a str)],
    pub(super) sending: Sending,
    /// A shorter limit than the settings'.
    pub(super) limit: Option<Duration>,
    /// The longest response, bytes.
    pub(super) longest: usize,
    /// Parameters that AWS's words must not show: codes, passwords.
    pub(super) secrets: &'a [&'a str],
}

/// A request to be signed.
#[derive(Clone, Copy)]
pub(super) struct SignedRequest<'a> {
    /// As signatures name it.
    pub(super) service: &'static str,
    pub(super) region: &'a str,
    /// `POST` with a form for a body, or `GET` without one.
    pub(super) method: &'static str,
    /// A whole URL.
    pub(super) url: &'a str,
    pub(super) body: &'a str,
    pub(super) action: &'static str,
    /// The longest response, bytes.
    pub(super) longest: usize,
}

/// When all of a call has to be over, and how long that is.
#[derive(Clone, Copy)]
struct Until {
    deadline: Instant,
    limit: Duration,
}

impl Aws {
    /// Makes a call and reads its whole response.
    ///
    /// As in the SDK's own calls, one that makes something is sent once, others up to three times, and a request refused for its
    /// time once more when the response has corrected the clock: AWS has not looked at it any further.
    pub(super) fn query(&self, by: Access<'_>, call: &QueryCall<'_>) -> Result<Element, AwsError> {
        let Place { url, region, is_configured } = call.place;
        check_signer(by.signer, is_configured.then_some(url))?;
        // What is wrong with the endpoint is said before anything is signed.
        let ca_bundle = by.target.ca_bundle.as_deref();
        self.running(&Route { url: Some(url), ca_bundle, is_nearby: false })?;
        let named = [("Action", call.action), ("Version", call.version)];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(named)
            .extend_pairs(call.parameters)
            .finish();
        let body = zeroize::Zeroizing::new(body);
        let url = if url.ends_with('/') { url.clone() } else { format!("{url}/") };
        let attempts = if call.sending == Sending::Once { 1 } else { ATTEMPTS };
        let request = SignedRequest {
            service: call.service,
            region,
            method: "POST",
            url: &url,
            body: &body,
            action: call.action,
            longest: call.longest,
        };
        self.attempts(attempts, call.limit, |until| {
            self.send_signed(by, &request, until).and_then(|answer| read(&answer, by, call))
        })
    }

    /// Sends a request so often at most, as long as it may succeed a moment later.
    fn attempts<T>(
        &self,
        attempts: u32,
        limit: Option<Duration>,
        send: impl Fn(Until) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let limit = self.limit(limit);
        let deadline = Instant::now() + limit;
        let (mut attempt, mut corrected, mut went_out) = (1, false, false);
        loop {
            let offset = self.clock().offset_seconds();
            let error = match send(Until { deadline, limit }) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !corrected && error.is_clock_refusal() && self.clock().offset_seconds() != offset {
                corrected = true;
                continue;
            }
            let pause = PAUSE * attempt;
            if attempt >= attempts || !may_pass(&error) || Instant::now() + pause >= deadline {
                return Err(match error {
                    // What an earlier request did is not known either.
                    AwsError::Unreachable { endpoint, cause } if went_out => AwsError::AnswerLost { endpoint, cause },
                    error => error,
                });
            }
            went_out |= !error.means_request_not_processed();
            std::thread::sleep(pause);
            attempt += 1;
        }
    }

    /// Reads from a service that speaks JSON over GET, up to three times.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(super) fn get_json(
        &self,
        by: Access<'_>,
        request: &SignedRequest<'_>,
        is_configured: bool,
    ) -> Result<serde_json::Value, AwsError> {
        check_signer(by.signer, is_configured.then_some(request.url))?;
        self.attempts(ATTEMPTS, None, |until| {
            let answer = self.send_signed(by, request, until)?;
            let is_answer = (200..300).contains(&answer.status);
            let document = serde_json::from_slice(answer.body.expose()).ok().filter(serde_json::Value::is_object);
            match document {
                Some(document) if is_answer => Ok(document),
                None if is_answer => Err(not_aws(request.url, request.service)),
                _ => Err(answer.refusal()),
            }
        })
    }

    fn send_signed(&self, by: Access<'_>, call: &SignedRequest<'_>, until: Until) -> Result<Answer, AwsError> {
        // Security: of what is wrong with a request nothing is repeated.
        let invalid = || AwsError::Setup(format!("the request for {} cannot be signed", call.action));
        let SignedRequest { method, url, body, .. } = *call;
        let content_type = (method == "POST").then_some("application/x-www-form-urlencoded");
        let headers = match by.signer.access_key_id() {
            "" => content_type.map(|content_type| ("content-type", content_type.to_owned())).into_iter().collect(),
            _ => {
                let scope = Scope { service: call.service, region: call.region, now: self.clock().now() };
                signed(by.signer, scope, &Unsigned { method, url, content_type, body }).ok_or_else(invalid)?
            }
        };
        let agent = ("user-agent", concat!("keyfob/", env!("CARGO_PKG_VERSION")));
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).chain([agent]);
        let headers: Vec<(&'static str, &str)> = headers.collect();
        let ca_bundle = by.target.ca_bundle.as_deref();
        let limit = until.deadline.saturating_duration_since(Instant::now());
        let request = HttpRequest { method, url, headers: &headers, body, is_nearby: false, ca_bundle, limit };
        self.exchange(&request, Bounds { longest: call.longest, told: until.limit })
    }
}

/// Whether the same request may succeed a moment later.
fn may_pass(error: &AwsError) -> bool {
    match error {
        // STS says of the first that it can be retried (STS API, AssumeRoleWithWebIdentity).
        AwsError::Refused { code, .. } if code == "IDPCommunicationError" => true,
        AwsError::Refused { status, .. } => *status >= 500 && !error.is_unknown_action() || error.is_throttled(),
        AwsError::Unreachable { .. } | AwsError::AnswerLost { .. } | AwsError::Invalid { .. } => true,
        AwsError::Setup(_) => false,
    }
}

fn not_aws(url: &str, service: &str) -> AwsError {
    AwsError::Invalid {
        endpoint: host_of(url).unwrap_or_else(|| service.to_owned()),
        cause: "the response did not come from AWS, or was cut short".to_owned(),
    }
}

fn read(answer: &Answer, by: Access<'_>, call: &QueryCall<'_>) -> Result<Element, AwsError> {
    let root = Element::parse(answer.body.expose());
    if (200..300).contains(&answer.status) {
        return match root {
            Some(root) if root.name().strip_suffix("Response") == Some(call.action) => Ok(root),
            _ => Err(not_aws(&call.place.url, call.service)),
        };
    }
    let Some(root) = root else { return Err(foreign(answer.status)) };
    let text = |name: &str| root.find(name).map(Element::text_of);
    // `ErrorResponse/Error/Code`, and from some servers `Response/Errors/Error/Code`.
    let Some(code) = text("Code").and_then(|code| plain(code, ".")) else { return Err(foreign(answer.status)) };
    let redaction = Redaction::new(by.signer, call.secrets);
    let request_id = text("RequestId").or_else(|| answer.header("x-amzn-requestid"));
    Err(AwsError::Refused {
        code: code.to_owned(),
        message: redaction.clean(text("Message").unwrap_or("no message")),
        status: answer.status,
        request_id: request_id.and_then(|id| plain(id, "-")).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::aws::testing::{NOW, Reply, Server, key, session, target};
    use crate::settings::Settings;
    use crate::sys::clock::Clock;
    use crate::sys::env::Environment;
    use crate::timestamp::Timestamp;

    fn aws() -> Aws {
        let settings = Settings { call_timeout: Duration::from_secs(20), ..Settings::default() };
        Aws::new(&settings, &Environment::default(), Arc::new(Clock::fixed(Timestamp::from_unix(NOW))))
    }

    fn page(users: &[&str], marker: Option<&str>) -> Reply {
        let users: String = users.iter().map(|user| format!("<member><UserName>{user}</UserName></member>")).collect();
        let more = match marker {
            Some(marker) => format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"),
            None => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        Reply::ok(&format!(
            "<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUsersResult><Users>{users}</Users>\
             {more}</ListUsersResult></ListUsersResponse>"
        ))
    }

    #[test]
    fn a_list_is_read_to_its_last_page() {
        let server = Server::http([page(&["a", "b"], Some("m/1=")), page(&["c"], None)]);
        let (signer, target) = (session(), target(&server.url()));
        let by = Access { signer: &signer, target: &target };
        let users = aws().iam_pages(by, "ListUsers", &[("PathPrefix", "/x/")], "Users").expect("users");
        let names: Vec<_> = users.iter().filter_map(|user| user.text("UserName")).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let asked = server.asked();
        assert_eq!((asked[0].parameter("PathPrefix"), asked[0].parameter("Marker")), (Some("%2Fx%2F"), None));
        assert_eq!(
            (asked[1].parameter("PathPrefix"), asked[1].parameter("Marker")),
            (Some("%2Fx%2F"), Some("m%2F1%3D"))
        );
        assert!(asked.iter().all(|asked| asked.connection == 1));
        assert_eq!(asked[0].header("x-amz-security-token"), Some("fake-token-of-the-tests"));
        let authorization = asked[0].header("authorization").expect("signed");
        assert!(authorization.contains("Credential=ASIAFAKEFAKEFAKEFAKE/20231114/us-east-1/iam/"), "{authorization}");
    }

    #[test]
    fn what_makes_something_is_sent_once_and_the_rest_up_to_three_times() {
        let target_of = |server: &Server| target(&server.url());
        for lost in [
            Reply::dropped(),
            Reply::refused(500, "InternalFailure", "oops"),
            Reply::refused(400, "Throttling", ""),
            Reply::ok("<html>log in</html>"),
            Reply::ok("<ListUsersResponse><ListUsersResult>"),
        ] {
            for (sending, times) in [(Sending::Once, 1), (Sending::Retried, 3)] {
                let server = Server::http([lost.clone(), lost.clone(), page(&[], None)]);
                let (signer, target) = (key(), target_of(&server));
                let by = Access { signer: &signer, target: &target };
                let answer = aws().iam(by, sending, "ListUsers", &[]);
                assert_eq!((answer.is_ok(), server.actions().len()), (times == 3, times), "{lost:?} {answer:?}");
            }
        }
    }

    #[test]
    fn a_request_refused_for_its_time_is_signed_again_even_if_it_is_sent_once() {
        let expired = "Signature expired: 20231114T221320Z is now earlier than 20231114T222820Z";
        let server = Server::http([
            Reply::refused(403, "SignatureDoesNotMatch", expired).ahead(1800),
            page(&[], None).ahead(1800),
        ]);
        let (signer, target) = (key(), target(&server.url()));
        aws().iam(Access { signer: &signer, target: &target }, Sending::Once, "ListUsers", &[]).expect("an answer");
        let signed: Vec<_> =
            server.asked().iter().map(|asked| asked.header("x-amz-date").map(str::to_owned).expect("dated")).collect();
        assert_eq!(signed, ["20231114T221320Z", "20231114T224320Z"]);
    }

    #[test]
    fn a_refusal_shows_nothing_secret_of_the_request() {
        let words = "Value '123456' at 'authenticationCode1', fake-secret-of-the-tests, Passw0rd!";
        let server = Server::http([Reply::refused(400, "ValidationError", words)]);
        let (signer, target) = (key(), target(&server.url()));
        let by = Access { signer: &signer, target: &target };
        let secrets = ["123456", "Passw0rd!"];
        let error = aws().iam_with(by, Sending::Once, "EnableMFADevice", &[], &secrets).expect_err("refused");
        let AwsError::Refused { code, message, request_id, .. } = error else { panic!("{error:?}") };
        assert_eq!((code.as_str(), request_id.as_deref()), ("ValidationError", Some("fake-request-id")));
        assert_eq!(message, "Value '****' at 'authenticationCode1', ****, ****");
    }
}
