//! The HTTP connection of a run: trusted certificates, the proxy, and what is read off every answer that passes.
//!
//! May use `sys::env` and `sys::clock`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::date_time::{DateTime, Format};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::aws::AwsError;
use crate::sys::clock::Clock;
use crate::sys::env::{Environment, vars};
use crate::sys::files;
use crate::timestamp::Timestamp;

/// How long an unused connection is trusted. A person may look for a code for minutes, and a call that is sent once must not
/// be lost to a connection that a NAT has forgotten meanwhile.
const IDLE_LIMIT: Duration = Duration::from_secs(15);

/// How far the clock may be off before it is corrected: well above what a `Date` in whole seconds can tell, well below the
/// 30 seconds of an MFA code.
const TOLERANCE_SECONDS: i64 = 5;

/// How far an answer may move the clock. A machine that is off by more does not know the date, and an answer that says so may
/// not be AWS's: a code made for any date an endpoint names is a second factor at a time of its choice.
const MOST_SECONDS: i64 = 86_400;

/// The longest body that is read, bytes: AWS's own have a few thousand.
pub(super) const MOST_BODY: usize = 1 << 20;

/// What a connection is made with. Calls that agree in it share one connection to a host.
#[derive(Debug, Clone)]
pub(super) struct Recipe<'a> {
    pub(super) ca_bundle: Option<&'a Path>,
    pub(super) https: bool,
    pub(super) connect_timeout: Duration,
    pub(super) proxies: &'a Proxies,
}

/// Makes the connector: HTTP with keep-alive, TLS by rustls, no other reading of the environment than the recipe's.
///
/// # Errors
/// [`AwsError::Setup`] for a CA bundle or a proxy that cannot be used.
pub(super) fn connector(recipe: &Recipe<'_>) -> Result<SharedHttpConnector, AwsError> {
    let proxy = recipe.proxies.config(recipe.https)?;
    let trust = match recipe.ca_bundle {
        // Nobody is asked for a certificate: all of the machine's would be read for nothing.
        _ if !recipe.https && !recipe.proxies.http_proxy_wants_tls() => TrustStore::empty(),
        Some(path) => trust_store(path)?,
        None => TrustStore::default(),
    };
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| AwsError::Setup(format!("cannot set up TLS: {error}")))?;
    // For `http:` too: the connector without TLS would have all of HTTP in the program once more.
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(recipe.connect_timeout).build())
        .sleep_impl(TokioSleep::new())
        .pool_idle_timeout(IDLE_LIMIT)
        .proxy_config(proxy)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// The certificates of a bundle, and no others: as in every SDK a bundle replaces the machine's own.
///
/// The SDK's connector panics on a certificate it cannot read, so each is tried here first. One that is well formed but of no
/// use to rustls (an X.509 v1 root) is passed over, as among the machine's own; damage is an error.
fn trust_store(path: &Path) -> Result<TrustStore, AwsError> {
    let bad = |problem: String| AwsError::Setup(format!("the CA bundle `{}` {problem}", path.display()));
    let text = files::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let text = String::from_utf8_lossy(&text);
    let (mut trust, mut roots) = (TrustStore::empty(), RootCertStore::empty());
    for (at, _) in text.match_indices("-----BEGIN CERTIFICATE-----") {
        let rest = &text[at..];
        let end =
            rest.find("-----END CERTIFICATE-----").map_or(rest.len(), |end| end + "-----END CERTIFICATE-----".len());
        let block = format!("{}\n", &rest[..end]);
        let certificate = CertificateDer::from_pem_slice(block.as_bytes()).map_err(|error| {
            let line = text[..at].matches('\n').count() + 1;
            bad(format!("contains a damaged certificate on line {line}: {error}"))
        })?;
        if roots.add(certificate).is_ok() {
            trust.add_pem_certificate(block);
        }
    }
    if roots.is_empty() {
        return Err(bad("contains no usable root certificate (PEM, `-----BEGIN CERTIFICATE-----`)".to_owned()));
    }
    Ok(trust)
}

