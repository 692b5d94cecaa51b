//! Asks AWS for the facts of one account: each source once, and what is denied is a fact that is not known.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::audit::facts::{Accessed, Details, Entity, EntityKind, Facts, Known, Missing, OwnKey, Source};
use crate::audit::report::CredentialReport;
use crate::aws::{Access, Account, AwsError};
use crate::credentials::Credentials;
use crate::duration;
use crate::ops::audit::parallel::in_parallel;
use crate::sorted;
use crate::sys::clock::Clock;

/// How long keyfob waits for a report that AWS is making; a large account takes some minutes at most.
const REPORT_LIMIT: Duration = Duration::from_mins(5);

/// The pauses between two looks at a report, the first and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How many regions, or users and roles, are asked about at once.
const AT_ONCE: usize = 8;

/// What was asked, and whether it is worth asking again with other credentials.
pub(super) struct Asked {
    pub(super) facts: Facts,
    /// The first refusal that an MFA session or a new session may turn into an answer.
    pub(super) again: Option<(&'static str, AwsError)>,
}

/// Asks one account.
pub(super) fn gather(
    account: &dyn Account,
    clock: &Clock,
    by: Access<'_>,
    (id, arn): (&str, &str),
    sources: &BTreeSet<Source>,
    tell: &dyn Fn(String),
) -> Asked {
    let mut facts = Facts::nothing(id, arn, clock.now());
    let gather = Gather { account, clock, by, tell, again: RefCell::default() };
    // AWS makes the report while the rest is asked.
    let generating = sources.contains(&Source::Report).then(|| account.generate_report(by));
    for source in sources {
        gather.read(*source, &mut facts);
    }
    if let Some(generating) = generating {
        facts.report = gather.report(generating);
    }
    Asked { facts, again: gather.again.into_inner() }
}

struct Gather<'a> {
    account: &'a dyn Account,
    clock: &'a Clock,
    by: Access<'a>,
    tell: &'a dyn Fn(String),
    again: RefCell<Option<(&'static str, AwsError)>>,
}

impl Gather<'_> {
    fn read(&self, source: Source, facts: &mut Facts) {
        let (account, by) = (self.account, self.by);
        let policy = |name: &str| format!("arn:{}:iam::aws:policy/{name}", facts.caller.partition);
        match source {
            Source::OwnDevices => {
                if let Some(user) = &facts.caller.user {
                    facts.own_devices = self.known("iam:ListMFADevices", account.list_mfa_devices(by, Some(user)));
                }
            }
            Source::OwnKeys => {
                if let Some(user) = &facts.caller.user {
                    facts.own_keys = self.own_keys(user);
                }
            }
            Source::Summary => facts.summary = self.known("iam:GetAccountSummary", account.summary(by)),
            Source::Report => {}
            Source::PasswordPolicy => {
                facts.password_policy = self.known("iam:GetAccountPasswordPolicy", account.password_policy(by));
            }
            Source::VirtualDevices => {
                facts.virtual_device_owners =
                    self.known("iam:ListVirtualMFADevices", account.virtual_device_owners(by));
            }
            Source::Details => {
                let page = |number| (self.tell)(format!("listing users, roles and policies: page {number}"));
                facts.details = self.known("iam:GetAccountAuthorizationDetails", account.details(by, &page));
            }
            Source::Support => {
                let having = account.entities_for_policy(by, &policy("AWSSupportAccess"));
                let roles = having.map(|having| {
                    let roles = having.into_iter().filter(|entity| entity.kind == EntityKind::Role);
                    roles.map(|role| role.name).collect()
                });
                facts.support_roles = self.known("iam:ListEntitiesForPolicy", roles);
            }
            Source::CloudShell => {
                let having = account.entities_for_policy(by, &policy("AWSCloudShellFullAccess"));
                facts.cloud_shell = self.known("iam:ListEntitiesForPolicy", having);
            }
            Source::Certificates => {
                facts.certificates = self.known("iam:ListServerCertificates", account.server_certificates(by));
            }
            Source::RootFeatures => {
                facts.root_features = self.known("iam:ListOrganizationsFeatures", account.root_features(by));
            }
            Source::Analyzers => facts.analyzers = self.analyzers(),
            Source::LastAccessed => facts.last_accessed = self.last_accessed(&facts.details),
        }
    }

    /// What AWS answered, or why nothing is known.
    fn known<T>(&self, action: &'static str, answer: Result<T, AwsError>) -> Known<T> {
        answer.map_err(|error| {
            let is_key = matches!(self.by.signer, Credentials::Key { .. });
            if error.is_access_denied() && is_key || error.is_invalid_client_token() || error.is_expired() {
                self.again.borrow_mut().get_or_insert((action, error.clone()));
            }
            Missing { action, reason: error.to_string() }
        })
    }

