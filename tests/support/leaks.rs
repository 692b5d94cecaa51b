//! The hunt for secrets in everything a sandbox saw and in every file that was left.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::aws::{Secret, SecretKind};

/// What an output is allowed to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    Nothing,
    /// Session credentials: what `credential-process`, `env` and `exec` are for.
    Sessions,
    /// The long-term key too, where a profile is told to hand it out.
    Keys,
    /// The access token of a sign-in, in the cache that AWS's own tools share.
    AccessTokens,
    /// A seed, while it is being enrolled.
    Seeds,
    /// A console password, on the terminal where it is shown once.
    Passwords,
    /// An MFA code: `mfa code`, and a terminal on which one was typed.
    Codes,
    /// What requests to AWS are made of, on their connections. What is only signed with or derived from is not in them.
    Requests,
}

impl Shows {
    /// What the stdout of this keyfob command is for.
    pub fn of_command(args: &[&str]) -> Self {
        let words: Vec<&str> = args.iter().copied().filter(|arg| !arg.starts_with('-')).collect();
        match words[..] {
            ["credential-process" | "env" | "exec", ..] => Shows::Sessions,
            ["console", ..] if args.contains(&"--url") || args.contains(&"--copy") => Shows::Sessions,
            ["hook", ..] if args.contains(&"--step") => Shows::Sessions,
            ["export", ..] | ["store", "serve", ..] => Shows::Keys,
            ["mfa", "code", ..] => Shows::Codes,
            _ => Shows::Nothing,
        }
    }

    /// What this keyfob command may write elsewhere than to its outputs and to AWS, or give to a program it starts.
    fn of_calls(args: &[&str]) -> Self {
        match args {
            ["agent", ..] => Shows::Sessions,
            ["store", "move", ..] | ["vault", "identity", ..] => Shows::Keys,
            ["export", ..] | ["mfa", "code", ..] => Shows::Nothing,
            _ => Shows::of_command(args),
        }
    }

    fn allow(self, kind: SecretKind) -> bool {
        match self {
            Shows::Nothing => false,
            Shows::Sessions => kind == SecretKind::Session,
            Shows::Keys => matches!(kind, SecretKind::Session | SecretKind::LongTerm),
            Shows::AccessTokens => kind == SecretKind::AccessToken,
            Shows::Seeds => kind == SecretKind::Seed,
            Shows::Passwords => kind == SecretKind::Password,
            Shows::Codes => kind == SecretKind::Code,
            Shows::Requests => !matches!(kind, SecretKind::LongTerm | SecretKind::Seed),
        }
    }
}

/// One output of one program.
#[derive(Debug, Clone)]
pub struct Captured {
    /// `stderr of keyfob list`
    pub what: String,
    pub bytes: Vec<u8>,
    pub shows: Shows,
}

/// All that a sandbox has to look through, and for.
#[derive(Debug, Default)]
pub struct Kept {
    pub captured: Vec<Captured>,
    pub secrets: Vec<Secret>,
    /// Files and folders that may hold secrets.
    pub exempt: Vec<PathBuf>,
}

impl Kept {
    /// Keeps what `strace -f -yy` recorded of a keyfob command: what it and the programs it started wrote, and what these were
    /// given. Its outputs are kept elsewhere.
    pub fn keep_calls(&mut self, args: &[&str], trace: &str) {
        let outputs = ["(1<pipe:", "(2<pipe:"];
        let is_output = |line: &&str| {
            let file = line.split_once(',').map_or(*line, |(call, _)| call);
            let is_terminal = file.contains("</dev/pts/") || file.contains("</dev/tty");
            is_terminal || outputs.iter().any(|output| file.contains(output))
        };
        let is_exempt = |line: &&str| self.exempt.iter().any(|path| line.contains(&format!("<{}", path.display())));
        let others = trace.lines().filter(|line| !is_output(line) && !is_exempt(line));
        let (requests, others): (Vec<&str>, Vec<&str>) = others.partition(|line| line.contains("<TCP:["));
        for (what, lines, shows) in
            [("requests", requests, Shows::Requests), ("system calls", others, Shows::of_calls(args))]
        {
            let what = format!("{what} of `{}`", args.join(" "));
            self.captured.push(Captured { what, bytes: lines.join("\n").into_bytes(), shows });
        }
    }

    /// A line for each secret in a place it should not be in.
    pub fn find_leaks(&self, home: &Path, secrets: &[Secret]) -> Vec<String> {
        let mut leaks = Vec::new();
        let hunt = Hunt::of(secrets);
        let mut look = |what: String, bytes: &[u8], shows: Shows| {
            let found = hunt.found_in(bytes).into_iter().filter(|secret| !shows.allow(secret.kind));
            leaks.extend(found.map(|secret| format!("{what}: the {}", secret.what)));
        };
        for captured in &self.captured {
            look(captured.what.clone(), &captured.bytes, captured.shows);
        }
        // The AWS CLI keeps the sessions it makes there, that is its own doing; and every tool shares the access tokens of IAM
        // Identity Center there.
        let allowed = [(".aws/cli/cache", Shows::Sessions), (".aws/sso/cache", Shows::AccessTokens)]
            .map(|(folder, shows)| (home.join(folder), shows));
        for path in files(home) {
            if self.exempt.iter().any(|exempt| path.starts_with(exempt)) {
                continue;
            }
            let shows =
                allowed.iter().find(|(folder, _)| path.starts_with(folder)).map_or(Shows::Nothing, |(_, shows)| *shows);
            // Sockets and what another program has just taken away.
            let Ok(bytes) = fs::read(&path) else { continue };
            look(path.display().to_string(), &bytes, shows);
        }
        leaks
    }
}

