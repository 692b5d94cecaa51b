//! What changes a session's name, what a file survives, and what the folder has to be.
#![expect(clippy::disallowed_methods, reason = "tests damage files in place")]

mod recorded;

use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::CacheError;
use super::name::SessionName;
use super::sample::{
    base_id, base_target_mut, edit_hops_target, hop, hop_mut, plan, sealing_key, session, session_mut, stored_key,
    target,
};
use super::seal::{self, Damage, Header, SessionKind};
use super::{CachedSession, SessionCache};
use crate::chain::base::key::base_of;
use crate::chain::{FederationStep, Mfa, Plan, ScopedStep, SpentIn, Step};
#[cfg(unix)]
use crate::timestamp::Timestamp;

fn name(plan: &Plan, step: usize) -> SessionName {
    SessionName::new(&sealing_key(1), plan, step)
}

fn kept(id: &str, profile: &str, role_arn: Option<&str>) -> CachedSession {
    let session = session(id, 1_700_000_000, 3600);
    let header = Header {
        kind: SessionKind::Hop,
        base: base_id(),
        profiles: vec![profile.into()],
        role_arn: role_arn.map(str::to_owned),
        issued_at: session.issued_at,
        expires_at: session.expires_at,
        clock_offset: 0,
        clock_mark: None,
        digest: None,
    };
    CachedSession { header, session }
}

type Edit = fn(&mut Plan);

#[test]
fn everything_that_changes_the_credentials_changes_the_name() {
    let edits: [(&str, Edit); 21] = [
        ("role", |plan| hop_mut(plan, 1).role_arn = "arn:aws:iam::210987654321:role/c".into()),
        ("an earlier role", |plan| hop_mut(plan, 0).role_arn = "arn:aws:iam::210987654321:role/c".into()),
        ("one hop less", |plan| drop(plan.steps.remove(1))),
        ("the hops in another order", |plan| plan.steps[1..].reverse()),
        ("external id", |plan| hop_mut(plan, 1).external_id = Some("x".into())),
        ("an empty external id", |plan| hop_mut(plan, 1).external_id = Some(String::new())),
        ("session name", |plan| hop_mut(plan, 1).role_session_name = Some("me".into())),
        ("tags", |plan| hop_mut(plan, 1).tags = vec![("a".into(), "b".into())]),
        ("tags split elsewhere", |plan| hop_mut(plan, 1).tags = vec![("ab".into(), String::new())]),
        ("transitive tags", |plan| hop_mut(plan, 0).transitive_tag_keys = vec!["a".into()]),
        ("source identity", |plan| hop_mut(plan, 0).source_identity = Some("ann".into())),
        ("policy", |plan| hop_mut(plan, 1).policy = Some("{}".into())),
        ("policy ARNs", |plan| hop_mut(plan, 1).policy_arns = vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()]),
        ("duration", |plan| hop_mut(plan, 1).duration_seconds = 900),
        ("no device", |plan| plan.mfa = None),
        ("another device", |plan| plan.mfa.as_mut().expect("there").serial = "GAHT12345678".into()),
        ("another user", |plan| {
            plan.base = base_of("base", stored_key(Some("arn:aws:iam::123456789012:user/bob")));
        }),
        ("an unknown user", |plan| plan.base = base_of("base", stored_key(None))),
        ("the hops' endpoint", |plan| {
            edit_hops_target(plan, |target| target.sts_endpoint = Some("http://localhost:5000".into()));
        }),
        ("the base's endpoint", |plan| base_target_mut(plan).sts_endpoint = Some("http://localhost:5000".into())),
        ("partition", |plan| edit_hops_target(plan, |target| target.region = "cn-north-1".into())),
    ];
    let mut names = vec![("unchanged", name(&plan("p", &["a", "b"]), 2))];
    for (what, edit) in edits {
        let mut edited = plan("p", &["a", "b"]);
        edit(&mut edited);
        let name = name(&edited, edited.steps.len() - 1);
        let same: Vec<_> = names.iter().filter(|(_, other)| *other == name).collect();
        assert!(same.is_empty(), "{what} has the name of {same:?}");
        names.push((what, name));
    }
}

