//! Making calls: the async runtime, the SDK's configuration, retries, the clock, and errors in keyfob's words.
//!
//! May use `sys`, `settings` and the rest of this folder. The SDK's own loaders (aws-config) are deliberately absent: nothing
//! here reads a profile, a variable or a metadata service, so credentials, region and endpoint are those handed in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::app_name::AppName;
use aws_types::sdk_config::SdkConfig;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::aws::connector::{Proxies, Recipe, Watch, connector, host_of};
use crate::aws::error::obstacle;
use crate::aws::translate::{Redaction, lost, translate};
use crate::aws::{AwsError, MfaCode};
use crate::chain::target::{Target, is_elsewhere};
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
    connectors: HashMap<(Option<PathBuf>, bool, bool), SharedHttpConnector>,
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

/// One call: everything about it but its parameters.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) signer: &'a Credentials,
    pub(super) target: &'a Target,
    pub(super) region: &'a str,
    /// A configured endpoint; without one the SDK's own rules find it.
    pub(super) endpoint: Option<&'a str>,
    pub(super) sending: Sending,
    pub(super) code: Option<&'a MfaCode>,
    /// A shorter limit than the settings'.
    pub(super) limit: Option<Duration>,
}

/// Where a request goes, as far as its connection cares.
#[derive(Debug)]
pub(super) struct Route<'a> {
    /// None for one that the SDK's own rules find, which is `https`.
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

    /// The clock, to be corrected.
    pub(super) fn shared_clock(&self) -> Arc<Clock> {
        Arc::clone(&self.clock)
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

    /// Makes a call: `send` gets the SDK's configuration and makes the request with it.
    ///
    /// The limit of [`Settings::call_timeout`], or the call's own shorter one, holds for all of it, retries and a second signature
    /// included.
    pub(super) fn call<T, E, F>(&self, call: &Call<'_>, send: impl Fn(SdkConfig) -> F) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        check_signer(call.signer, call.endpoint)?;
        let ca_bundle = call.target.ca_bundle.as_deref();
        let (runtime, connector) = self.running(&Route { url: call.endpoint, ca_bundle, is_nearby: false })?;
        runtime.block_on(async {
            notice_closed_connections().await;
            let limit = self.limit(call.limit);
            let deadline = Instant::now() + limit;
            let attempt = async || {
                let watch = Watch::of_query(connector.clone(), Arc::clone(&self.clock));
                let config = self.sdk_config(call, &watch);
                match tokio::time::timeout_at(deadline, send(config)).await {
                    Ok(Ok(answer)) => Ok(answer),
                    Ok(Err(error)) => Err(translate(error, &watch, &Redaction::new(call.signer, call.code))),
                    Err(_) => Err(lost(&watch, format!("within {}", duration::text(limit)))),
                }
            };
            let offset = self.clock.offset_seconds();
            match attempt().await {
                // AWS refused the signature for its time, and its answer has shown what time it is.
                Err(error) if error.is_clock_refusal() && self.clock.offset_seconds() != offset => attempt().await,
                outcome => outcome,
            }
        })
    }

    /// How long a call may take.
    pub(super) fn limit(&self, limit: Option<Duration>) -> Duration {
        limit.map_or(self.call_timeout, |limit| limit.min(self.call_timeout))
    }

    /// What requests go out with, started by the first.
    ///
    /// # Errors
    /// [`AwsError::Setup`].
    pub(super) fn running(&self, route: &Route<'_>) -> Result<(Arc<Runtime>, SharedHttpConnector), AwsError> {
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
                let made = connector(&Recipe {
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

    fn sdk_config(&self, call: &Call<'_>, watch: &Watch) -> SdkConfig {
        let watch = SharedHttpConnector::new(watch.clone());
        let retries = match call.sending {
            Sending::Retried => RetryConfig::standard(),
            Sending::Once => RetryConfig::disabled(),
        };
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .app_name(AppName::new("keyfob").expect("an app name is made of letters"))
            .region(Region::new(call.region.to_owned()))
            .use_fips(call.target.fips)
            .use_dual_stack(call.target.dual_stack)
            .credentials_provider(SharedCredentialsProvider::new(sdk_credentials(call.signer)))
            .identity_cache(IdentityCache::no_cache())
            .retry_config(retries)
            // The one limit is around the whole call, in `call`; connecting has its own, in the connector.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(CorrectedTime(Arc::clone(&self.clock)))
            // The SDK would correct it silently, above 4 minutes only, and for this client alone.
            .disable_clock_skew_correction(true)
            .http_client(http_client_fn(move |_, _| watch.clone()));
        config.set_endpoint_url(call.endpoint.map(str::to_owned));
        config.build()
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

/// The time requests are signed with.
#[derive(Debug)]
struct CorrectedTime(Arc<Clock>);

impl TimeSource for CorrectedTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(u64::try_from(self.0.now().unix()).unwrap_or(0))
    }
}
