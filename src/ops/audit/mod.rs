//! `audit`: asks AWS for what the checks need, judges it, and changes nothing.
//!
//! Interrupted at any point it leaves nothing behind but a credential report at AWS, which is made anyway every 4 h when somebody
//! asks.

mod gather;
mod outcome;
mod parallel;
mod signer;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub use self::outcome::{Audit, CheckOutcome, Counts, Failing, Status};

use crate::audit::check::{CIS_VERSIONS, Judge};
use crate::audit::facts::{Facts, Source};
use crate::audit::{CHECKS, Choice, judge, sources};
use crate::aws::Access;
use crate::chain::{Plan, nearest_of};
use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Human;
use crate::index::{Index, KeyEntry};
use crate::ops::Context;
use crate::ops::audit::gather::{Asked, gather};
use crate::ops::audit::parallel::in_parallel;
use crate::ops::audit::signer::Signer;
use crate::secret::Secret;
use crate::sorted;

/// How many accounts are asked at once. AWS limits calls for each account, so the machine's own limits count.
const ACCOUNTS_AT_ONCE: usize = 8;

/// For how long nothing is said: what takes a moment needs no word.
const SILENT: Duration = Duration::from_secs(1);

/// How often calls are made again with other credentials: once with MFA, and once more if that session was rejected.
const ROUNDS: usize = 3;

/// The profiles to audit with, and how their credentials are made or why they cannot be.
pub type Plans = Vec<(String, Result<Plan>)>;

/// What came of all profiles.
#[derive(Debug)]
pub struct Audits {
    /// In the order of the profiles; one for each account.
    pub audits: Vec<Audit>,
    /// The profiles that could not be asked with, and why.
    pub failed: Vec<(String, Error)>,
}

/// Checks what was asked for.
///
/// # Errors
/// An id or version that does not exist, or a choice that leaves nothing (exit 2).
pub fn check_choice(choice: &Choice) -> Result<()> {
    let ids = || CHECKS.iter().map(|check| check.id);
    if let Some(id) = choice.only.iter().chain(&choice.skip).find(|id| !ids().any(|known| known == **id)) {
        let error = Error::new(Kind::Usage, format!("there is no check `{id}`"));
        let meant = nearest_of(ids(), id).map(|near| format!("did you mean `{near}`?"));
        let all = format!("choose from {}", ids().collect::<Vec<_>>().join(", "));
        let list = run!("keyfob audit --list").to("or see what they check");
        return Err(meant.into_iter().fold(error, Error::hint).hint(all).hint(list));
    }
    if let Some(version) = choice.cis.as_ref().filter(|version| !CIS_VERSIONS.contains(&version.as_str())) {
        return Err(Error::new(Kind::Usage, format!("keyfob does not know version `{version}` of the CIS benchmark"))
            .hint(format!("choose from {}; 4.0 is 4.0.1", CIS_VERSIONS.join(", "))));
    }
    match choice.checks().is_empty() {
        true => {
            Err(Error::new(Kind::Usage, "no check is left").hint(run!("keyfob audit --list").to("list all checks")))
        }
        false => Ok(()),
    }
}

/// Audits the accounts of these profiles, each account once.
///
/// # Errors
/// Where the index cannot be read. What keeps one profile from being audited is in the result.
pub fn audit(context: &Context<'_>, plans: Plans, code: Option<&Secret>, choice: &Choice) -> Result<Audits> {
    let profiles = profiles_of_users(context)?;
    let (mut signers, mut failed, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (profile, plan) in plans {
        match plan.and_then(|plan| Signer::new(context, plan, code.cloned())) {
            Ok(signer) => match seen.get(&signer.account) {
                Some(first) => context
                    .talk
                    .say(&format!("`{profile}` leads to account {}, which is audited as `{first}`", signer.account)),
                None => {
                    seen.insert(signer.account.clone(), profile);
                    signers.push(signer);
                }
            },
            Err(error) if error.kind() == Kind::Cancelled => return Err(error),
            Err(error) => failed.push((profile, error)),
        }
    }
    let checks = choice.checks();
    let facts = all_facts(context, &mut signers, &sources(&checks))?;
    let audit = |(signer, facts): (&Signer<'_, '_>, _)| {
        let judged = judge(&checks, &Judge { facts: &facts, profile: &signer.profile, profiles: &profiles });
        Audit::new(&signer.profile, &facts, judged)
    };
    Ok(Audits { audits: signers.iter().zip(facts).map(audit).collect(), failed })
}

/// The facts of each account. Where calls are denied to a key, all are made again with an MFA session, if that can be made.
fn all_facts(context: &Context<'_>, signers: &mut [Signer<'_, '_>], sources: &BTreeSet<Source>) -> Result<Vec<Facts>> {
    let mut asked: Vec<Option<Asked>> = signers.iter().map(|_| None).collect();
    let mut due: Vec<usize> = (0..signers.len()).collect();
    for _ in 0..ROUNDS {
        let work: Vec<_> = due.iter().map(|at| signers[*at].work()).collect();
        let (account, clock) = (context.account, context.clock);
        let mut progress = Progress { human: context.human, done: 0, total: work.len(), from: Instant::now() + SILENT };
        let got = in_parallel(
            &work,
            ACCOUNTS_AT_ONCE,
            |work, tell| {
                let by = Access { signer: &work.credentials, target: &work.target };
                let asked = gather(account, clock, by, (&work.account, &work.arn), sources, tell);
                tell(String::new());
                asked
            },
            |text| progress.show(text),
        );
        progress.end();
        let mut next = Vec::new();
        for (at, got) in due.into_iter().zip(got) {
            let again = got.again.clone();
            asked[at] = Some(got);
            if let Some((action, error)) = again
                && signers[at].changes(action, &error)?
            {
                next.push(at);
            }
        }
        due = next;
        if due.is_empty() {
            break;
        }
    }
    Ok(asked.into_iter().map(|asked| asked.expect("each was asked in the first round").facts).collect())
}

/// Says how far it is, of what takes more than a moment.
struct Progress<'a> {
    human: &'a dyn Human,
    done: usize,
    total: usize,
    from: Instant,
}

impl Progress<'_> {
    /// Of one account what is done, of several how many are done; one that is done says nothing.
    fn show(&mut self, text: &str) {
        self.done += usize::from(text.is_empty());
        if Instant::now() < self.from {
            return;
        }
        match self.total {
            1 => self.human.countdown(text),
            total => self.human.countdown(&format!("auditing: {} of {total} accounts", self.done)),
        }
    }

    fn end(&self) {
        if Instant::now() >= self.from {
            self.human.countdown("");
        }
    }
}

/// The profiles that have the stored key of a user, by the user's ARN: what keyfob itself can fix.
fn profiles_of_users(context: &Context<'_>) -> Result<BTreeMap<String, String>> {
    let index = Index::load(&context.paths.data)?;
    let of_key = |(id, entry): (&AccessKeyId, &KeyEntry)| {
        Some((entry.user_arn.clone()?, (*index.profiles_of(id).first()?).to_owned()))
    };
    Ok(sorted::map(index.keys().iter().filter_map(of_key)))
}