#[test]
fn what_does_not_change_the_credentials_is_not_in_the_name() {
    let edits: [(&str, Edit); 8] = [
        ("profile", |plan| plan.profile = "q".into()),
        ("the hop's profile", |plan| hop_mut(plan, 1).profile = "q".into()),
        ("the base's profile", |plan| plan.base.profile = "q".into()),
        ("region", |plan| edit_hops_target(plan, |target| target.region = "us-east-1".into())),
        ("the base's region", |plan| base_target_mut(plan).region = "us-east-1".into()),
        ("key, after a rotation", |plan| {
            let mut key = stored_key(Some("arn:aws:iam::123456789012:user/ann"));
            key.id = "AKIAFAKENEWFAKENEWFA".parse().expect("valid");
            plan.base = base_of("base", key);
        }),
        ("MFA age", |plan| plan.mfa_max_age_seconds = Some(60)),
        ("how an earlier hop was had", |plan| {
            plan.steps.remove(0);
            hop_mut(plan, 0).duration_seconds = 7200;
            let Mfa { spent_in, process, .. } = plan.mfa.as_mut().expect("there");
            (*spent_in, *process) = (SpentIn::Hop, Some("ykman".into()));
        }),
    ];
    let unchanged = name(&plan("p", &["a", "b"]), 2);
    for (what, edit) in edits {
        let mut edited = plan("p", &["a", "b"]);
        edit(&mut edited);
        assert_eq!(name(&edited, edited.steps.len() - 1), unchanged, "{what}");
    }
}

#[test]
fn the_mfa_session_and_each_hop_are_shared_by_all_that_go_through_them() {
    let (one, mut other) = (plan("p", &["a", "b"]), plan("q", &["a", "c"]));
    edit_hops_target(&mut other, |target| target.region = "ap-south-1".into());
    for (step, shared) in [(0, true), (1, true), (2, false)] {
        assert_eq!(name(&one, step) == name(&other, step), shared, "{step:?}");
    }
    assert_ne!(name(&one, 0), name(&one, 1));
    assert_ne!(name(&one, 0), SessionName::new(&sealing_key(2), &one, 0));
    let mut shorter = plan("p", &[]);
    session_mut(&mut shorter).duration_seconds = 3600;
    assert_ne!(name(&one, 0), name(&shorter, 0));
}

#[test]
fn a_file_opens_only_whole_unchanged_under_its_own_name_and_key() {
    let plan = plan("p", &["a", "b"]);
    let (first, second) = (name(&plan, 1), name(&plan, 2));
    let kept = kept("ASIAFAKE", "p", Some("arn:aws:iam::210987654321:role/a"));
    let file = seal::seal(&sealing_key(1), &first, &kept.header, &kept.session);
    let (header, opened) = seal::open(&sealing_key(1), &first, &file).expect("opens");
    assert_eq!(header, kept.header);
    assert_eq!(
        opened.session_token.map(|token| token.expose().to_owned()),
        kept.session.session_token.map(|token| token.expose().to_owned())
    );
    assert_eq!((opened.expires_at, opened.account_id), (kept.session.expires_at, kept.session.account_id));

    for length in 0..file.len() {
        assert!(seal::open(&sealing_key(1), &first, &file[..length]).is_err(), "cut to {length} bytes");
    }
    for at in 0..file.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            assert!(seal::open(&sealing_key(1), &first, &changed).is_err(), "byte {at} changed");
        }
    }
    let longer = [&file[..], b"x"].concat();
    assert_eq!(seal::open(&sealing_key(1), &first, &longer).err(), Some(Damage::Sealed));
    assert_eq!(seal::open(&sealing_key(1), &second, &file).err(), Some(Damage::Sealed), "another session's file");
    assert_eq!(seal::open(&sealing_key(2), &first, &file).err(), Some(Damage::Sealed), "another key");
    for foreign in [&b""[..], b"\n", b"{}\n", b"null\n", b"{\"version\":1}\nabc", &[0xff; 100]] {
        assert_eq!(seal::open(&sealing_key(1), &first, foreign).err(), Some(Damage::Garbled));
    }
    assert_eq!(seal::open(&sealing_key(1), &first, b"{\"version\":3}\n").err(), Some(Damage::Version));
}

