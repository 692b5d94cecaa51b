//! Finds what the cache has for plans as a run of them would, with no more than a sealing key that is at hand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::chain::{Plan, Step};
use crate::credentials::StoreId;
use crate::session_cache::cache_summary::{CacheSummary, Found, Usable, accepted_until, accepts, summary};
use crate::session_cache::name::{NameDigest, SessionName};
use crate::session_cache::seal::{Header, SessionKind};
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::{CacheError, CachedSession, SessionCache};
use crate::sys::clock::Clock;

/// The sealing key of a store, if it is at hand.
type KeyAtHand<'a> = &'a dyn Fn(StoreId) -> Option<SealingKey>;

/// The cache as `list` and `explain` look at it. Nothing is written, unlocked or called.
pub struct Inspection<'a> {
    cache: &'a SessionCache,
    clock: &'a Clock,
    key_at_hand: KeyAtHand<'a>,
    keys: RefCell<BTreeMap<StoreId, Option<Rc<SealingKey>>>>,
    headers: Vec<(SessionName, Header)>,
    random: Option<[u8; 32]>,
}

impl<'a> Inspection<'a> {
    /// Looks at `cache`; `key_at_hand` must not open a key store.
    ///
    /// # Errors
    /// Where the folder cannot be read or trusted: then a run finds nothing in it either.
    pub fn new(cache: &'a SessionCache, clock: &'a Clock, key_at_hand: KeyAtHand<'a>) -> Result<Self, CacheError> {
        let (headers, random) = (cache.named_headers()?, cache.random_bytes());
        Ok(Inspection { headers, random, ..Inspection::of_nothing(cache, clock, key_at_hand) })
    }

    /// As a cache looks in which nothing is found.
    pub fn of_nothing(cache: &'a SessionCache, clock: &'a Clock, key_at_hand: KeyAtHand<'a>) -> Self {
        Inspection { cache, clock, key_at_hand, keys: RefCell::default(), headers: Vec::new(), random: None }
    }

    /// What is cached for `plan`, whose sessions are sealed with the key of `store`; none: they are not cached.
    pub fn summary(&self, plan: &Plan, store: Option<StoreId>) -> CacheSummary {
        let key = store.and_then(|store| self.key(store));
        let find = |step: usize| match (store, &key) {
            (None, _) => Found::Nothing,
            (Some(_), Some(key)) => self.by_name(key, plan, step),
            (Some(store), None) => self.by_header(store, plan, step),
        };
        let found: Vec<Found> = (0..plan.steps.len()).map(find).collect();
        summary(plan, &found, store.is_none() || key.is_some() || found.is_empty(), self.clock.now())
    }

    fn key(&self, store: StoreId) -> Option<Rc<SealingKey>> {
        let read = || (self.key_at_hand)(store).map(Rc::new);
        self.keys.borrow_mut().entry(store).or_insert_with(read).clone()
    }

    /// As a run finds it; what does not open is a miss there too.
    fn by_name(&self, key: &SealingKey, plan: &Plan, step: usize) -> Found {
        let name = SessionName::new(key, plan, step);
        match self.cache.get(key, &name) {
            Ok(Some(cached)) => self.judge(plan, &name, &cached.header),
            Ok(None) | Err(_) => Found::Nothing,
        }
    }

    fn by_header(&self, store: StoreId, plan: &Plan, step: usize) -> Found {
        let digest = self.random.map(|random| NameDigest::new(&random, store, plan, step));
        let ours = self.headers.iter().filter(|(_, header)| digest.is_some() && header.digest == digest);
        // Where a lost sealing key has been replaced there may be two, and the older one does not open.
        if let Some((name, header)) = ours.max_by_key(|(_, header)| header.issued_at) {
            return self.judge(plan, name, header);
        }
        let may_be_ours =
            |header: &Header| (header.digest.is_none() || self.random.is_none()) && is_like(plan, step, header);
        let works = |(name, header): &(SessionName, Header)| self.judge(plan, name, header) != Found::Nothing;
        match self.headers.iter().filter(|(_, header)| may_be_ours(header)).any(works) {
            true => Found::Unknown,
            false => Found::Nothing,
        }
    }

    fn judge(&self, plan: &Plan, name: &SessionName, header: &Header) -> Found {
        let (now, life) = (CachedSession::now_for(header, self.clock), header.life());
        if !life.is_usable(now) || !accepts(plan, header, now) {
            return Found::Nothing;
        }
        let failure = self.cache.failure(name).filter(|failure| failure.is_remembered(self.clock.now()));
        Found::Session(Usable {
            life,
            is_fresh: life.is_fresh(now, None),
            failed_until: failure.map(|failure| failure.remembered_until()),
            accepted_until: accepted_until(plan, header),
        })
    }
}

/// Whether a header that does not say whose it is could be of a step.
fn is_like(plan: &Plan, step: usize, header: &Header) -> bool {
    // keyfob 0.1.0, which wrote those, narrowed nothing so.
    if matches!(plan.steps[step], Step::Scoped(_) | Step::Federation(_)) {
        return false;
    }
    let (kind, role_arn) = kind_of(plan, &plan.steps[step]);
    header.kind == kind && header.role_arn.as_deref() == role_arn && header.base.kind == plan.base.kind
}

/// What a header says of a step: the kind of its session, and its role.
pub fn kind_of<'p>(plan: &'p Plan, step: &'p Step) -> (SessionKind, Option<&'p str>) {
    match step {
        Step::SessionToken(_) if plan.mfa.is_some() => (SessionKind::MfaSession, None),
        Step::Base | Step::SessionToken(_) | Step::Federation(_) => (SessionKind::Session, None),
        Step::AssumeRole(hop) => (SessionKind::Hop, Some(&hop.role_arn)),
        // Nothing follows it, so it is of the plan's last role, or its session.
        Step::Scoped(_) => match plan.hops().last() {
            Some(hop) => (SessionKind::Hop, Some(&hop.role_arn)),
            None if plan.mfa.is_some() => (SessionKind::MfaSession, None),
            None => (SessionKind::Session, None),
        },
    }
}
