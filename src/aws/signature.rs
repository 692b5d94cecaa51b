//! Signatures of requests that no SDK makes and that are not of the Query protocol (IAM User Guide, "AWS Signature Version 4").

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use crate::aws::client::sdk_credentials;
use crate::credentials::Credentials;
use crate::timestamp::Timestamp;

/// What a signature is for.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// As signatures name it.
    pub service: &'static str,
    pub region: &'a str,
    pub now: Timestamp,
}

/// The headers of a POST of JSON to `url`, its signature among them; none where it cannot be signed.
pub fn signed_json(
    signer: &Credentials,
    scope: Scope<'_>,
    url: &str,
    body: &str,
) -> Option<Vec<(&'static str, String)>> {
    let content_type = ("content-type", "application/json");
    let identity = Identity::from(sdk_credentials(signer));
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(u64::try_from(scope.now.unix()).unwrap_or(0));
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let body = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new("POST", url, std::iter::once(content_type), body).ok()?;
    let (instructions, _) = sign(request, &params).ok()?.into_parts();
    let (signed, _) = instructions.into_parts();
    let own = std::iter::once((content_type.0, content_type.1.to_owned()));
    Some(own.chain(signed.iter().map(|header| (header.name(), header.value().to_owned()))).collect())
}