#[test]
fn no_secret_and_no_role_is_readable_in_the_sealed_part() {
    let kept = kept("ASIAFAKE", "p", None);
    let name = name(&plan("p", &[]), 0);
    let file = seal::seal(&sealing_key(1), &name, &kept.header, &kept.session);
    let text = String::from_utf8_lossy(&file);
    assert!(!text.contains("fake-secret") && !text.contains("fake-token") && !text.contains("ASIAFAKE"), "{text}");
}

#[test]
fn a_session_of_any_size_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = SessionCache::new(folder.path().join("cache"));
    let name = name(&plan("p", &[]), 0);
    let mut kept = kept("ASIAFAKE", "p", None);
    for length in [0, 1, 4096, 65_536] {
        kept.session.session_token = Some(crate::secret::Secret::new("t".repeat(length)));
        cache.put(&sealing_key(1), &name, &kept).expect("kept");
        let back = cache.get(&sealing_key(1), &name).expect("read").expect("there");
        assert_eq!(back.session.session_token.map_or(0, |token| token.expose().len()), length);
    }
}

fn filled(folder: &Path) -> (SessionCache, [SessionName; 3]) {
    let cache = SessionCache::new(folder.to_owned());
    let plan = plan("p", &["a", "b"]);
    let names = [0, 1, 2].map(|step| name(&plan, step));
    let mut shared = kept("ASIAFAKE0", "p", None);
    shared.header.profiles.push("q".into());
    let hops = [("ASIAFAKE1", "p", "role/a"), ("ASIAFAKE2", "q", "role/b")];
    cache.put(&sealing_key(1), &names[0], &shared).expect("kept");
    for ((id, profile, role), name) in hops.into_iter().zip(&names[1..]) {
        cache.put(&sealing_key(1), name, &kept(id, profile, Some(role))).expect("kept");
    }
    (cache, names)
}

fn sessions_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("listed").map(|entry| entry.expect("read").path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "session")).collect()
}

#[test]
fn listing_and_clearing_need_no_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cache, _) = filled(folder.path());
    assert_eq!(cache.list().expect("listed").len(), 3);
    assert_eq!(cache.clear("nobody").expect("cleared"), 0);
    assert_eq!(cache.clear("q").expect("cleared"), 2, "its own and the shared one");
    assert_eq!(cache.list().expect("listed")[0].profiles, ["p"]);
    assert_eq!(cache.remove_for_key(&"AKIAOTHER00000000000".parse().expect("valid")).expect("removed"), 0);
    assert_eq!(cache.remove_for_key(&"AKIAFAKEFAKEFAKEFAKE".parse().expect("valid")).expect("removed"), 1);
    assert_eq!(SessionCache::new(folder.path().join("none")).list().expect("listed"), []);
}

#[test]
fn sessions_that_ended_a_day_ago_are_swept_out_unless_somebody_renews_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cache, names) = filled(folder.path());
    let end = kept("ASIAFAKE", "p", None).session.expires_at;
    cache.sweep(end.plus_seconds(86_400));
    assert_eq!(cache.list().expect("listed").len(), 3);
    let _held = cache.lock(&names[1], std::time::Duration::ZERO, |_| {}).expect("free");
    cache.sweep(end.plus_seconds(86_401));
    assert_eq!(cache.list().expect("listed").len(), 1);
    assert!(cache.get(&sealing_key(1), &names[1]).expect("read").is_some());
}

