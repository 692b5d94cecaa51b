//! People, and whether they sign in safely and at all.

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{Missing, Source};
use crate::audit::report::Row;
use crate::audit::root::number;
use crate::hint::{Hint, run};

/// From when on credentials count as unused (the benchmark: "45 days or more").
pub(super) const UNUSED_DAYS: i64 = 45;

pub(super) const PEOPLE: Check = Check {
    id: "people",
    title: "People have identities of their own",
    cis: None,
    why: "what several people share cannot be limited, revoked or traced for one person",
    needs: &[Source::Summary],
    judge: |judge| {
        let summary = judge.facts.summary.as_ref().map_err(Clone::clone)?;
        let now = judge.facts.asked_at;
        match (number(summary, "Users"), number(summary, "Providers"), judge.facts.caller.is_root) {
            (Ok(1..), _, _) => Ok(Findings::of(None, now)),
            (_, Ok(1..), _) => Ok(Findings::passed("people come from an identity provider", now)),
            (Err(missing), _, _) | (_, Err(missing), true) => Err(missing),
            (Ok(_), _, false) => Ok(Findings::passed("people use roles, and the account has no IAM user", now)),
            (Ok(_), Ok(_), true) => {
                let fix = run!("keyfob user create NAME --with {}", judge.profile)
                    .to("set up IAM Identity Center, or create a user for each person");
                let found = Resource::new(judge.facts.account.as_str(), None, "only the root user", fix);
                Ok(Findings::of([found], now))
            }
        }
    },
};

pub(super) const CONSOLE_MFA: Check = Check {
    id: "console-mfa",
    title: "Every user with a password has MFA",
    cis: Some([Some("1.10"), Some("1.9"), Some("2.9"), Some("2.10")]),
    why: "a password alone can be guessed, reused and phished",
    needs: &[Source::Report],
    judge: |judge| {
        let report = judge.facts.report.as_ref().map_err(Clone::clone)?;
        let without = report.users.iter().filter(|row| row.has_password && !row.has_mfa);
        let found = without.map(|row| {
            let fix = match judge.profile_of(&row.arn) {
                Some(profile) => run!("keyfob mfa enroll {}", profile),
                None => delete_password(judge, &row.user)
                    .to("the user registers a device under Security credentials; until then, remove the password"),
            };
            Resource::new(row.user.as_str(), row.password_changed.or(row.created), "a password without MFA", fix)
        });
        Ok(Findings::of(found, report.generated))
    },
};

pub(super) const UNUSED: Check = Check {
    id: "unused-credentials",
    title: "No password or access key has been unused for 45 days",
    cis: Some([Some("1.12"), Some("1.11"), Some("2.11"), Some("2.11")]),
    why: "nobody notices when credentials that nobody uses are stolen",
    needs: &[Source::Report],
    judge: unused,
};

/// What was never used is unused since it was made: tools that pass it over miss the keys that nobody needs.
fn unused(judge: &Judge<'_>) -> Judgement {
    let report = judge.facts.report.as_ref().map_err(Clone::clone)?;
    let mut undated = None;
    let found = report.users.iter().flat_map(|row| {
        let password = row.has_password.then(|| {
            ("password".to_owned(), row.password_used, row.password_changed, delete_password(judge, &row.user))
        });
        let keys = row
            .active_keys()
            .map(|(at, key)| (format!("access key {at}"), key.used, key.rotated, deactivate(judge, row)));
        let all: Vec<_> = password.into_iter().chain(keys).collect();
        let count = all.len();
        let unused = all.into_iter().filter_map(|(what, used, made, fix)| {
            let Some(since) = used.or(made).or(row.created) else {
                undated = Some(without_date(row));
                return None;
            };
            let days = judge.days_since(since);
            let how = if used.is_some() { "unused" } else { "never used" };
            let detail = format!("{what} {how} for {days} days");
            (days >= UNUSED_DAYS).then(|| Resource::new(row.user.as_str(), Some(since), detail, fix))
        });
        let mut unused: Vec<Resource> = unused.collect();
        if unused.len() == count {
            for resource in &mut unused {
                resource.fix = run!("keyfob user remove {} --with {}", row.user, judge.profile)
                    .to("neither a password nor a key of this user is in use");
            }
        }
        unused
    });
    let found = found.collect();
    Findings::unless_missing(found, report.generated, undated)
}

/// What the report does not say of a user.
pub(super) fn without_date(row: &Row) -> Missing {
    let reason = format!("the report lacks a date of `{}`", row.user);
    Missing { action: "iam:GetCredentialReport", reason }
}

/// Takes the password away.
pub(super) fn delete_password(judge: &Judge<'_>, user: &str) -> Hint {
    run!("aws iam delete-login-profile --user-name {} --profile {}", user, judge.profile)
}

/// Makes a key Inactive, whose id the report does not tell.
pub(super) fn deactivate(judge: &Judge<'_>, row: &Row) -> Hint {
    run!(
        "aws iam update-access-key --user-name {} --access-key-id ID --status Inactive --profile {}",
        row.user,
        judge.profile
    )
}
