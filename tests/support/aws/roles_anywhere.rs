//! IAM Roles Anywhere: CreateSession, as strict as AWS: the signature, the certificate it belongs to, its serial number, the
//! time, the region, the query and the body. Written against the user guide, and verified by ring.

use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{Refusal, iso_date, parse_amz_date};
use super::http::Request;
use super::params::decode;
use super::world::{Origin, World};
use super::{LoopbackAws, RoleHandle, base64};

/// What Roles Anywhere knows.
#[derive(Debug, Default)]
pub struct RolesAnywhere {
    /// The certificates that the trust anchor's authority has issued, in DER; each with those that must come along.
    issued: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
}

/// The trust anchor and the profile of the tests.
pub const TRUST_ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/3d1e7a06-0000-4000-8000-000000000001";
pub const PROFILE: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/3d1e7a06-0000-4000-8000-000000000002";

impl LoopbackAws {
    /// The trust anchor's authority has issued this certificate; `chain` has to come along.
    pub fn issue(&self, certificate: &[u8], chain: &[Vec<u8>]) {
        self.shared.world().roles_anywhere.issued.push((certificate.to_vec(), chain.to_vec()));
    }

    /// Lets Roles Anywhere assume the role.
    pub fn serve_roles_anywhere(&self, role: &RoleHandle) {
        role.trusts("rolesanywhere.amazonaws.com");
    }
}

/// CreateSession.
pub fn create_session(world: &mut World, request: &Request) -> Result<Value, Refusal> {
    let denied = |message: &str| Refusal::new(403, "AccessDeniedException", message);
    let invalid = |message: &str| Refusal::new(400, "ValidationException", message);
    let header = |name: &str| request.header(name).unwrap_or_default();
    let certificate = unbase64(header("x-amz-x509")).ok_or_else(|| invalid("X-Amz-X509 is not base64"))?;
    let chain: Option<Vec<_>> =
        header("x-amz-x509-chain").split(',').filter(|one| !one.is_empty()).map(unbase64).collect();
    let chain = chain.ok_or_else(|| invalid("X-Amz-X509-Chain is not base64"))?;
    let (algorithm, rest) = header("authorization").split_once(' ').unwrap_or_default();
    let part = |name: &str| {
        rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let credential: Vec<&str> = part("Credential").split('/').collect();
    let [serial, date, region, "rolesanywhere", "aws4_request"] = credential[..] else {
        return Err(denied("the credential is not of the right form"));
    };
    let read = read_certificate(&certificate).ok_or_else(|| denied("the certificate is damaged"))?;
    if serial != read.serial {
        return Err(denied("the serial number is not that of the certificate"));
    }
    let signed_headers: Vec<&str> = part("SignedHeaders").split(';').collect();
    for needed in ["content-type", "host", "x-amz-date", "x-amz-x509"] {
        if !signed_headers.contains(&needed) {
            return Err(denied(&format!("{needed} is not signed")));
        }
    }
    if !chain.is_empty() && !signed_headers.contains(&"x-amz-x509-chain") || !signed_headers.is_sorted() {
        return Err(denied("the signed headers are not the right ones"));
    }
    let now = header("x-amz-date");
    let off = parse_amz_date(now).map_or(i64::MAX, |at| (at - world.now()).abs());
    if off > 300_000 || now.get(..8) != Some(date) {
        return Err(denied("Signature expired"));
    }
    let lines: String = signed_headers.iter().map(|name| format!("{name}:{}\n", header(name))).collect();
    let mut query: Vec<&str> = request.query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{}\n{}",
        request.method,
        request.path,
        query.join("&"),
        signed_headers.join(";"),
        hex(&Sha256::digest(&request.body))
    );
    let scope = format!("{date}/{region}/rolesanywhere/aws4_request");
    let signed = format!("{algorithm}\n{now}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let signature = unhex(part("Signature")).ok_or_else(|| denied("the signature is not hexadecimal"))?;
    let verify = |by: &'static dyn ring::signature::VerificationAlgorithm| {
        UnparsedPublicKey::new(by, &read.public_key).verify(signed.as_bytes(), &signature).is_ok()
    };
    let is_signed = match (algorithm, read.public_key.len()) {
        ("AWS4-X509-ECDSA-SHA256", 65) => verify(&ECDSA_P256_SHA256_ASN1),
        ("AWS4-X509-ECDSA-SHA256", 97) => verify(&ECDSA_P384_SHA256_ASN1),
        ("AWS4-X509-RSA-SHA256", _) => verify(&RSA_PKCS1_2048_8192_SHA256),
        _ => false,
    };
    if !is_signed {
        return Err(denied("the signature does not match"));
    }
    let issued = world.roles_anywhere.issued.iter().find(|(issued, _)| *issued == certificate);
    let Some((_, needed)) = issued else { return Err(denied("Untrusted certificate. Insufficient certificate")) };
    if *needed != chain {
        return Err(denied("Untrusted certificate. Insufficient certificate"));
    }
    session(world, request, region)
}

