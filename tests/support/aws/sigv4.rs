//! Checks AWS Signature Version 4 as the service does: from the bytes that came, with the secret on file.
//!
//! Source: "AWS Signature Version 4 for API requests" in the IAM User Guide. Pure; written against that page and
//! not against the signer keyfob uses.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::http::Request;

/// The parts of an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub key_id: String,
    pub date: String,
    pub region: String,
    pub service: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
}

impl Authorization {
    /// Takes the header apart; `None` where it does not have the form AWS prescribes.
    pub fn parse(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?.trim_start();
        let part = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let credential = part("Credential")?;
        let [key_id, date, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Authorization {
            key_id: key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: part("Signature")?,
        })
    }

    /// Whether `secret` and this request make this signature.
    pub fn is_by(&self, secret: &str, request: &Request, amz_date: &str) -> bool {
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let canonical_hash = hex(&Sha256::digest(self.canonical_request(request)));
        let to_sign = format!("AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{canonical_hash}");
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [&self.date, &self.region, &self.service, "aws4_request"] {
            key = mac(&key, part.as_bytes());
        }
        hex(&mac(&key, to_sign.as_bytes())) == self.signature
    }

    fn canonical_request(&self, request: &Request) -> String {
        let headers: String = self
            .signed_headers
            .iter()
            .map(|name| format!("{name}:{}\n", canonical_value(request.header(name).unwrap_or_default())))
            .collect();
        let mut query: Vec<&str> = request.query.split('&').filter(|pair| !pair.is_empty()).collect();
        query.sort_unstable();
        format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            request.method,
            request.path,
            query.join("&"),
            self.signed_headers.join(";"),
            hex(&Sha256::digest(&request.body)),
        )
    }
}

/// Runs of blanks count as one blank.
fn canonical_value(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The worked example of AWS General Reference, "Signature Version 4 signing process": ListUsers.
#[test]
fn the_signature_of_awss_own_example_is_recognised_and_no_other() {
    const DATE: &str = "20150830T123600Z";
    let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                  SignedHeaders=content-type;host;x-amz-date, \
                  Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let request = Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: "Version=2010-05-08&Action=ListUsers".to_owned(),
        headers: [
            ("Host", "iam.amazonaws.com"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("X-Amz-Date", DATE),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        body: Vec::new(),
    };
    let authorization = Authorization::parse(header).expect("well-formed");
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    assert!(authorization.is_by(secret, &request, DATE));
    assert!(!authorization.is_by("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEX", &request, DATE));
    let other = Request { body: b"Action=DeleteUser".to_vec(), ..request };
    assert!(!authorization.is_by(secret, &other, DATE));
}
