//! The hunt for secrets in everything a sandbox saw and in every file that was left.

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
    /// A seed, while it is being enrolled.
    Seeds,
}

impl Shows {
    /// What the stdout of this keyfob command is for.
    pub fn of_command(args: &[&str]) -> Self {
        let command = args.iter().find(|arg| !arg.starts_with('-'));
        match command {
            Some(&("credential-process" | "env" | "exec")) => Shows::Sessions,
            _ => Shows::Nothing,
        }
    }

    fn allow(self, kind: SecretKind) -> bool {
        match (self, kind) {
            (Shows::Nothing, _) => false,
            (Shows::Sessions, SecretKind::Session) => true,
            (Shows::Sessions, SecretKind::LongTerm | SecretKind::Seed) => false,
            (Shows::Keys, SecretKind::Session | SecretKind::LongTerm) => true,
            (Shows::Keys, SecretKind::Seed) => false,
            (Shows::Seeds, SecretKind::Seed) => true,
            (Shows::Seeds, SecretKind::Session | SecretKind::LongTerm) => false,
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
    /// A line for each secret in a place it should not be in.
    pub fn find_leaks(&self, home: &Path, secrets: &[Secret]) -> Vec<String> {
        let mut leaks = Vec::new();
        // Once for all places: hundreds of sessions have thousands of forms.
        let secrets: Vec<(&Secret, Vec<Vec<u8>>)> = secrets.iter().map(|secret| (secret, forms(secret))).collect();
        let mut look = |what: String, bytes: &[u8], shows: Shows| {
            let found = secrets.iter().filter(|(secret, _)| !shows.allow(secret.kind));
            let found = found.filter(|(_, forms)| forms.iter().any(|form| contains(bytes, form)));
            leaks.extend(found.map(|(secret, _)| format!("{what}: the {}", secret.what)));
        };
        for captured in &self.captured {
            look(captured.what.clone(), &captured.bytes, captured.shows);
        }
        // The AWS CLI keeps the sessions it makes there; that is its own doing.
        let clients_cache = home.join(".aws/cli/cache");
        for path in files(home) {
            if self.exempt.iter().any(|exempt| path.starts_with(exempt)) {
                continue;
            }
            let shows = if path.starts_with(&clients_cache) { Shows::Sessions } else { Shows::Nothing };
            // Sockets and what another program has just taken away.
            let Ok(bytes) = fs::read(&path) else { continue };
            look(path.display().to_string(), &bytes, shows);
        }
        leaks
    }
}

/// What a secret looks like as it stands, in base64 or in hexadecimal.
fn forms(secret: &Secret) -> Vec<Vec<u8>> {
    let value = secret.value.as_bytes();
    // Base64 of a text inside a longer one, at any of the three offsets, without the characters its neighbours touch.
    let in_base64 = (0..3).map(|skip| {
        let encoded = super::aws::base64(&value[skip.min(value.len())..]);
        encoded[..encoded.len().saturating_sub(4)].to_owned().into_bytes()
    });
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let forms = in_base64.chain([hex.clone().into_bytes(), hex.to_uppercase().into_bytes(), value.to_vec()]);
    forms.filter(|form| form.len() >= 6).collect()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
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
