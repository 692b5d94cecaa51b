//! The console's sign-in endpoint, as strict as it is known to be: tokens by POST, for roles and federated users, with a duration only
//! where the session was made with a key or a web identity token; each token for 15 minutes.

use serde_json::{Value, json};

use super::faults::{self, Fault};
use super::http::{Request, Response};
use super::params::Params;
use super::world::{Origin, SecretKind, World};

fn reply(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// Answers what is asked of it; none of anything else.
pub fn answer(world: &mut World, request: &Request) -> Option<(&'static str, Response)> {
    if request.path != "/federation" {
        return None;
    }
    let params = Params::parse(if request.method == "POST" { &request.body } else { request.query.as_bytes() });
    Some(match (request.method.as_str(), params.get("Action")) {
        ("POST", Some("getSigninToken")) => ("getSigninToken", token(world, &params)),
        ("GET", Some("login")) => ("login", login(world, &params)),
        // AWS takes a GET too; nothing of keyfob's may send one, since it would hold the credentials.
        _ => ("federation", reply(400, "")),
    })
}

fn token(world: &mut World, params: &Params) -> Response {
    let refused = || reply(400, "Invalid credentials parameter: it is syntactically incorrect");
    if let Some(Fault::Refuse { status, message, .. }) = faults::take(&mut world.faults, "getSigninToken") {
        return reply(status, message);
    }
    let session: Value = serde_json::from_str(params.get("Session").unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| session[name].as_str().unwrap_or_default().to_owned();
    let Some(found) = world.sessions.get(&text("sessionId")) else { return refused() };
    let is_right =
        found.secret == text("sessionKey") && found.token == text("sessionToken") && found.expires > world.now();
    let may_be_longer = found.is_first_hop && found.scoped == 0;
    let duration = params.get("SessionDuration").map(str::parse::<i64>);
    match (&found.origin, duration) {
        _ if !is_right => refused(),
        (Origin::User { .. }, _) => {
            reply(400, "Only federation tokens or assume role tokens may be used for federated login.")
        }
        (_, Some(Ok(900..=43_200))) if may_be_longer => made(world),
        (_, Some(_)) => refused(),
        (_, None) => made(world),
    }
}

fn made(world: &mut World) -> Response {
    let token = format!("FAKEsignin{:050}", world.number());
    world.keep_secret(SecretKind::Session, &token, "a sign-in token".to_owned());
    let until = world.now() + 900_000;
    world.sign_in_tokens.insert(token.clone(), until);
    reply(200, &json!({"SigninToken": token}).to_string())
}

fn login(world: &World, params: &Params) -> Response {
    let until = world.sign_in_tokens.get(params.get("SigninToken").unwrap_or_default());
    match (until.is_some_and(|until| *until > world.now()), params.get("Destination"), params.get("Issuer")) {
        (true, Some(page), Some(_)) => {
            Response { status: 302, headers: vec![("Location".to_owned(), page.to_owned())], body: Vec::new() }
        }
        _ => reply(400, "The token is not valid"),
    }
}
