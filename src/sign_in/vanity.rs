//! Start URLs on a company's own host name, which redirect to the one that AWS knows (AWS CLI 2, `sso/resolve.py`).

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::aws::AwsError;
use crate::aws::http::{Http, HttpRequest};
use crate::chain::identity_center::{contradiction, trimmed};
use crate::error::{Error, Kind, Result};
use crate::sign_in::{SignIns, Wanted};

/// How long the redirect may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What the hosts of AWS's own start URLs end in, in every partition.
const OF_AWS: [&str; 8] = [
    ".app.aws", ".portal.amazonaws.com", ".portal.amazonaws.com.cn", ".app.amazonwebservices.com.cn",
    ".portal.amazonaws.eu", ".api.amazonwebservices.eu", ".awsapps.com", ".awsapps.cn",
];

/// Hosts of AWS's own start URLs.
const HOSTS: [&str; 4] = [
    "identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
];

impl SignIns<'_> {
    /// The start URL that AWS's API takes for the one that is configured. Where another endpoint is configured, they are one.
    ///
    /// # Errors
    /// A host that cannot be asked (exit 1), one that does not lead to AWS or leads to another region (6).
    pub(super) fn resolved_start_url(&self, wanted: Wanted<'_>) -> Result<String> {
        let center = wanted.center;
        if center.is_elsewhere {
            return Ok(center.start_url.clone());
        }
        let limit = LIMIT.min(self.context.settings.call_timeout);
        let url = resolve(self.context.http, &center.start_url, center.ca_bundle.as_deref(), limit)?;
        if let Some(problem) = contradiction(&url, &center.region).filter(|_| url != center.start_url) {
            return Err(Error::new(Kind::Config, format!("{} leads to {url}, but {problem}", center.start_url))
                .hint("set `sso_region` to the region of the Identity Center"));
        }
        Ok(url)
    }
}

/// AWS's own start URL for one on any host: itself, or where it redirects to, once.
fn resolve(http: &dyn Http, start_url: &str, ca_bundle: Option<&Path>, limit: Duration) -> Result<String> {
    let Some(url) = Url::parse(start_url).ok().filter(|url| !is_of_aws(url)) else { return Ok(start_url.to_owned()) };
    // Security: over plain HTTP anybody on the way could lead to another company's page.
    if url.scheme() != "https" {
        return Err(Error::new(Kind::Config, format!("the start URL {start_url} does not start with `https://`"))
            .hint("use the `https://` address of your company's access portal"));
    }
    let ask = |method| {
        http.send(&HttpRequest { method, url: start_url, headers: &[], body: "", is_nearby: false, ca_bundle, limit })
    };
    let answer = match ask("HEAD") {
        Ok(answer) if matches!(answer.status, 405 | 501) => ask("GET"),
        answer => answer,
    };
    let answer = answer.map_err(|error| unreachable(start_url, error))?;
    let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
    let target = location.and_then(|location| url.join(location).ok());
    match target.filter(|target| target.scheme() == "https" && is_of_aws(target)) {
        Some(target) => Ok(trimmed(target.as_str()).to_owned()),
        None => Err(Error::new(
            Kind::Config,
            format!("{start_url} is not a start URL of AWS, and does not redirect to one"),
        )
        .because(format!("HTTP status {}", answer.status))
        .hint("compare it with the address of your company's access portal")),
    }
}

fn unreachable(start_url: &str, error: AwsError) -> Error {
    Error::new(Kind::Failed, format!("cannot find out where {start_url} leads"))
        .because(error)
        .hint("check the network, and the start URL")
}

fn is_of_aws(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    HOSTS.contains(&host) || OF_AWS.iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::canned::{Canned, CannedAnswer};

    fn resolved(start_url: &str, answers: Vec<CannedAnswer>) -> (Result<String>, Vec<String>) {
        let http = Canned::answering(answers);
        let resolved = resolve(&http, start_url, None, LIMIT);
        (resolved, http.requests())
    }

    #[test]
    fn awss_own_start_urls_are_taken_as_they_are_in_every_partition() {
        for url in [
            "https://corp.awsapps.com/start",
            "https://ssoins-1.portal.eu-west-1.app.aws",
            "https://ssoins-1.eu-west-1.portal.amazonaws.com",
            "https://start.home.awsapps.cn/directory/d",
            "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn",
            "https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn",
            "https://start.us-gov-home.awsapps.com/directory/d",
            "https://identitycenter.us-gov.amazonaws.com/ssoins-1",
            "https://identitycenter.amazonaws.com/ssoins-1",
            "https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu",
        ] {
            let (found, asked) = resolved(url, Vec::new());
            assert_eq!((found.expect("AWS's"), asked), (url.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn a_companys_own_host_leads_to_awss_start_url_by_one_redirect() {
        const VANITY: &str = "https://aws.corp.example";
        let to = |location| (301, vec![("location", location)], "");
        let (found, asked) = resolved(VANITY, vec![to("https://corp.awsapps.com/start/#/")]);
        assert_eq!(found.expect("AWS's"), "https://corp.awsapps.com/start");
        assert_eq!(asked, ["HEAD https://aws.corp.example "]);
        let (found, asked) = resolved(VANITY, vec![(405, Vec::new(), ""), to("https://corp.awsapps.com/start")]);
        assert_eq!((found.expect("AWS's").as_str(), asked.len()), ("https://corp.awsapps.com/start", 2));
        for bad in [
            to("https://awsapps.com.evil.example/start"),
            to("https://evilawsapps.com/start"),
            to("http://corp.awsapps.com/start"),
            to("/elsewhere"),
            (200, vec![("location", "https://corp.awsapps.com/start")], ""),
            (404, Vec::new(), ""),
        ] {
            let (found, _) = resolved(VANITY, vec![bad]);
            let error = found.expect_err("not AWS's");
            assert!(error.kind() == Kind::Config && error.message().contains("is not a start URL of AWS"), "{error}");
        }
        let (found, asked) = resolved("http://aws.corp.example", Vec::new());
        assert!(found.expect_err("plain").message().contains("does not start with `https://`") && asked.is_empty());
    }
}
