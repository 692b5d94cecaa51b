//! Quoting: one function a shell, each appending a value so that the shell reads back exactly that value.
//!
//! Each says why where its shell cannot carry a value. `NUL` never gets here: no environment has one.

/// Single quotes, for POSIX shells: nothing is special in them but the quote itself (POSIX XCU 2.2.2).
pub fn posix(value: &str, out: &mut String) {
    out.push('\'');
    for c in value.chars() {
        match c {
            '\'' => out.push_str(r"'\''"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// Single quotes, in which fish knows two escapes: `\'` and `\\`.
pub fn fish(value: &str, out: &mut String) {
    out.push('\'');
    for c in value.chars() {
        if matches!(c, '\'' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('\'');
}

/// Single quotes, in which elvish doubles the quote.
pub fn elvish(value: &str, out: &mut String) {
    out.push('\'');
    for c in value.chars() {
        if c == '\'' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
}

/// Double quotes, in which Nushell knows escapes and no variables.
pub fn nushell(value: &str, out: &mut String) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Single quotes, in which tcsh still expands `!`; with control characters `$'…'`, which csh and old tcsh lack.
///
/// A line end must not show as one: inside backquotes it would part the words that `eval` joins with a blank.
pub fn tcsh(value: &str, out: &mut String) {
    let control = value.chars().any(|c| c.is_ascii_control());
    out.push_str(if control { "$'" } else { "'" });
    for c in value.chars() {
        match c {
            c if control && (c.is_ascii_control() || matches!(c, '\'' | '\\' | '!')) => {
                out.push_str(&format!("\\{:03o}", u32::from(c)));
            }
            '\'' => out.push_str(r"'\''"),
            '!' => out.push_str(r"\!"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// Single quotes, in which PowerShell doubles the quote; what is not printable ASCII becomes `[char]` expressions.
///
/// PowerShell decodes a program's output by a code page and rewrites its line ends, so only printable ASCII is sure to
/// arrive. That covers the typographic quotes too, which it takes for quotes (about_Quoting_Rules).
pub fn powershell(value: &str, out: &mut String) -> Result<(), &'static str> {
    if value.is_empty() {
        return Err("PowerShell treats an empty variable as unset");
    }
    // A text always comes first, so that every `+` joins texts.
    out.push('\'');
    let mut open = true;
    for c in value.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            if !open {
                out.push_str(" + '");
                open = true;
            }
            if c == '\'' {
                out.push(c);
            }
            out.push(c);
        } else {
            if open {
                out.push('\'');
                open = false;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!(" + [char]0x{unit:04x}"));
            }
        }
    }
    if open {
        out.push('\'');
    }
    Ok(())
}

/// The value unchanged, for `set "NAME=value"`, where cmd can carry it.
///
/// What it expands, or reads differently in a batch file, in a `for /f` and with `cmd /v:on`, is refused.
pub fn cmd(value: &str, out: &mut String) -> Result<(), &'static str> {
    if value.is_empty() {
        return Err("cmd treats an empty variable as unset");
    }
    // Microsoft: "Command prompt line string limitation", 8,191 characters, the name and `set` among them.
    if value.len() > 8000 {
        return Err("it is longer than cmd's longest line");
    }
    if value.contains(['"', '%', '!']) {
        return Err("`\"`, `%` and `!` cannot be quoted for cmd");
    }
    if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err("cmd reads output in a code page and line by line, so only printable ASCII arrives intact");
    }
    out.push_str(value);
    Ok(())
}

/// Bare where it can be, else in single quotes: the subset python-dotenv, node's dotenv, Docker Compose and a shell
/// that sources the file read alike. `docker run --env-file` knows no quotes, so it is served by bare values alone.
pub fn dotenv(value: &str, out: &mut String) -> Result<(), &'static str> {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:=@+,".contains(c)) {
        out.push_str(value);
        return Ok(());
    }
    if value.contains(['\'', '\\']) {
        return Err("dotenv parsers interpret `'` and `\\` differently");
    }
    // python-dotenv expands this in single quotes too.
    if value.contains("${") {
        return Err("dotenv parsers interpret `${` differently");
    }
    if value.chars().any(char::is_control) {
        return Err("dotenv parsers interpret control characters differently");
    }
    out.push('\'');
    out.push_str(value);
    out.push('\'');
    Ok(())
}
