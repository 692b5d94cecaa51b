//! What AWS says of an account, as plain data.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::audit::report::CredentialReport;
use crate::timestamp::Timestamp;

/// A fact, or why it is not known.
pub type Known<T> = Result<T, Missing>;

/// Why a fact is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The permission that the call needs: `iam:GetAccountSummary`.
    pub action: &'static str,
    /// AWS's answer, or the lack of one.
    pub reason: String,
}

/// Where facts come from. Only the sources of the checks that were asked for are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// ListMFADevices, about the caller's own user.
    OwnDevices,
    /// ListAccessKeys and GetAccessKeyLastUsed, about the caller's own user.
    OwnKeys,
    /// GetAccountSummary.
    Summary,
    /// GenerateCredentialReport and GetCredentialReport.
    Report,
    /// GetAccountPasswordPolicy.
    PasswordPolicy,
    /// ListVirtualMFADevices.
    VirtualDevices,
    /// GetAccountAuthorizationDetails.
    Details,
    /// ListEntitiesForPolicy of AWSSupportAccess.
    Support,
    /// ListEntitiesForPolicy of AWSCloudShellFullAccess.
    CloudShell,
    /// ListServerCertificates.
    Certificates,
    /// ListOrganizationsFeatures.
    RootFeatures,
    /// DescribeRegions of EC2, and ListAnalyzers of IAM Access Analyzer in each region.
    Analyzers,
    /// GenerateServiceLastAccessedDetails and GetServiceLastAccessedDetails, for each user and role.
    LastAccessed,
}

/// Everything that the checks judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// 12 digits.
    pub account: String,
    /// Who asked.
    pub caller: Caller,
    /// When AWS was asked.
    pub asked_at: Timestamp,
    pub own_devices: Known<Vec<String>>,
    pub own_keys: Known<Vec<OwnKey>>,
    /// The numbers of GetAccountSummary, by their names.
    pub summary: Known<BTreeMap<String, i64>>,
    pub report: Known<CredentialReport>,
    /// None: the account has none.
    pub password_policy: Known<Option<PasswordPolicy>>,
    /// The ARNs of the users that have a virtual MFA device; the root user's ends in `:root`.
    pub virtual_device_owners: Known<Vec<String>>,
    pub details: Known<Details>,
    /// The roles that have AWSSupportAccess.
    pub support_roles: Known<Vec<String>>,
    /// Who has AWSCloudShellFullAccess.
    pub cloud_shell: Known<Vec<Entity>>,
    pub certificates: Known<Vec<Certificate>>,
    /// `RootCredentialsManagement`, `RootSessions`.
    pub root_features: Known<Vec<String>>,
    /// The active analyzers of each region.
    pub analyzers: Known<BTreeMap<String, Known<usize>>>,
    pub last_accessed: Known<Vec<Known<Accessed>>>,
}

impl Facts {
    /// Nothing is known yet but who asks.
    pub fn nothing(account: &str, arn: &str, asked_at: Timestamp) -> Facts {
        fn not_asked<T>() -> Known<T> {
            Err(Missing { action: "", reason: "not asked".to_owned() })
        }
        Facts {
            account: account.to_owned(),
            caller: Caller::of(arn),
            asked_at,
            own_devices: not_asked(),
            own_keys: not_asked(),
            summary: not_asked(),
            report: not_asked(),
            password_policy: not_asked(),
            virtual_device_owners: not_asked(),
            details: not_asked(),
            support_roles: not_asked(),
            cloud_shell: not_asked(),
            certificates: not_asked(),
            root_features: not_asked(),
            analyzers: not_asked(),
            last_accessed: not_asked(),
        }
    }
}

/// Who asked, by the ARN of GetCallerIdentity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub arn: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The name of an IAM user, without its path; none for a role's session and the root user.
    pub user: Option<String>,
    pub is_root: bool,
}

impl Caller {
    fn of(arn: &str) -> Caller {
        let mut parts = arn.splitn(6, ':');
        let partition = parts.nth(1).unwrap_or("aws").to_owned();
        let resource = parts.nth(3).unwrap_or_default();
        let user = resource.strip_prefix("user/").and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        Caller { partition, user, is_root: resource == "root", arn: arn.to_owned() }
    }
}

/// An access key of the caller's own user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    pub id: String,
    pub is_active: bool,
    pub created: Option<Timestamp>,
    /// None: never.
    pub used: Known<Option<Timestamp>>,
}

/// The account's password policy, as far as it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// 6 to 128.
    pub minimum_length: u32,
    /// 1 to 24; 0: passwords may be used again.
    pub reuse_prevention: u32,
}

/// Users, groups, roles and customer managed policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    pub users: Vec<Entity>,
    pub groups: Vec<Entity>,
    pub roles: Vec<Entity>,
    pub policies: Vec<Policy>,
}

/// What a policy can be attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    pub kind: EntityKind,
    pub name: String,
    /// Empty where the call does not tell.
    pub arn: String,
    pub created: Option<Timestamp>,
    /// The ARNs of managed policies.
    pub attached: Vec<String>,
    /// Policies of its own.
    pub inline: Vec<InlinePolicy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    User,
    Group,
    Role,
}

impl EntityKind {
    /// As commands of the AWS CLI name it.
    pub fn word(self) -> &'static str {
        match self {
            EntityKind::User => "user",
            EntityKind::Group => "group",
            EntityKind::Role => "role",
        }
    }
}

/// A policy that belongs to one user, group or role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicy {
    pub name: String,
    pub document: Value,
}

/// A customer managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    pub arn: String,
    pub created: Option<Timestamp>,
    /// How many users, groups and roles have it.
    pub attachments: u64,
    /// The default version.
    pub document: Value,
}

/// A server certificate in IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub name: String,
    pub expires: Timestamp,
}

/// What a user or a role may use and has not, as far back as AWS looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accessed {
    pub kind: EntityKind,
    pub name: String,
    pub created: Option<Timestamp>,
    /// How many services its policies allow.
    pub allowed: usize,
    /// The services among them that were never accessed: `s3`, `ec2`.
    pub never: Vec<String>,
}
