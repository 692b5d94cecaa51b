//! Other tools' words, and our commands for them: aws-vault's, Granted's, awsume's, saml2aws's, the AWS CLI's.

use super::{hint, taken};
use crate::hint::{Hint, Word};

/// A command or an option that keyfob does not have under this name, and what it has instead.
pub(super) struct Other {
    /// The commands it is tried below or on; the empty one is keyfob itself.
    pub on: &'static [&'static str],
    pub words: &'static [&'static str],
    /// Our command, with placeholders; empty where there is none.
    command: &'static str,
    /// What it does.
    why: &'static str,
}

const fn other(
    on: &'static [&'static str],
    words: &'static [&'static str],
    command: &'static str,
    why: &'static str,
) -> Other {
    Other { on, words, command, why }
}

const KEYFOB: &[&str] = &[""];

/// What other tools call giving a shell a profile's credentials.
const SWITCH: &[&str] = &["assume", "use", "use-profile", "switch", "activate"];

/// Other commands. One of ours is never looked up here.
pub(super) const COMMANDS: &[Other] = &[
    other(KEYFOB, &["version"], "keyfob --version", "show the version"),
    other(KEYFOB, &["ls", "profiles", "list-profiles", "sessions"], "keyfob list", "list profiles, keys and sessions"),
    other(KEYFOB, &["rm", "delete", "del"], "keyfob remove PROFILE", "delete a stored key"),
    other(KEYFOB, &["status", "info"], "keyfob", "show what is stored, linked and cached"),
    other(KEYFOB, &["status", "info"], "keyfob list", "or list profiles and their sessions"),
    other(KEYFOB, &["lock", "forget", "revoke"], "keyfob clear --all", "delete cached sessions and lock the vault"),
    other(KEYFOB, &["signout", "sign-out"], "keyfob logout PROFILE", "sign out"),
    other(KEYFOB, SWITCH, "eval PROFILE", "set the credentials in this shell"),
    other(KEYFOB, SWITCH, "keyfob exec PROFILE", "or start a subshell with them"),
    other(KEYFOB, &["shell", "subshell", "sh"], "keyfob exec PROFILE", "start a subshell with the credentials"),
    other(KEYFOB, &["run"], "keyfob exec PROFILE -- COMMAND", "run a command with the credentials"),
    other(
        KEYFOB,
        &["unset", "unassume", "deactivate"],
        "keyfob env --unset",
        "print the lines that remove the credentials",
    ),
    other(KEYFOB, &["signin", "sign-in"], "keyfob login PROFILE", "sign in"),
    other(KEYFOB, &["web"], "keyfob console PROFILE", "open the AWS console"),
    other(KEYFOB, &["get-caller-identity", "identity"], "keyfob whoami --check", "ask AWS who you are"),
    other(
        KEYFOB,
        &["get", "get-credentials", "credentials", "process"],
        "keyfob credential-process PROFILE",
        "print credentials as JSON",
    ),
    other(
        KEYFOB,
        &["configure", "config", "init", "setup", "new", "create", "store"],
        "keyfob add PROFILE",
        "store a key",
    ),
    other(KEYFOB, &["set"], "keyfob profile set PROFILE NAME VALUE", "change a setting"),
    other(KEYFOB, &["rename", "mv", "move"], "keyfob profile rename OLD NEW", "rename a profile"),
    other(KEYFOB, &["copy", "cp"], "keyfob profile copy OLD NEW", "copy a profile"),
    other(KEYFOB, &["enroll", "enrol"], "keyfob mfa enroll PROFILE", "enroll an MFA device"),
    other(KEYFOB, &["code", "token", "otp", "totp"], "keyfob mfa code PROFILE", "show the code of a stored seed"),
    other(KEYFOB, &["check", "diagnose", "verify"], "keyfob doctor", "check for problems"),
    other(
        KEYFOB,
        &["server", "serve", "proxy", "daemon"],
        "keyfob exec PROFILE --server",
        "run a command whose credentials are renewed while it runs",
    ),
    other(&["profile"], &["list", "ls"], "keyfob list", "list profiles"),
    other(&["profile"], &["show", "get", "view", "cat"], "keyfob show PROFILE", "show a profile's settings"),
    other(&["profile"], &["rm", "delete", "del"], "keyfob profile remove PROFILE", "remove a profile"),
    other(&["profile"], &["new", "create", "configure"], "keyfob profile add PROFILE", "create a profile"),
    other(&["profile"], &["mv", "move"], "keyfob profile rename OLD NEW", "rename a profile"),
    other(&["profile"], &["cp", "clone"], "keyfob profile copy OLD NEW", "copy a profile"),
    other(&["profile"], &["import"], "keyfob import", "move plaintext keys into the key store"),
    other(&["mfa"], &["rm", "delete", "del", "deactivate"], "keyfob mfa remove PROFILE", "remove an MFA device"),
    other(&["mfa"], &["ls", "show", "status"], "keyfob mfa list PROFILE", "list MFA devices"),
    other(&["mfa"], &["token", "otp", "totp", "generate"], "keyfob mfa code PROFILE", "show the code of a stored seed"),
    other(&["mfa"], &["new", "create", "register", "activate"], "keyfob mfa enroll PROFILE", "enroll an MFA device"),
    other(&["sso"], &["login", "signin"], "keyfob login SESSION", "sign in"),
    other(&["sso"], &["configure"], "keyfob login --start-url URL", "sign in for the first time"),
    other(&["sso"], &["logout", "signout"], "keyfob logout SESSION", "sign out"),
    other(
        &["sso"],
        &["list", "ls", "roles", "list-accounts"],
        "keyfob sso accounts SESSION",
        "list accounts and roles",
    ),
    other(&["sso"], &["sync", "populate", "generate"], "keyfob sso profiles SESSION", "write profiles for all roles"),
    other(&["user"], &["ls", "show"], "keyfob user list", "list users"),
    other(&["user"], &["rm", "delete", "del"], "keyfob user remove NAME", "remove a user"),
    other(&["user"], &["add", "new"], "keyfob user create NAME", "create a user"),
    other(&["store"], &["ls", "show"], "keyfob store list", "list key stores"),
    other(&["store"], &["test", "verify"], "keyfob store check STORE", "test a key store"),
    other(&["vault"], &["lock"], "keyfob clear --all", "delete cached sessions and lock the vault"),
    other(&["vault"], &["unlock", "open"], "keyfob exec PROFILE -- true", "unlock it and start a session"),
    other(
        &["vault"],
        &["create", "init", "new"],
        "keyfob add PROFILE --backend vault",
        "create the vault with its first key",
    ),
    other(&["vault"], &["list", "ls"], "keyfob keys", "list the stored keys"),
];

