//! One table for all kinds of bases: what they cost alone, under one role, under two, and under a role of two hours; cold, warm,
//! once all has expired, and when they give nothing.

use super::{Bed, login, roles_anywhere};
use crate::identity_center::bed::{ACCOUNT, START_URL};
use crate::support::aws::Metadata;

/// A kind of base, and what is expected of it.
struct Row {
    kind: &'static str,
    /// None where a program is missing.
    set_up: fn() -> Option<Bed>,
    /// What it costs to make its own credentials.
    own: &'static str,
    /// The calls for the role of two hours over it.
    long: &'static str,
    /// What brings it new credentials, once the old ones have expired.
    renew: fn(&Bed),
    /// What its own credentials cost then.
    renewed: &'static str,
    /// Makes it give nothing.
    refuse: fn(&mut Bed),
    /// How keyfob then ends, and after which calls.
    refused: (i32, &'static str),
}

/// Alone, over one role, over two, and for two hours.
const PROFILES: [&str; 4] = ["base", "a", "b", "long"];

const HOUR_AT_MOST: &str = "a 3600";
const LEARNED: &str = "a 7200, a 3600";

fn written(bed: &Bed) {
    let session = bed.session();
    bed.config(&format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}",
        session.id, session.secret, session.token
    ));
    bed.sandbox.may_hold_secrets(".aws");
}

fn machine(setting: &str) -> Bed {
    let bed = Bed::new();
    bed.config(setting);
    bed.aws.serve_machine(Some(&bed.jump), Metadata::On);
    bed
}

const ROWS: &[Row] = &[
    Row {
        kind: "written_session",
        set_up: || {
            let bed = Bed::new();
            written(&bed);
            Some(bed)
        },
        own: "",
        long: HOUR_AT_MOST,
        renew: written,
        renewed: "",
        refuse: |bed| drop(bed.a.trusts_nobody()),
        refused: (4, "a 3600"),
    },
    Row {
        kind: "environment",
        set_up: || {
            let mut bed = Bed::new();
            bed.config("credential_source = Environment");
            // For as long as the test takes, whatever the clock says.
            let session = bed.jump.session(43_200);
            for (name, value) in [
                ("AWS_ACCESS_KEY_ID", &session.id),
                ("AWS_SECRET_ACCESS_KEY", &session.secret),
                ("AWS_SESSION_TOKEN", &session.token),
            ] {
                bed.sandbox.set(name, value);
            }
            Some(bed)
        },
        own: "",
        long: HOUR_AT_MOST,
        renew: |_| {},
        renewed: "",
        refuse: |bed| bed.sandbox.unset("AWS_ACCESS_KEY_ID"),
        refused: (6, ""),
    },
    Row {
        kind: "process",
        set_up: || {
            let bed = Bed::new();
            bed.config(&bed.process(&bed.session().document()));
            Some(bed)
        },
        own: "run",
        long: HOUR_AT_MOST,
        renew: |bed| drop(bed.process(&bed.session().document())),
        renewed: "run",
        refuse: |bed| drop(bed.sandbox.script("bin/tool", "#!/bin/sh\necho run >>~/runs\nexit 1\n")),
        refused: (1, "run"),
    },
    Row {
        kind: "instance",
        set_up: || {
            let mut bed = machine("credential_source = Ec2InstanceMetadata");
            bed.sandbox.unset("AWS_EC2_METADATA_DISABLED");
            bed.sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bed.aws.url());
            Some(bed)
        },
        own: "token, instance role, instance",
        long: LEARNED,
        renew: |_| {},
        renewed: "token, instance role, instance",
        refuse: |bed| bed.aws.serve_machine(Some(&bed.jump), Metadata::Off),
        refused: (4, "token"),
    },
    Row {
        kind: "container",
        set_up: || {
            let mut bed = machine("credential_source = EcsContainer");
            bed.sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", bed.aws.url()));
            Some(bed)
        },
        own: "container",
        long: HOUR_AT_MOST,
        renew: |_| {},
        renewed: "container",
        refuse: |bed| bed.aws.serve_machine(None, Metadata::On),
        refused: (4, "container"),
    },
    Row {
        kind: "web_identity",
        set_up: || {
            let bed = Bed::new();
            bed.jump.trusts("oidc:pod");
            let token = bed.aws.web_token("pod", "sts.amazonaws.com", 360_000);
            let path = bed.sandbox.write("token", &token);
            bed.config(&format!("role_arn = {}\nweb_identity_token_file = {}", bed.jump.arn(), path.display()));
            Some(bed)
        },
        own: "jump 3600",
        long: HOUR_AT_MOST,
        renew: |_| {},
        renewed: "jump 3600",
        refuse: |bed| drop(bed.jump.trusts_nobody()),
        refused: (4, "jump 3600"),
    },
    Row {
        kind: "login",
        set_up: || Some(login::signed_in(900).bed),
        own: "",
        long: LEARNED,
        renew: |_| {},
        renewed: "CreateOAuth2Token",
        refuse: |bed| login::end(bed),
        refused: (3, "CreateOAuth2Token"),
    },
    Row {
        kind: "sso",
        set_up: || {
            let mut bed = Bed::new();
            let center = bed.aws.identity_center(START_URL);
            center.account(ACCOUNT, "Payments").assign(ACCOUNT, "Admin").signed_in();
            bed.a.trusts(&center.role(ACCOUNT, "Admin").arn());
            bed.config(&format!(
                "sso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = Admin\n\
                 [sso-session corp]\nsso_start_url = {START_URL}\nsso_region = eu-west-1"
            ));
            // The sign-in is sealed with a key that only the kernel has.
            bed.sandbox.set("KEYFOB_UNLOCK_TIME", "10h");
            bed.sandbox.set("KEYFOB_LOGIN", "browser");
            bed.sandbox.set("BROWSER", "curl -sL -o /dev/null");
            bed.sandbox.keyfob(&["login", "base"]).run().ok();
            Some(bed)
        },
        own: "GetRoleCredentials",
        long: HOUR_AT_MOST,
        renew: |_| {},
        renewed: "CreateToken, GetRoleCredentials",
        refuse: |bed| bed.aws.identity_center(START_URL).end_portal_sessions(),
        refused: (3, "GetRoleCredentials, CreateToken"),
    },
    Row {
        kind: "roles_anywhere",
        set_up: || roles_anywhere::enrolled(roles_anywhere::P256),
        own: "CreateSession",
        long: HOUR_AT_MOST,
        renew: |_| {},
        renewed: "CreateSession",
        refuse: |bed| drop(bed.jump.trusts_nobody()),
        refused: (4, "CreateSession"),
    },
];

