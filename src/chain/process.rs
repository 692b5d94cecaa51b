//! Whether a `credential_process` line runs keyfob, and for which profile.
//!
//! Pure.

/// The profile whose credentials the line asks keyfob for; none where it runs another program.
pub(super) fn keyfob_profile_of(line: &str) -> Option<String> {
    let words = shell_words::split(line).ok()?;
    let (program, arguments) = words.split_first()?;
    let program = program.rsplit(['/', '\\']).next()?;
    if program != "keyfob" && !program.eq_ignore_ascii_case("keyfob.exe") {
        return None;
    }
    let mut arguments = arguments.iter().skip_while(|word| *word != "credential-process").skip(1);
    arguments.find(|word| !word.starts_with('-')).cloned()
}