/// Other options that a command answers. Their values follow the profile.
pub(super) const OPTIONS: &[Other] = &[
    other(
        &["sso login", "sso generate", "sso populate", "assume"],
        &["--sso", "--sso-start-url", "--start-url", "--sso-region"],
        "keyfob login --start-url URL --region REGION",
        "sign in for the first time",
    ),
    other(&["assume"], &["-s", "--service"], "keyfob console PROFILE SERVICE", "open a service"),
    other(&["assume"], &["-c", "--console"], "keyfob console PROFILE", "open the AWS console"),
    other(&["assume"], &["-un", "--unset", "-u"], "keyfob env --unset", "print the lines that remove the credentials"),
    other(&["credentials"], &["add"], "keyfob add PROFILE", "store a key"),
    other(&["credentials"], &["import"], "keyfob import", "move plaintext keys into the key store"),
    other(&["credentials"], &["list"], "keyfob list", "list profiles, keys and sessions"),
    other(&["credentials"], &["remove"], "keyfob remove PROFILE", "delete a stored key"),
    other(&["credentials"], &["update"], "keyfob add PROFILE --replace", "replace a stored key"),
    other(&["credentials"], &["export"], "keyfob export PROFILE", "print a stored key"),
    other(&["process"], &["--arn", "--role-arn"], "keyfob credential-process --role ROLE", "print credentials as JSON"),
    other(&["setup"], &["wizard"], "keyfob login --start-url URL", "sign in to IAM Identity Center"),
    other(&["setup"], &["profiles"], "keyfob sso profiles SESSION", "write profiles for all roles"),
    other(
        &["setup"],
        &["ecs", "auth", "ssl"],
        "keyfob exec PROFILE --server",
        "run a command whose credentials are renewed while it runs",
    ),
    other(&["rotate"], &["--no-session", "-n"], "keyfob rotate PROFILE", "it signs with the key itself"),
    // awsume's: new credentials, and the lines for the shell.
    other(&["env"], &["-r", "--refresh", "-s", "--show-commands"], "keyfob env PROFILE", "print the credentials"),
    // The AWS CLI's, whose profile is an option.
    other(&["configure"], &["list", "list-profiles"], "keyfob list", "list profiles, keys and sessions"),
    other(&["configure"], &["get"], "keyfob show PROFILE", "show a profile's settings"),
    other(&["configure"], &["set"], "keyfob profile set PROFILE NAME VALUE", "change a setting"),
    other(&["configure"], &["import"], "keyfob add PROFILE --csv FILE", "store the key of a CSV file"),
    other(&["configure"], &["sso", "sso-session"], "keyfob login --start-url URL", "sign in to IAM Identity Center"),
    other(&["configure"], &["mfa-login"], "keyfob exec PROFILE", "start a subshell with the credentials"),
    other(
        &["configure"],
        &["env", "env-no-export", "windows-cmd", "--format=env"],
        "keyfob env PROFILE",
        "print credentials as variables",
    ),
    other(&["configure"], &["export-credentials"], "keyfob credential-process PROFILE", "print credentials as JSON"),
    other(&["sts"], &["get-caller-identity"], "keyfob whoami PROFILE --check", "ask AWS who you are"),
    other(
        &["sts"],
        &["get-session-token", "assume-role"],
        "keyfob exec PROFILE",
        "start a subshell with the credentials",
    ),
    other(&["console"], &["-s", "--service"], "keyfob console PROFILE SERVICE", "open a service"),
    other(&["login"], &["-s", "--stdout"], "keyfob console PROFILE --url", "print the address of the AWS console"),
    other(
        &["list"],
        &["--profiles", "--sessions", "--credentials"],
        "keyfob list",
        "it lists profiles, keys and sessions",
    ),
    other(
        &["export"],
        &["--format", "--no-session"],
        "keyfob env PROFILE",
        "print a session's credentials as variables",
    ),
    other(
        &["env", "credential-process"],
        &["--server", "--ecs-server", "--ec2-server"],
        "keyfob exec PROFILE --server",
        "run a command whose credentials are renewed while it runs",
    ),
    other(&["exec"], &["--json", "-j"], "keyfob credential-process PROFILE", "print credentials as JSON"),
    other(&["env"], &["--json", "-j"], "keyfob env PROFILE --shell json", "print credentials as JSON"),
    other(
        &["credential-process"],
        &["--json", "-j", "--format"],
        "keyfob credential-process PROFILE",
        "it prints JSON",
    ),
    other(
        &["agent"],
        &["--ttl", "--duration", "-d", "--min-ttl"],
        "",
        "leave it out: an agent's sessions last 1 h at most, and a client can ask for less",
    ),
];

