//! GetScopedCredentials, which no SDK has yet: a Query call made by hand and signed by the SDK's signer.
//!
//! May use `client` and `http`. STS API, version 2011-06-15, GetScopedCredentials: temporary credentials only, regional
//! endpoints only.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use crate::aws::client::{Aws, Route, check_signer, sdk_credentials};
use crate::aws::http::{Answer, Http, Request};
use crate::aws::sts::incomplete;
use crate::aws::translate::{Redaction, plain};
use crate::aws::{AwsError, GetScopedCredentials};
use crate::chain::target::Target;
use crate::credentials::{Credentials, Session};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// How often it is sent, as the SDKs' standard mode has it, and how long after a failure.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

impl Aws {
    /// The signer's own rights, as far as the policy grants them, until the signer's end.
    ///
    /// A lost answer leaves at most an unused session at AWS, so it is sent again.
    pub(super) fn scoped_credentials(
        &self,
        signer: &Credentials,
        request: &GetScopedCredentials,
        target: &Target,
    ) -> Result<Session, AwsError> {
        check_signer(signer, target.sts_endpoint.as_deref())?;
        let url = match &target.sts_endpoint {
            Some(endpoint) => endpoint.clone(),
            None => self.regional_endpoint(target)?,
        };
        let url = if url.ends_with('/') { url } else { format!("{url}/") };
        let query = [("Action", "GetScopedCredentials"), ("Version", "2011-06-15"), ("Policy", &request.policy)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let limit = self.limit(request.time_limit);
        let deadline = Instant::now() + limit;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let offset = self.clock().offset_seconds();
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.send_signed(signer, target, &url, &body, left);
            let error = match answer.and_then(|answer| self.scoped_session(&answer, signer, target)) {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            let is_clock = error.is_clock_refusal() && self.clock().offset_seconds() != offset;
            let may_pass = match &error {
                AwsError::Refused { status, .. } => {
                    *status >= 500 && !error.is_unknown_action() || error.is_throttled()
                }
                AwsError::Unreachable { .. } | AwsError::AnswerLost { .. } => true,
                AwsError::Invalid { .. } | AwsError::Setup(_) => false,
            };
            if attempt >= ATTEMPTS || !(is_clock || may_pass) || Instant::now() + PAUSE >= deadline {
                return Err(error);
            }
            if may_pass {
                std::thread::sleep(PAUSE * attempt);
            }
        }
    }

    /// By the SDK's own rules, and never the global one.
    fn regional_endpoint(&self, target: &Target) -> Result<String, AwsError> {
        let setup = || AwsError::Setup(format!("STS has no endpoint for the region `{}`", target.region));
        let params = Params::builder()
            .region(target.region.as_str())
            .use_fips(target.fips)
            .use_dual_stack(target.dual_stack)
            .use_global_endpoint(false)
            .build()
            .map_err(|_| setup())?;
        let (runtime, _) =
            self.running(&Route { url: None, ca_bundle: target.ca_bundle.as_deref(), is_nearby: false })?;
        let resolver = DefaultResolver::new();
        let endpoint = runtime.block_on(async { resolver.resolve_endpoint(&params).await }).map_err(|_| setup())?;
        Ok(endpoint.url().to_owned())
    }

    fn send_signed(
        &self,
        signer: &Credentials,
        target: &Target,
        url: &str,
        body: &str,
        limit: Duration,
    ) -> Result<Answer, AwsError> {
        // Security: of what is wrong with a request nothing is repeated.
        let invalid = || AwsError::Setup("the request for GetScopedCredentials cannot be signed".to_owned());
        let content_type = ("content-type", "application/x-www-form-urlencoded");
        let identity = Identity::from(sdk_credentials(signer));
        let now: SystemTime = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.clock().now().unix()).unwrap_or(0));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&target.region)
            .name("sts")
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| invalid())?
            .into();
        let signable =
            SignableRequest::new("POST", url, std::iter::once(content_type), SignableBody::Bytes(body.as_bytes()))
                .map_err(|_| invalid())?;
        let (instructions, _) = sign(signable, &params).map_err(|_| invalid())?.into_parts();
        let (signed, _) = instructions.into_parts();
        let headers: Vec<(&'static str, &str)> =
            std::iter::once(content_type).chain(signed.iter().map(|header| (header.name(), header.value()))).collect();
        let ca_bundle = target.ca_bundle.as_deref();
        self.send(&Request { method: "POST", url, headers: &headers, body, is_nearby: false, ca_bundle, limit })
    }

    fn scoped_session(&self, answer: &Answer, signer: &Credentials, target: &Target) -> Result<Session, AwsError> {
        let Texts { code, message, request_id, access_key_id, secret_access_key, session_token, expiration } =
            Texts::of(answer.body.expose());
        if !(200..300).contains(&answer.status) {
            let code = code.as_deref().and_then(|code| plain(code, "."));
            return Err(AwsError::Refused {
                code: code.map_or_else(|| format!("HTTP {}", answer.status), str::to_owned),
                message: match code {
                    Some(_) => Redaction::new(signer, None).clean(message.as_deref().unwrap_or("no message")),
                    None => "the response did not come from AWS".to_owned(),
                },
                status: answer.status,
                request_id: request_id.as_deref().and_then(|id| plain(id, "-")).map(str::to_owned),
            });
        }
        let expires_at = expiration.as_deref().and_then(Timestamp::parse_lenient);
        match (access_key_id, secret_access_key, session_token, expires_at) {
            (Some(access_key_id), Some(secret_access_key), Some(token), Some(expires_at)) => self.checked(
                Session {
                    access_key_id,
                    secret_access_key,
                    session_token: Some(token),
                    // It is as old as what it is made from, whose MFA and life it has.
                    issued_at: signer.issued_at().unwrap_or_else(|| self.clock().now()),
                    expires_at,
                    account_id: signer.account_id().map(str::to_owned),
                },
                target,
            ),
            _ => Err(incomplete(target, "contains no credentials")),
        }
    }
}

