//! The root user: what is so now by GetAccountSummary, what was when by the credential report.

use std::collections::BTreeMap;

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{Known, Missing, Source};
use crate::audit::report::ROOT;

/// How recent a use of the root user may be. The benchmark says "daily tasks" and no number.
const RECENT_DAYS: i64 = 90;

pub(super) const KEY: Check = Check {
    id: "root-key",
    title: "The root user has no access key",
    cis: Some([Some("1.4"), Some("1.3"), Some("2.3"), Some("2.4")]),
    why: "a root user's key may do anything, and no policy can limit it",
    needs: &[Source::Summary, Source::Report],
    judge: |judge| {
        let summary = judge.facts.summary.as_ref().map_err(Clone::clone)?;
        if number(summary, "AccountAccessKeysPresent")? == 0 {
            return Ok(Findings::of(None, judge.facts.asked_at));
        }
        // Dates only: the report may be older than the key.
        let row = judge.facts.report.as_ref().ok().and_then(|report| report.root.as_ref());
        let key = row.and_then(|row| row.active_keys().next());
        let detail = match key.map(|(_, key)| key.used) {
            Some(Some(used)) => format!("an access key, last used {} days ago", judge.days_since(used)),
            Some(None) => "an access key, never used".to_owned(),
            None => "an access key".to_owned(),
        };
        let fix = "sign in as the root user and delete the key under Security credentials, or delete it centrally from \
                   the organization's management account";
        let found = Resource::new(ROOT, key.and_then(|(_, key)| key.rotated), detail, fix);
        Ok(Findings::of(Some(found), judge.facts.asked_at))
    },
};

pub(super) const MFA: Check = Check {
    id: "root-mfa",
    title: "The root user has MFA",
    cis: Some([Some("1.5"), Some("1.4"), Some("2.4"), Some("2.5")]),
    why: "the root user's password resets by e-mail, so without MFA a mailbox is the key to the account",
    needs: &[Source::Summary],
    judge: |judge| {
        let summary = judge.facts.summary.as_ref().map_err(Clone::clone)?;
        if let Some(passed) = needs_no_mfa(judge, summary) {
            return Ok(passed);
        }
        let found = (number(summary, "AccountMFAEnabled")? == 0).then(|| without_mfa(judge));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const HARDWARE_MFA: Check = Check {
    id: "root-hardware-mfa",
    title: "The root user has no virtual MFA device, only a hardware one",
    cis: Some([Some("1.6"), Some("1.5"), Some("2.5"), Some("2.6")]),
    why: "a virtual device is a secret on a phone that can be copied and lost; level 2 asks for hardware",
    needs: &[Source::Summary, Source::VirtualDevices],
    judge: |judge| {
        let summary = judge.facts.summary.as_ref().map_err(Clone::clone)?;
        if let Some(passed) = needs_no_mfa(judge, summary) {
            return Ok(passed);
        }
        if number(summary, "AccountMFAEnabled")? == 0 {
            return Ok(Findings::of([without_mfa(judge)], judge.facts.asked_at));
        }
        let owners = judge.facts.virtual_device_owners.as_ref().map_err(Clone::clone)?;
        let is_virtual = owners.iter().any(|arn| arn.ends_with(":root"));
        let fix = "sign in as the root user, register a security key or hardware token under Security credentials, and \
                   remove the virtual device";
        let found = is_virtual.then(|| Resource::new(ROOT, None, "a virtual MFA device", fix));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const UNUSED: Check = Check {
    id: "root-unused",
    title: "The root user is not used for daily tasks",
    cis: Some([Some("1.7"), Some("1.6"), Some("2.6"), Some("2.7")]),
    why: "whatever the root user does, nothing can limit, and CloudTrail cannot say which person it was",
    needs: &[Source::Report],
    judge: unused,
};

fn unused(judge: &Judge<'_>) -> Judgement {
    let report = judge.facts.report.as_ref().map_err(Clone::clone)?;
    let root = report.root.as_ref().ok_or_else(|| Missing {
        action: "iam:GetCredentialReport",
        reason: "the report has no root user".to_owned(),
    })?;
    let recent = root.last_used().filter(|used| !judge.is_older(*used, RECENT_DAYS));
    let found = recent.map(|used| {
        let detail = format!("used {} days ago", judge.days_since(used));
        Resource::new(ROOT, Some(used), detail, "use an IAM user or a role for this; find out who it was in CloudTrail")
    });
    Ok(Findings::of(found, report.generated))
}

fn without_mfa(_: &Judge<'_>) -> Resource {
    let fix = "sign in as the root user and register two devices under Security credentials";
    Resource::new(ROOT, None, "no MFA device", fix)
}

/// A root user that cannot sign in has nothing that MFA could protect.
fn needs_no_mfa(judge: &Judge<'_>, summary: &BTreeMap<String, i64>) -> Option<Findings> {
    // AWS GovCloud (US) User Guide, "IAM in AWS GovCloud (US)": its root user has no console password and takes no MFA device.
    if judge.facts.caller.partition == "aws-us-gov" {
        let note = "in AWS GovCloud (US) the root user has no password, and cannot have MFA";
        return Some(Findings::passed(note, judge.facts.asked_at));
    }
    // IAM User Guide, "Centrally manage root access for member accounts". Without a number nothing is concluded.
    let has_none = ["AccountPasswordPresent", "AccountAccessKeysPresent", "AccountMFAEnabled"]
        .iter()
        .all(|name| summary.get(*name) == Some(&0));
    has_none.then(|| Findings::passed("the root user has no password and no access key", judge.facts.asked_at))
}

/// A number of the summary. One that is left out is not 0.
pub(super) fn number(summary: &BTreeMap<String, i64>, name: &str) -> Known<i64> {
    let missing = || Missing { action: "iam:GetAccountSummary", reason: format!("the summary has no {name}") };
    summary.get(name).copied().ok_or_else(missing)
}
