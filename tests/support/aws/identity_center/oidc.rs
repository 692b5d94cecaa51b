//! RegisterClient, StartDeviceAuthorization and CreateToken.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::answer::Refusal;
use super::super::http::Response;
use super::super::params::Params;
use super::super::world::{SecretKind, World};
use super::super::{base64, fake};
use super::{AccessToken, Client, Decision, Device, Flow, LEGACY_TOKEN_MS, RefreshToken, json_answer};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Ninety days.
const REGISTRATION_MS: i64 = 90 * 86_400_000;
const DEVICE_CODE_MS: i64 = 600_000;
/// RFC 6749, 4.1.2: at most ten minutes.
const CODE_MS: i64 = 600_000;

pub fn answer(world: &mut World, action: &str, params: &Params) -> Result<Response, Refusal> {
    match action {
        "RegisterClient" => register(world, params),
        "StartDeviceAuthorization" => start_device(world, params),
        _ => create_token(world, params),
    }
}

fn invalid_request(message: &str) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

fn invalid_grant() -> Refusal {
    Refusal::new(400, "InvalidGrantException", "Invalid grant provided")
}

fn wanted<'p>(params: &'p Params, name: &str) -> Result<&'p str, Refusal> {
    let value = params.get(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| invalid_request(&format!("{name} is required")))
}

/// Start URLs are written with and without `/`, `#` and `#/` at their end.
pub fn same_start_url(one: &str, other: &str) -> bool {
    let trimmed = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
    trimmed(one) == trimmed(other)
}

