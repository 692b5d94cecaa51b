//! What `credential_source` names: variables, the EC2 instance, the container.

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::node::{Node, Trace};
use crate::chain::values;
use crate::sys::env::vars;

/// Where a session token is looked for, the older name last.
pub const TOKEN_VARIABLES: [&str; 2] = [vars::AWS_SESSION_TOKEN, vars::AWS_SECURITY_TOKEN];

const SETTINGS: &[&str] = &["credential_source"];

pub(super) static ENVIRONMENT: Kind = Kind {
    name: "environment",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, trace| claim(node, trace, &ENVIRONMENT, |value| value == "Environment", environment),
};

pub(super) static INSTANCE: Kind = Kind {
    name: "instance",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, trace| claim(node, trace, &INSTANCE, |value| value == "Ec2InstanceMetadata", instance),
};

/// The last of the three takes every other value too, and says what is wrong with it: botocore and the JavaScript SDK refuse
/// `ecsContainer` (measured).
pub(super) static CONTAINER: Kind = Kind {
    name: "container",
    settings: SETTINGS,
    role: RoleUse::Beside,
    claim: |node, trace| claim(node, trace, &CONTAINER, |_| true, container),
};

/// What is made of a value of `credential_source`.
struct NamedSource {
    identity: Identity,
    signs_as: Signs,
    whose: Whose,
    title: String,
    reuse: Reuse,
    source: BaseSource,
}

/// A profile's claim; `read` gives what is found, or what is wrong with the environment.
fn claim(
    node: &Node<'_>,
    trace: &mut Trace,
    kind: &'static Kind,
    is_it: impl Fn(&str) -> bool,
    read: impl Fn(&Node<'_>, &mut Trace) -> Result<Result<NamedSource, String>, PlanError>,
) -> Result<Option<Lead>, PlanError> {
    let Some(setting) = node.setting(SETTINGS[0]).filter(|source| is_it(&source.value)) else { return Ok(None) };
    node.read(SETTINGS[0], &mut trace.used);
    if let Err(error) = node.value(&setting, values::credential_source) {
        return Ok(Some(Lead::Base(Base::refused(node, kind.name, error))));
    }
    Ok(Some(Lead::Base(match read(node, trace)? {
        Ok(NamedSource { identity, signs_as, whose, title, reuse, source }) => Base {
            profile: node.name.clone(),
            kind: kind.name,
            identity,
            signs_as,
            whose,
            title,
            sealed_with: SealWith::Default,
            reuse,
            source,
        },
        Err(problem) => {
            let (profile, place) = (node.name.clone(), node.place(&setting));
            Base::refused(node, kind.name, PlanError::Environment { profile, problem, place })
        }
    })))
}

fn environment(node: &Node<'_>, _: &mut Trace) -> Result<Result<NamedSource, String>, PlanError> {
    let is_set = |name: &&str| node.env.get(name).is_some();
    let needed = [vars::AWS_ACCESS_KEY_ID, vars::AWS_SECRET_ACCESS_KEY];
    if let Some(missing) = needed.iter().find(|name| !is_set(name)) {
        return Ok(Err(format!("`{missing}` is not set")));
    }
    let id = node.env.get(needed[0]).unwrap_or_default();
    let is_session = TOKEN_VARIABLES.iter().any(is_set);
    if id.starts_with("ASIA") && !is_session {
        let token = TOKEN_VARIABLES[0];
        return Ok(Err(format!("`{token}`, which belongs to a temporary key (`ASIA…`), is not set")));
    }
    let identity = Identity::of_key_id(ENVIRONMENT.name, id);
    Ok(Ok(NamedSource {
        title: format!("credentials {identity} in the environment"),
        identity,
        signs_as: if is_session { Signs::Session } else { Signs::Key },
        whose: Whose::Unknown,
        reuse: Reuse::Never,
        source: BaseSource::Environment,
    }))
}

/// Where instances serve their metadata (EC2 User Guide, "Access instance metadata").
const METADATA_V4: &str = "http://169.254.169.254";
const METADATA_V6: &str = "http://[fd00:ec2::254]";

fn instance(node: &Node<'_>, trace: &mut Trace) -> Result<Result<NamedSource, String>, PlanError> {
    let disabled = vars::AWS_EC2_METADATA_DISABLED;
    if node.env.get(disabled).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(Err(format!("`{disabled}` is `true`")));
    }
    let chosen = |variable: &str, setting: &str, trace: &mut Trace| match node.env.get(variable) {
        Some(value) => Some(value.to_owned()),
        None => node.read(setting, &mut trace.used).map(|setting| setting.value.into_owned()),
    };
    let endpoint = chosen(vars::AWS_EC2_METADATA_SERVICE_ENDPOINT, "ec2_metadata_service_endpoint", trace);
    let mode = chosen(vars::AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, "ec2_metadata_service_endpoint_mode", trace);
    let endpoint = endpoint.unwrap_or_else(|| {
        let is_v6 = mode.is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        if is_v6 { METADATA_V6 } else { METADATA_V4 }.to_owned()
    });
    let endpoint = endpoint.trim_end_matches('/').to_owned();
    if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
        return Ok(Err(format!("`ec2_metadata_service_endpoint` is `{endpoint}`, which is not a URL")));
    }
    Ok(Ok(NamedSource {
        // Which machine it is, is found out where the credentials are made.
        identity: Identity { sort: INSTANCE.name, parts: vec![endpoint.clone()] },
        signs_as: Signs::Unsure,
        whose: Whose::Role,
        title: format!("the role of this EC2 instance, from {endpoint}"),
        reuse: Reuse::UntilExpiry,
        source: BaseSource::Instance { endpoint },
    }))
}