/// Options for a profile's name, tried for one that is too much, in this order.
pub(super) const NAMING: [&str; 2] = ["--only", "--with"];

/// Our option for another's, where the command has it.
pub(super) const SYNONYMS: &[(&str, &[&str])] = &[
    ("yes", &["--force", "-f", "--assume-yes", "--no-prompt", "--no-confirm"]),
    ("verbose", &["--debug", "--trace"]),
    ("quiet", &["--silent"]),
    ("mfa-code", &["--token", "--mfa-token", "--otp", "--mfa", "--code", "-m"]),
    ("duration", &["--ttl", "--session-ttl", "--assume-role-ttl", "--session-duration"]),
    ("server", &["--ecs-server", "--ec2-server", "-s"]),
    ("backend", &["--store", "--keychain", "--key-store"]),
    ("diff", &["--dry-run"]),
    ("all", &["-a"]),
    ("region", &["-r", "--sso-region"]),
    ("start-url", &["--sso-start-url"]),
    ("plain", &["--no-link"]),
    ("shell", &["--format", "--output", "-o"]),
    ("url", &["--link", "--print"]),
    ("unset", &["-u", "-un"]),
    ("only", &["--profile", "--profiles", "-p"]),
];

const AWS_CLI: [&str; 2] = ["configure", "sts"];

/// Options of other tools that take a value, and the placeholder that the value goes to.
const VALUED: &[(&str, &[&str])] = &[
    ("PROFILE", &["--profile", "-p"]),
    ("SERVICE", &["--service", "-s"]),
    ("URL", &["--start-url", "--sso-start-url"]),
    ("REGION", &["--region", "--sso-region", "-r"]),
    ("ROLE", &["--arn", "--role-arn"]),
    ("FILE", &["--csv"]),
    ("TIME", &["-d", "--duration", "--role-duration", "--session-duration", "--sso-scopes"]),
    ("CODE", &["--mfa-token", "--mfa-code", "-t"]),
    ("NAME", &["--account-id", "--role-name", "--session-name", "--external-id", "--backend", "--format", "--output"]),
];