/// `http://127.0.0.1:PORT/PATH` without its port: RFC 8252, 7.3. Any other host is refused (aws/aws-cli#9148).
pub fn redirect_without_port(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("http://127.0.0.1")?;
    let path = match rest.strip_prefix(':') {
        Some(rest) => rest.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    (path.is_empty() || path.starts_with('/')).then(|| path.to_owned())
}

fn register(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    wanted(params, "clientName")?;
    if wanted(params, "clientType")? != "public" {
        return Err(Refusal::new(400, "InvalidClientMetadataException", "clientType must be public"));
    }
    let words = |name: &str| -> Vec<String> {
        params.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let (grants, redirect_uris) = (words("grantTypes"), words("redirectUris"));
    let known = ["authorization_code", "refresh_token", DEVICE_GRANT];
    if !grants.iter().all(|grant| known.contains(&grant.as_str())) {
        return Err(Refusal::new(400, "UnsupportedGrantTypeException", "Unsupported grant type provided"));
    }
    let has = |grant: &str| grants.iter().any(|have| have == grant);
    let flow = match (has("authorization_code"), has(DEVICE_GRANT)) {
        (true, true) => {
            return Err(Refusal::new(400, "InvalidClientMetadataException", "Invalid client metadata provided"));
        }
        (true, false) => Flow::Code,
        // Without grant types: as before there was a choice.
        (false, _) => Flow::Device,
    };
    if flow == Flow::Code {
        if redirect_uris.is_empty() || !redirect_uris.iter().all(|uri| redirect_without_port(uri).is_some()) {
            return Err(Refusal::new(400, "InvalidRedirectUriException", "Invalid redirect URI provided"));
        }
        if !same_start_url(wanted(params, "issuerUrl")?, &world.identity_center.start_url) {
            return Err(invalid_request("Invalid issuer URL provided"));
        }
    }
    let scopes = words("scopes");
    if scopes.iter().any(|scope| scope != "sso:account:access") {
        return Err(Refusal::new(400, "InvalidScopeException", "Invalid scope provided"));
    }
    let number = world.number();
    let (now, id) = (world.now(), format!("FAKEclient{number:012}"));
    let secret = format!("FAKEclientsecret.{}", fake::secret(number));
    world.keep_secret(SecretKind::SignIn, &secret, format!("client secret of {id}"));
    let client = Client {
        secret: secret.clone(),
        expires: now + REGISTRATION_MS,
        flow,
        has_scopes: !scopes.is_empty(),
        may_refresh: grants.is_empty() || has("refresh_token"),
        redirect_uris,
    };
    world.identity_center.clients.insert(id.clone(), client);
    Ok(json_answer(
        200,
        &json!({
            "clientId": id,
            "clientSecret": secret,
            "clientIdIssuedAt": now / 1000,
            "clientSecretExpiresAt": (now + REGISTRATION_MS) / 1000,
            "authorizationEndpoint": null,
            "tokenEndpoint": null,
        }),
    ))
}

/// The client, if it is registered, for this flow, and shows its secret.
fn client(world: &World, params: &Params) -> Result<Client, Refusal> {
    let id = wanted(params, "clientId")?;
    let invalid = || Refusal::new(401, "InvalidClientException", "Invalid client provided");
    let client = world.identity_center.clients.get(id).ok_or_else(invalid)?;
    if client.secret != wanted(params, "clientSecret")? || client.expires <= world.now() {
        return Err(invalid());
    }
    Ok(client.clone())
}

fn start_device(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let client = client(world, params)?;
    if !same_start_url(wanted(params, "startUrl")?, &world.identity_center.start_url) {
        return Err(invalid_request("Invalid start URL provided"));
    }
    if client.flow != Flow::Device {
        return Err(unauthorized_client());
    }
    let number = world.number();
    let now = world.now();
    let device_code = format!("FAKEdevicecode.{}", fake::secret(number));
    world.keep_secret(SecretKind::SignIn, &device_code, format!("device code {number}"));
    // Two groups of four letters: what a person types.
    let letters = fake::unique_id("", &format!("device{number}"));
    let user_code = format!("{}-{}", &letters[4..8], &letters[8..12]);
    let interval = world.identity_center.device_interval;
    let device = Device {
        client: wanted(params, "clientId")?.to_owned(),
        user_code: user_code.clone(),
        expires: now + DEVICE_CODE_MS,
        decision: Decision::Pending,
        polled: None,
        interval_ms: interval * 1000,
    };
    world.identity_center.devices.insert(device_code.clone(), device);
    let page = format!("{}/device", world.url);
    Ok(json_answer(
        200,
        &json!({
            "deviceCode": device_code,
            "userCode": user_code,
            "verificationUri": page,
            "verificationUriComplete": format!("{page}?user_code={user_code}"),
            "expiresIn": DEVICE_CODE_MS / 1000,
            "interval": interval,
        }),
    ))
}

fn unauthorized_client() -> Refusal {
    Refusal::new(400, "UnauthorizedClientException", "Client is not authorized for this grant type")
}

fn create_token(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let client = client(world, params)?;
    let grant = wanted(params, "grantType")?;
    match (grant, client.flow) {
        ("authorization_code", Flow::Code) => {
            let (code, verifier) = (wanted(params, "code")?, wanted(params, "codeVerifier")?);
            redeem_code(world, params, code, verifier)?;
        }
        (DEVICE_GRANT, Flow::Device) => redeem_device_code(world, params, wanted(params, "deviceCode")?)?,
        ("refresh_token", _) if client.may_refresh && client.has_scopes => {
            let token = wanted(params, "refreshToken")?;
            let center = &mut world.identity_center;
            let session = center.portal_session;
            let known = center.refresh_tokens.get_mut(token).filter(|known| {
                Some(known.client.as_str()) == params.get("clientId")
                    && known.portal_session == session
                    && !known.is_spent
            });
            known.ok_or_else(invalid_grant)?.is_spent = true;
        }
        ("authorization_code" | DEVICE_GRANT | "refresh_token", _) => return Err(unauthorized_client()),
        _ => return Err(Refusal::new(400, "UnsupportedGrantTypeException", "Unsupported grant type provided")),
    }
    Ok(tokens(world, &client, params.get("clientId").unwrap_or_default()))
}

fn redeem_code(world: &mut World, params: &Params, code: &str, verifier: &str) -> Result<(), Refusal> {
    let now = world.now();
    let center = &mut world.identity_center;
    let found = center.authorizations.iter().find(|(_, request)| request.code.as_deref() == Some(code));
    let (id, request) = found.map(|(id, request)| (id.clone(), request.clone())).ok_or_else(invalid_grant)?;
    // Right or wrong, a code is shown once.
    center.authorizations.remove(&id);
    let characters = verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !(43..=128).contains(&verifier.len()) || !characters {
        return Err(invalid_request("Invalid code verifier provided"));
    }
    let challenge = base64(&Sha256::digest(verifier)).replace('+', "-").replace('/', "_").replace('=', "");
    let is_right = request.challenge == challenge
        && params.get("redirectUri") == Some(request.redirect_uri.as_str())
        && params.get("clientId") == Some(request.client.as_str())
        && now < request.started + CODE_MS;
    is_right.then_some(()).ok_or_else(invalid_grant)
}

fn redeem_device_code(world: &mut World, params: &Params, code: &str) -> Result<(), Refusal> {
    let now = world.now();
    let device = world.identity_center.devices.get_mut(code).ok_or_else(invalid_grant)?;
    if params.get("clientId") != Some(device.client.as_str()) || device.decision == Decision::Spent {
        return Err(invalid_grant());
    }
    if now >= device.expires {
        return Err(Refusal::new(400, "ExpiredTokenException", "Device code has expired"));
    }
    let last = device.polled.replace(now);
    // RFC 8628, 3.5: five seconds more from now on. A tenth of a second is the network's.
    if last.is_some_and(|last| now - last < device.interval_ms - 100) {
        device.interval_ms += 5000;
        return Err(Refusal::new(400, "SlowDownException", "Slow down"));
    }
    match device.decision {
        Decision::Pending => Err(Refusal::new(400, "AuthorizationPendingException", "Authorization pending")),
        Decision::Denied => Err(Refusal::new(400, "AccessDeniedException", "Access denied")),
        Decision::Allowed | Decision::Spent => {
            device.decision = Decision::Spent;
            Ok(())
        }
    }
}

/// A new access token, and a refresh token where the client asked for scopes.
fn tokens(world: &mut World, client: &Client, client_id: &str) -> Response {
    let number = world.number();
    let (now, portal_session) = (world.now(), world.identity_center.portal_session);
    let lifetime = if client.has_scopes { world.identity_center.access_token_ms } else { LEGACY_TOKEN_MS };
    // As long as real ones are, more or less.
    let access = format!("aoaAAAAAG{}", fake::token(number, Some(800)));
    world.keep_secret(SecretKind::AccessToken, &access, format!("access token {number}"));
    world.identity_center.access_tokens.insert(access.clone(), AccessToken { expires: now + lifetime, portal_session });
    let mut body = json!({"accessToken": access, "tokenType": "Bearer", "expiresIn": lifetime / 1000});
    if client.has_scopes && client.may_refresh {
        let refresh = format!("aorAAAAAG{}", fake::token(number + 1_000_000, Some(800)));
        world.keep_secret(SecretKind::SignIn, &refresh, format!("refresh token {number}"));
        let token = RefreshToken { client: client_id.to_owned(), portal_session, is_spent: false };
        world.identity_center.refresh_tokens.insert(refresh.clone(), token);
        body["refreshToken"] = json!(refresh);
    }
    json_answer(200, &body)
}

#[test]
fn only_the_loopback_address_may_be_redirected_to() {
    assert_eq!(redirect_without_port("http://127.0.0.1:8400/oauth/callback").as_deref(), Some("/oauth/callback"));
    assert_eq!(redirect_without_port("http://127.0.0.1").as_deref(), Some(""));
    for refused in ["http://localhost/", "https://127.0.0.1/", "http://127.0.0.1.evil.test/", "http://127.0.0.1:x"] {
        assert_eq!(redirect_without_port(refused), None, "{refused}");
    }
    assert!(same_start_url("https://corp.awsapps.com/start", "https://corp.awsapps.com/start/#/"));
}
