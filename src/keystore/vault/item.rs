//! One item out of the vault's content, without a trace of it, or of the others, in memory that nobody clears.
//!
//! serde_json unescapes through a buffer that it does not wipe, and most items have quotes in them. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::secret::Secret;

/// The content but for what is secret in it.
#[expect(clippy::zero_sized_map_values, reason = "the names of a JSON object are no list")]
#[derive(Deserialize)]
pub(super) struct Outline {
    pub(super) version: u32,
    pub(super) items: BTreeMap<String, IgnoredAny>,
}

/// The item of this name as [`super::Written`] writes it; none in a content that somebody has laid out otherwise.
pub(super) fn find(content: &[u8], name: &str) -> Option<Secret> {
    let content = std::str::from_utf8(content).ok()?;
    let start = format!("\"{name}\":\"");
    // Within a value, the quotes would be escaped.
    let at = content.match_indices(&start).find(|(at, _)| content[..*at].ends_with(['{', ',']))?.0;
    unescaped(&content[at + start.len()..])
}

/// The text up to the quote that ends it.
fn unescaped(json: &str) -> Option<Secret> {
    let end = json.as_bytes().iter().scan(false, |escaped, byte| {
        let ends = *byte == b'"' && !*escaped;
        *escaped = *byte == b'\\' && !*escaped;
        Some(ends)
    });
    let mut rest = &json[..end.into_iter().position(|ends| ends)?];
    // As long as it is at most, so that it never grows and leaves a piece of itself behind.
    let mut text = Secret::new(String::with_capacity(rest.len()));
    while let Some(at) = rest.find('\\') {
        text.push(&rest[..at]);
        let (width, character) = match *rest.as_bytes().get(at + 1)? {
            b'n' => (2, '\n'),
            b't' => (2, '\t'),
            b'r' => (2, '\r'),
            b'b' => (2, '\u{8}'),
            b'f' => (2, '\u{c}'),
            b'u' => (6, char::from_u32(u32::from_str_radix(rest.get(at + 2..at + 6)?, 16).ok()?)?),
            byte => (2, char::from(byte)),
        };
        text.push(character.encode_utf8(&mut [0; 4]));
        rest = &rest[at + width..];
    }
    text.push(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_as_json_has_it_and_never_inside_another() {
        let inner = r#"{"a":"b","access-key/B":"FAKE-inner"}"#;
        let items: BTreeMap<&str, &str> =
            [("access-key/A", inner), ("access-key/B", "FAKE\\/+\n\t\u{1}é\u{1f511}\""), ("c", "")].into();
        let content = serde_json::json!({"version": 1, "items": items}).to_string();
        for (name, value) in &items {
            assert_eq!(find(content.as_bytes(), name).expect(name).expose(), *value);
        }
        assert!(find(content.as_bytes(), "access-key").is_none() && find(content.as_bytes(), "a").is_none());
        for cut in 0..content.len() {
            drop(find(&content.as_bytes()[..cut], "access-key/B"));
        }
        let pretty = serde_json::to_vec_pretty(&items).expect("JSON");
        assert!(find(&pretty, "access-key/B").is_none(), "read in another way");
    }
}
