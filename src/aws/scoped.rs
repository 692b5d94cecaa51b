//! GetScopedCredentials, which no SDK has yet: a Query call made by hand.
//!
//! May use `client` and `query`. STS API, version 2011-06-15, GetScopedCredentials: temporary credentials only, regional
//! endpoints only.

use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

use crate::aws::client::{Aws, Route, Sending};
use crate::aws::query::QueryCall;
use crate::aws::sts::incomplete;
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError, GetScopedCredentials};
use crate::chain::target::Target;
use crate::credentials::{Credentials, Session};
use crate::timestamp::Timestamp;

/// The longest response, bytes.
const LONGEST: usize = 1 << 20;

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
        let url = match &target.sts_endpoint {
            Some(endpoint) => endpoint.clone(),
            None => self.regional_endpoint(target)?,
        };
        let call = QueryCall {
            service: "sts",
            version: "2011-06-15",
            region: &target.region,
            url: &url,
            is_configured: target.sts_endpoint.is_some(),
            action: "GetScopedCredentials",
            parameters: &[("Policy", &request.policy)],
            sending: Sending::Retried,
            limit: request.time_limit,
            longest: LONGEST,
            secrets: &[],
        };
        let answer = self.query(Access { signer, target }, &call)?;
        let session = answer.find("Credentials").and_then(|made| self.session_of(made, signer));
        self.checked(session.ok_or_else(|| incomplete(target, "contains no credentials"))?, target)
    }

    fn session_of(&self, made: &Element, signer: &Credentials) -> Option<Session> {
        Some(Session {
            access_key_id: made.text("AccessKeyId")?.to_owned(),
            secret_access_key: made.secret("SecretAccessKey")?,
            session_token: Some(made.secret("SessionToken")?),
            // It is as old as what it is made from, whose MFA and life it has.
            issued_at: signer.issued_at().unwrap_or_else(|| self.clock().now()),
            expires_at: made.text("Expiration").and_then(Timestamp::parse_lenient)?,
            account_id: signer.account_id().map(str::to_owned),
        })
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
}
