//! IAM Roles Anywhere: keys and certificates that openssl made.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Bed;
use crate::scene::fails;
use crate::support::aws::{PROFILE, TRUST_ANCHOR};
use crate::support::tools;

const EXCHANGED: &str = "CreateSession";
const PASSPHRASE: &str = "FAKE pass phrase of a key";

/// A kind of key: what `openssl genpkey` is told, and the name openssl's own form has.
pub(super) const RSA: (&str, &str, &str) = ("RSA", "rsa_keygen_bits:2048", "RSA PRIVATE KEY");
pub(super) const P256: (&str, &str, &str) = ("EC", "ec_paramgen_curve:prime256v1", "EC PRIVATE KEY");
pub(super) const P384: (&str, &str, &str) = ("EC", "ec_paramgen_curve:secp384r1", "EC PRIVATE KEY");

/// A profile that exchanges a certificate for the role `jump`; two hours, which is no role chaining. `None` without openssl.
pub(super) fn enrolled(kind: (&str, &str, &str)) -> Option<Bed> {
    tools::require("openssl")?;
    let bed = Bed::new();
    bed.sandbox.write("ra/readme", "");
    bed.sandbox.may_hold_secrets("ra");
    bed.sandbox.keep_secret(PASSPHRASE, "passphrase of a private key");
    bed.aws.serve_roles_anywhere(&bed.jump);
    new_key(&bed, "key.pem", kind);
    issue(&bed, "key.pem", "certificate.pem");
    config(&bed, "");
    Some(bed)
}

fn config(bed: &Bed, more: &str) {
    bed.config(&format!(
        "role_arn = {}\nduration_seconds = 7200\nkeyfob_trust_anchor_arn = {TRUST_ANCHOR}\nkeyfob_profile_arn = {PROFILE}\n\
         keyfob_certificate = ~/ra/certificate.pem\nkeyfob_private_key = ~/ra/key.pem\n{more}",
        bed.jump.arn()
    ));
}

