//! Signatures of requests (IAM User Guide, "AWS Signature Version 4"), made by the SDK's signer.

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

/// A request to be signed.
#[derive(Clone, Copy)]
pub struct Unsigned<'a> {
    pub method: &'static str,
    /// A whole URL.
    pub url: &'a str,
    /// That of the body; signed with it.
    pub content_type: Option<&'static str>,
    pub body: &'a str,
}

/// The headers of a signed request, its content type among them; none where it cannot be signed.
pub fn signed(signer: &Credentials, scope: Scope<'_>, request: &Unsigned<'_>) -> Option<Vec<(&'static str, String)>> {
    let own = request.content_type.map(|content_type| ("content-type", content_type));
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
    let body = SignableBody::Bytes(request.body.as_bytes());
    let signable = SignableRequest::new(request.method, request.url, own.into_iter(), body).ok()?;
    let (instructions, _) = sign(signable, &params).ok()?.into_parts();
    let (made, _) = instructions.into_parts();
    let made = made.iter().map(|header| (header.name(), header.value().to_owned()));
    Some(own.into_iter().map(|(name, value)| (name, value.to_owned())).chain(made).collect())
}
