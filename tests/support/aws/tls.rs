//! The certificate of a loopback AWS that speaks TLS.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What to put in `AWS_CA_BUNDLE`. Its key was thrown away.
pub const CA_BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.pem");

/// For 127.0.0.1 and localhost, valid from 2020 to 2120.
pub fn config() -> Arc<rustls::ServerConfig> {
    const CERTIFICATE: &str = include_str!("../../data/tls/server.pem");
    // It protects nothing, being in a public repository.
    const KEY: &str = include_str!("../../data/tls/server-key.pem");
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a matching key");
    Arc::new(config)
}