/// The proxies of the environment. The lower-case variable wins, as in curl and botocore.
// Security: a proxy's address may hold a password, so the values are never shown.
#[derive(Clone)]
pub(super) struct Proxies {
    http: Option<(&'static str, String)>,
    https: Option<(&'static str, String)>,
    none: Option<String>,
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proxies(****)")
    }
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower case too.
    pub(super) fn from_environment(env: &Environment) -> Self {
        let first = |names: [&'static str; 4]| {
            names.into_iter().find_map(|name| env.get(name).map(|value| (name, value.trim().to_owned())))
        };
        Proxies {
            http: first([vars::HTTP_PROXY_LOWER, vars::HTTP_PROXY, vars::ALL_PROXY_LOWER, vars::ALL_PROXY]),
            https: first([vars::HTTPS_PROXY_LOWER, vars::HTTPS_PROXY, vars::ALL_PROXY_LOWER, vars::ALL_PROXY]),
            none: env.get(vars::NO_PROXY_LOWER).or_else(|| env.get(vars::NO_PROXY)).map(str::to_owned),
        }
    }

    fn http_proxy_wants_tls(&self) -> bool {
        self.http.as_ref().is_some_and(|(_, value)| value.starts_with("https://"))
    }

    fn config(&self, https: bool) -> Result<ProxyConfig, AwsError> {
        let Some((name, value)) = (if https { &self.https } else { &self.http }) else {
            return Ok(ProxyConfig::disabled());
        };
        let url = if value.contains("://") { value.clone() } else { format!("http://{value}") };
        let config = if https { ProxyConfig::https(url) } else { ProxyConfig::http(url) };
        let config = config.map_err(|_| {
            AwsError::Setup(format!("`{name}` is not a valid proxy address; expected `http://HOST:PORT`"))
        })?;
        Ok(match &self.none {
            Some(rules) => config.no_proxy(rules),
            None => config,
        })
    }
}

/// Watches one call's attempts go by: whether a request went out, where to, and what time it is at AWS.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    connector: SharedHttpConnector,
    clock: Arc<Clock>,
    /// The longest body that is read, bytes.
    longest: usize,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    host: Option<String>,
    connections: Vec<CaptureSmithyConnection>,
}

impl Watch {
    pub(super) fn new(connector: SharedHttpConnector, clock: Arc<Clock>) -> Self {
        Watch { connector, clock, longest: MOST_BODY, seen: Arc::default() }
    }

    /// One that reads longer bodies.
    pub(super) fn reading(self, longest: usize) -> Self {
        Watch { longest, ..self }
    }

    /// The host the last attempt was meant for.
    pub(super) fn host(&self) -> Option<String> {
        self.seen().host.clone()
    }

    /// Whether any attempt had a connection to send its request over. Where none had, AWS has seen nothing.
    pub(super) fn went_out(&self) -> bool {
        self.seen().connections.iter().any(|connection| connection.get().is_some())
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpConnector for Watch {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let connection = request.extension::<CaptureSmithyConnection>().cloned().unwrap_or_else(|| {
            let connection = CaptureSmithyConnection::new();
            request.add_extension(connection.clone());
            connection
        });
        {
            let mut seen = self.seen();
            seen.host = host_of(request.uri());
            seen.connections.push(connection);
        }
        let clock = Arc::clone(&self.clock);
        let sent = clock.uncorrected();
        let is_tls = request.uri().get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        let longest = self.longest;
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            read_date(&clock, sent, &answer, is_tls);
            let body = read_body(std::mem::replace(answer.body_mut(), SdkBody::taken()), longest).await?;
            *answer.body_mut() = SdkBody::from(body);
            Ok(answer)
        })
    }
}

