//! Records: which TXT records count, and what stands in them (RFC 7208 sections 3, 4.5 and 4.6).

use super::{
    Answer, Lookup, LookupFailure,
    macros::{Context, MacroString},
    report::shorten,
    result::{Problem, ProblemKind},
    term::Directive,
};

/// What every record starts with (RFC 7208 section 4.5).
const VERSION: &[u8] = b"v=spf1";

/// Mistakes that are kept of one record; nobody repairs more of them at a time.
const FAULTS: usize = 20;

/// A record in its parts.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<Redirect>,
    /// The domain of `exp`.
    pub(super) explanation: Option<MacroString>,
    /// Modifiers that SPF does not know and ignores (section 6).
    pub(super) ignored: Vec<String>,
    /// What breaks the grammar. The good terms are kept beside, for those who want to go on.
    pub(super) faults: Vec<Fault>,
}

/// The modifier `redirect` (RFC 7208 section 6.1).
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) target: MacroString,
    /// As published.
    pub(super) text: String,
}

/// A term that can not be read.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: ProblemKind,
    pub(super) term: String,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn at(&self, domain: &str) -> Problem {
        Problem::new(self.kind, domain, self.detail.as_str()).at(&self.term)
    }
}

/// The records at a name that call themselves SPF (RFC 7208 sections 4.4 and 4.5).
pub(super) async fn published(domain: &str, dns: &impl Lookup) -> Answer<Vec<u8>> {
    let mut records = dns.txt(domain).await?;
    records.retain(|text| is_spf(text));
    Ok(records)
}

/// The record that counts: one, no less and no more (RFC 7208 sections 4.3 to 4.5).
pub(super) fn only_one(answer: Answer<Vec<u8>>) -> Result<Vec<u8>, (ProblemKind, String)> {
    let mut records = match answer {
        Err(LookupFailure::NoSuchName) => {
            let detail = "the domain does not exist".to_owned();
            return Err((ProblemKind::NoSuchDomain, detail));
        }
        Err(LookupFailure::Temporary(reason)) => {
            return Err((ProblemKind::Temporary, format!("TXT: {}", shorten(&reason))));
        }
        Ok(records) => records,
    };
    match (records.pop(), records.len()) {
        (Some(record), 0) => Ok(record),
        (Some(_), more) => {
            let detail = format!("the domain has {} SPF records, one is allowed", more + 1);
            Err((ProblemKind::SeveralRecords, detail))
        }
        (None, _) => {
            let detail = "the domain has no SPF record".to_owned();
            Err((ProblemKind::NoRecord, detail))
        }
    }
}

/// Whether a TXT record starts with the version, and a blank or nothing behind it.
fn is_spf(text: &[u8]) -> bool {
    text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
        version.eq_ignore_ascii_case(VERSION) && matches!(rest.first(), None | Some(b' '))
    })
}

impl Record {
    /// Reads every term of a record that `published` returned (RFC 7208 section 4.6).
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut record = Self::default();
        let terms = text.get(VERSION.len()..).unwrap_or_default();
        for term in terms.split(|&octet| octet == b' ').filter(|term| !term.is_empty()) {
            record.add(term);
        }
        record
    }

    fn add(&mut self, term: &[u8]) {
        let text = String::from_utf8_lossy(term);
        let parsed = if !term.is_ascii() {
            Err((ProblemKind::NotAscii, "only ASCII characters are allowed".to_owned()))
        } else if term.iter().any(u8::is_ascii_control) {
            let detail = "a control character; terms are parted by blanks alone".to_owned();
            Err((ProblemKind::Syntax, detail))
        } else {
            self.add_text(&text)
        };
        if let Err((kind, detail)) = parsed
            && self.faults.len() < FAULTS
        {
            self.faults.push(Fault { kind, term: shorten(&text), detail });
        }
    }

    /// A modifier has its `=` before any `:` or `/` (RFC 7208 section 4.6.1).
    fn add_text(&mut self, text: &str) -> Result<(), (ProblemKind, String)> {
        let syntax = |detail| (ProblemKind::Syntax, detail);
        match text.find(['=', ':', '/']).map(|at| text.split_at(at)) {
            Some((name, value)) if value.starts_with('=') => self.add_modifier(text, name, &value[1..]),
            _ => {
                self.directives.push(Directive::parse(text).map_err(syntax)?);
                Ok(())
            }
        }
    }

    fn add_modifier(&mut self, text: &str, name: &str, value: &str) -> Result<(), (ProblemKind, String)> {
        let syntax = |detail| (ProblemKind::Syntax, detail);
        let repeated = || (ProblemKind::RepeatedModifier, "this modifier may stand there once".to_owned());
        if name.eq_ignore_ascii_case("redirect") {
            let target = MacroString::parse_domain(value).map_err(syntax)?;
            if self.redirect.is_some() {
                return Err(repeated());
            }
            self.redirect = Some(Redirect { target, text: text.to_owned() });
        } else if name.eq_ignore_ascii_case("exp") {
            let target = MacroString::parse_domain(value).map_err(syntax)?;
            if self.explanation.replace(target).is_some() {
                return Err(repeated());
            }
        } else if is_modifier_name(name) {
            MacroString::parse(value, Context::Record).map_err(syntax)?;
            self.ignored.push(shorten(text));
        } else {
            return Err(syntax("a modifier must start with a letter".to_owned()));
        }
        Ok(())
    }
}

/// `ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )` (RFC 7208 section 4.6.1, `name`).
fn is_modifier_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet))
}
