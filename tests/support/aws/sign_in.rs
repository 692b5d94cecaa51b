//! AWS Sign-In as `aws login` uses it: refresh tokens that work once, bound to a key that each renewal proves (RFC 9449).
//!
//! [`LoopbackAws::sign_in`] gives the file that the AWS CLI would have written; a new sign-in is in `authorize`.

use std::collections::{BTreeMap, BTreeSet};

use p256::SecretKey;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{Refusal, iso_date};
use super::authorize::{self, Browser, Granted};
use super::http::Request;
use super::machine::unbase64;
use super::sigv4::Authorization;
use super::world::{Origin, SecretKind, World};
use super::{LoopbackAws, RoleHandle, base64};

/// What the service knows of its sign-ins.
#[derive(Debug, Default)]
pub struct SignIns {
    /// By refresh token.
    grants: BTreeMap<String, Grant>,
    /// Who is signed in to the console in every browser, and what came of it.
    pub(super) browser: Browser,
    sessions: BTreeMap<String, ListedSession>,
    /// Every proof's `jti`.
    proofs: BTreeSet<String>,
}

/// What a refresh token is good for.
#[derive(Debug, Clone)]
struct Grant {
    client_id: String,
    /// The public key it is bound to, `x` and `y`.
    key: [String; 2],
    role: String,
    /// When the sign-in ends, whatever is renewed; milliseconds.
    ends: i64,
    /// What AWS calls it.
    session: String,
}

/// A sign-in as AWS lists it.
#[derive(Debug, Clone)]
struct ListedSession {
    role: String,
    client_id: String,
    issued: i64,
    is_active: bool,
}

/// How long its credentials last, seconds.
const LIFE: i64 = 900;

impl LoopbackAws {
    /// Somebody signs in with a role: what the AWS CLI puts into its file, with credentials of so many seconds.
    pub fn sign_in(&self, role: &RoleHandle, seconds: i64) -> Value {
        let mut world = self.shared.world();
        let number = world.number();
        let secret = SecretKey::from_slice(&Sha256::digest(format!("key {number}"))).expect("a number below the order");
        let point = secret.public_key().to_encoded_point(false);
        let coordinate = |bytes: Option<&p256::FieldBytes>| base64url(bytes.expect("an uncompressed point"));
        let key = [coordinate(point.x()), coordinate(point.y())];
        let client_id = "arn:aws:signin:::devtools/same-device".to_owned();
        let ends = world.now() + 12 * 3_600_000;
        let session = list(&mut world, &role.arn(), &client_id);
        let grant = Grant { client_id: client_id.clone(), key, role: role.arn(), ends, session };
        let refresh_token = grant_token(&mut world, grant);
        let pem = pem(&sec1(&secret.to_bytes(), point.as_bytes()));
        for line in pem.lines().filter(|line| !line.starts_with('-')) {
            world.keep_secret(SecretKind::LongTerm, line, "the key of a sign-in".to_owned());
        }
        let id_token = format!("FAKEid-token-{number:020}");
        world.keep_secret(SecretKind::SignIn, &id_token, "an id token".to_owned());
        let account = world.roles[&role.arn()].account.clone();
        let mut token = access_token(&mut world, &role.arn(), seconds);
        let expires = iso_date(world.now() + seconds * 1000);
        token["accountId"] = account.into();
        token["expiresAt"] = expires.into();
        json!({
            "accessToken": token, "tokenType": "aws_sigv4", "clientId": client_id, "refreshToken": refresh_token,
            "idToken": id_token, "dpopKey": pem, "ofALaterRelease": {"kept": [1, 2]},
        })
    }

    /// Another tool renews the sign-in of `file`: what it writes.
    pub fn renew_elsewhere(&self, file: &Value) -> Value {
        let mut world = self.shared.world();
        let token = file["refreshToken"].as_str().unwrap_or_default();
        let grant = world.sign_ins.grants.remove(token).expect("a token that is not spent");
        let role = grant.role.clone();
        let mut renewed = file.clone();
        let kept = ["accountId"].map(|name| file["accessToken"][name].clone());
        renewed["refreshToken"] = grant_token(&mut world, grant).into();
        renewed["accessToken"] = access_token(&mut world, &role, LIFE);
        let [account] = kept;
        renewed["accessToken"]["accountId"] = account;
        renewed["accessToken"]["expiresAt"] = iso_date(world.now() + LIFE * 1000).into();
        renewed
    }
}

