//! What an audit asks of an account. Every call reads; two of them make AWS write a report.
//!
//! May use `iam`, `query` and `http`. The answers are facts of `audit`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::audit::facts::{Certificate, Details, Entity, EntityKind, InlinePolicy, PasswordPolicy, Policy};
use crate::audit::report::CredentialReport;
use crate::aws::client::{Aws, Sending};
use crate::aws::iam::incomplete;
use crate::aws::xml::Element;
use crate::aws::{Access, AccessKeys, AwsError, MfaDevices};
use crate::sorted;
use crate::timestamp::Timestamp;

/// The calls of an audit. Several threads make them at once.
pub trait Account: AccessKeys + MfaDevices + Sync {
    /// GetAccountSummary.
    ///
    /// # Errors
    /// As [`AwsError`] tells, here and below.
    fn summary(&self, by: Access<'_>) -> Result<BTreeMap<String, i64>, AwsError>;

    /// GenerateCredentialReport; whether one is complete, which is not made again for 4 h.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn generate_report(&self, by: Access<'_>) -> Result<bool, AwsError>;

    /// GetCredentialReport.
    ///
    /// # Errors
    /// As [`Account::summary`]; `ReportNotPresent`, `ReportExpired` and `ReportInProgress` where there is none now.
    fn report(&self, by: Access<'_>) -> Result<CredentialReport, AwsError>;

    /// GetAccountPasswordPolicy; none where the account has none.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn password_policy(&self, by: Access<'_>) -> Result<Option<PasswordPolicy>, AwsError>;

    /// ListVirtualMFADevices: the ARNs of those who have one.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn virtual_device_owners(&self, by: Access<'_>) -> Result<Vec<String>, AwsError>;

    /// GetAccountAuthorizationDetails: users, groups, roles and customer managed policies. `page` is told each page's number.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn details(&self, by: Access<'_>, page: &dyn Fn(usize)) -> Result<Details, AwsError>;

    /// ListEntitiesForPolicy; nothing for a policy that the partition does not have.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn entities_for_policy(&self, by: Access<'_>, arn: &str) -> Result<Vec<Entity>, AwsError>;

    /// ListServerCertificates.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn server_certificates(&self, by: Access<'_>) -> Result<Vec<Certificate>, AwsError>;

    /// ListOrganizationsFeatures: what is managed centrally.
    ///
    /// # Errors
    /// As [`Account::summary`]; in every account but the management account and one that it has delegated this to.
    fn root_features(&self, by: Access<'_>) -> Result<Vec<String>, AwsError>;

    /// DescribeRegions of EC2: the regions that are enabled.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn regions(&self, by: Access<'_>) -> Result<Vec<String>, AwsError>;

    /// ListAnalyzers of IAM Access Analyzer: how many active ones of external access there are in a region.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn analyzers(&self, by: Access<'_>, region: &str) -> Result<usize, AwsError>;

    /// GenerateServiceLastAccessedDetails for a user or role; the id of the job.
    ///
    /// # Errors
    /// As [`Account::summary`].
    fn start_last_accessed(&self, by: Access<'_>, arn: &str) -> Result<String, AwsError>;

    /// GetServiceLastAccessedDetails: how many services, and those never accessed; none while the job runs.
    ///
    /// # Errors
    /// As [`Account::summary`]; a job that has failed.
    fn last_accessed(&self, by: Access<'_>, job: &str) -> Result<Option<(usize, Vec<String>)>, AwsError>;
}

impl Account for Aws {
    fn summary(&self, by: Access<'_>) -> Result<BTreeMap<String, i64>, AwsError> {
        let answer = self.iam(by, Sending::Retried, "GetAccountSummary", &[])?;
        let entry = |entry: &Element| Some((entry.text("key")?.to_owned(), entry.text("value")?.parse().ok()?));
        // A number that is not in it makes the checks that need it unknown.
        Ok(sorted::map(answer.members("SummaryMap").filter_map(entry)))
    }

    fn generate_report(&self, by: Access<'_>) -> Result<bool, AwsError> {
        let answer = self.iam(by, Sending::Retried, "GenerateCredentialReport", &[])?;
        Ok(answer.text("State") == Some("COMPLETE"))
    }

    fn report(&self, by: Access<'_>) -> Result<CredentialReport, AwsError> {
        let answer = self.iam(by, Sending::Retried, "GetCredentialReport", &[])?;
        let content = answer.text("Content").and_then(|content| STANDARD.decode(content).ok());
        let content = content.and_then(|content| String::from_utf8(content).ok());
        let generated = answer.text("GeneratedTime").and_then(Timestamp::parse_lenient);
        let (Some(content), Some(generated)) = (content, generated) else {
            return Err(incomplete("has no credential report"));
        };
        CredentialReport::parse(&content, generated)
            .map_err(|problem| incomplete(&format!("cannot be used: {problem}")))
    }

    fn password_policy(&self, by: Access<'_>) -> Result<Option<PasswordPolicy>, AwsError> {
        let answer = match self.iam(by, Sending::Retried, "GetAccountPasswordPolicy", &[]) {
            Err(error) if error.is_no_such_entity() => return Ok(None),
            answer => answer?,
        };
        let policy = answer.child("PasswordPolicy").ok_or_else(|| incomplete("has no password policy"))?;
        let number = |name| policy.text(name).and_then(|text| text.parse().ok());
        Ok(Some(PasswordPolicy {
            minimum_length: number("MinimumPasswordLength").ok_or_else(|| incomplete("has no password length"))?,
            // Left out where passwords may be used again.
            reuse_prevention: number("PasswordReusePrevention").unwrap_or(0),
        }))
    }

    fn virtual_device_owners(&self, by: Access<'_>) -> Result<Vec<String>, AwsError> {
        let mut owners = Vec::new();
        self.each_page(by, "ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")], |answer| {
            let owner = |device: &Element| device.child("User")?.text("Arn").map(str::to_owned);
            all_of(answer, "VirtualMFADevices", owner, &mut owners)
        })?;
        Ok(owners)
    }

    fn details(&self, by: Access<'_>, page: &dyn Fn(usize)) -> Result<Details, AwsError> {
        const ASKED: [(&str, &str); 5] = [
            ("Filter.member.1", "User"),
            ("Filter.member.2", "Group"),
            ("Filter.member.3", "Role"),
            ("Filter.member.4", "LocalManagedPolicy"),
            ("MaxItems", "1000"),
        ];
        let mut details = Details::default();
        let mut number = 0;
        self.each_page(by, "GetAccountAuthorizationDetails", &ASKED, |answer| {
            number += 1;
            page(number);
            all_of(answer, "UserDetailList", |user| entity(EntityKind::User, user), &mut details.users)?;
            all_of(answer, "GroupDetailList", |group| entity(EntityKind::Group, group), &mut details.groups)?;
            all_of(answer, "RoleDetailList", |role| entity(EntityKind::Role, role), &mut details.roles)?;
            all_of(answer, "Policies", policy, &mut details.policies)
        })?;
        Ok(details)
    }

    fn entities_for_policy(&self, by: Access<'_>, arn: &str) -> Result<Vec<Entity>, AwsError> {
        let mut entities = Vec::new();
        let asked = self.each_page(by, "ListEntitiesForPolicy", &[("PolicyArn", arn)], |answer| {
            [("PolicyUsers", EntityKind::User), ("PolicyGroups", EntityKind::Group), ("PolicyRoles", EntityKind::Role)]
                .into_iter()
                .try_for_each(|(list, kind)| all_of(answer, list, |member| entity(kind, member), &mut entities))
        });
        match asked {
            Err(error) if error.is_no_such_entity() => Ok(Vec::new()),
            asked => asked.map(|()| entities),
        }
    }

    fn server_certificates(&self, by: Access<'_>) -> Result<Vec<Certificate>, AwsError> {
        let mut certificates = Vec::new();
        self.each_page(by, "ListServerCertificates", &[], |answer| {
            let certificate = |listed: &Element| {
                let name = listed.text("ServerCertificateName")?.to_owned();
                Some(Certificate { name, expires: time(listed, "Expiration")? })
            };
            all_of(answer, "ServerCertificateMetadataList", certificate, &mut certificates)
        })?;
        Ok(certificates)
    }

    fn root_features(&self, by: Access<'_>) -> Result<Vec<String>, AwsError> {
        let answer = self.iam(by, Sending::Retried, "ListOrganizationsFeatures", &[])?;
        Ok(answer.members("EnabledFeatures").map(|feature| feature.text_of().to_owned()).collect())
    }

    fn regions(&self, by: Access<'_>) -> Result<Vec<String>, AwsError> {
        let answer = self.describe_regions(by)?;
        let regions: Vec<String> =
            answer.members("regionInfo").filter_map(|region| region.text("regionName").map(str::to_owned)).collect();
        if regions.is_empty() { Err(incomplete("has no regions")) } else { Ok(regions) }
    }

    fn analyzers(&self, by: Access<'_>, region: &str) -> Result<usize, AwsError> {
        let (mut count, mut token) = (0, None::<String>);
        for _ in 0..MOST_PAGES {
            let query = token.as_deref().map(|token| [("nextToken", token)]);
            let answer = self.list_analyzers(by, region, query.as_ref().map_or(&[], |query| query.as_slice()))?;
            let analyzers = answer["analyzers"].as_array().ok_or_else(|| incomplete("has no analyzers"))?;
            // Those of unused access are another thing, which costs money.
            let is_external = |kind: Option<&str>| matches!(kind, Some("ACCOUNT" | "ORGANIZATION"));
            let counts = |analyzer: &&serde_json::Value| {
                is_external(analyzer["type"].as_str()) && analyzer["status"].as_str() == Some("ACTIVE")
            };
            count += analyzers.iter().filter(counts).count();
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(count)
    }

    fn start_last_accessed(&self, by: Access<'_>, arn: &str) -> Result<String, AwsError> {
        let answer = self.iam(by, Sending::Retried, "GenerateServiceLastAccessedDetails", &[("Arn", arn)])?;
        answer.text("JobId").map(str::to_owned).ok_or_else(|| incomplete("names no job"))
    }

    fn last_accessed(&self, by: Access<'_>, job: &str) -> Result<Option<(usize, Vec<String>)>, AwsError> {
        let (mut allowed, mut never, mut state) = (0, Vec::new(), None);
        self.each_page(by, "GetServiceLastAccessedDetails", &[("JobId", job)], |answer| {
            state = answer.text("JobStatus").map(str::to_owned);
            for service in answer.members("ServicesLastAccessed") {
                allowed += 1;
                if service.text("LastAuthenticated").is_none() {
                    never.extend(service.text("ServiceNamespace").map(str::to_owned));
                }
            }
            Ok(())
        })?;
        match state.as_deref() {
            Some("COMPLETED") => Ok(Some((allowed, never))),
            Some("IN_PROGRESS") => Ok(None),
            _ => Err(incomplete("says that the report has failed")),
        }
    }
}

/// A list of more pages than this is AWS's no more.
const MOST_PAGES: usize = 1000;

impl Aws {
    /// Reads the pages of a call whose pages have several lists.
    fn each_page(
        &self,
        by: Access<'_>,
        action: &'static str,
        parameters: &[(&str, &str)],
        mut read: impl FnMut(&Element) -> Result<(), AwsError>,
    ) -> Result<(), AwsError> {
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let next = marker.as_deref().map(|marker| ("Marker", marker));
            let parameters: Vec<(&str, &str)> = parameters.iter().copied().chain(next).collect();
            let answer = self.iam(by, Sending::Retried, action, &parameters)?;
            // Without it there is no telling that this is all: an empty list would pass for good news.
            answer.text("IsTruncated").ok_or_else(|| incomplete("does not say whether it is all"))?;
            read(&answer)?;
            if !answer.is_true("IsTruncated") {
                return Ok(());
            }
            marker =
                Some(answer.text("Marker").ok_or_else(|| incomplete("has no marker of the next page"))?.to_owned());
        }
        Err(incomplete("is a list without an end"))
    }
}

/// Adds the members of a list. One that lacks what is judged by would otherwise pass for good news.
fn all_of<T>(
    answer: &Element,
    list: &str,
    read: impl Fn(&Element) -> Option<T>,
    all: &mut Vec<T>,
) -> Result<(), AwsError> {
    for member in answer.members(list) {
        all.push(read(member).ok_or_else(|| incomplete(&format!("has a member of {list} that lacks something")))?);
    }
    Ok(())
}

fn time(element: &Element, name: &str) -> Option<Timestamp> {
    element.text(name).and_then(Timestamp::parse_lenient)
}

/// A user, group or role of either call.
fn entity(kind: EntityKind, element: &Element) -> Option<Entity> {
    let (name, inline) = match kind {
        EntityKind::User => ("UserName", "UserPolicyList"),
        EntityKind::Group => ("GroupName", "GroupPolicyList"),
        EntityKind::Role => ("RoleName", "RolePolicyList"),
    };
    let policy = |policy: &Element| {
        let document = document(policy, "PolicyDocument")?;
        Some(InlinePolicy { name: policy.text("PolicyName")?.to_owned(), document })
    };
    let attached = element.members("AttachedManagedPolicies");
    Some(Entity {
        kind,
        name: element.text(name)?.to_owned(),
        arn: element.text("Arn").unwrap_or_default().to_owned(),
        created: time(element, "CreateDate"),
        attached: attached.map(|policy| policy.text("PolicyArn").map(str::to_owned)).collect::<Option<_>>()?,
        inline: element.members(inline).map(policy).collect::<Option<_>>()?,
    })
}

fn policy(element: &Element) -> Option<Policy> {
    let default = element.members("PolicyVersionList").find(|version| version.is_true("IsDefaultVersion"))?;
    Some(Policy {
        name: element.text("PolicyName")?.to_owned(),
        arn: element.text("Arn")?.to_owned(),
        created: time(element, "CreateDate"),
        attachments: element.text("AttachmentCount")?.parse().ok()?,
        document: document(default, "Document")?,
    })
}

/// Policies are percent-encoded (IAM API, PolicyDetail: "URL-encoded compliant with RFC 3986").
fn document(element: &Element, name: &str) -> Option<serde_json::Value> {
    serde_json::from_str(&percent_decode_str(element.text(name)?).decode_utf8().ok()?).ok()
}
