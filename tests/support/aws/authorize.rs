//! AWS Sign-In's page, for a browser that is signed in to the console, and the codes it gives: by a redirect to this machine, or
//! on a page for another device (AWS CLI 2, `login/utils.py`). Each code works once, for its client, its redirect and its verifier.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Refusal;
use super::http::{Request, Response};
use super::params::Params;
use super::sign_in::base64url;
use super::world::{SecretKind, World};
use super::{LoopbackAws, RoleHandle, base64, fake};

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// A browser, and the codes it has been given.
#[derive(Debug, Default)]
pub struct Browser {
    /// The ARN it is signed in as, and the role whose rights that has; nobody says no.
    person: Option<(String, String)>,
    codes: BTreeMap<String, Code>,
    /// What the page of the other device showed last.
    shown: Option<String>,
}

#[derive(Debug)]
struct Code {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    granted: Granted,
}

/// What a code is good for.
#[derive(Debug, Clone)]
pub struct Granted {
    pub client_id: String,
    pub arn: String,
    pub role: String,
}

impl LoopbackAws {
    /// From now on every browser is signed in to the console as `arn`, with the rights of `role`.
    pub fn console_is(&self, arn: &str, role: &RoleHandle) {
        self.shared.world().sign_ins.browser.person = Some((arn.to_owned(), role.arn()));
    }

    /// From now on whoever is at a browser declines.
    pub fn console_declines(&self) {
        self.shared.world().sign_ins.browser.person = None;
    }

    /// What the page of another device shows for this URL.
    ///
    /// # Panics
    /// Where it refuses it.
    pub fn code_shown_for(&self, url: &str) -> String {
        let (host, path) = url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("a URL");
        let (path, query) = path.split_once('?').expect("a query");
        let headers = vec![("host".to_owned(), host.to_owned())];
        let (path, query) = (format!("/{path}"), query.to_owned());
        let request = Request { method: "GET".to_owned(), path, query, headers, body: Vec::new() };
        let mut world = self.shared.world();
        let (_, response) = answer(&mut world, &request).expect("the page of AWS Sign-In");
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
        world.sign_ins.browser.shown.take().expect("it shows a code")
    }
}

/// Answers what a browser asks AWS Sign-In; none of anything else.
pub fn answer(world: &mut World, request: &Request) -> Option<(&'static str, Response)> {
    let is_page = request.method == "GET" && request.path == "/v1/authorize";
    is_page.then(|| ("authorize", authorize(world, request).unwrap_or_else(|problem| page(400, problem))))
}

fn page(status: u16, text: &str) -> Response {
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    Response { status, headers, body: format!("<!doctype html><p>{text}\n").into_bytes() }
}

fn authorize(world: &mut World, request: &Request) -> Result<Response, &'static str> {
    let params = Params::parse(request.query.as_bytes());
    let given = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let (client_id, redirect_uri, state) = (given("client_id"), given("redirect_uri"), given("state"));
    let port = redirect_uri.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/oauth/callback"));
    let host = request.header("host").unwrap_or_default();
    let is_right = match client_id.as_str() {
        SAME_DEVICE => port.is_some_and(|port| port.parse::<u16>().is_ok()),
        CROSS_DEVICE => redirect_uri == format!("http://{host}/v1/sessions/confirmation"),
        _ => return Err("unknown client"),
    };
    match () {
        () if !is_right => return Err("not a redirect of this client"),
        () if given("response_type") != "code" => return Err("response_type"),
        () if given("code_challenge_method") != "SHA-256" => return Err("code_challenge_method"),
        () if given("code_challenge").len() != 43 => return Err("code_challenge"),
        () if given("scope") != "openid" => return Err("scope"),
        () if state.is_empty() => return Err("state"),
        () => {}
    }
    let Some((arn, role)) = world.sign_ins.browser.person.clone() else {
        return Ok(redirect(
            &redirect_uri,
            &format!("error=access_denied&error_description=They+said+no&state={state}"),
        ));
    };
    let number = world.number();
    // No character of it means anything in a query.
    let code = format!("FAKEcode.{}", fake::secret(number).replace(['/', '+'], "_"));
    world.keep_secret(SecretKind::SignIn, &code, format!("authorization code {number}"));
    let granted = Granted { client_id: client_id.clone(), arn, role };
    let kept = Code {
        client_id: client_id.clone(),
        redirect_uri: redirect_uri.clone(),
        challenge: given("code_challenge"),
        granted,
    };
    world.sign_ins.browser.codes.insert(code.clone(), kept);
    if client_id == SAME_DEVICE {
        return Ok(redirect(&redirect_uri, &format!("code={code}&state={state}")));
    }
    let shown = base64(format!("state={state}&code={code}").as_bytes());
    world.keep_secret(SecretKind::SignIn, &shown, format!("authorization code {number}, as it is shown"));
    world.sign_ins.browser.shown = Some(shown.clone());
    Ok(page(200, &format!("Your code: <code>{shown}</code>")))
}

fn redirect(uri: &str, query: &str) -> Response {
    let mut response = page(302, "");
    response.headers.push(("Location".to_owned(), format!("{uri}?{query}")));
    response
}

/// What the code in the body of CreateOAuth2Token is good for. It is spent, right or wrong.
pub fn exchange(world: &mut World, body: &Value) -> Result<Granted, Refusal> {
    let invalid = || {
        let text = "The provided authorization grant is invalid, expired, revoked, or malformed";
        Refusal::oauth(400, "ValidationException", "INVALID_REQUEST", text)
    };
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let code = world.sign_ins.browser.codes.remove(text("code")).ok_or_else(invalid)?;
    let verifier = text("codeVerifier");
    world.keep_secret(SecretKind::SignIn, verifier, "a code verifier".to_owned());
    let is_verifier = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let is_right = is_verifier
        && base64url(&Sha256::digest(verifier)) == code.challenge
        && text("clientId") == code.client_id
        && text("redirectUri") == code.redirect_uri;
    is_right.then_some(code.granted).ok_or_else(invalid)
}

/// A token that says who is signed in.
pub fn id_token(world: &mut World, arn: &str) -> String {
    let now = world.now() / 1000;
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    let claims = json!({"iss": "https://signin.aws.amazon.com", "sub": arn, "iat": now, "exp": now + 900});
    let number = world.number();
    let signature = base64url(fake::secret(number).as_bytes());
    let token = format!("{}.{}.{signature}", part(&json!({"alg": "ES384", "typ": "JWT"})), part(&claims));
    world.keep_secret(SecretKind::SignIn, &signature, format!("id token {number}"));
    token
}