/// Runs openssl in the folder of keys.
fn openssl(bed: &Bed, words: &str) -> String {
    let words: Vec<String> = words.split(' ').map(|word| word.replace("PASSPHRASE", PASSPHRASE)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    bed.sandbox.program("openssl", &words).within(&bed.sandbox.path("ra")).run().ok().to_owned()
}

/// Makes a private key, 0600.
fn new_key(bed: &Bed, file: &str, (kind, option, _): (&str, &str, &str)) {
    openssl(bed, &format!("genpkey -algorithm {kind} -pkeyopt {option} -out {file}"));
    keep(bed, file);
}

/// Notes the lines of a key as secrets, and takes it from others.
fn keep(bed: &Bed, file: &str) {
    let path = format!("ra/{file}");
    fs::set_permissions(bed.sandbox.path(&path), fs::Permissions::from_mode(0o600)).expect("an own file");
    for line in bed.sandbox.read(&path).lines().filter(|line| line.len() == 64 && !line.contains(' ')) {
        bed.sandbox.keep_secret(line, "a private key");
    }
}

/// A certificate of that key for two days, which the trust anchor's authority has issued.
fn issue(bed: &Bed, key: &str, file: &str) {
    openssl(bed, &format!("req -x509 -new -key {key} -subj /CN=machine -days 2 -out {file}"));
    bed.aws.issue(&der(bed, file), &[]);
}

fn der(bed: &Bed, file: &str) -> Vec<u8> {
    openssl(bed, &format!("x509 -in {file} -outform DER -out {file}.der"));
    fs::read(bed.sandbox.path(&format!("ra/{file}.der"))).expect("openssl wrote it")
}

fn retried(bed: &Bed) -> crate::support::run::Ran {
    bed.sandbox.keyfob(&["clear"]).run().ok();
    bed.get("base")
}

#[test]
fn the_private_key_leaves_by_no_system_call() {
    let (Some(strace), Some(bed)) = (tools::require_strace(), enrolled(P256)) else { return };
    let arguments = ["credential-process", "base"];
    bed.sandbox.traced(&strace, &arguments).run().ok();
    bed.sandbox.keep_calls(&arguments);
    assert_eq!(bed.sandbox.leaks(), Vec::<String>::new());
}

#[test]
fn a_certificate_is_exchanged_once_and_the_roles_over_it_are_capped() {
    let Some(bed) = enrolled(P256) else { return };
    bed.costs(&[
        ("base", EXCHANGED, ""),
        ("a", "CreateSession, a 3600", ""),
        ("b", "CreateSession, a 3600, b 3600", ""),
        ("long", "CreateSession, a 3600", ""),
    ]);
    let answer = bed.get("base").json();
    assert_eq!(answer["AccountId"], "111122223333");
    let left = |answer: &serde_json::Value| {
        let end = answer["Expiration"].as_str().expect("it ends");
        keyfob::timestamp::Timestamp::parse(end).expect("a time").unix() - bed.aws.now()
    };
    assert!((7100..=7200).contains(&left(&answer)), "{answer}");
    let asked = bed.sandbox.keyfob(&["credential-process", "base", "--duration", "12h"]).run();
    assert!((43_000..=43_200).contains(&left(&asked.json())), "its lifetime is ours");
    bed.cost();
    let explained = bed.explain("a");
    assert_eq!(explained["base"]["kind"], "roles_anywhere");
    let identity = explained["base"]["identity"].as_str().expect("a text");
    assert!(identity.starts_with("sha256:") && identity.contains(TRUST_ANCHOR), "{identity}");
    assert_eq!(explained["hops"][0]["role_arn"], bed.jump.arn());
    let list = bed.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(list["profiles"][0]["source"], "roles_anywhere");
    let shown = bed.sandbox.keyfob(&["explain", "base"]).run();
    assert!(shown.ok().contains("certificate in `~/ra/certificate.pem`"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("has no region; using"), "the call goes to the trust anchor's: {}", shown.stdout);
    // It can be linked, and stays as it is but for the role.
    let before = bed.sandbox.read(".aws/config");
    bed.sandbox.keyfob(&["profile", "link", "base"]).run().ok();
    assert!(bed.sandbox.read(".aws/config").contains("keyfob_role_arn"));
    bed.get("base").ok();
    bed.sandbox.keyfob(&["profile", "unlink", "base"]).run().ok();
    assert_eq!(bed.sandbox.read(".aws/config"), before);

    // The exchange takes no policy, so another call narrows what it gave.
    bed.sandbox.keyfob(&["credential-process", "base", "--read-only"]).run().ok();
    assert!(bed.cost().ends_with("GetScopedCredentials"));

    // A renewed certificate is another base.
    issue(&bed, "key.pem", "certificate.pem");
    bed.cost();
    bed.get("base").ok();
    assert_eq!(bed.cost(), EXCHANGED);
    // What the call has no place for is named.
    config(&bed, "policy = {}");
    fails(&bed.get("base"), 6, "IAM Roles Anywhere takes no session policy");
    config(&bed, "external_id = xx\nsource_identity = me\nrole_session_name = ann");
    let notes = bed.explain("base")["notes"].to_string();
    for name in ["external_id", "source_identity"] {
        assert!(
            notes.contains(&format!("`{name}` of `base` is not used: it cannot be sent with a certificate")),
            "{notes}"
        );
    }
    bed.get("base").ok();
    assert_eq!(bed.cost(), EXCHANGED, "another session name");
}

#[test]
fn keys_of_each_kind_and_form_are_read() {
    for kind in [RSA, P256, P384] {
        let Some(bed) = enrolled(kind) else { return };
        retried(&bed).ok();
        assert_eq!(bed.cost(), EXCHANGED, "{kind:?} in PKCS#8");
        let (program, own) = if kind == RSA { ("rsa", "-traditional ") } else { ("ec", "") };
        openssl(&bed, &format!("{program} -in key.pem {own}-out own.pem"));
        keep(&bed, "own.pem");
        assert!(bed.sandbox.read("ra/own.pem").contains(kind.2));
        fs::copy(bed.sandbox.path("ra/own.pem"), bed.sandbox.path("ra/key.pem")).expect("copied");
        retried(&bed).ok();
        assert_eq!(bed.cost(), EXCHANGED, "{kind:?} in openssl's own form");
    }
}

#[test]
fn an_encrypted_key_is_opened_with_its_own_passphrase_and_never_with_the_vaults() {
    let Some(mut bed) = enrolled(P256) else { return };
    bed.sandbox.write("passphrase", &format!("{PASSPHRASE}\n"));
    let path = bed.sandbox.path("passphrase").display().to_string();
    openssl(&bed, &format!("pkcs8 -topk8 -v2 aes-256-cbc -passout file:{path} -in key.pem -out sealed.pem"));
    keep(&bed, "sealed.pem");
    let plain = bed.sandbox.read("ra/key.pem");
    let seal = |bed: &Bed| fs::copy(bed.sandbox.path("ra/sealed.pem"), bed.sandbox.path("ra/key.pem")).expect("copied");
    seal(&bed);
    bed.sandbox.set("KEYFOB_PASSPHRASE_FILE", &path);
    let stderr = fails(&retried(&bed), 3, "the passphrase of the private key");
    assert!(stderr.contains("KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE"), "{stderr}");
    bed.sandbox.set("KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE", &path);
    retried(&bed).ok();
    bed.sandbox.write("other", "FAKE another one");
    bed.sandbox.set("KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE", bed.sandbox.path("other"));
    fails(&retried(&bed), 6, "does not open with this passphrase");
    bed.sandbox.set("KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE", bed.sandbox.path("none"));
    fails(&retried(&bed), 6, "cannot be read");
    bed.sandbox.unset("KEYFOB_PRIVATE_KEY_PASSPHRASE_FILE");
    for (command, code, problem) in [
        (format!("cat {path}"), 0, ""),
        ("false".to_owned(), 6, "its command failed"),
        ("true".to_owned(), 6, "its command gives none"),
    ] {
        bed.sandbox.set("KEYFOB_PRIVATE_KEY_PASSPHRASE_COMMAND", command);
        match code {
            0 => drop(retried(&bed).ok().to_owned()),
            code => drop(fails(&retried(&bed), code, problem)),
        }
    }
    // Encrypted as only openssl does it.
    bed.sandbox.write("ra/plain.pem", &plain);
    openssl(&bed, &format!("ec -in plain.pem -aes128 -passout file:{path} -out key.pem"));
    fails(&retried(&bed), 6, "encrypted in a way that only openssl reads");
}

#[test]
fn what_is_wrong_with_a_certificate_or_a_key_is_told_before_aws_is_asked() {
    let Some(mut bed) = enrolled(P256) else { return };
    let mode = |bed: &Bed, mode| {
        fs::set_permissions(bed.sandbox.path("ra/key.pem"), fs::Permissions::from_mode(mode)).expect("an own file");
    };
    mode(&bed, 0o640);
    let stderr = fails(&retried(&bed), 6, "can be read or changed by other users (mode 640)");
    assert!(stderr.contains("chmod 600"), "{stderr}");
    mode(&bed, 0o600);
    let [key, certificate] = ["key", "certificate"].map(|name| bed.sandbox.read(&format!("ra/{name}.pem")));
    for (file, content, problem) in [
        ("key", "no PEM".to_owned(), "has no private key"),
        ("key", key.replace("MI", "MJ"), "is damaged, or neither RSA"),
        ("certificate", "no PEM".to_owned(), "has no certificate"),
        ("certificate", certificate.replace("MII", "MIJ"), "has a damaged certificate"),
    ] {
        bed.sandbox.write(&format!("ra/{file}.pem"), &content);
        fails(&retried(&bed), 6, problem);
        bed.sandbox.write("ra/key.pem", &key);
        bed.sandbox.write("ra/certificate.pem", &certificate);
    }
    openssl(&bed, "genpkey -algorithm ED25519 -out key.pem");
    mode(&bed, 0o600);
    fails(&retried(&bed), 6, "neither RSA");
    new_key(&bed, "key.pem", P256);
    let stderr = fails(&retried(&bed), 6, "belongs to another private key than the one in `~/ra/key.pem`");
    assert!(stderr.contains("keyfob explain base"), "{stderr}");
    bed.sandbox.write("ra/key.pem", &key);
    for file in ["key", "certificate"] {
        let moved = format!("ra/{file}.pem");
        fs::rename(bed.sandbox.path(&moved), bed.sandbox.path("ra/away")).expect("there");
        fails(&retried(&bed), 6, "cannot be read: No such file");
        fs::rename(bed.sandbox.path("ra/away"), bed.sandbox.path(&moved)).expect("there");
    }
    assert_eq!(bed.cost(), "");
    retried(&bed).ok();
    if bed.sandbox.pass_time(3 * 24 * 3600).is_some() {
        fails(&retried(&bed), 6, "`~/ra/certificate.pem`, expired at");
    }
}

#[test]
fn a_chain_goes_along_and_refusals_are_told_apart() {
    let Some(mut bed) = enrolled(RSA) else { return };
    // An authority between.
    new_key(&bed, "between.key", P256);
    openssl(&bed, "req -x509 -new -key between.key -subj /CN=between -days 2 -out between.pem");
    let own = bed.sandbox.read("ra/certificate.pem");
    openssl(&bed, "req -x509 -new -key key.pem -subj /CN=other -days 2 -out certificate.pem");
    let stderr = fails(&retried(&bed), 4, "Roles Anywhere does not trust the certificate");
    assert!(stderr.contains("Untrusted certificate") && stderr.contains("trust anchor"), "{stderr}");
    bed.aws.issue(&der(&bed, "certificate.pem"), &[der(&bed, "between.pem")]);
    fails(&retried(&bed), 4, "Roles Anywhere does not trust the certificate");
    let both = bed.sandbox.read("ra/certificate.pem") + &bed.sandbox.read("ra/between.pem");
    bed.sandbox.write("ra/certificate.pem", &both);
    retried(&bed).ok();

    bed.sandbox.write("ra/certificate.pem", &own);
    bed.jump.trusts_nobody();
    let stderr = fails(&retried(&bed), 4, "Roles Anywhere may not assume");
    assert!(stderr.contains("rolesanywhere.amazonaws.com"), "{stderr}");
    bed.aws.serve_roles_anywhere(&bed.jump);
    let settings = bed.sandbox.read(".aws/config");
    let with = |from: &str, to: &str| bed.sandbox.write(".aws/config", &settings.replace(from, to));
    with("000000000001", "000000000009");
    let stderr = fails(&retried(&bed), 4, "the trust anchor, the profile or the role does not exist in eu-central-1");
    assert!(stderr.contains("Trust anchor not found"), "{stderr}");
    bed.cost();
    for (from, to, problem) in [
        (
            "rolesanywhere:eu-central-1:111122223333:profile",
            "rolesanywhere:eu-west-1:111122223333:profile",
            "it is in eu-west-1, and the trust anchor in eu-central-1",
        ),
        (":trust-anchor/", ":anchor/", "is not an ARN of a trust anchor"),
        ("keyfob_private_key", "keyfob_other", "`base` has `keyfob_trust_anchor_arn` and no `keyfob_private_key`"),
        ("role_arn = arn:aws:iam::111122223333:role/jump\n", "", "and no `role_arn`"),
    ] {
        with(from, to);
        fails(&retried(&bed), 6, problem);
        fails(&bed.get("a"), 6, problem);
    }
    assert_eq!(bed.cost(), "");
    bed.sandbox.write(".aws/config", &settings);
    // A clock that is off is put right by AWS's answer.
    if bed.sandbox.put_clock_off(1200).is_some() {
        retried(&bed).ok();
        assert_eq!(bed.cost(), "CreateSession, CreateSession");
    }
}