/// A hunt for many secrets at once.
struct Hunt<'s> {
    secrets: &'s [Secret],
    /// What each secret looks like, by its last bytes, with the secret's number: hundreds of sessions have thousands of forms,
    /// and each file is gone through once.
    forms: HashMap<[u8; END], Vec<(Vec<u8>, usize)>>,
}

/// How many bytes of its end a form is found by; what is shorter is not looked for.
const END: usize = 6;

impl<'s> Hunt<'s> {
    fn of(secrets: &'s [Secret]) -> Self {
        let mut by_end: HashMap<_, Vec<_>> = HashMap::new();
        for (number, secret) in secrets.iter().enumerate() {
            for form in forms(&secret.value) {
                if let Some(end) = form.last_chunk::<END>() {
                    by_end.entry(*end).or_default().push((form.clone(), number));
                }
            }
        }
        Hunt { secrets, forms: by_end }
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&'s Secret> {
        let is_bare = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let mut found = BTreeSet::new();
        for (at, end) in bytes.windows(END).enumerate() {
            let before = &bytes[..at + END];
            for (form, number) in self.forms.get(end).into_iter().flatten() {
                let stands_alone = || {
                    let start = before.len() - form.len();
                    is_bare(start.checked_sub(1).map(|at| &bytes[at])) && is_bare(bytes.get(before.len()))
                };
                // Six digits turn up anywhere: a code is a whole word.
                if before.ends_with(form) && (self.secrets[*number].kind != SecretKind::Code || stands_alone()) {
                    found.insert(*number);
                }
            }
        }
        found.into_iter().map(|number| &self.secrets[number]).collect()
    }
}

/// Whether this text is there in any form.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    let secret = Secret { value: text.to_owned(), what: String::new(), kind: SecretKind::LongTerm };
    !Hunt::of(&[secret]).found_in(bytes).is_empty()
}

/// What a secret looks like: as it is, in base64, in hexadecimal, percent-encoded, escaped in JSON.
fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let bytes = value.as_bytes();
    // Base64 of a text inside a longer one, at any of the three offsets, without the characters its neighbours touch.
    let in_base64 = (0..3).map(|skip| {
        let encoded = super::aws::base64(&bytes[skip.min(bytes.len())..]);
        encoded[..encoded.len().saturating_sub(4)].to_owned()
    });
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // In a query or a form; a path keeps its slashes.
    let percent =
        [("", false), ("", true), ("/", false), ("/", true)].map(|(kept, upper)| percent_encoded(value, kept, upper));
    let others = [hex.to_uppercase(), hex, value.to_owned(), value.replace('/', "\\/")];
    in_base64.chain(others).chain(percent).map(String::into_bytes).collect()
}

/// RFC 3986: all but letters, digits and `-._~`, and what is `kept`.
fn percent_encoded(value: &str, kept: &str, upper: bool) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || kept.contains(character) {
            encoded.push(character);
        } else if upper {
            encoded += &format!("%{byte:02X}");
        } else {
            encoded += &format!("%{byte:02x}");
        }
    }
    encoded
}

#[test]
fn a_secret_is_found_in_every_form() {
    for text in [
        "x=FAKE%2Fa%2Bb%3D&y", "FAKE%2fa%2bb%3d", "https://x/FAKE/a%2Bb%3D", "\"FAKE\\/a+b=\"", "46414b452f612b623d",
        "eEZBS0UvYStiPXg=",
    ] {
        assert!(holds(text.as_bytes(), "FAKE/a+b="), "{text}");
    }
    let code = [Secret { value: "123456".to_owned(), what: String::new(), kind: SecretKind::Code }];
    let is_found = |text: &str| !Hunt::of(&code).found_in(text.as_bytes()).is_empty();
    assert!(["code 123456.", "123456", "\n123456"].into_iter().all(is_found));
    assert!(!["1234567", "id0123456", "a123456"].into_iter().any(is_found));
}

#[test]
fn what_a_trace_shows_is_judged_by_where_it_went() {
    let secret = |kind, value: &str| Secret { value: value.to_owned(), what: value.to_owned(), kind };
    let secrets = [secret(SecretKind::LongTerm, "FAKElongterm"), secret(SecretKind::SignIn, "FAKErefresh")];
    let found = |args: &[&str], line: &str| {
        let mut kept = Kept { exempt: vec!["/home/ann/.aws/login".into()], ..Kept::default() };
        kept.keep_calls(args, line);
        kept.find_leaks(Path::new("/nonexistent"), &secrets)
    };
    let (key, token) = ("system calls of `list`: the FAKElongterm", "system calls of `list`: the FAKErefresh");
    for (place, leaks) in [
        ("write(9<TCP:[127.0.0.1:50000->127.0.0.1:40000]>", &["requests of `list`: the FAKElongterm"][..]),
        ("write(9</home/ann/.keyfob-x.tmp>", &[key, token]),
        ("write(9<pipe:[77]>", &[key, token]),
        ("execve(\"/bin/sh\"", &[key, token]),
        ("write(9</home/ann/.aws/login/cache/x.json>", &[]),
        ("write(1<pipe:[77]>", &[]),
    ] {
        let line = format!("123 {place}, \"x FAKElongterm FAKErefresh\", 30) = 30");
        assert_eq!(found(&["list"], &line), leaks, "{place}");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| (entry.path(), entry.file_type().ok()));
    paths
        .flat_map(|(path, kind)| match kind {
            Some(kind) if kind.is_dir() => files(&path),
            Some(kind) if kind.is_file() => vec![path],
            _ => Vec::new(),
        })
        .collect()
}
