//! Where the secrets are in a text, by their form and by the names before them. Pure.

use std::ops::Range;

use super::form::{BEGINNINGS, WORDS, WORDS_IN_ARN, is_base64, is_long_hex, is_seed, is_short_token, looks_random};
use super::name::is_secret_name;

/// As few of these pieces as are a secret together.
fn secret_in_pieces(pieces: &[&Run]) -> Vec<Range<usize>> {
    let is_secret = |pieces: &[&Run]| {
        let whole: String = pieces.iter().map(|run| run.decoded.as_str()).collect();
        looks_random(whole.trim_end_matches('=').as_bytes(), WORDS)
    };
    let mut pieces = pieces;
    if pieces.len() < 2 || !is_secret(pieces) {
        return Vec::new();
    }
    while let [_, rest @ ..] = pieces
        && is_secret(rest)
    {
        pieces = rest;
    }
    while let [rest @ .., _] = pieces
        && is_secret(rest)
    {
        pieces = rest;
    }
    pieces.iter().map(|run| run.span.clone()).collect()
}

/// A stretch of characters that could all belong to a secret; `decoded` has `%2F` and `\/` as one character.
pub(super) struct Run {
    span: Range<usize>,
    pub(super) decoded: String,
}

pub(super) struct Scan<'t> {
    text: &'t str,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Scan { text }
    }

    pub(super) fn found(&self, whole_lines: bool) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self.named(whole_lines).into_iter().map(|(_, value)| value).collect();
        for run in self.runs() {
            let (least, in_arn) = if self.is_in_arn(run.span.start) { (WORDS_IN_ARN, true) } else { (WORDS, false) };
            let bytes = run.decoded.trim_end_matches('=').as_bytes();
            if looks_random(bytes, least) || !in_arn && (is_short_token(bytes) || is_seed(bytes) || is_long_hex(bytes))
            {
                found.push(run.span);
            }
        }
        found.extend(self.tokens());
        found.extend(self.passwords_in_urls());
        found
    }

    /// The pieces of what is a secret only if a value's lines are read as one. In a file a value goes on in indented lines; in
    /// a value alone every line is one of its own.
    pub(super) fn continued(&self, only_indented: bool) -> Vec<Range<usize>> {
        if !self.text.contains('\n') {
            return Vec::new();
        }
        let runs = self.runs();
        let (mut found, mut pieces): (Vec<Range<usize>>, Vec<&Run>) = (Vec::new(), Vec::new());
        let (mut start, mut named_above) = (0, None);
        for line in self.text.split_inclusive('\n') {
            let whole = line.trim_end_matches(['\n', '\r']);
            let content = whole.trim();
            let at = start + whole.len() - whole.trim_start().len();
            let goes_on = !content.is_empty() && (!only_indented || at > start);
            let depth = at - start;
            match named_above.filter(|above| only_indented && depth > *above) {
                Some(_) => found.push(at..at + content.len()),
                // A comment has no lines below it.
                None => {
                    let is_comment = content.starts_with(['#', ';']);
                    named_above = self.named_line(start, whole).map(|_| depth).filter(|_| !is_comment);
                }
            }
            let first = runs.iter().find(|run| run.span.start == at).filter(|_| goes_on);
            let is_whole = first.is_some_and(|run| run.span.len() == content.len());
            match first {
                Some(run) if !pieces.is_empty() => pieces.push(run),
                Some(_) | None => {}
            }
            if !is_whole || pieces.is_empty() {
                found.extend(secret_in_pieces(&pieces));
                // It may begin at the end of this line.
                pieces = runs.iter().filter(|run| run.span.end == at + content.len() && !content.is_empty()).collect();
            }
            start += line.len();
        }
        found.extend(secret_in_pieces(&pieces));
        found
    }

    /// The stretches of base64.
    pub(super) fn runs(&self) -> Vec<Run> {
        let bytes = self.text.as_bytes();
        let (mut runs, mut at): (Vec<Run>, usize) = (Vec::new(), 0);
        let mut open: Option<Run> = None;
        while at < bytes.len() {
            let escaped = match &bytes[at..] {
                [b'%', high, low, ..] => match [high.to_ascii_uppercase(), low.to_ascii_uppercase()] {
                    [b'2', b'F'] => Some(('/', 3)),
                    [b'2', b'B'] => Some(('+', 3)),
                    [b'3', b'D'] => Some(('=', 3)),
                    _ => None,
                },
                [b'\\', b'/', ..] => Some(('/', 2)),
                [byte, ..] if is_base64(*byte) || *byte == b'=' => Some((char::from(*byte), 1)),
                _ => None,
            };
            match escaped {
                Some((decoded, width)) => {
                    let run = open.get_or_insert_with(|| Run { span: at..at, decoded: String::new() });
                    run.decoded.push(decoded);
                    at += width;
                    run.span.end = at;
                }
                None => {
                    runs.extend(open.take());
                    at += 1;
                }
            }
        }
        runs.extend(open);
        // `name=value` is no base64: `=` is at its end alone.
        runs.into_iter().flat_map(without_name).collect()
    }

    /// Whether this place is in the resource of an ARN: those are long, and have digits in their names.
    fn is_in_arn(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let start = before.rfind(|c: char| c.is_whitespace() || "\"'`,=(".contains(c)).map_or(0, |at| at + 1);
        before.get(start..).is_some_and(|token| token.starts_with("arn:"))
    }

    /// Session tokens and other tools' tokens: long, or with a known beginning.
    fn tokens(&self) -> Vec<Range<usize>> {
        let is_part = |byte: u8| is_base64(byte) || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'%');
        let bytes = self.text.as_bytes();
        let (mut found, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let word = &self.text[at..at + length];
            for (start, _) in BEGINNINGS.iter().filter_map(|beginning| word.find(beginning).map(|at| (at, beginning))) {
                let is_start = start == 0 || !word.as_bytes()[start - 1].is_ascii_alphanumeric();
                if is_start && word.len() - start >= 20 {
                    found.push(at + start..at + length);
                }
            }
            let is_long = length >= 100 && !self.is_in_arn(at) && !word.contains("://");
            if is_long && looks_random(word.as_bytes(), WORDS) {
                found.push(at..at + length);
            }
            at += length;
        }
        found
    }

    /// `user:password@` in an address.
    fn passwords_in_urls(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (at, _) in self.text.match_indices("://") {
            let start = at + 3;
            let rest = &self.text[start..];
            let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c)).unwrap_or(rest.len());
            let Some(sign) = rest[..end].rfind('@') else { continue };
            match rest[..sign].find(':') {
                Some(colon) => found.push(start + colon + 1..start + sign),
                None if sign >= 16 => found.push(start..start + sign),
                None => {}
            }
        }
        found
    }

    /// Every secret that a name before it tells, with the name. In lines of a file it is all that follows.
    pub(super) fn named(&self, whole_lines: bool) -> Vec<(&'t str, Range<usize>)> {
        let (mut found, mut start) = (Vec::new(), 0);
        for line in self.text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            match self.named_line(start, content).filter(|_| whole_lines) {
                Some(whole) => found.push(whole),
                None => self.named_words(start..start + content.len(), whole_lines, &mut found),
            }
            start += line.len();
        }
        found
    }

    /// `name = value` and `name: value`, the name in several words, behind `#` or `export`.
    fn named_line(&self, start: usize, line: &'t str) -> Option<(&'t str, Range<usize>)> {
        let at = line.find(['=', ':'])?;
        let name = &line[..at];
        let value = line[at + 1..].trim_start();
        let is_named = !value.is_empty() && !value.starts_with("//") && is_secret_name(name);
        is_named.then(|| (name, start + line.len() - value.len()..start + line.len()))
    }

    fn named_words(&self, line: Range<usize>, whole_lines: bool, found: &mut Vec<(&'t str, Range<usize>)>) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let mut at = line.start;
        while let Some(start) = self.text[at..line.end].find(is_name).map(|start| at + start) {
            let end = self.text[start..line.end].find(|c| !is_name(c)).map_or(line.end, |end| start + end);
            let name = &self.text[start..end];
            at = end;
            // The cheap question first.
            if let Some(value) = value_after(self.text, name, end..line.end, whole_lines)
                && is_secret_name(name)
            {
                at = value.end.max(end);
                found.push((name, value));
            }
        }
    }
}