    fn own_keys(&self, user: &str) -> Known<Vec<OwnKey>> {
        let listed = self.known("iam:ListAccessKeys", self.account.list_access_keys(self.by, Some(user)))?;
        let key = |key: crate::aws::ListedKey| {
            let used = self.account.access_key_last_used(self.by, &key.id).map(|used| used.map(|used| used.at));
            OwnKey {
                used: self.known("iam:GetAccessKeyLastUsed", used),
                id: key.id.to_string(),
                is_active: key.active,
                created: key.created_at,
            }
        };
        Ok(listed.into_iter().map(key).collect())
    }

    /// Waits for the report. Where none may be made, one that is there serves, with its age.
    fn report(&self, mut generating: Result<bool, AwsError>) -> Known<CredentialReport> {
        let started = self.clock.now();
        let (mut pause, mut waited) = (PAUSE, Duration::ZERO);
        loop {
            let got = match generating {
                Ok(false) => None,
                _ => Some(self.account.report(self.by)),
            };
            match (got, &generating) {
                (Some(Ok(report)), _) => return Ok(report),
                (Some(Err(error)), _) if !is_unfinished(&error) => {
                    return self.known("iam:GetCredentialReport", Err(error));
                }
                (Some(Err(_)), Err(error)) if !is_too_often(error) => {
                    return self.known("iam:GenerateCredentialReport", Err(error.clone()));
                }
                _ => {}
            }
            if waited >= REPORT_LIMIT {
                let reason = format!("AWS has not finished the report after {}", duration::text(REPORT_LIMIT));
                return Err(Missing { action: "iam:GetCredentialReport", reason });
            }
            let seconds = self.clock.now().seconds_since(started).max(0);
            (self.tell)(format!("waiting for the credential report ({seconds} s)"));
            self.clock.wait(pause);
            waited += pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            generating = self.account.generate_report(self.by);
        }
    }

    fn analyzers(&self) -> Known<BTreeMap<String, Known<usize>>> {
        let regions = self.known("ec2:DescribeRegions", self.account.regions(self.by))?;
        let (account, by) = (self.account, self.by);
        let total = regions.len();
        let counts = in_parallel(
            &regions,
            AT_ONCE,
            |region, tell| {
                let count = account.analyzers(by, region);
                tell(String::new());
                count
            },
            |_| (self.tell)(format!("looking for analyzers in {total} regions")),
        );
        let known = counts.into_iter().map(|count| self.known("access-analyzer:ListAnalyzers", count));
        Ok(sorted::map(regions.into_iter().zip(known)))
    }

    fn last_accessed(&self, details: &Known<Details>) -> Known<Vec<Known<Accessed>>> {
        let details = details.as_ref().map_err(Clone::clone)?;
        // The roles of AWS's services cannot be changed.
        let roles = details.roles.iter().filter(|role| !role.arn.contains(":role/aws-service-role/"));
        let entities: Vec<&Entity> = details.users.iter().chain(roles).collect();
        let (account, clock, by, total) = (self.account, self.clock, self.by, entities.len());
        let mut done = 0;
        let looked = in_parallel(
            &entities,
            AT_ONCE,
            |entity, tell| {
                let looked = one_last_accessed(account, clock, by, &entity.arn);
                tell(String::new());
                looked
            },
            |_| {
                done += 1;
                (self.tell)(format!("asking which services were accessed: {done} of {total} users and roles"));
            },
        );
        let known = looked.into_iter().zip(entities).map(|((action, looked), entity)| {
            let (allowed, never) = self.known(action, looked)?;
            Ok(Accessed { kind: entity.kind, name: entity.name.clone(), created: entity.created, allowed, never })
        });
        Ok(known.collect())
    }
}

/// Starts the job of one user or role, and waits for it.
fn one_last_accessed(
    account: &dyn Account,
    clock: &Clock,
    by: Access<'_>,
    arn: &str,
) -> (&'static str, Result<(usize, Vec<String>), AwsError>) {
    const START: &str = "iam:GenerateServiceLastAccessedDetails";
    const LOOK: &str = "iam:GetServiceLastAccessedDetails";
    let job = match account.start_last_accessed(by, arn) {
        Ok(job) => job,
        Err(error) => return (START, Err(error)),
    };
    let (mut pause, mut waited) = (PAUSE, Duration::ZERO);
    while waited < REPORT_LIMIT {
        match account.last_accessed(by, &job) {
            Ok(None) => {}
            Ok(Some(found)) => return (LOOK, Ok(found)),
            Err(error) => return (LOOK, Err(error)),
        }
        clock.wait(pause);
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    let cause = "the response says for five minutes that the job is running".to_owned();
    (LOOK, Err(AwsError::Invalid { endpoint: "IAM".to_owned(), cause }))
}

/// Whether there is no report now, and there will be (IAM API, GetCredentialReport).
fn is_unfinished(error: &AwsError) -> bool {
    matches!(
        error.code(),
        Some(
            "ReportNotPresent"
                | "ReportExpired"
                | "ReportInProgress"
                | "CredentialReportNotPresent"
                | "CredentialReportExpired"
                | "CredentialReportNotReady"
        )
    )
}

/// Whether a report was asked for too often: one is there, or is being made.
fn is_too_often(error: &AwsError) -> bool {
    error.code() == Some("LimitExceeded") || error.is_throttled()
}