fn list(world: &mut World, role: &str, client_id: &str) -> String {
    let (issued, number) = (world.now() / 1000, world.number());
    let arn = format!("arn:aws:signin:eu-central-1:111122223333:session/{number}");
    let session = ListedSession { role: role.to_owned(), client_id: client_id.to_owned(), issued, is_active: true };
    world.sign_ins.sessions.insert(arn.clone(), session);
    arn
}

/// ListSessions and BatchRevokeSessions, for the caller's own sessions, two to a page.
pub fn sessions(world: &mut World, request: &Request, action: &str) -> Result<Value, Refusal> {
    let denied = |why: &str| Refusal::new(403, "AccessDeniedException", why);
    let header = request.header("authorization").and_then(Authorization::parse).ok_or_else(|| denied("unsigned"))?;
    let session = world.sessions.get(&header.key_id).ok_or_else(|| denied("an unknown key"))?;
    let is_right = header.service == "signin"
        && session.expires > world.now()
        && request.header("x-amz-security-token") == Some(&session.token)
        && header.is_by(&session.secret, request, request.header("x-amz-date").unwrap_or_default());
    let Origin::Role { role, .. } = session.origin.clone() else { return Err(denied("no role")) };
    if !is_right {
        return Err(denied("the signature does not match"));
    }
    let invalid = || Refusal::new(400, "ValidationException", "the body is not right");
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| invalid())?;
    let sessions = &mut world.sign_ins.sessions;
    if action == "ListSessions" {
        let is_meant = |one: &ListedSession| {
            one.role == role && one.is_active && body["status"] == "ACTIVE" && body["clientId"] == *one.client_id
        };
        let items: Vec<Value> = sessions
            .iter()
            .filter(|(_, one)| is_meant(one))
            .map(|(arn, one)| json!({"sessionArn": arn, "issuedAt": one.issued, "clientId": one.client_id}))
            .collect();
        let from: usize = body["nextToken"].as_str().map_or(0, |token| token.parse().unwrap_or(0));
        let page: Vec<&Value> = items.iter().skip(from).take(2).collect();
        return Ok(match from + 2 < items.len() {
            true => json!({"items": page, "nextToken": (from + 2).to_string()}),
            false => json!({"items": page}),
        });
    }
    let arns = body["sessionArns"].as_array().filter(|arns| (1..=5).contains(&arns.len())).ok_or_else(invalid)?;
    let mut revoked = Vec::new();
    for arn in arns {
        let one =
            sessions.get_mut(arn.as_str().unwrap_or_default()).filter(|one| one.role == role).ok_or_else(invalid)?;
        one.is_active = false;
        revoked.push(json!({"sessionArn": arn}));
    }
    Ok(json!({"revokedSessions": revoked, "errors": []}))
}

fn grant_token(world: &mut World, grant: Grant) -> String {
    let token = format!("ASORFAKErefresh{:040}", world.number());
    world.keep_secret(SecretKind::SignIn, &token, "a refresh token".to_owned());
    world.sign_ins.grants.insert(token.clone(), grant);
    token
}

fn access_token(world: &mut World, role: &str, seconds: i64) -> Value {
    let account = world.roles[role].account.clone();
    let (session_name, transitive_tags) = ("signed-in".to_owned(), Vec::new());
    let origin = Origin::Role { role: role.to_owned(), session_name, source_identity: None, transitive_tags };
    let id = world.create_session(&account, seconds, origin);
    let session = &world.sessions[&id];
    json!({"accessKeyId": id, "secretAccessKey": session.secret, "sessionToken": session.token})
}