/// Where the address that `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is relative to (ECS Developer Guide, "Task IAM role").
const CONTAINER_HOST: &str = "http://169.254.170.2";

fn container(node: &Node<'_>, _: &mut Trace) -> Result<Result<NamedSource, String>, PlanError> {
    let (relative, full) = (vars::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, vars::AWS_CONTAINER_CREDENTIALS_FULL_URI);
    let url = match (node.env.get(relative), node.env.get(full)) {
        (Some(path), _) if path.starts_with('/') => format!("{CONTAINER_HOST}{path}"),
        (Some(_), _) => return Ok(Err(format!("`{relative}` does not begin with `/`"))),
        (None, Some(url)) if may_be_asked(url) => url.to_owned(),
        (None, Some(_)) => {
            return Ok(Err(format!(
                "`{full}` is neither an `https` URL nor one of this machine, of ECS (169.254.170.2) or of EKS (169.254.170.23)"
            )));
        }
        (None, None) => {
            return Ok(Err(format!(
                "neither `{relative}` nor `{full}` is set: it is set in a container of ECS or EKS"
            )));
        }
    };
    let token_file = node.env.get(vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE).map(str::to_owned);
    let Identity { sort, mut parts } = Identity::of_secret(CONTAINER.name, &url);
    parts.extend(token_file.clone());
    Ok(Ok(NamedSource {
        identity: Identity { sort, parts },
        signs_as: Signs::Session,
        whose: Whose::Role,
        title: "the role of this container".to_owned(),
        reuse: Reuse::UntilExpiry,
        source: BaseSource::Container { url, token_file },
    }))
}

/// Whether credentials may be asked for there: over TLS anywhere, else only on this machine and at the addresses of ECS and EKS
/// (AWS SDKs and Tools Reference Guide, "Container credential provider"). A name is not looked up.
// Security: the token that goes with the request must not go to another host.
fn may_be_asked(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(url::Host::Ipv4(host))) => {
            host.is_loopback() || [[169, 254, 170, 2], [169, 254, 170, 23]].contains(&host.octets())
        }
        ("http", Some(url::Host::Ipv6(host))) => {
            host.is_loopback() || host.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]
        }
        ("http", Some(url::Host::Domain(host))) => host.eq_ignore_ascii_case("localhost"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_asked_for_over_tls_or_nearby() {
        for good in [
            "https://anywhere.example/get", "http://127.0.0.1:9911/x", "http://127.9.9.9", "http://localhost:80/",
            "http://[::1]:80", "http://169.254.170.2/v2", "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(may_be_asked(good), "{good}");
        }
        for bad in [
            "http://169.254.170.24/x", "http://192.168.1.1", "http://localhost.example", "http://127.0.0.1.example",
            "http://[fd00:ec2::24]/", "ftp://localhost", "localhost", "",
        ] {
            assert!(!may_be_asked(bad), "{bad}");
        }
    }
}
