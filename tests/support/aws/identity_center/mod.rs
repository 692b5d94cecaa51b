//! A loopback IAM Identity Center: the OIDC service, `/authorize` with a page that asks for consent, and the access portal, as
//! strict as AWS is known to be.
//!
//! It is on the same address as STS, which takes the credentials it gives out. Sources: the service models of `sso-oidc` and
//! `sso` (botocore 1.44), the IAM Identity Center OIDC and Portal API references, RFC 6749, 7636 and 8628, and issues of the AWS
//! CLI, where a rule is not documented. Where AWS's words are not known, ours have its code and status.
//!
//! ```ignore
//! let center = aws.identity_center("https://corp.awsapps.com/start");
//! center.account("000000000042", "Payments – Prod").assign("000000000042", "AdministratorAccess");
//! center.signed_in();                                  // `/authorize` redirects at once
//! center.approve(&center.user_code());                 // or `deny`: the device code last shown
//! center.end_portal_sessions();                        // refresh tokens are refused from now on
//! aws.fault("CreateToken", Fault::DropAnswer);
//! assert_eq!(center.grants("refresh_token"), 1);
//! ```
//!
//! Deliberately absent: several instances, several people, encryption keys of an instance's own (a `Fault::Refuse` stands for
//! them), vanity addresses, `GET /start`.

mod handle;
mod oidc;
mod pages;
mod portal;

use std::collections::BTreeMap;
use std::thread;

use serde_json::json;

use super::answer::Refusal;
use super::faults::{self, Fault};
use super::http::{Delivery, Request, Response};
use super::log::Logged;
use super::params::Params;
use super::{Shared, fake};
pub use handle::IdentityCenterHandle;

/// What an access token lives, where the client was registered with scopes.
const ACCESS_TOKEN_MS: i64 = 3_600_000;
/// What one lives that was registered without: as long as the portal session, at most.
const LEGACY_TOKEN_MS: i64 = 28_800_000;

/// Everything the instance knows. Times are milliseconds of Unix time.
#[derive(Debug)]
pub struct IdentityCenter {
    /// Empty: there is none, and every request is refused.
    start_url: String,
    accounts: Vec<Account>,
    clients: BTreeMap<String, Client>,
    authorizations: BTreeMap<String, Authorization>,
    devices: BTreeMap<String, Device>,
    access_tokens: BTreeMap<String, AccessToken>,
    refresh_tokens: BTreeMap<String, RefreshToken>,
    /// The current portal session; those before it have ended.
    portal_session: u64,
    consent: pages::Consent,
    access_token_ms: i64,
    device_interval: i64,
    page_size: usize,
    /// When each call of the portal came.
    portal_calls: Vec<i64>,
    calls_a_second: usize,
}

impl Default for IdentityCenter {
    fn default() -> Self {
        IdentityCenter {
            start_url: String::new(),
            accounts: Vec::new(),
            clients: BTreeMap::new(),
            authorizations: BTreeMap::new(),
            devices: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            portal_session: 1,
            consent: pages::Consent::Asks,
            access_token_ms: ACCESS_TOKEN_MS,
            device_interval: 1,
            page_size: 20,
            portal_calls: Vec::new(),
            calls_a_second: 20,
        }
    }
}

/// A member account, and the permission sets of it that are assigned to the one person there is.
#[derive(Debug, Clone)]
struct Account {
    id: String,
    name: String,
    email: String,
    permission_sets: Vec<String>,
}

/// What a client is registered for; the two must not be mixed (synfinatic/aws-sso-cli#1359).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Code,
    Device,
}

#[derive(Debug, Clone)]
struct Client {
    secret: String,
    expires: i64,
    flow: Flow,
    /// Without any the client gets a legacy token.
    has_scopes: bool,
    may_refresh: bool,
    redirect_uris: Vec<String>,
}

/// A request for consent, and the code it led to.
#[derive(Debug, Clone)]
struct Authorization {
    client: String,
    redirect_uri: String,
    state: String,
    challenge: String,
    started: i64,
    code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Pending,
    Allowed,
    Denied,
    /// A token was given for it.
    Spent,
}

#[derive(Debug, Clone)]
struct Device {
    client: String,
    user_code: String,
    expires: i64,
    decision: Decision,
    polled: Option<i64>,
    interval_ms: i64,
}

#[derive(Debug, Clone)]
struct AccessToken {
    expires: i64,
    portal_session: u64,
}

#[derive(Debug, Clone)]
struct RefreshToken {
    client: String,
    portal_session: u64,
    is_spent: bool,
}

/// Which call a request is, if it is one of these services.
pub fn action(request: &Request) -> Option<&'static str> {
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/client/register") => "RegisterClient",
        ("POST", "/device_authorization") => "StartDeviceAuthorization",
        ("POST", "/token") => "CreateToken",
        ("GET", "/authorize") => "authorize",
        ("POST", "/consent") => "consent",
        ("GET" | "POST", "/device") => "device",
        ("GET", "/federation/credentials") => "GetRoleCredentials",
        ("GET", "/assignment/accounts") => "ListAccounts",
        ("GET", "/assignment/roles") => "ListAccountRoles",
        ("POST", "/logout") => "Logout",
        _ => return None,
    })
}

