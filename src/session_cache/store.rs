//! The cache folder: session files, their locks, and the failures of their renewals.
//!
//! A session's files are `NAME.session`, `NAME.lock` and `NAME.failure`. Each is replaced in one piece, so a kill leaves
//! the old one, and at worst a `.keyfob-*.tmp` with a sealed session in it. They are not synced, so a power cut may leave
//! one that is empty or garbled: a session is then a miss, with a warning, and a failure forgotten. Lock files stay for
//! good: one that was deleted while another process waits for it would let two in at once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

use crate::chain::Plan;
use crate::credentials::{AccessKeyId, Session, StoreId};
use crate::session_cache::failure::Failure;
use crate::session_cache::fresh::Life;
use crate::session_cache::name::{NameDigest, SessionName};
use crate::session_cache::seal::{self, Damage, Header};
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::sign_in::{SignIn, SignInName};
use crate::sys::clock::Clock;
use crate::sys::lock::{Lock, LockError, holder_name};
use crate::sys::{files, folder, leftovers};
use crate::timestamp::Timestamp;

const DAY: i64 = 24 * 3600;

/// The file of the random bytes in the digests of names. It stays when sessions are deleted: it tells nothing of them.
const RANDOM_BYTES: &str = "name-digest-key";

/// The cache of sealed sessions in one folder.
#[derive(Debug)]
pub struct SessionCache {
    folder: PathBuf,
    /// A sign-in that nothing can seal: it goes with this process.
    pub(super) unsealed: Mutex<Option<(SignInName, SignIn)>>,
}

/// A session in the cache.
#[derive(Debug, Clone)]
pub struct CachedSession {
    /// What its file says in clear.
    pub header: Header,
    pub session: Session,
}

impl CachedSession {
    /// From when to when it works.
    pub fn life(&self) -> Life {
        self.header.life()
    }

    /// Now, for judging a session with this header: nothing has been heard from AWS yet, so a clock that was behind when
    /// the session was made is taken to be so still. Where it has been put right since, the session is only renewed early.
    /// One that was ahead is taken to be so still if it is known not to have been set since.
    pub fn now_for(header: &Header, clock: &Clock) -> Timestamp {
        let as_then = clock.uncorrected().plus_seconds(header.clock_offset);
        let mark = header.clock_mark.as_ref();
        let is_same = mark.is_some_and(|then| clock.mark().is_some_and(|now| now.is_of_same_clock(then)));
        if is_same { as_then } else { clock.now().max(as_then) }
    }
}

/// Why the cache did not do as asked. Nothing of it is fatal: a session is then made, or handed out without being kept.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder is not the user's own.
    #[error("the cache folder is not used: {0}")]
    Distrusted(String),
    /// A file in it does not open.
    #[error("the cached session in {} is not used: {damage}", path.display())]
    Damaged {
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// Reading, writing or locking failed.
    #[error("cannot use {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    /// Another process holds the session's lock.
    #[error("{} is getting the same session", holder_name(*holder))]
    Busy {
        /// Its pid, where it left one.
        holder: Option<u32>,
    },
}