/// The value after a name, in the rest of its line.
fn value_after(text: &str, name: &str, rest: Range<usize>, whole_lines: bool) -> Option<Range<usize>> {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let line_end = rest.end;
    let rest = &text[rest];
    // A quote after the name is JSON's, or closes the name of a message.
    let unquoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let quoted = unquoted.len() < rest.len();
    let spaced = unquoted.trim_start_matches(is_blank);
    let value = if let Some(value) = spaced.strip_prefix(['=', ':']) {
        let value = value.trim_start_matches(is_blank);
        let is_adjacent = spaced.starts_with('=') && spaced.len() == unquoted.len() || value.starts_with(['"', '\'']);
        if !whole_lines && !is_adjacent || value.is_empty() {
            return None;
        }
        value
    } else if name.starts_with("--") && !quoted && spaced.len() < unquoted.len() && !spaced.starts_with(['-', '<', '['])
    {
        // An option's value is the next word.
        let start = line_end - spaced.len();
        return Some(start..start + word_length(spaced));
    } else if let (true, Some(value)) = (whole_lines, spaced.strip_prefix("is ")) {
        value
    } else {
        return None;
    };
    let start = line_end - value.len();
    let end = if whole_lines { line_end } else { start + word_length(value) };
    Some(start..end)
}

/// The length of a word, quotes of its own included.
fn word_length(text: &str) -> usize {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].find(quote).map_or(text.len(), |end| end + 2);
    }
    text.find(|c: char| c.is_whitespace() || "\"'`&\\".contains(c)).unwrap_or(text.len())
}

/// The parts of a run between signs of equality that are not at its end.
fn without_name(run: Run) -> Vec<Run> {
    let content = run.decoded.trim_end_matches('=').len();
    let Some(_) = run.decoded[..content].rfind('=') else { return vec![run] };
    // The same characters, each of a width; only plain signs split, so that what is encoded stays whole.
    let Run { span, decoded } = run;
    match span.len() == decoded.len() {
        false => vec![Run { span, decoded }],
        true => {
            let mut parts = Vec::new();
            let mut start = 0;
            for part in decoded.split('=') {
                if !part.is_empty() {
                    parts.push(Run {
                        span: span.start + start..span.start + start + part.len(),
                        decoded: part.to_owned(),
                    });
                }
                start += part.len() + 1;
            }
            parts
        }
    }
}