/// Answers one of these calls, faults and all, and logs it.
pub fn handle(shared: &Shared, connection: u64, action: &'static str, request: &Request) -> (Response, Delivery) {
    let params = match (request.method.as_str(), action) {
        ("POST", "consent" | "device") => Params::parse(&request.body),
        ("POST", _) => Params::of_json(&request.body),
        _ => Params::parse(request.query.as_bytes()),
    };
    let mut world = shared.world();
    let fault = faults::take(&mut world.faults, action);
    let result = match fault.as_ref().and_then(refused_unread) {
        Some(refusal) => Err(refusal),
        None => match action {
            "RegisterClient" | "StartDeviceAuthorization" | "CreateToken" => oidc::answer(&mut world, action, &params),
            "authorize" | "consent" | "device" => pages::answer(&mut world, action, request, &params),
            _ => portal::answer(&mut world, action, request, &params),
        },
    };
    let result = match fault {
        Some(Fault::FailAfterwards) => Err(internal()),
        _ => result,
    };
    let delivery = match fault {
        Some(Fault::DropRequest | Fault::DropAnswer) => Delivery::Nothing,
        Some(Fault::HalfAnswer) => Delivery::Half,
        _ => Delivery::Whole,
    };
    world.log.push(Logged {
        connection,
        service: None,
        action: action.to_owned(),
        params,
        key_id: None,
        caller_arn: None,
        region: None,
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        outcome: match (&fault, &result) {
            (Some(Fault::DropRequest), _) => None,
            (_, Ok(response)) => Some(response.status.to_string()),
            (_, Err(refusal)) => Some(refusal.code.clone()),
        },
        answered: delivery == Delivery::Whole,
    });
    let request_id = fake::request_id(world.number());
    drop(world);
    let mut response = result.unwrap_or_else(|refusal| refused(action, &refusal));
    response.headers.push(("x-amzn-RequestId".to_owned(), request_id));
    match fault {
        Some(Fault::Slow(delay)) => thread::sleep(delay),
        Some(Fault::Garbage) => response.body = b"<html>no answer of AWS's</html \xff".to_vec(),
        Some(Fault::Rewritten(rewrite)) => response.body = rewrite.of(&response.body),
        _ => {}
    }
    (response, delivery)
}

fn refused_unread(fault: &Fault) -> Option<Refusal> {
    match fault {
        Fault::Throttle => Some(Refusal::new(429, "TooManyRequestsException", "HTTP 429 Unknown code")),
        // Nobody reads the answer to a request that is dropped; it is only where one has to be.
        Fault::InternalFailure | Fault::DropRequest => Some(internal()),
        Fault::Unavailable => Some(Refusal::new(503, "ServiceUnavailableException", "Service unavailable")),
        Fault::Refuse { status, code, message } => Some(Refusal::new(*status, code, *message)),
        Fault::Slow(_)
        | Fault::DropAnswer
        | Fault::FailAfterwards
        | Fault::HalfAnswer
        | Fault::Garbage
        | Fault::Rewritten(_) => None,
    }
}

fn internal() -> Refusal {
    Refusal::new(500, "InternalServerException", "Unexpected server error")
}

/// A refusal as each of the three puts it. `AccessDeniedException/KMS_DisabledException` has the `reason` behind the slash.
fn refused(action: &str, refusal: &Refusal) -> Response {
    let (code, reason) = refusal.code.split_once('/').unwrap_or((&refusal.code, ""));
    let body = match action {
        "authorize" | "consent" | "device" => {
            let page = pages::page(&format!("<h1>{}</h1><p>{code}</p>", refusal.message));
            return html(refusal.status, &page);
        }
        "RegisterClient" | "StartDeviceAuthorization" | "CreateToken" => {
            let mut body = json!({"error": error_word(code), "error_description": refusal.message});
            if !reason.is_empty() {
                body["reason"] = json!(reason);
            }
            body
        }
        // The portal's own text of a 429 is no JSON at times; the status is what counts.
        _ => json!({"message": refusal.message, "__type": format!("com.amazonaws.switchboard.portal#{code}")}),
    };
    let mut response = json_answer(refusal.status, &body);
    let kind = format!("{code}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/");
    response.headers.push(("x-amzn-ErrorType".to_owned(), kind));
    response
}

/// `invalid_grant` for `InvalidGrantException`.
fn error_word(code: &str) -> String {
    let name = code.trim_end_matches("Exception");
    if name == "InternalServer" {
        return "server_error".to_owned();
    }
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

fn json_answer(status: u16, body: &serde_json::Value) -> Response {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Response { status, headers, body: body.to_string().into_bytes() }
}

fn html(status: u16, page: &str) -> Response {
    let headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
    Response { status, headers, body: page.as_bytes().to_vec() }
}

#[test]
fn errors_have_the_words_of_oauth() {
    assert_eq!(error_word("InvalidGrantException"), "invalid_grant");
    assert_eq!(error_word("SlowDownException"), "slow_down");
    assert_eq!(error_word("InternalServerException"), "server_error");
}