impl SessionCache {
    /// The cache in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        SessionCache { folder, unsealed: Mutex::default() }
    }

    /// The session of this name; `None` where there is none.
    ///
    /// # Errors
    /// Where its file does not open, cannot be read, or others could have put it there. Each is a miss.
    pub fn get(&self, key: &SealingKey, name: &SessionName) -> Result<Option<CachedSession>, CacheError> {
        self.check()?;
        let path = self.path(name, "session");
        let Some(file) = files::read_own(&path).map_err(|error| io_error(&path, error))? else { return Ok(None) };
        match seal::open(key, name, &file) {
            Ok((header, session)) => Ok(Some(CachedSession { header, session })),
            // Another keyfob's, which may be used in turn with this one.
            Err(Damage::Version) => Ok(None),
            Err(damage) => Err(CacheError::Damaged { path, damage }),
        }
    }

    /// Keeps a session, in place of an old one; the failure of its renewal is forgotten.
    ///
    /// # Errors
    /// Where it is not kept: a full disk, a read-only folder.
    pub fn put(&self, key: &SealingKey, name: &SessionName, kept: &CachedSession) -> Result<(), CacheError> {
        self.write(&self.path(name, "session"), &seal::seal(key, name, &kept.header, &kept.session))?;
        // A failure that stays is older than the session: it only makes the next renewal wait its minute.
        let _ = folder::remove(&self.path(name, "failure"));
        Ok(())
    }

    /// Makes the folder where it is not there, and tells whether a session could be kept in it at all.
    ///
    /// # Errors
    /// Why not.
    pub fn make_writable(&self) -> Result<(), CacheError> {
        self.prepare()?;
        folder::writable(&self.folder).map_err(|error| io_error(&self.folder, error))
    }

    /// Takes a session's file out.
    ///
    /// # Errors
    /// Where it is there and stays.
    pub fn remove(&self, name: &SessionName) -> Result<(), CacheError> {
        self.take_out(&self.path(name, "session")).map(drop)
    }

    /// Takes the session's lock, waiting up to `limit`; `waiting` is called once, after 2 s, with the holder's pid.
    ///
    /// # Errors
    /// [`CacheError::Busy`] past the limit; others where there can be no lock.
    pub fn lock(
        &self,
        name: &SessionName,
        limit: Duration,
        waiting: impl FnMut(Option<u32>),
    ) -> Result<Lock, CacheError> {
        self.prepare()?;
        let path = self.path(name, "lock");
        Lock::acquire(&path, limit, waiting).map_err(|error| match error {
            LockError::Held { holder } => CacheError::Busy { holder },
            LockError::Io(error) => io_error(&path, error),
        })
    }

    /// The last failed renewal of a session, however long ago. One that cannot be read counts for nothing.
    pub fn failure(&self, name: &SessionName) -> Option<Failure> {
        self.check().ok()?;
        let file = files::read_own(&self.path(name, "failure")).ok()??;
        serde_json::from_slice(&file).ok()
    }

    /// Forgets a failed renewal.
    ///
    /// # Errors
    /// Where it is there and stays.
    pub fn remove_failure(&self, name: &SessionName) -> Result<(), CacheError> {
        self.take_out(&self.path(name, "failure")).map(drop)
    }

    /// Remembers a failed renewal.
    ///
    /// # Errors
    /// Where it cannot be written; then nobody learns of it.
    pub fn put_failure(&self, name: &SessionName, failure: &Failure) -> Result<(), CacheError> {
        let file = serde_json::to_vec(failure).expect("texts and numbers always become JSON");
        self.write(&self.path(name, "failure"), &file)
    }

    /// What the header of a session says of its name; none where the folder cannot keep the random bytes in it. They are
    /// made with the first session.
    pub fn digest(&self, store: StoreId, plan: &Plan, step: usize) -> Option<NameDigest> {
        self.prepare().ok()?;
        let random = self.random_bytes().or_else(|| {
            let (mut random, path) = ([0; 32], self.folder.join(RANDOM_BYTES));
            OsRng.fill_bytes(&mut random);
            // Where another process has just made them, its bytes count; what is no such file is replaced.
            let made = files::create_new(&path, &random);
            self.random_bytes()
                .or_else(|| made.err().and_then(|_| files::replace(&path, &random).ok()).map(|()| random))
        })?;
        Some(NameDigest::new(&random, store, plan, step))
    }

    /// The random bytes in the digests of names; none before the first session was written.
    pub(super) fn random_bytes(&self) -> Option<[u8; 32]> {
        self.check().ok()?;
        files::read_own(&self.folder.join(RANDOM_BYTES)).ok()??.try_into().ok()
    }

    /// The headers of all sessions with their names, as [`SessionCache::list`] gives them.
    ///
    /// # Errors
    /// As [`SessionCache::list`].
    pub(super) fn named_headers(&self) -> Result<Vec<(SessionName, Header)>, CacheError> {
        let named =
            |(path, header): (PathBuf, Header)| Some((SessionName::of_file(path.file_stem()?.to_str()?), header));
        Ok(self.headers()?.into_iter().filter_map(named).collect())
    }

    /// The headers of all sessions, expired ones too; no secret is opened, and so nothing of them is checked.
    ///
    /// Files that are damaged, or go while this reads, are left out.
    ///
    /// # Errors
    /// Where the folder cannot be read or trusted.
    pub fn list(&self) -> Result<Vec<Header>, CacheError> {
        Ok(self.headers()?.into_iter().map(|(_, header)| header).collect())
    }

    /// Takes out sessions that ended more than a day ago: what edits, lost sealing keys and unused profiles leave behind.
    ///
    /// One that somebody is renewing is left alone, and so is whatever cannot be removed.
    pub fn sweep(&self, now: Timestamp) {
        let is_over = |header: &Header| header.expires_at.plus_seconds(DAY) < now;
        for (path, _) in self.headers().unwrap_or_default().iter().filter(|(_, header)| is_over(header)) {
            let Ok(_lock) = Lock::try_acquire(&path.with_extension("lock")) else { continue };
            // Looked at again: it may have been renewed before the lock was had.
            let header = files::read_own(path).ok().flatten().and_then(|file| seal::read_header(&file).ok());
            if header.is_some_and(|header| is_over(&header)) {
                let _ = self.take_out(path);
            }
        }
    }

    /// Forgets the sessions that `profile` asked for, the ones it shares included. Gives how many there were.
    ///
    /// # Errors
    /// Where one of them stays.
    pub fn clear(&self, profile: &str) -> Result<usize, CacheError> {
        self.remove_where(|header| header.profiles.iter().any(|asked| asked == profile))
    }

    /// Forgets every session that was made from the sign-in of `aws login` as `arn`. Gives how many there were.
    ///
    /// # Errors
    /// Where something stays.
    pub fn remove_for_login(&self, arn: &str) -> Result<usize, CacheError> {
        self.remove_where(|header| header.base.is_login(arn))
    }

    /// Forgets the sessions made from an access key. Gives how many there were.
    ///
    /// # Errors
    /// Where one of them stays.
    pub fn remove_for_key(&self, key_id: &AccessKeyId) -> Result<usize, CacheError> {
        self.remove_where(|header| header.base.is_key(key_id))
    }

    /// Forgets all sessions, damaged ones and what a kill left behind too. Gives how many there were.
    ///
    /// # Errors
    /// Where something stays.
    pub fn clear_all(&self) -> Result<usize, CacheError> {
        let sessions = self.files(|name| is_ours(name, "session"))?;
        let is_other = |name: &str| ["failure", "base"].iter().any(|kind| is_ours(name, kind));
        let others = self.files(|name| is_other(name) || leftovers::is_temporary(name))?;
        for path in sessions.iter().chain(&others) {
            self.take_out(path)?;
        }
        Ok(sessions.len())
    }

    pub(super) fn remove_where(&self, is_meant: impl Fn(&Header) -> bool) -> Result<usize, CacheError> {
        let mut removed = 0;
        for (path, _) in self.headers()?.iter().filter(|(_, header)| is_meant(header)) {
            self.take_out(&path.with_extension("failure"))?;
            removed += usize::from(self.take_out(path)?);
        }
        Ok(removed)
    }

    fn headers(&self) -> Result<Vec<(PathBuf, Header)>, CacheError> {
        self.check()?;
        let files = self.files(|name| is_ours(name, "session"))?.into_iter();
        let read = files.filter_map(|path| {
            let header = seal::read_header(&files::read_own(&path).ok()??).ok()?;
            Some((path, header))
        });
        Ok(read.collect())
    }

    pub(super) fn files(&self, is_meant: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, CacheError> {
        folder::files_named(&self.folder, is_meant).map_err(|error| io_error(&self.folder, error))
    }

    pub(super) fn path(&self, name: &SessionName, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    pub(super) fn take_out(&self, path: &Path) -> Result<bool, CacheError> {
        folder::remove(path).map_err(|error| io_error(path, error))
    }

    /// A small file that is not sealed; none where there is none, or it cannot be read.
    pub(super) fn read_small(&self, name: &str) -> Option<Vec<u8>> {
        self.check().ok()?;
        files::read_own(&self.folder.join(name)).ok()?
    }

    /// # Errors
    /// Where it is not written.
    pub(super) fn write_small(&self, name: &str, content: &[u8]) -> Result<(), CacheError> {
        self.write(&self.folder.join(name), content)
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), CacheError> {
        self.prepare()?;
        files::replace_unsynced(path, content).map_err(|error| io_error(path, error))
    }

    fn prepare(&self) -> Result<(), CacheError> {
        files::private_dir(&self.folder).map_err(|error| io_error(&self.folder, error))?;
        self.check()
    }

    // Security: in a folder that others may write, an old session could be put back, or a lock held for ever.
    pub(super) fn check(&self) -> Result<(), CacheError> {
        match folder::distrusted(&self.folder) {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(CacheError::Distrusted(reason)),
            Err(error) => Err(io_error(&self.folder, error)),
        }
    }
}

/// Whether a file of this name is one of ours: `KEYFOB_CACHE_DIR` may name a folder that is not keyfob's alone.
pub(super) fn is_ours(file_name: &str, extension: &str) -> bool {
    file_name.split_once('.').is_some_and(|(name, rest)| {
        name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) && rest == extension
    })
}

fn io_error(path: &Path, error: io::Error) -> CacheError {
    CacheError::Io { path: path.to_owned(), error }
}