/// Reads a body to its end, or to its limit: whoever answers must not fill the memory.
async fn read_body(body: SdkBody, longest: usize) -> Result<Vec<u8>, ConnectorError> {
    let (mut stream, mut body) = (ByteStream::new(body), Vec::new());
    while let Some(piece) = stream.next().await {
        body.extend_from_slice(&piece.map_err(|error| ConnectorError::io(error.into()))?);
        if body.len() > longest {
            return Err(ConnectorError::other(
                format!("the response is longer than {} MiB", longest >> 20).into(),
                None,
            ));
        }
    }
    Ok(body)
}

/// Host and port of a URL. Security: never the user and password before them.
pub(super) fn host_of(uri: &str) -> Option<String> {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    (!host.is_empty()).then(|| host.to_owned())
}

/// Corrects the clock by an answer's `Date`, if that lies outside what the time of sending and of receiving allow.
///
/// Every answer counts, good ones too: ten minutes off, AWS refuses nothing, but an MFA code made with such a clock is wrong.
/// An answer with an `Age` comes from a cache (RFC 9111, 5.1) and tells nothing. One that did not come over TLS says nothing
/// of codes, and one that is off by more than a day nothing at all.
fn read_date(clock: &Clock, sent: Timestamp, answer: &HttpResponse, is_tls: bool) {
    let received = clock.uncorrected();
    if answer.headers().get("age").is_some() {
        return;
    }
    let Some(date) = answer.headers().get("date") else { return };
    let Ok(date) = DateTime::from_str(date, Format::HttpDate) else { return };
    let date = Timestamp::from_unix(date.secs());
    let least = date.seconds_since(received) - TOLERANCE_SECONDS;
    let most = date.seconds_since(sent) + 1 + TOLERANCE_SECONDS;
    let offset = date.seconds_since(received);
    let shown = if (least..=most).contains(&0) { 0 } else { offset };
    clock.show_offset(shown);
    if shown.abs() > MOST_SECONDS {
        return;
    }
    if !(least..=most).contains(&clock.offset_seconds()) {
        clock.correct_signatures(offset);
    }
    if is_tls && !(least..=most).contains(&clock.code_offset_seconds()) {
        clock.correct_codes(offset);
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;
    use crate::aws::testing::CA_CERTIFICATE;

    fn bundle(text: &str) -> Result<TrustStore, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bundle.pem");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&path, text).expect("written");
        trust_store(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "bundle.pem"))
    }

    #[test]
    fn a_bundle_that_would_make_the_sdk_panic_or_trust_nobody_is_an_error_that_names_it() {
        assert!(bundle(&format!("# our proxy\n{CA_CERTIFICATE}\n{CA_CERTIFICATE}")).is_ok());
        assert!(bundle(&CA_CERTIFICATE.replace('\n', "\r\n")).is_ok());
        let cut = &CA_CERTIFICATE[..CA_CERTIFICATE.len() / 2];
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            ("", "the CA bundle `bundle.pem` contains no usable root certificate"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "contains no usable root certificate"),
            (nonsense, "contains no usable root certificate"),
            (&format!("{CA_CERTIFICATE}\n{cut}"), "contains a damaged certificate on line"),
            (
                "-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n",
                "contains a damaged certificate on line 1",
            ),
        ] {
            let message = bundle(text).expect_err(text);
            assert!(message.contains(expected), "{message}");
        }
        let missing = trust_store(Path::new("/nowhere/bundle.pem")).expect_err("missing").to_string();
        assert!(missing.starts_with("the CA bundle `/nowhere/bundle.pem` cannot be read: "), "{missing}");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        let config = |value| {
            let env = Environment::from_pairs([("HTTPS_PROXY", value)]);
            Proxies::from_environment(&env).config(true).map(|config| config.is_disabled())
        };
        assert_eq!(config("").ok(), Some(true));
        for good in ["http://proxy:3128", "proxy:3128", "http://jane:fake-password@proxy:3128", "https://proxy"] {
            assert_eq!(config(good).ok(), Some(false), "{good}");
        }
        for bad in ["socks5://jane:fake-password@proxy", "http://", "http://jane:fake password@proxy"] {
            let message = config(bad).expect_err(bad).to_string();
            assert!(
                message.starts_with("`HTTPS_PROXY` is not a valid proxy address") && !message.contains("fake"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_lower_case_proxy_variable_wins_and_all_proxy_is_the_last_resort() {
        let env = Environment::from_pairs([("https_proxy", "a"), ("HTTPS_PROXY", "b"), ("ALL_PROXY", "c")]);
        let proxies = Proxies::from_environment(&env);
        assert_eq!(proxies.https, Some(("https_proxy", "a".to_owned())));
        assert_eq!(proxies.http, Some(("ALL_PROXY", "c".to_owned())));
        assert_eq!(format!("{proxies:?}"), "Proxies(****)");
    }

    /// (correction so far, seconds between sending and receiving, `Date` relative to receiving, cached, correction after)
    const DATES: [(i64, i64, i64, bool, i64); 9] = [
        (0, 0, 0, false, 0),
        (0, 0, 5, false, 0),
        (0, 0, -7, false, -7),
        (0, 0, 600, false, 600),
        (0, 0, 600, true, 0),
        // An answer that took 20 s may have been dated at any time of them.
        (0, 20, -20, false, 0),
        (0, 20, -40, false, -40),
        // A correction made before stays unless an answer contradicts it.
        (600, 0, 597, false, 600),
        (600, 0, 0, false, 0),
    ];

    #[test]
    fn the_clock_is_corrected_by_a_date_that_its_own_time_cannot_explain() {
        for (before, took, date, cached, after) in DATES {
            let clock = Clock::fixed(Timestamp::from_unix(1_700_000_000));
            clock.correct(before);
            let mut answer = HttpResponse::new(StatusCode::try_from(200).expect("a status"), SdkBody::empty());
            let date_text = DateTime::from_secs(1_700_000_000 + date).fmt(Format::HttpDate).expect("a date");
            answer.headers_mut().insert("date", date_text);
            if cached {
                answer.headers_mut().insert("age", "600");
            }
            read_date(&clock, Timestamp::from_unix(1_700_000_000 - took), &answer, true);
            assert_eq!(clock.offset_seconds(), after, "{before} {took} {date} {cached}");
            assert_eq!(clock.code_offset_seconds(), after, "{before} {took} {date} {cached}");
        }
    }

    #[test]
    fn a_date_moves_the_clock_by_a_day_at_most_and_codes_only_over_tls() {
        const DAY: i64 = 86_400;
        for (date, is_tls, signatures, codes) in [
            (600, true, 600, 600),
            (-600, false, -600, 0),
            (DAY, true, DAY, DAY),
            (DAY + 1, true, 0, 0),
            (-365 * DAY, true, 0, 0),
            (70 * 365 * DAY, false, 0, 0),
        ] {
            let clock = Clock::fixed(Timestamp::from_unix(1_700_000_000));
            let mut answer = HttpResponse::new(StatusCode::try_from(403).expect("a status"), SdkBody::empty());
            let text = DateTime::from_secs(1_700_000_000 + date).fmt(Format::HttpDate).expect("a date");
            answer.headers_mut().insert("date", text);
            read_date(&clock, clock.uncorrected(), &answer, is_tls);
            let offsets = (clock.offset_seconds(), clock.code_offset_seconds(), clock.shown_offset_seconds());
            assert_eq!(offsets, (signatures, codes, date), "{date} {is_tls}");
        }
    }

    #[test]
    fn the_host_of_an_endpoint_has_no_password() {
        for (uri, host) in [
            ("https://sts.amazonaws.com/?Action=x", Some("sts.amazonaws.com")),
            ("https://jane:fake-password@proxy:3128/x@y", Some("proxy:3128")),
            ("http://jane:fake@password@proxy", Some("proxy")),
            ("https://", None),
        ] {
            assert_eq!(host_of(uri).as_deref(), host, "{uri}");
        }
    }
}
