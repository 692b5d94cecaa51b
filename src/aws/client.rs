//! Making calls: the async runtime, connections, limits and the clock.
//!
//! May use `sys`, `settings` and the rest of this folder. The SDK's own loaders (aws-config) are deliberately absent: nothing
//! here reads a profile, a variable or a metadata service, so credentials, region and endpoint are those handed in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::aws::connector::{Connector, Proxies, Recipe, host_of};
use crate::aws::error::obstacle;
use crate::aws::{AwsError, MfaCode};
use crate::chain::target::is_elsewhere;
use crate::credentials::{Credentials, is_of_aws};
use crate::duration;
use crate::mask;
use crate::settings::Settings;
use crate::sys::clock::Clock;
use crate::sys::descriptors::check_descriptors;
use crate::sys::env::Environment;
use crate::sys::name_lookup::keep_to_files_and_dns;

/// From this much on a wrong clock is worth a warning: codes made elsewhere and other programs suffer from it too.
const WARN_ABOVE_SECONDS: u64 = 60;

/// AWS, as a run of keyfob talks to it. Nothing is started before the first call; all calls to a host share a connection.
///
/// `kill -9` and a lost answer leave nothing behind on this machine; at AWS they leave at most an unused session, and a spent
/// MFA code.
#[derive(Debug)]
pub struct Aws {
    connect_timeout: Duration,
    call_timeout: Duration,
    proxies: Proxies,
    clock: Arc<Clock>,
    warned: AtomicBool,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    runtime: Option<Arc<Runtime>>,
    connectors: HashMap<(Option<PathBuf>, bool, bool), Connector>,
}

/// How often a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// Up to three times, as the SDKs' standard mode has it.
    Retried,
    /// Once: it carries a code, or makes or enables something, and a second one would do so again. The one exception is a
    /// request refused for its time, which AWS has not looked at any further.
    Once,
}

impl Sending {
    /// A call with a code goes once.
    pub(super) fn with(code: Option<&MfaCode>) -> Self {
        if code.is_some() { Sending::Once } else { Sending::Retried }
    }
}

/// Where a request goes, as far as its connection cares.
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) url: Option<&'a str>,
    pub(super) ca_bundle: Option<&'a Path>,
    /// Whether no proxy is asked.
    pub(super) is_nearby: bool,
}

impl Aws {
    /// Takes the limits, proxies and clock; starts nothing.
    pub fn new(settings: &Settings, env: &Environment, clock: Arc<Clock>) -> Self {
        Aws {
            connect_timeout: settings.connect_timeout,
            call_timeout: settings.call_timeout,
            proxies: Proxies::from_environment(env),
            clock,
            warned: AtomicBool::new(false),
            running: Mutex::default(),
        }
    }

    /// The clock that AWS's answers correct.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What to tell the user of a clock that is off by a minute or more; once in a run.
    pub fn clock_warning(&self) -> Option<String> {
        let offset = self.clock.offset_seconds();
        if offset.unsigned_abs() < WARN_ABOVE_SECONDS || self.warned.swap(true, Ordering::Relaxed) {
            return None;
        }
        let direction = if offset > 0 { "behind" } else { "ahead of" };
        let size = duration::text(Duration::from_secs(offset.unsigned_abs()));
        Some(format!("this machine's clock is {size} {direction} AWS's; using AWS's time instead"))
    }

    /// How long a call may take.
    pub(super) fn limit(&self, limit: Option<Duration>) -> Duration {
        limit.map_or(self.call_timeout, |limit| limit.min(self.call_timeout))
    }

    /// What requests go out with, started by the first.
    ///
    /// # Errors
    /// [`AwsError::Setup`].
    pub(super) fn running(&self, route: &Route<'_>) -> Result<(Arc<Runtime>, Connector), AwsError> {
        let https = match route.url.map(|url| url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase())) {
            None => true,
            Some(Some(scheme)) if scheme == "https" => true,
            Some(Some(scheme)) if scheme == "http" => false,
            Some(_) => {
                let endpoint = mask::address(route.url.unwrap_or_default());
                return Err(AwsError::Setup(format!(
                    "the endpoint `{endpoint}` is not a valid URL; expected `https://HOST`"
                )));
            }
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (route.ca_bundle.map(Path::to_owned), https, route.is_nearby);
        let connector = match running.connectors.get(&key) {
            Some(connector) => connector.clone(),
            None => {
                let no_proxies = Proxies::from_environment(&Environment::default());
                let made = Connector::new(&Recipe {
                    ca_bundle: route.ca_bundle,
                    https,
                    connect_timeout: self.connect_timeout,
                    proxies: if route.is_nearby { &no_proxies } else { &self.proxies },
                })?;
                running.connectors.insert(key, made.clone());
                made
            }
        };
        let runtime = match &running.runtime {
            Some(runtime) => Arc::clone(runtime),
            None => {
                check_descriptors().map_err(|error| AwsError::Unreachable {
                    endpoint: route.url.and_then(host_of).unwrap_or_else(|| "AWS".to_owned()),
                    cause: format!("{}: {error}", obstacle::DESCRIPTORS),
                })?;
                keep_to_files_and_dns();
                let made = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build()
                    .map_err(|error| AwsError::Setup(format!("cannot use the network: {error}")))?;
                Arc::clone(running.runtime.insert(Arc::new(made)))
            }
        };
        Ok((runtime, connector))
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = running.runtime.take().and_then(Arc::into_inner) {
            // A plain drop would wait for a name lookup that hangs, long after its limit.
            runtime.shutdown_background();
        }
    }
}

/// Between two calls nothing ran that could have seen the server close a connection: looks now, or a call that is sent once
/// would be lost to it.
pub(super) async fn notice_closed_connections() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Refuses to send AWS a key that is not one of its own.
// Security: a key of another service is none of AWS's business. What nothing signs has no key.
pub(super) fn check_signer(signer: &Credentials, endpoint: Option<&str>) -> Result<(), AwsError> {
    let id = signer.access_key_id();
    if !id.is_empty() && !is_of_aws(id) && !endpoint.is_some_and(is_elsewhere) {
        return Err(AwsError::Setup("the access key is not one of AWS's, and is never sent to AWS".to_owned()));
    }
    Ok(())
}

// Security: the secret goes into the SDK's own type, which is zeroed when dropped and redacts itself in Debug.
pub(super) fn sdk_credentials(signer: &Credentials) -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new(
        signer.access_key_id(),
        signer.secret_access_key().expose(),
        signer.session_token().map(|token| token.expose().to_owned()),
        None,
        "keyfob",
    )
}
