//! Removing users: shut out at once, deleted a day later.

use crate::scene::fails;
use crate::support::aws::Fault;
use crate::support::tools;
use crate::user::Office;

/// A user with one of everything.
pub fn full(office: &Office) {
    let arguments = ["create", "bob", "--group", "developers", "--console", "--key", "--mfa", "none", "--yes"];
    office.user(&arguments).ok();
    office.bob().mfa("bobs-phone");
    office.bob().give(|own| {
        own.inline.insert("own".into());
        own.attached.insert("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        own.certificates.insert("CERTFAKE".into());
        own.ssh_keys.insert("APKAFAKE".into());
        own.service_credentials.insert("ACCAFAKE".into());
    });
    office.aws.forget_requests();
}

#[test]
fn a_user_is_shut_out_at_once_and_deleted_a_day_later_in_the_documented_order() {
    let Some(_) = tools::require("faketime") else { return };
    let mut office = Office::new();
    full(&office);
    let session = office.sandbox.keyfob(&["exec", "bob", "--no-session", "--", "true"]).run();
    session.ok();
    let ran = office.user(&["remove", "bob", "--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("the profile `bob` on this machine uses a key of `bob`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("up to 12 h"), "what outlives it is said: {}", ran.stderr);
    assert!(ran.stderr.contains("policy/AWSDenyAll --profile admin`"), "{}", ran.stderr);
    let own = office.bob().belongings().expect("still there");
    assert!(office.bob().keys().iter().all(|(_, active)| !active));
    assert!(own.password.is_none() && own.attached.contains("arn:aws:iam::aws:policy/AWSDenyAll"), "{own:?}");
    let changed: Vec<String> = office.aws.requests().into_iter().map(|request| request.action).collect();
    let changed: Vec<&String> =
        changed.iter().filter(|action| !action.starts_with("Get") && !action.starts_with("List")).collect();
    assert_eq!(changed, ["UpdateAccessKey", "DeleteLoginProfile", "AttachUserPolicy"]);

    let stderr = fails(&office.user(&["remove", "bob", "--yes"]), 1, "will not be deleted before");
    assert!(stderr.contains("keyfob user remove bob --now --with admin"), "{stderr}");
    fails(&office.user(&["create", "bob", "--yes"]), 1, "waits to be deleted");
    fails(&office.user(&["remove", "bob", "--now"]), 3, "confirmation to delete `bob` is needed");
    let mut terminal = office.sandbox.keyfob(&["user", "remove", "bob", "--now", "--with", "admin"]).on_terminal();
    terminal.expect("delete `arn:aws:iam::111122223333:user/bob`, which is shut out");
    terminal.expect("delete `bob` and all that belongs to it? [y/N] ");
    terminal.type_line("n");
    terminal.expect("cancelled; `bob` stays shut out");
    terminal.finish().0.ends_with(1);
    office.sandbox.pass_time(86_400 + 60).expect("it was there before");
    fails(&office.user(&["remove", "bob"]), 3, "confirmation to delete `bob` is needed");
    assert!(office.bob().belongings().is_some());
    office.aws.forget_requests();
    office.user(&["remove", "bob", "--yes"]).ok();
    assert!(office.bob().belongings().is_none());
    assert!(!office.aws.devices().iter().any(|serial| serial.ends_with("bobs-phone")), "{:?}", office.aws.devices());
    let made: Vec<String> = office.aws.requests().into_iter().map(|request| request.action).collect();
    let at = |action: &str| made.iter().position(|made| made == action).unwrap_or_else(|| panic!("{action}: {made:?}"));
    let order = [
        "DeleteLoginProfile", "DeleteAccessKey", "DeleteSigningCertificate", "DeleteSSHPublicKey",
        "DeleteServiceSpecificCredential", "DeactivateMFADevice", "DeleteUserPolicy", "RemoveUserFromGroup",
        "DetachUserPolicy", "DeleteUser",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{made:?}");
    let detached = office.aws.requests_of("DetachUserPolicy");
    assert_eq!(
        detached.last().and_then(|last| last.params.get("PolicyArn")),
        Some("arn:aws:iam::aws:policy/AWSDenyAll")
    );
    assert!(office.aws.groups().contains_key("developers"), "the group is not the user's");
}

#[test]
fn now_deletes_at_once_and_nobody_else_is_touched() {
    let office = Office::new();
    full(&office);
    office.aws.list_in_pages_of_one();
    fails(&office.user(&["remove", "bob"]), 3, "confirmation to remove `bob` is needed");
    fails(&office.user(&["remove", "admin", "--yes"]), 2, "it cannot remove itself");
    let stderr = fails(&office.user(&["remove", "nobody", "--yes"]), 1, "has no user `nobody`");
    assert!(stderr.contains("keyfob user list --with admin`"), "{stderr}");
    assert!(office.bob().keys().iter().all(|(_, active)| *active));
    office.user(&["remove", "bob", "--now", "--yes"]).ok();
    assert!(office.bob().belongings().is_none());
    assert_eq!(office.aws.user("admin").keys().len(), 1);
    // Its password and its key went with it; the key of the profile is the person's own affair, and named.
    office.user(&["create", "bob", "--key", "--profile", "other", "--mfa", "none", "--yes"]).ok();
}

#[test]
fn a_removal_that_stops_goes_on_where_it_stopped() {
    let office = Office::new();
    full(&office);
    let denied = Fault::Refuse { status: 403, code: "AccessDenied", message: "no" };
    for action in ["DeleteLoginProfile", "DeactivateMFADevice", "DeleteVirtualMFADevice", "DeleteUser"] {
        office.aws.fault(action, denied.clone());
        let stderr = fails(&office.user(&["remove", "bob", "--now", "--yes"]), 4, action);
        assert!(stderr.contains("keyfob user remove bob --with admin"), "{stderr}");
    }
    office.user(&["remove", "bob", "--now", "--yes"]).ok();
    assert!(office.bob().belongings().is_none() && office.aws.devices().is_empty(), "{:?}", office.aws.devices());
}

#[test]
fn a_list_that_is_not_answered_is_not_an_empty_one() {
    let office = Office::new();
    full(&office);
    let unknown = Fault::Refuse { status: 400, code: "InvalidAction", message: "Could not find operation" };
    let other = Fault::rewritten(|_| "<Page><Title>Sign in to the network</Title></Page>".to_owned());
    for list in [
        "ListAccessKeys", "ListSigningCertificates", "ListSSHPublicKeys", "ListServiceSpecificCredentials",
        "ListMFADevices", "ListUserPolicies", "ListGroupsForUser", "ListAttachedUserPolicies",
    ] {
        for fault in [Fault::InternalFailure, unknown.clone(), other.clone()] {
            office.aws.faults(list, 50, fault.clone());
            let ran = office.user(&["remove", "bob", "--now", "--yes"]);
            office.aws.forget_faults();
            assert!(ran.code != Some(0) && ran.stderr.contains(&format!("keyfob: {list}")), "{fault:?}: {ran:?}");
            assert!(office.aws.requests_of("DeleteUser").is_empty(), "{list} {fault:?}");
        }
    }
    office.user(&["remove", "bob", "--now", "--yes"]).ok();
    assert!(office.bob().belongings().is_none());
}
