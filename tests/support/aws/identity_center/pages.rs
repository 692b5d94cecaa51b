//! What a browser is shown: `/authorize` with its question, and the page on which a device code is confirmed.

use super::super::answer::Refusal;
use super::super::fake;
use super::super::http::{Request, Response};
use super::super::params::Params;
use super::super::world::{SecretKind, World};
use super::oidc::redirect_without_port;
use super::{Authorization, Decision, Flow, html};

/// How `/authorize` is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// A page with two buttons.
    Asks,
    /// The same page, on which a script presses the button: a person at a browser that nobody sits at.
    Presses(bool),
    /// The browser is signed in, and has said yes before: it is sent on at once.
    SignedIn,
}

pub fn answer(world: &mut World, action: &str, request: &Request, params: &Params) -> Result<Response, Refusal> {
    match (action, request.method.as_str()) {
        ("authorize", _) => authorize(world, params),
        ("consent", _) => consent(world, params),
        (_, "POST") => decide_device(world, params),
        _ => device_page(world, params),
    }
}

/// A whole page around its inside.
pub fn page(inside: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Loopback Identity Center</title><body>{inside}</body></html>\n"
    )
}

fn bad_request(message: &str) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

fn authorize(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let given = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let (client_id, redirect_uri) = (given("client_id"), given("redirect_uri"));
    let unknown = || Refusal::new(401, "InvalidClientException", "Invalid client provided");
    let client = world.identity_center.clients.get(&client_id).filter(|client| client.flow == Flow::Code);
    let client = client.ok_or_else(unknown)?;
    let path = redirect_without_port(&redirect_uri);
    let is_registered = path.is_some() && client.redirect_uris.iter().any(|uri| redirect_without_port(uri) == path);
    if !is_registered {
        return Err(Refusal::new(400, "InvalidRedirectUriException", "Invalid redirect URI provided"));
    }
    // The AWS CLI writes `scopes`, RFC 6749 `scope`; both work.
    let scopes = params.get("scopes").or(params.get("scope")).unwrap_or_default();
    let problem = match () {
        () if given("response_type") != "code" => Some("unsupported_response_type"),
        () if given("code_challenge_method") != "S256" => Some("invalid_request"),
        // SHA-256 in base64 without padding.
        () if given("code_challenge").len() != 43 => Some("invalid_request"),
        () if given("state").is_empty() => Some("invalid_request"),
        () if client.has_scopes && scopes != "sso:account:access" => Some("invalid_scope"),
        () => None,
    };
    let (started, number) = (world.now(), world.number());
    let state = given("state");
    let challenge = given("code_challenge");
    let request = Authorization { client: client_id, redirect_uri, state, challenge, started, code: None };
    if let Some(problem) = problem {
        return Ok(redirect(&request, &format!("error={problem}&error_description=The+request+is+invalid")));
    }
    let id = format!("FAKErequest{number}");
    world.identity_center.authorizations.insert(id.clone(), request);
    let script = match world.identity_center.consent {
        Consent::SignedIn => return allow(world, &id),
        Consent::Asks => String::new(),
        Consent::Presses(allow) => press(if allow { "allow" } else { "deny" }),
    };
    Ok(html(
        200,
        &page(&format!(
            "<h1>Allow keyfob to access your data?</h1><form method=post action=/consent>\
         <input type=hidden name=request value={id}>\
         <button name=decision value=allow id=allow>Allow access</button>\
         <button name=decision value=deny id=deny>Deny</button></form>{script}"
        )),
    ))
}

fn press(button: &str) -> String {
    format!("<script>document.getElementById('{button}').click()</script>")
}

fn consent(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let id = params.get("request").unwrap_or_default().to_owned();
    match params.get("decision") {
        Some("allow") => allow(world, &id),
        _ => {
            let request = world.identity_center.authorizations.remove(&id);
            let request = request.ok_or_else(|| bad_request("unknown request"))?;
            Ok(redirect(&request, "error=access_denied&error_description=User+denied+access"))
        }
    }
}

/// Sends the browser back with a code.
fn allow(world: &mut World, id: &str) -> Result<Response, Refusal> {
    let number = world.number();
    let request = world.identity_center.authorizations.get_mut(id).filter(|request| request.code.is_none());
    let request = request.ok_or_else(|| bad_request("unknown request"))?;
    // No character of it means anything in a query.
    let code = format!("FAKEcode.{}", fake::secret(number).replace(['/', '+'], "_"));
    request.code = Some(code.clone());
    let answer = redirect(request, &format!("code={code}"));
    world.keep_secret(SecretKind::SignIn, &code, format!("authorization code {number}"));
    Ok(answer)
}

fn redirect(request: &Authorization, query: &str) -> Response {
    let state: String = request
        .state
        .bytes()
        .map(|byte| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect();
    let mut response = html(302, "");
    response.headers.push(("Location".to_owned(), format!("{}?{query}&state={state}", request.redirect_uri)));
    response
}

fn device_page(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let user_code = params.get("user_code").unwrap_or_default();
    let is_known = world.identity_center.devices.values().any(|device| device.user_code == user_code);
    if !is_known {
        return Ok(html(200, &page("<h1>Enter the code</h1><form><input name=user_code><button>Next</button></form>")));
    }
    let script = match world.identity_center.consent {
        Consent::Asks => String::new(),
        Consent::Presses(false) => press("deny"),
        Consent::Presses(true) | Consent::SignedIn => press("allow"),
    };
    Ok(html(
        200,
        &page(&format!(
            "<h1>Confirm {user_code} and allow access?</h1><form method=post action=/device>\
         <input type=hidden name=user_code value={user_code}>\
         <button name=decision value=allow id=allow>Confirm and continue</button>\
         <button name=decision value=deny id=deny>Deny</button></form>{script}"
        )),
    ))
}

fn decide_device(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let decision = if params.get("decision") == Some("allow") { Decision::Allowed } else { Decision::Denied };
    let is_done = decide(world, params.get("user_code").unwrap_or_default(), decision);
    is_done.then(|| html(200, &page("<h1>You can close this window</h1>"))).ok_or_else(|| bad_request("unknown code"))
}

/// Whether there is such a code, and nobody has decided before.
pub fn decide(world: &mut World, user_code: &str, decision: Decision) -> bool {
    let now = world.now();
    let mut devices = world.identity_center.devices.values_mut();
    let device = devices.find(|device| device.user_code == user_code && device.decision == Decision::Pending);
    device.filter(|device| now < device.expires).map(|device| device.decision = decision).is_some()
}
