//! The HTTP connection of a run: trusted certificates, the proxy, and what is read off every answer that passes.
//!
//! May use `sys::env` and `sys::clock`.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderMap, Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::aws::AwsError;
use crate::aws::connection::{BoxError, Connect, Transport};
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

/// What requests go out with: HTTP/1.1 with keep-alive, TLS by rustls, no other reading of the environment than the recipe's.
///
/// HTTP/2 is left out: each call waits for the one before, and AWS's services answer HTTP/1.1 (benches/README.md, "Size").
#[derive(Clone)]
pub(super) struct Connector {
    client: Client<Connect, String>,
    proxies: Option<Arc<Matcher>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// Makes it; connects to nothing yet.
    ///
    /// # Errors
    /// [`AwsError::Setup`] for a CA bundle or a proxy that cannot be used.
    pub(super) fn new(recipe: &Recipe<'_>) -> Result<Self, AwsError> {
        let proxies = recipe.proxies.matcher(recipe.https)?.map(Arc::new);
        let roots = match recipe.ca_bundle {
            // Nobody is asked for a certificate: all of the machine's would be read for nothing.
            _ if !recipe.https && !recipe.proxies.http_proxy_wants_tls() => RootCertStore::empty(),
            Some(path) => trust_store(path)?,
            None => machine_roots(),
        };
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| AwsError::Setup(format!("cannot set up TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connect = Connect::new(Transport::new(Arc::new(tls)), proxies.clone(), recipe.connect_timeout);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .build(connect);
        Ok(Connector { client, proxies })
    }

    /// Sends a request; what is captured tells later whether it had a connection to go out over.
    pub(super) fn send(
        &self,
        mut request: Request<String>,
    ) -> (CaptureConnection, impl Future<Output = Result<Response<Incoming>, BoxError>> + use<>) {
        // Over TLS the proxy is asked for a tunnel before, with its password; otherwise each request carries it.
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(request.uri()))
            && let Some(password) = proxy.basic_auth()
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password.clone());
        }
        let captured = capture_connection(&mut request);
        let answer = self.client.request(request);
        (captured, async { answer.await.map_err(BoxError::from) })
    }
}

/// The machine's own certificates: those that can be read, as every program does with them.
fn machine_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// The certificates of a bundle, and no others: as in every SDK a bundle replaces the machine's own.
///
/// One that is well formed but of no use to rustls (an X.509 v1 root) is passed over, as among the machine's own; damage is an
/// error.
fn trust_store(path: &Path) -> Result<RootCertStore, AwsError> {
    let bad = |problem: String| AwsError::Setup(format!("the CA bundle `{}` {problem}", path.display()));
    let text = files::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let text = String::from_utf8_lossy(&text);
    let mut roots = RootCertStore::empty();
    for (at, _) in text.match_indices("-----BEGIN CERTIFICATE-----") {
        let rest = &text[at..];
        let end =
            rest.find("-----END CERTIFICATE-----").map_or(rest.len(), |end| end + "-----END CERTIFICATE-----".len());
        let block = format!("{}\n", &rest[..end]);
        let certificate = CertificateDer::from_pem_slice(block.as_bytes()).map_err(|error| {
            let line = text[..at].matches('\n').count() + 1;
            bad(format!("contains a damaged certificate on line {line}: {error}"))
        })?;
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        return Err(bad("contains no usable root certificate (PEM, `-----BEGIN CERTIFICATE-----`)".to_owned()));
    }
    Ok(roots)
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

    /// None where no proxy is named.
    fn matcher(&self, https: bool) -> Result<Option<Matcher>, AwsError> {
        let Some((name, value)) = (if https { &self.https } else { &self.http }) else { return Ok(None) };
        let url = if value.contains("://") { value.clone() } else { format!("http://{value}") };
        let is_valid = url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        });
        if !is_valid {
            let expected = "expected `http://HOST:PORT`";
            return Err(AwsError::Setup(format!("`{name}` is not a valid proxy address; {expected}")));
        }
        let matcher = Matcher::builder().no(self.none.clone().unwrap_or_default());
        Ok(Some(if https { matcher.https(url) } else { matcher.http(url) }.build()))
    }
}

/// Reads a body to its end, or to its limit: whoever answers must not fill the memory.
pub(super) async fn read_body(mut body: Incoming, longest: usize) -> Result<Vec<u8>, BoxError> {
    let mut read = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // Trailers are no part of it.
        let Ok(piece) = frame?.into_data() else { continue };
        read.extend_from_slice(&piece);
        if read.len() > longest {
            return Err(format!("the response is longer than {} MiB", longest >> 20).into());
        }
    }
    Ok(read)
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
pub(super) fn read_date(clock: &Clock, sent: Timestamp, headers: &HeaderMap, is_tls: bool) {
    let received = clock.uncorrected();
    if headers.contains_key("age") {
        return;
    }
    let Some(date) = headers.get("date").and_then(|date| date.to_str().ok()) else { return };
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
    use http::HeaderValue;

    use super::*;
    use crate::aws::testing::CA_CERTIFICATE;

    fn bundle(text: &str) -> Result<RootCertStore, String> {
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
        let is_without = |value| {
            let env = Environment::from_pairs([("HTTPS_PROXY", value)]);
            Proxies::from_environment(&env).matcher(true).map(|matcher| matcher.is_none())
        };
        assert_eq!(is_without("").ok(), Some(true));
        for good in ["http://proxy:3128", "proxy:3128", "http://jane:fake-password@proxy:3128", "https://proxy"] {
            assert_eq!(is_without(good).ok(), Some(false), "{good}");
        }
        for bad in ["socks5://jane:fake-password@proxy", "http://", "http://jane:fake password@proxy"] {
            let message = is_without(bad).expect_err(bad).to_string();
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

    fn dated(unix: i64) -> HeaderMap {
        let date = DateTime::from_secs(unix).fmt(Format::HttpDate).expect("a date");
        HeaderMap::from_iter([(http::header::DATE, HeaderValue::try_from(date).expect("a header"))])
    }

    #[test]
    fn the_clock_is_corrected_by_a_date_that_its_own_time_cannot_explain() {
        for (before, took, date, cached, after) in DATES {
            let clock = Clock::fixed(Timestamp::from_unix(1_700_000_000));
            clock.correct(before);
            let mut headers = dated(1_700_000_000 + date);
            if cached {
                headers.insert("age", HeaderValue::from_static("600"));
            }
            read_date(&clock, Timestamp::from_unix(1_700_000_000 - took), &headers, true);
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
            read_date(&clock, clock.uncorrected(), &dated(1_700_000_000 + date), is_tls);
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