/// CreateOAuth2Token with a refresh token.
pub fn create_token(world: &mut World, request: &Request) -> Result<Value, Refusal> {
    let invalid = |message: &str| Refusal::oauth(400, "ValidationException", "INVALID_REQUEST", message);
    let json_type = request.header("content-type").is_some_and(|sort| sort.starts_with("application/json"));
    if !json_type || request.header("authorization").is_some() {
        return Err(invalid("the request is not an unsigned one of JSON"));
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| invalid("the body is not JSON"))?;
    let fields = match body["grantType"].as_str() {
        Some("refresh_token") => 3,
        Some("authorization_code") => 5,
        _ => 0,
    };
    if fields == 0 || body.as_object().is_none_or(|body| body.len() != fields) {
        return Err(invalid("the grant type is not supported"));
    }
    let key = prove(world, request).map_err(|problem| invalid(&format!("DPoP: {problem}")))?;
    if fields == 5 {
        let granted = authorize::exchange(world, &body)?;
        let Granted { client_id, arn, role } = granted;
        let ends = world.now() + 12 * 3_600_000;
        let session = list(world, &role, &client_id);
        let refresh_token = grant_token(world, Grant { client_id, key, role: role.clone(), ends, session });
        let access_token = access_token(world, &role, LIFE);
        return Ok(json!({
            "accessToken": access_token, "tokenType": "aws_sigv4", "expiresIn": LIFE, "refreshToken": refresh_token,
            "idToken": authorize::id_token(world, &arn),
        }));
    }
    let malformed = "The provided authorization grant is invalid, expired, revoked, or malformed";
    let token = body["refreshToken"].as_str().unwrap_or_default();
    let grant = world.sign_ins.grants.get(token).cloned();
    let grant = grant.filter(|grant| grant.key == key && body["clientId"] == *grant.client_id);
    let grant = grant.ok_or_else(|| invalid(malformed))?;
    if !world.sign_ins.sessions[&grant.session].is_active {
        return Err(invalid(malformed));
    }
    if grant.ends <= world.now() {
        return Err(Refusal::oauth(401, "AccessDeniedException", "TOKEN_EXPIRED", "the session has expired"));
    }
    world.sign_ins.grants.remove(token);
    let role = grant.role.clone();
    let refresh_token = grant_token(world, grant);
    let access_token = access_token(world, &role, LIFE);
    Ok(json!({
        "accessToken": access_token, "tokenType": "aws_sigv4", "expiresIn": LIFE, "refreshToken": refresh_token,
    }))
}

/// Checks the proof of a request: whose key it is signed with.
fn prove(world: &mut World, request: &Request) -> Result<[String; 2], String> {
    let proof = request.header("dpop").ok_or("there is no proof")?;
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err("it is not a JWT".to_owned()) };
    let part = |part: &str| unbase64(part).and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let (Some(head), Some(said)) = (part(header), part(claims)) else { return Err("it is not JSON".to_owned()) };
    let jwk = &head["jwk"];
    let is_right = head["typ"] == "dpop+jwt" && head["alg"] == "ES256" && jwk["kty"] == "EC" && jwk["crv"] == "P-256";
    if !is_right || jwk.as_object().is_none_or(|jwk| jwk.len() != 4) {
        return Err("its header is not the right one".to_owned());
    }
    let key = [&jwk["x"], &jwk["y"]].map(|part| part.as_str().unwrap_or_default().to_owned());
    let point = [vec![4], unbase64(&key[0]).unwrap_or_default(), unbase64(&key[1]).unwrap_or_default()].concat();
    let verifying = VerifyingKey::from_sec1_bytes(&point).map_err(|_| "its key is not a point of the curve")?;
    let signature = unbase64(signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signed = format!("{header}.{claims}");
    let is_signed = signature.is_some_and(|signature| verifying.verify(signed.as_bytes(), &signature).is_ok());
    let url = format!("http://{}{}", request.header("host").unwrap_or_default(), request.path);
    let (now, at) = (world.now() / 1000, said["iat"].as_i64().unwrap_or_default());
    let id = said["jti"].as_str().unwrap_or_default();
    match () {
        () if !is_signed => Err("it is not signed by its key".to_owned()),
        () if said["htm"] != "POST" || said["htu"] != *url => Err(format!("it is not for {url}")),
        () if (now - at).abs() > 300 => Err("it is not of now".to_owned()),
        () if id.len() != 36 || !world.sign_ins.proofs.insert(id.to_owned()) => Err("it was used before".to_owned()),
        () => Ok(key),
    }
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    base64(bytes).replace('+', "-").replace('/', "_").replace('=', "")
}

/// A P-256 key in the DER of SEC1, with the name of its curve and its public half.
fn sec1(secret: &[u8], point: &[u8]) -> Vec<u8> {
    let curve = [0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    [&[0x30, 0x77, 2, 1, 1, 4, 0x20], secret, &curve, &[0xa1, 0x44, 3, 0x42, 0], point].concat()
}

/// SEC1 as the AWS CLI writes it: 64 columns, and a line end at the end.
fn pem(der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n", lines.join("\n"))
}