#[test]
fn clearing_everything_takes_damaged_files_and_leftovers_but_nothing_of_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cache, names) = filled(folder.path());
    let path = |file: &str| folder.path().join(file);
    std::fs::write(path(&format!("{}.session", names[0])), "garbled").expect("written");
    for file in [".keyfob-abc.tmp", "desktop.session", "other.tmp"] {
        std::fs::write(path(file), "").expect("written");
    }
    assert_eq!(cache.clear_all().expect("cleared"), 3);
    assert_eq!(sessions_in(folder.path()), [path("desktop.session")]);
    assert!(!path(".keyfob-abc.tmp").exists() && path("other.tmp").exists());
}

#[cfg(unix)]
#[test]
fn a_folder_others_may_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cache, names) = filled(folder.path());
    let key = sealing_key(1);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("mode set");
    assert!(matches!(cache.get(&key, &names[0]), Err(CacheError::Distrusted(_))));
    assert!(matches!(cache.put(&key, &names[0], &kept("ASIAFAKE", "p", None)), Err(CacheError::Distrusted(_))));
    assert!(matches!(cache.lock(&names[0], std::time::Duration::ZERO, |_| {}), Err(CacheError::Distrusted(_))));
    assert!(cache.failure(&names[0]).is_none());
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cache, names) = filled(&folder.path().join("keyfob"));
    let error = crate::error::Error::new(crate::error::Kind::Failed, "no");
    let failure = super::failure::Failure::new(&error, Timestamp::from_unix(0), "");
    cache.put_failure(&names[0], &failure).expect("written");
    let _lock = cache.lock(&names[0], std::time::Duration::ZERO, |_| {}).expect("free");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("keyfob")), 0o700);
    for entry in std::fs::read_dir(folder.path().join("keyfob")).expect("listed") {
        let path = entry.expect("read").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_hop_of_a_later_profile_does_not_hide_an_earlier_one() {
    let mut plan = plan("p", &["a"]);
    let before = name(&plan, 1);
    plan.steps.push(Step::AssumeRole(hop("b")));
    assert_eq!(name(&plan, 1), before);
}

#[test]
fn what_narrows_a_session_is_in_its_name() {
    let plain = plan("p", &["a"]);
    let with = |steps: &[Step]| {
        let mut plan = plain.clone();
        plan.steps.extend_from_slice(steps);
        name(&plan, plan.steps.len() - 1)
    };
    let scoped = |policy: &str| Step::Scoped(ScopedStep { policy: policy.to_owned(), target: target("eu-west-1") });
    let federated = |policy: Option<&str>, policy_arns: &[&str]| {
        let (policy, policy_arns) = (policy.map(str::to_owned), policy_arns.iter().map(ToString::to_string).collect());
        let step = FederationStep { duration_seconds: 3600, policy, policy_arns, target: target("eu-west-1") };
        let mut plan = plain.clone();
        plan.steps = vec![Step::Federation(step)];
        name(&plan, 0)
    };
    let mut inline = plain.clone();
    hop_mut(&mut inline, 0).policy = Some("x".to_owned());
    let mut managed = plain.clone();
    hop_mut(&mut managed, 0).policy_arns = vec!["x".to_owned()];
    let names = [
        name(&plain, 1),
        name(&inline, 1),
        name(&managed, 1),
        with(&[scoped("x")]),
        with(&[scoped("y")]),
        with(&[scoped("x"), scoped("y")]),
        with(&[scoped("y"), scoped("x")]),
        federated(None, &[]),
        federated(Some("x"), &[]),
        federated(None, &["x"]),
    ];
    let different: std::collections::BTreeSet<&str> = names.iter().map(SessionName::as_str).collect();
    assert_eq!(different.len(), names.len());
}
