//! What belongs to the account as a whole.

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::Source;
use crate::hint::run;

pub(super) const CERTIFICATES: Check = Check {
    id: "certificates",
    title: "No server certificate in IAM has expired",
    cis: Some([Some("1.19"), Some("1.18"), Some("2.18"), Some("2.17")]),
    why: "an expired certificate that is put on a load balancer by mistake breaks what is behind it",
    needs: &[Source::Certificates],
    judge: |judge| {
        let certificates = judge.facts.certificates.as_ref().map_err(Clone::clone)?;
        let now = judge.facts.asked_at;
        let expired = certificates.iter().filter(|certificate| certificate.expires < now);
        let found = expired.map(|certificate| {
            let name = certificate.name.as_str();
            let fix = run!(
                "aws iam delete-server-certificate --server-certificate-name {} --profile {}",
                name,
                judge.profile
            );
            Resource::new(name, Some(certificate.expires), "expired", fix)
        });
        Ok(Findings::of(found, now))
    },
};

pub(super) const ANALYZER: Check = Check {
    id: "access-analyzer",
    title: "IAM Access Analyzer is on in every region",
    cis: Some([Some("1.20"), Some("1.19"), Some("2.19"), Some("2.18")]),
    why: "it finds buckets, roles and keys that other accounts can use, in its own region alone",
    needs: &[Source::Analyzers],
    judge: analyzer,
};

/// A region that is known to lack one fails, whatever is not known of others.
fn analyzer(judge: &Judge<'_>) -> Judgement {
    let regions = judge.facts.analyzers.as_ref().map_err(Clone::clone)?;
    let without = regions.iter().filter(|(_, analyzers)| **analyzers == Ok(0));
    let found: Vec<Resource> = without
        .map(|(region, _)| {
            let fix = run!(
                "aws accessanalyzer create-analyzer --analyzer-name keyfob --type ACCOUNT --region {} --profile {}",
                region,
                judge.profile
            );
            Resource::new(region.as_str(), None, "no active analyzer of external access", fix)
        })
        .collect();
    let missing = regions.values().find_map(|analyzers| analyzers.as_ref().err());
    Findings::unless_missing(found, judge.facts.asked_at, missing.cloned())
}

pub(super) const CENTRAL_ROOT: Check = Check {
    id: "central-root",
    title: "The organization manages the root users of its accounts centrally",
    cis: Some([None, None, None, Some("2.1.1")]),
    why: "member accounts then need no root password or key at all",
    needs: &[Source::RootFeatures],
    judge: |judge| {
        let features = judge.facts.root_features.as_ref().map_err(Clone::clone)?;
        let is_on = features.iter().any(|feature| feature == "RootCredentialsManagement");
        let fix = run!("aws iam enable-organizations-root-credentials-management --profile {}", judge.profile);
        let found = (!is_on)
            .then(|| Resource::new(judge.facts.account.as_str(), None, "root credentials management is off", fix));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const UNUSED_SERVICES: Check = Check {
    id: "unused-services",
    title: "Users and roles have accessed every service that they may use",
    cis: None,
    why: "a permission that nobody has used can be removed, and can then not be abused",
    needs: &[Source::Details, Source::LastAccessed],
    judge: unused_services,
};

/// Something counts as accessed if it was attempted, even where it was denied (IAM User Guide, "Refine permissions in AWS using
/// last accessed information"); the last 4 h are not in it, nor what was before 400 days.
fn unused_services(judge: &Judge<'_>) -> Judgement {
    const SHOWN: usize = 5;
    let known = judge.facts.last_accessed.as_ref().map_err(Clone::clone)?;
    let unused = known.iter().flatten().filter(|accessed| !accessed.never.is_empty());
    let found: Vec<Resource> = unused
        .map(|accessed| {
            let (never, allowed) = (accessed.never.len(), accessed.allowed);
            let mut names = accessed.never.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            if never > SHOWN {
                names += ", …";
            }
            let detail = format!("{}: {never} of {allowed} services never accessed: {names}", accessed.kind.word());
            let fix = "remove them from its policies; an attempt that was denied counts as access, and the last four \
                       hours do not count";
            Resource::new(accessed.name.as_str(), accessed.created, detail, fix)
        })
        .collect();
    let missing = known.iter().find_map(|accessed| accessed.as_ref().err());
    Findings::unless_missing(found, judge.facts.asked_at, missing.cloned())
}
