//! The credentials in the environment that keyfob was started with, without what an outer keyfob put there.

use crate::chain::Base;
use crate::chain::base::credential_source::TOKEN_VARIABLES;
use crate::credentials::{AccessKey, Credentials, Session};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::secret::Secret;
use crate::sys::env::vars;
use crate::timestamp::Timestamp;

/// # Errors
/// Where `AWS_CREDENTIAL_EXPIRATION` says that they have expired (exit 6).
pub(super) fn credentials(context: &Context, base: &Base) -> Result<Credentials> {
    let env = context.env;
    let secret = |name: &str| env.get(name).map(|value| Secret::new(value.to_owned()));
    // The plan has looked: both halves are there.
    let access_key_id = env.get(vars::AWS_ACCESS_KEY_ID).unwrap_or_default().to_owned();
    let secret_access_key = secret(vars::AWS_SECRET_ACCESS_KEY).unwrap_or_else(|| Secret::new(String::new()));
    let session_token = TOKEN_VARIABLES.into_iter().find_map(secret);
    let account_id = env.get(vars::AWS_ACCOUNT_ID).map(str::to_owned);
    let expires_at = env.get(vars::AWS_CREDENTIAL_EXPIRATION).and_then(Timestamp::parse_lenient);
    let issued_at = context.clock.now();
    if let Some(end) = expires_at.filter(|end| *end <= issued_at) {
        let message = format!("the credentials in the environment, which `{}` uses, expired at {end}", base.profile);
        return Err(Error::new(Kind::Config, message)
            .hint("set the variables again, or unset them")
            .hint(run!("keyfob explain {}", base.profile).to("show how the credentials are made")));
    }
    Ok(match (access_key_id.parse(), &session_token, expires_at) {
        (Ok(id), None, _) => Credentials::Key { key: AccessKey { id, secret: secret_access_key }, account_id },
        (_, Some(_), Some(expires_at)) => {
            let session =
                Session { access_key_id, secret_access_key, session_token, issued_at, expires_at, account_id };
            Credentials::Session(session)
        }
        (_, _, _) => Credentials::NoExpiry { access_key_id, secret_access_key, session_token, account_id },
    })
}