/// The texts of an answer that count, whichever elements they are in.
#[derive(Default)]
struct Texts {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
    expiration: Option<String>,
}

impl Texts {
    /// None of them of what is not XML. Security: the parser's own words may hold a piece of the text.
    fn of(body: &[u8]) -> Texts {
        let mut texts = Texts::default();
        if let Ok(text) = std::str::from_utf8(body)
            && let Ok(root) = Document::new(text).root_element()
        {
            texts.collect(root);
        }
        texts
    }

    fn collect(&mut self, mut scope: ScopedDecoder<'_, '_>) {
        while let Some(mut tag) = scope.next_tag() {
            let name = tag.start_el().local().to_owned();
            let mut text = || try_data(&mut tag).ok().map(std::borrow::Cow::into_owned);
            match name.as_str() {
                "Code" => self.code = text(),
                "Message" => self.message = text(),
                "RequestId" => self.request_id = text(),
                "AccessKeyId" => self.access_key_id = text().filter(|id| !id.is_empty()),
                "SecretAccessKey" => self.secret_access_key = text().map(Secret::new),
                "SessionToken" => self.session_token = text().map(Secret::new),
                "Expiration" => self.expiration = text(),
                _ => self.collect(tag),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_what_is_none_says_nothing() {
        let answer = "<GetScopedCredentialsResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
            <GetScopedCredentialsResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
            <SecretAccessKey>a&amp;b</SecretAccessKey><SessionToken>t</SessionToken>\
            <Expiration>2026-11-29T12:00:00Z</Expiration></Credentials></GetScopedCredentialsResult>\
            <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetScopedCredentialsResponse>";
        let texts = Texts::of(answer.as_bytes());
        assert_eq!(texts.access_key_id.as_deref(), Some("ASIA1"));
        assert_eq!(texts.secret_access_key.as_ref().map(Secret::expose), Some("a&b"));
        assert_eq!(texts.session_token.as_ref().map(Secret::expose), Some("t"));
        assert_eq!(
            (texts.expiration.as_deref(), texts.request_id.as_deref()),
            (Some("2026-11-29T12:00:00Z"), Some("r-1"))
        );
        let refusal = "<ErrorResponse><Error><Code>InvalidAction</Code><Message>Could not find it</Message></Error></ErrorResponse>";
        assert_eq!(Texts::of(refusal.as_bytes()).code.as_deref(), Some("InvalidAction"));
        for none in [&b""[..], b"{}", b"<a", b"\xff", b"<html>502</html>"] {
            let Texts { code, access_key_id, .. } = Texts::of(none);
            assert_eq!((code, access_key_id), (None, None));
        }
    }
}
