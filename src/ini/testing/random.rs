//! Files and edits put together at random.

use proptest::prelude::*;

use super::{Edit, Place};
use crate::ini::Document;

/// Lines as people have them: headers in every spelling, comments in every place, nested blocks, values of several lines.
fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => "\\[(profile |services )?(a|b|c)\\]( ?# c)?",
        2 => "\\[( profile  [ab] |default|profile default|profile 'b')\\]",
        2 => "[ \t]{0,3}\\[profile ([abc]|'[ab] c'|a#|b;|\"a\"b|\\[c|\u{e9}|a b|c\\\\ b)\\]( x|\\]| # \\]|\t)?",
        3 => "[ \t]{0,3}(a|b|R|ab|region|role_arn) ?: ?[a-z\u{e9}/:=]{0,4}( [;#] ?x)?",
        3 => "[ \t]{1,3}(a|b|R|ab|region|role_arn) ?= ?[a-z\u{e9}/:=]{0,4}( [;#] ?x)?",
        1 => "[ \t]{1,3}[#;].{0,5}",
        10 => "(a|b|B|R|ab|Region|role_arn)( {0,2}|\t)=[ \t]?[a-z\u{e9}/:=\"]{0,4}( [;#] ?x)?",
        2 => "(s3|b) ?=\n {1,3}[a-z]{1,3} = [a-z]{0,3}(\n {1,3}[a-z]{1,3} = [a-z]{0,3})?",
        2 => "a = x\n  [a-z]{1,4}\n# between\n\t[a-z]{1,4}",
        2 => "[#;].{0,5}",
        2 => "[ \t]{0,3}",
        1 => "[ \t]{1,2}[a-z#]{1,4}( = v)?",
    ];
    let ending = prop_oneof![9 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r")];
    let lines = prop::collection::vec((line, ending), 0..14);
    (lines, any::<bool>(), "(# top\n\n?)?(\\[profile a\\]\n)?").prop_map(|(lines, open_end, top)| {
        let text: String = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]).collect();
        let text = top + &text;
        if open_end { text.trim_end_matches(['\r', '\n']).to_owned() } else { text }
    })
}

/// A file that can be read.
pub fn any_document() -> impl Strategy<Value = Document> {
    let read = |text| Document::parse(text).ok().filter(|document| !document.has_blank_returns());
    any_text().prop_filter_map("it has to be read", read)
}

pub fn any_place() -> impl Strategy<Value = Place> {
    let profile = "[abc]|default|a c|a#|\u{e9}".prop_map(Place::Profile);
    prop_oneof![4 => profile, 1 => "[abc]".prop_map(Place::Credentials), 1 => "[abc]".prop_map(Place::Services)]
}

/// An edit of a section out of `places`, with a setting's name, a value and a section's new name of these patterns.
pub fn any_edit(
    places: impl Strategy<Value = Place> + Clone + 'static,
    names: &'static str,
    values: &'static str,
    new: &'static str,
) -> impl Strategy<Value = Edit> {
    let section = || places.clone();
    prop_oneof![
        4 => (section(), names, values).prop_map(|(section, name, value)| Edit::Set { section, name, value }),
        3 => (section(), names).prop_map(|(section, name)| Edit::Unset { section, name }),
        2 => (section(), new).prop_map(|(section, new)| Edit::Rename { section, new }),
        1 => (section(), new).prop_map(|(section, new)| Edit::Copy { section, new }),
        1 => section().prop_map(|section| Edit::Remove { section }),
        1 => (section(), names).prop_map(|(section, name)| Edit::Hide { section, name }),
    ]
}
