//! Where a call goes: region, endpoint and its variants, decided from profile and variables as the SDKs decide it.

/// Where calls of one profile go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The region that STS requests go to and are signed for.
    pub region: String,
    /// A configured endpoint of STS, whole URL.
    pub sts_endpoint: Option<String>,
    /// A configured endpoint of IAM, whole URL.
    pub iam_endpoint: Option<String>,
    /// `use_fips_endpoint`.
    pub fips: bool,
    /// `use_dualstack_endpoint`.
    pub dual_stack: bool,
    /// `sts_regional_endpoints = legacy`.
    pub legacy_global: bool,
    /// `ca_bundle`, a PEM file.
    pub ca_bundle: Option<std::path::PathBuf>,
}