fn session(world: &mut World, request: &Request, region: &str) -> Result<Value, Refusal> {
    let invalid = |message: &str| Refusal::new(400, "ValidationException", message);
    let missing = |what: &str| Refusal::new(404, "ResourceNotFoundException", format!("{what} not found"));
    let query = |name: &str| {
        let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value)).unwrap_or_default()
    };
    if region != "eu-central-1" || query("trustAnchorArn") != TRUST_ANCHOR {
        return Err(missing("Trust anchor"));
    }
    if query("profileArn") != PROFILE {
        return Err(missing("Profile"));
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| invalid("the body is not JSON"))?;
    let seconds = body["durationSeconds"].as_i64().unwrap_or(3600);
    if !(900..=43_200).contains(&seconds) {
        return Err(invalid("durationSeconds is out of range"));
    }
    let arn = query("roleArn");
    let role = world.roles.get(&arn).filter(|role| role.trusted.contains("rolesanywhere.amazonaws.com")).cloned();
    let Some(role) = role else {
        return Err(Refusal::new(403, "AccessDeniedException", format!("Unable to assume role for {arn}")));
    };
    let session_name = body["roleSessionName"].as_str().unwrap_or("serial").to_owned();
    let origin = Origin::Role { role: arn.clone(), session_name, source_identity: None, transitive_tags: Vec::new() };
    let id = world.create_session(&role.account, seconds, origin);
    let session = &world.sessions[&id];
    Ok(json!({
        "credentialSet": [{
            "credentials": {
                "accessKeyId": id, "secretAccessKey": session.secret, "sessionToken": session.token,
                "expiration": iso_date(session.expires),
            },
            "roleArn": arn, "packedPolicySize": 10,
        }],
        "subjectArn": "arn:aws:rolesanywhere:eu-central-1:111122223333:subject/x",
    }))
}

/// What is checked of a certificate.
struct Read {
    serial: String,
    public_key: Vec<u8>,
}

fn read_certificate(der: &[u8]) -> Option<Read> {
    let fields = elements(elements(elements(der)?.first()?.1)?.first()?.1)?;
    let at = usize::from(fields.first()?.0 == 0xa0);
    let (serial, key) = (fields.get(at)?.1, elements(fields.get(at + 5)?.1)?);
    let mut digits: Vec<u32> = vec![0];
    for byte in serial {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            (*digit, carry) = ((*digit * 256 + carry) % 10, (*digit * 256 + carry) / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    let serial = digits.iter().rev().map(u32::to_string).collect();
    Some(Read { serial, public_key: key.get(1)?.1.get(1..)?.to_vec() })
}

/// The tags and contents of DER elements in a row.
fn elements(mut der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = der {
        let more = usize::from(if first & 0x80 == 0 { 0 } else { first & 0x7f });
        let length = match more {
            0 => usize::from(*first),
            _ => rest.get(..more)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        found.push((*tag, rest.get(more..more + length)?));
        der = &rest[more + length..];
    }
    Some(found)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// Standard base64, which has to come out again as it was.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    let bytes = super::machine::unbase64(&text.trim_end_matches('=').replace('+', "-").replace('/', "_"))?;
    (base64(&bytes) == text).then_some(bytes)
}
