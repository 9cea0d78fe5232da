//! Whose record counts for a name: the tree walk, the organisational domain, and the policy in force (RFC 9989 section 4.10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::{Policy, PublicSuffix, Record};

/// One name of a walk and the one record that counts there; several at one name are all discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visited {
    /// The domain, without `_dmarc`.
    pub domain: String,
    /// Its record.
    pub record: Option<Record>,
}

/// The tag that the policy is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// The domain's own policy, or that of all below it.
    P,
    /// That for names below it.
    Sp,
    /// That for names below it which do not exist.
    Np,
}

/// The policy that receivers read for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce<'a> {
    /// The domain whose record it is.
    pub domain: &'a str,
    /// The record.
    pub record: &'a Record,
    /// The tag that says it.
    pub tag: Tag,
    /// What it says; none where the record's policy is faulty and it names no address for reports, so that receivers apply
    /// no DMARC at all.
    pub policy: Option<Policy>,
}

/// The most labels that a walk asks for after the name itself, so that it takes eight queries (RFC 9989 section 4.10).
const MOST_LABELS: usize = 7;

/// The names above a domain that a walk asks, nearest first.
pub fn above(domain: &str) -> Vec<&str> {
    let labels = domain.split('.').count();
    let skipped = labels.saturating_sub(MOST_LABELS).max(1);
    let mut names = Vec::new();
    let mut rest = domain;
    for n in 1..labels {
        let Some((_, parent)) = rest.split_once('.') else { break };
        rest = parent;
        if n >= skipped {
            names.push(rest);
        }
    }
    names
}

/// The policy in force for the first of the names visited, the others being those above it; none where nobody publishes one.
/// `exists`: whether the name itself has any address or mail exchanger.
pub fn in_force(visited: &[Visited], exists: bool) -> Option<InForce<'_>> {
    let (own, parents) = visited.split_first()?;
    if let Some(record) = &own.record {
        return Some(InForce::of(&own.domain, record, Tag::P));
    }
    let (domain, record) = organisation(parents)?;
    let tag = match record {
        Record { np: Some(_), .. } if !exists => Tag::Np,
        Record { sp: Some(_), .. } => Tag::Sp,
        _ => Tag::P,
    };
    Some(InForce::of(domain, record, tag))
}

/// The record of the organisational domain, or that of the public suffix above it where it has none itself.
fn organisation(parents: &[Visited]) -> Option<(&str, &Record)> {
    let mut found = None;
    for Visited { domain, record } in parents {
        let Some(record) = record else { continue };
        match record.psd {
            PublicSuffix::No => return Some((domain, record)),
            // The organisation is one label below, whose record was met just before, if there is one.
            PublicSuffix::Yes => {
                let below = found.filter(|(name, _): &(&str, &Record)| labels(name) == labels(domain) + 1);
                return below.or(Some((domain, record)));
            }
            PublicSuffix::Unsaid => found = Some((domain.as_str(), record)),
        }
    }
    found
}

fn labels(name: &str) -> usize {
    name.split('.').count()
}

impl<'a> InForce<'a> {
    fn of(domain: &'a str, record: &'a Record, tag: Tag) -> InForce<'a> {
        let said = match tag {
            Tag::P => record.p,
            Tag::Sp => record.sp,
            Tag::Np => record.np,
        };
        let faulty = (!record.rua.is_empty()).then_some(Policy::None);
        let policy = if record.policy_faulty { faulty } else { said };
        InForce { domain, record, tag, policy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(names: &[(&str, &str)]) -> Vec<Visited> {
        names
            .iter()
            .map(|(domain, text)| Visited { domain: (*domain).to_owned(), record: Record::read(text) })
            .collect()
    }

    fn force(names: &[(&str, &str)], exists: bool) -> Option<(String, Tag, Option<Policy>)> {
        let visited = visited(names);
        in_force(&visited, exists).map(|force| (force.domain.to_owned(), force.tag, force.policy))
    }

    #[test]
    fn a_walk_takes_eight_queries_at_most() {
        assert_eq!(above("a.mail.example.com"), ["mail.example.com", "example.com", "com"]);
        assert_eq!(above("example.com"), ["com"]);
        assert!(above("com").is_empty());
        let deep = "a.b.c.d.e.f.g.h.i.j.mail.example.com";
        assert_eq!(above(deep)[0], "g.h.i.j.mail.example.com");
        assert_eq!(above(deep).len() + 1, 8);
        assert_eq!(above("a.b.c.d.e.f.example.com").len() + 1, 8);
    }

    #[test]
    fn the_own_record_counts_before_all_others() {
        let names = [("a.example.org", "v=DMARC1; p=none; sp=reject"), ("example.org", "v=DMARC1; p=reject")];
        assert_eq!(force(&names, true), Some(("a.example.org".to_owned(), Tag::P, Some(Policy::None))));
    }

    #[test]
    fn a_name_without_record_has_the_policy_of_its_organisation() {
        let with = |record| {
            [("a.b.example.org", ""), ("b.example.org", "v=DMARC1; p=none"), ("example.org", record), ("org", "")]
        };
        let of = |record, exists| {
            force(&with(record), exists).map(|(domain, tag, policy)| {
                assert_eq!(domain, "example.org");
                (tag, policy)
            })
        };
        assert_eq!(of("v=DMARC1; p=reject", true), Some((Tag::P, Some(Policy::Reject))));
        assert_eq!(of("v=DMARC1; p=reject; sp=none", true), Some((Tag::Sp, Some(Policy::None))));
        assert_eq!(of("v=DMARC1; p=none; sp=none; np=reject", true), Some((Tag::Sp, Some(Policy::None))));
        assert_eq!(of("v=DMARC1; p=none; sp=none; np=reject", false), Some((Tag::Np, Some(Policy::Reject))));
        assert_eq!(of("v=DMARC1; p=none; sp=quarantine", false), Some((Tag::Sp, Some(Policy::Quarantine))));
        assert_eq!(force(&[("a.example.org", ""), ("example.org", ""), ("org", "")], true), None);
    }

    #[test]
    fn psd_moves_the_organisation() {
        let stop = [
            ("a.b.example.org", ""),
            ("b.example.org", "v=DMARC1; p=quarantine; psd=n"),
            ("example.org", "v=DMARC1; p=none"),
        ];
        assert_eq!(force(&stop, true).unwrap().0, "b.example.org");
        let suffix = [("a.example.org", ""), ("example.org", ""), ("org", "v=DMARC1; p=reject; psd=y")];
        assert_eq!(force(&suffix, true).unwrap().0, "org");
        let below = [("a.example.org", ""), ("example.org", "v=DMARC1; p=none"), ("org", "v=DMARC1; p=reject; psd=y")];
        assert_eq!(force(&below, true).unwrap().0, "example.org");
        let far = [
            ("a.b.example.org", ""),
            ("b.example.org", "v=DMARC1; p=none"),
            ("example.org", ""),
            ("org", "v=DMARC1; p=reject; psd=y"),
        ];
        assert_eq!(force(&far, true).unwrap().0, "org");
    }

    #[test]
    fn a_faulty_policy_is_none_with_an_address_and_nothing_without() {
        assert_eq!(force(&[("example.org", "v=DMARC1; p=monitor")], true).unwrap().2, None);
        let with = "v=DMARC1; p=monitor; rua=mailto:a@example.org";
        assert_eq!(force(&[("example.org", with)], true).unwrap().2, Some(Policy::None));
    }
}
