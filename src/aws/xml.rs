//! A response in XML as a tree of elements: what they are called, what they hold.
//!
//! May use nothing but the parser.

use xmlparser::{ElementEnd, Token, Tokenizer};

use crate::secret::Secret;

/// Elements may be in each other this deep: AWS's own are at most a dozen.
const DEEPEST: usize = 24;

/// One element of a response. Its text may be a secret, so it is not shown by `Debug` and is zeroed when dropped.
#[derive(Debug)]
pub struct Element {
    name: String,
    text: Secret,
    children: Vec<Element>,
}

impl Element {
    /// The root of what is XML; none of what is not.
    ///
    /// Security: the parser's own words may hold a piece of the text, so they are dropped.
    pub(super) fn parse(body: &[u8]) -> Option<Element> {
        // The ends of elements are matched here: the tokenizer does not look at them.
        let mut open: Vec<(&str, Element)> = Vec::new();
        let mut root = None;
        for token in Tokenizer::from(std::str::from_utf8(body).ok()?) {
            let closed = match token.ok()? {
                Token::ElementStart { local, span, .. } if root.is_none() && open.len() < DEEPEST => {
                    open.push((span.as_str().get(1..)?, Element::new(local.as_str())));
                    None
                }
                Token::ElementEnd { end: ElementEnd::Empty, .. } => Some(open.pop()?.1),
                Token::ElementEnd { end: ElementEnd::Close(..), span } => {
                    let (name, element) = open.pop()?;
                    let end = span.as_str().strip_prefix("</")?.strip_suffix('>')?;
                    (end.trim_end() == name).then_some(())?;
                    Some(element)
                }
                Token::Text { text } => {
                    if let Some((_, element)) = open.last_mut() {
                        element.text = Secret::new(unescape(text.as_str())?);
                    }
                    None
                }
                Token::Cdata { text, .. } => {
                    open.last_mut()?.1.text = Secret::new(text.as_str().to_owned());
                    None
                }
                Token::ElementEnd { end: ElementEnd::Open, .. }
                | Token::Attribute { .. }
                | Token::Declaration { .. }
                | Token::ProcessingInstruction { .. }
                | Token::Comment { .. } => None,
                // Elements too deep, or a second root; a document type, which none of AWS's has.
                Token::ElementStart { .. }
                | Token::DtdStart { .. }
                | Token::EmptyDtd { .. }
                | Token::EntityDeclaration { .. }
                | Token::DtdEnd { .. } => return None,
            };
            match (closed, open.last_mut()) {
                (Some(element), Some((_, parent))) => parent.children.push(element),
                (Some(element), None) => root = Some(element),
                (None, _) => {}
            }
        }
        root.filter(|_| open.is_empty())
    }

    fn new(name: &str) -> Self {
        Element { name: name.to_owned(), text: Secret::new(String::new()), children: Vec::new() }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its own text; empty for one that has elements.
    pub fn text_of(&self) -> &str {
        self.text.expose()
    }

    /// The element of this name in it.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the element of this name in it; none for an empty one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(Element::text_of).filter(|text| !text.is_empty())
    }

    /// The same as a secret of its own.
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.child(name).map(|child| child.text.clone()).filter(|text| !text.expose().is_empty())
    }

    /// Whether the element of this name says `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The `member` elements of the list of this name in it, a map's `entry` and EC2's `item`
    /// elements too; none where there is no such list.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.child(name).into_iter().flat_map(|list| list.children.iter()).filter(|child| is_member(child))
    }

    /// The `member` elements of the list of this name in it, moved out of it.
    pub(super) fn take_members(&mut self, name: &str) -> Vec<Element> {
        let list = self.children.iter_mut().find(|child| child.name == name);
        let children = list.map(|list| std::mem::take(&mut list.children)).unwrap_or_default();
        children.into_iter().filter(is_member).collect()
    }

    /// The element of this name in it, moved out of it.
    pub(super) fn take(&mut self, name: &str) -> Option<Element> {
        let at = self.children.iter().position(|child| child.name == name)?;
        Some(self.children.remove(at))
    }

    /// The first element of this name, however deep.
    pub(super) fn find(&self, name: &str) -> Option<&Element> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.find(name) })
    }
}

fn is_member(element: &Element) -> bool {
    matches!(element.name.as_str(), "member" | "entry" | "item")
}

/// Text with its references (XML 1.0, 4.1 and 4.6); none for one that is not defined.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';')?;
        let number = name.strip_prefix('#').map(|number| match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        });
        plain.push(match (name, number) {
            (_, Some(number)) => char::from_u32(number.ok()?)?,
            ("lt", None) => '<',
            ("gt", None) => '>',
            ("amp", None) => '&',
            ("apos", None) => '\'',
            ("quot", None) => '"',
            (_, None) => return None,
        });
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_whole() {
        let text = "<?xml version=\"1.0\"?>\n<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n  \
            <ListUsersResult><Users>\n<member><UserName>a&amp;b&#x20;&#99;</UserName><Path>/</Path></member>\
            <member><UserName><![CDATA[<c>]]></UserName><Empty/></member></Users><IsTruncated>true</IsTruncated>\
            </ListUsersResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListUsersResponse>";
        let root = Element::parse(text.as_bytes()).expect("XML");
        assert_eq!(root.name(), "ListUsersResponse");
        let result = root.child("ListUsersResult").expect("a result");
        let names: Vec<_> = result.members("Users").map(|user| user.text("UserName").unwrap_or("?")).collect();
        assert_eq!(names, ["a&b c", "<c>"]);
        assert!(result.is_true("IsTruncated"));
        assert_eq!(root.find("RequestId").map(Element::text_of), Some("r-1"));
        assert_eq!(result.members("Users").last().and_then(|user| user.text("Empty")), None);
        assert!(!format!("{root:?}").contains("a&b"), "{root:?}");
    }

    #[test]
    fn what_is_cut_short_or_nothing_of_awss_is_not_read() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        for text in [
            "",
            "{}",
            "<a",
            "<a>",
            "<a><b></a></b>",
            "<a/><b/>",
            "<a>&nbsp;</a>",
            "<a>&#xD800;</a>",
            "<a></ab>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            &deep,
        ] {
            assert!(Element::parse(text.as_bytes()).is_none(), "{}", text.get(..40).unwrap_or(text));
        }
        assert!(Element::parse(b"\xff").is_none());
    }
}