/// The placeholder for the value of an option.
fn place_of(option: &str) -> Option<&'static str> {
    VALUED.iter().find(|(_, options)| options.contains(&option)).map(|(name, _)| *name)
}

pub(super) fn is_valued(option: &str) -> bool {
    place_of(option).is_some()
}

/// `eu-west-1`: the `-r` of awsume takes no value.
pub(super) fn is_region(word: &str) -> bool {
    word.contains('-') && word.ends_with(|last: char| last.is_ascii_digit())
}

/// Whether a word is ours misspelt or cut short, and no other word.
pub(super) fn is_misspelt(ours: &str, word: &str) -> bool {
    // Security: these do something else, or more.
    let changes = ["no-", "force", "drop-", "delete-", "replace", "allow-", "all", "prune", "yes"];
    let is_strict = changes.iter().any(|start| ours.starts_with(start));
    let most = if is_strict { 1 } else { (ours.len() / 4).clamp(1, 2) };
    (!is_strict && word.len() > 2 && ours.starts_with(word)) || strsim::osa_distance(ours, word) <= most
}

/// Takes each option with its value out of what was typed.
fn options_with_values(typed: &mut Vec<String>, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < typed.len() {
        let (option, value) = match typed[at].split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (&*typed[at], typed.get(at + 1).map(String::as_str)),
        };
        match value.filter(|value| is_wanted(option) && (option != "-r" || is_region(value))) {
            Some(value) => {
                found.push((option.to_owned(), value.to_owned()));
                typed.drain(at..at + if typed[at].contains('=') { 1 } else { 2 });
            }
            None => at += 1,
        }
    }
    found
}

impl Other {
    /// Whether our command has a place for the value of this option.
    pub(super) fn takes(&self, option: &str) -> bool {
        place_of(option).is_some_and(|name| self.command.split(' ').any(|word| word == name))
    }

    /// Our command with what was typed in the places of its placeholders, and the rest of that where it fits.
    pub(super) fn answer(&self, typed: &[String]) -> Hint {
        if self.command.is_empty() {
            return self.why.into();
        }
        let Hint::Run { words: template, .. } = Hint::run(self.command, &[]) else { unreachable!("it makes commands") };
        let (own, others) = typed.split_at(typed.iter().position(|word| word == "--").unwrap_or(typed.len()));
        // `help` asks for it.
        let mut left: Vec<String> = own.iter().filter(|word| *word != "--help").cloned().collect();
        // What a command is given is not ours to read.
        let is_open = self.command.ends_with("COMMAND");
        let is_wanted = |option: &str| if is_open { option == "--profile" } else { is_valued(option) };
        let mut pairs = options_with_values(&mut left, is_wanted);
        let mut fill = |word: &Word| {
            let Word::Fill(name) = word else { return word.clone() };
            if let Some(at) = pairs.iter().position(|(option, _)| place_of(option) == Some(name)) {
                let value = pairs.remove(at).1;
                // The AWS CLI's for a file.
                return Word::Value(value.strip_prefix("file://").map_or(value.clone(), str::to_owned));
            }
            // It names a profile by an option alone.
            let is_option = name == "PROFILE" && self.on.iter().any(|on| AWS_CLI.contains(on));
            match left.iter().position(|typed| !typed.starts_with('-')).filter(|_| !is_option) {
                Some(at) => Word::Value(left.remove(at)),
                None => word.clone(),
            }
        };
        let filled: Vec<Word> = template.iter().map(&mut fill).collect();
        let pairs = pairs.into_iter().flat_map(|(option, value)| match place_of(&option) {
            Some("PROFILE") => vec![value],
            _ => vec![option, value],
        });
        let rest: Vec<String> = pairs.chain(left).chain(others.iter().cloned()).collect();
        let rest = rest.iter().flat_map(|word| Word::given(word));
        let whole = filled.iter().cloned().chain(rest).collect();
        taken(whole).or_else(|| taken(filled)).unwrap_or_else(|| hint(template)).to(self.why)
    }
}
