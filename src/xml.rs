//! XML as SOAP uses it: a small tree, read within bounds. Nothing is fetched and no entity of a document is ever
//! expanded: a document type declaration ends the reading (SOAP 1.1 section 3 forbids one).

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// Envelope, body, operation, message, item and its fields are ten; no answer of Exchange is near this.
const DEEPEST: usize = 64;
/// A page of 1000 items of ten fields each.
const MOST_ELEMENTS: usize = 20_000;
/// An element of Exchange has at most five attributes, and the envelope some namespaces.
const MOST_ATTRIBUTES: usize = 32;

/// An element and what stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The name without its prefix.
    pub(crate) name: String,
    /// What the prefix stands for; empty where it has none.
    pub(crate) namespace: String,
    /// Name and value, in the order of the text.
    pub(crate) attributes: Vec<(String, String)>,
    /// The character data directly in it.
    pub(crate) text: String,
    /// The elements directly in it.
    pub(crate) children: Vec<Element>,
}

/// Why a text is not read, in words of ours or of the parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread(pub(crate) String);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The first element of this name at any depth, itself included.
    #[cfg(test)]
    pub(crate) fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// An attribute's value.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The character data without the white space around it.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim()
    }
}

/// Reads a document.
///
/// # Errors
/// What is not well formed, has a document type or an entity of its own, or goes beyond the bounds.
pub(crate) fn parse(text: &str) -> Result<Element, Unread> {
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|e| Unread(e.to_string()))?;
        match event {
            Event::Start(start) => {
                count += 1;
                if count > MOST_ELEMENTS || open.len() == DEEPEST {
                    return Err(Unread(format!("more than {MOST_ELEMENTS} elements or {DEEPEST} levels")));
                }
                if root.is_some() {
                    return Err(Unread("more than one root element".to_owned()));
                }
                open.push(element(&namespace, &start)?);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| Unread("an end without a start".to_owned()))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => add(&mut open, &resolved(&reference)?)?,
            Event::DocType(_) => return Err(Unread("a document type declaration, which SOAP forbids".to_owned())),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
        }
    }
    root.filter(|_| open.is_empty()).ok_or_else(|| Unread("the document ends too early".to_owned()))
}

fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<Element, Unread> {
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => return Err(Unread(format!("the prefix {prefix} stands for nothing"))),
    };
    let mut attributes = Vec::new();
    // Comparing each attribute with each other is left out: their number is bounded below.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| Unread(e.to_string()))?;
        if attributes.len() == MOST_ATTRIBUTES {
            return Err(Unread(format!("more than {MOST_ATTRIBUTES} attributes")));
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| Unread(e.to_string()))?;
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Element { name, namespace, attributes, ..Element::default() })
}

fn add(open: &mut [Element], text: &str) -> Result<(), Unread> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Unread("text outside of the root element".to_owned())),
    }
    Ok(())
}

/// A character by its number, or one of the five that XML itself names; there are no others without a document type.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Unread> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| Unread(e.to_string()))? {
        return Ok(character.to_string());
    }
    let named = quick_xml::escape::resolve_predefined_entity(reference.as_ref());
    named.map(str::to_owned).ok_or_else(|| Unread("an entity that XML itself does not name".to_owned()))
}

/// A text as it may stand in an element or an attribute; what XML 1.0 section 2.2 does not allow is left out.
pub(crate) fn escaped(text: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let text: String = text.chars().filter(allowed).collect();
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree_with_its_namespaces() {
        let text = "\u{feff}<?xml version='1.0'?><a:One xmlns:a='urn:a' n='&lt;1'> x<!-- -->&#65;&amp;<![CDATA[<]]><Two/></a:One>";
        let root = parse(text).expect("well formed");
        assert_eq!((root.name.as_str(), root.namespace.as_str(), root.trimmed()), ("One", "urn:a", "xA&<"));
        assert_eq!(root.attribute("n"), Some("<1"));
        assert_eq!(root.at(&["Two"]).map(|two| two.namespace.as_str()), Some(""));
        assert_eq!(root.find("Two"), root.child("Two"));
    }

    #[test]
    fn what_attacks_a_parser_is_not_read() {
        let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        assert!(parse(&deep(DEEPEST)).is_ok());
        let laughs = "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;'>]><a>&c;</a>";
        let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        let wide = format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS));
        for text in [
            deep(DEEPEST + 1),
            deep(100_000),
            "<a>".repeat(100_000),
            laughs.to_owned(),
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>".to_owned(),
            "<a>&c;</a>".to_owned(),
            "<a b='&c;'/>".to_owned(),
            format!("<a{attributes}/>"),
            wide,
            "<a></b>".to_owned(),
            "<a/><a/>".to_owned(),
            "<a/>text".to_owned(),
            "<p:a/>".to_owned(),
            "<a>&#0;</a>".to_owned(),
            "{}".to_owned(),
            String::new(),
        ] {
            assert!(parse(&text).is_err(), "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn a_text_can_not_leave_its_element() {
        let text = "a</b><c x=\"1\">&amp;\u{0}\u{1b}\r\n'";
        let root = parse(&format!("<b d=\"{0}\">{0}</b>", escaped(text))).expect("well formed");
        assert_eq!(root.text, "a</b><c x=\"1\">&amp;\r\n'");
        assert!(root.children.is_empty() && root.attributes.len() == 1);
    }
}