/// Calls in a row, those that are none left out.
fn calls(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_base_costs_what_it_must_and_no_more() {
    for row in ROWS {
        let Some(mut bed) = (row.set_up)() else { continue };
        let (kind, own) = (row.kind, row.own);
        bed.costs(&[
            ("base", own, ""),
            ("a", &calls(&[own, "a 3600"]), ""),
            ("b", &calls(&[own, "a 3600", "b 3600"]), ""),
            ("long", &calls(&[own, row.long]), ""),
        ]);
        for profile in PROFILES {
            let explained = bed.explain(profile);
            assert_eq!(explained["base"]["kind"], kind, "`{profile}`");
            assert_eq!(explained["needs_code"], false, "{kind}, `{profile}`");
        }
        let long = bed.explain("long")["hops"].as_array().and_then(|hops| hops.last().cloned()).expect("a role");
        assert_eq!((&long["duration_seconds"], &long["capped"]), (&3600.into(), &true.into()), "{kind}");
        assert_eq!(bed.cost(), "", "{kind}: nothing is asked to explain");

        // What AWS gives over it is known by now.
        let roles = |profile: &str| match profile {
            "base" => "",
            "b" => "a 3600, b 3600",
            _ => "a 3600",
        };
        for profile in PROFILES {
            bed.sandbox.keyfob(&["clear"]).run().ok();
            bed.get(profile).ok();
            bed.cost();
            let Some(()) = bed.sandbox.pass_time(3660) else { break };
            (row.renew)(&bed);
            bed.get(profile).ok();
            assert_eq!(bed.cost(), calls(&[row.renewed, roles(profile)]), "{kind}, `{profile}` expired");
            bed.get(profile).ok();
            assert_eq!(bed.cost(), "", "{kind}, `{profile}` renewed");
        }
        (row.refuse)(&mut bed);
        let (code, asked) = row.refused;
        // Nobody but the role refuses what is handed out as it is written.
        let is_of_role = asked == "a 3600";
        for profile in PROFILES {
            bed.sandbox.keyfob(&["clear"]).run().ok();
            let (code, asked) = match (kind, profile) {
                (_, "base") if is_of_role => (0, ""),
                // AWS has said so.
                ("sso", "a" | "b" | "long") => (code, ""),
                _ => (code, asked),
            };
            bed.get(profile).ends_with(code);
            assert_eq!(bed.cost(), asked, "{kind}, `{profile}` refused");
        }
        bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    }
}

#[test]
fn a_locked_vault_stays_locked_whatever_base_is_used() {
    // A sign-in to IAM Identity Center goes with `clear --all`.
    for row in ROWS.iter().filter(|row| row.kind != "sso") {
        let Some(mut bed) = (row.set_up)() else { continue };
        // One that only its passphrase opens, and nobody there to type it.
        bed.sandbox.write("passphrase", "FAKE passphrase of a vault");
        bed.sandbox.set("KEYFOB_BACKEND", "vault");
        bed.sandbox.set("KEYFOB_PASSPHRASE_FILE", bed.sandbox.path("passphrase"));
        let key = bed.aws.user("ann").access_key();
        let stored = bed.sandbox.keyfob(&["add", "ann", "--stdin", "--no-link", "--yes"]);
        stored.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
        bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
        bed.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
        let vault = || std::fs::read(bed.sandbox.path("keyfob/data/vault.age")).expect("there is one");
        let before = vault();
        bed.cost();
        bed.get("a").ok();
        assert!(bed.cost().ends_with("a 3600"), "{}", row.kind);
        assert_eq!(vault(), before, "{}", row.kind);
        let ran = bed.sandbox.keyfob(&["credential-process", "ann"]).run();
        assert!(ran.ends_with(3).contains("the vault is locked"), "{}: {}", row.kind, ran.stderr);
    }
}
