//! The DMARC records of the domain and of the names above it, and whether the reports may go where they are sent.

use super::resolver::{Resolver, together};
use crate::dmarc::{self, Record, Visited};
use crate::facts::{DmarcPolicy, DmarcReport, DmarcStep, DnsFacts, LookupFacts};
use crate::spf::{Lookup as _, LookupFailure};

/// Records of one name that are kept; of two none counts already.
const MOST_RECORDS: usize = 10;
/// Texts that look like a record and are none, and as much of each as shows why.
const MOST_MISSPELT: usize = 3;
const LONGEST_MISSPELT: usize = 200;

impl Resolver {
    /// Fills in what DMARC says. `exists` is asked for only where the answer counts.
    pub(super) async fn dmarc(&self, domain: &str, exists: impl Future<Output = bool>) -> DnsFacts {
        let (own, texts) = self.dmarc_step(domain).await;
        let mut facts = DnsFacts {
            dmarc_lookup: own.lookup.clone(),
            dmarc: own.records.clone(),
            dmarc_misspelt: misspelt(&texts),
            ..DnsFacts::default()
        };
        let mut exist = true;
        // The walk begins only where the name itself has no record that counts.
        if own.records.len() != 1 && answered(&own.lookup) {
            let above = together(dmarc::above(domain).into_iter().map(|name| self.dmarc_step(name)));
            let (steps, there) = tokio::join!(above, exists);
            facts.dmarc_walk = steps.into_iter().map(|(step, _)| step).collect();
            exist = there;
        }
        let visited: Vec<Visited> = std::iter::once(&own).chain(&facts.dmarc_walk).map(visited).collect();
        if let Some(force) = dmarc::in_force(&visited, exist) {
            let policy = DmarcPolicy {
                domain: force.domain.to_owned(),
                tag: force.tag,
                policy: force.policy,
                test: force.record.test,
            };
            let reports = force.record.rua.iter().map(|address| self.report(force.domain, address));
            facts.dmarc_reports = together(reports).await;
            facts.dmarc_policy = Some(policy);
        }
        facts
    }

    /// Whether a name exists as DMARC means it: it has an address or a mail exchanger (RFC 9989 section 3.2).
    pub(super) async fn exists(&self, domain: &str) -> bool {
        let (a, aaaa, mx) = tokio::join!(self.a(domain), self.aaaa(domain), self.mx(domain));
        // What could not be learnt is no proof that it is missing.
        let missing = |failed: &LookupFailure| *failed == LookupFailure::NoSuchName;
        let none = a.as_ref().map_or_else(missing, Vec::is_empty)
            && aaaa.as_ref().map_or_else(missing, Vec::is_empty)
            && mx.as_ref().map_or_else(missing, Vec::is_empty);
        !none
    }

    async fn dmarc_step(&self, domain: &str) -> (DmarcStep, Vec<String>) {
        let (lookup, texts) = self.texts(&format!("_dmarc.{domain}")).await;
        let (mut records, others): (Vec<String>, Vec<String>) =
            texts.into_iter().partition(|text| dmarc::is_record(text));
        records.truncate(MOST_RECORDS);
        (DmarcStep { domain: domain.to_owned(), lookup, records }, others)
    }

    /// Whether a domain takes the reports on another (RFC 9990, external destinations).
    async fn report(&self, of: &str, address: &str) -> DmarcReport {
        let to = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
        let report = DmarcReport { address: address.to_owned(), ..DmarcReport::default() };
        if is_own(of, &to) {
            return DmarcReport { authorized: true, ..report };
        }
        let asked = format!("{of}._report._dmarc.{to}");
        let (lookup, texts) = self.texts(&asked).await;
        let authorized = texts.iter().any(|text| dmarc::is_record(text));
        DmarcReport { asked: Some(asked), lookup, authorized, ..report }
    }
}

/// Whether two names are surely of one organisation: the same, or one below the other. Names beside each other may be too;
/// then a record is asked for that is not needed.
fn is_own(of: &str, to: &str) -> bool {
    let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    to.contains('.') && (below(to, of) || below(of, to))
}

fn visited(step: &DmarcStep) -> Visited {
    let record = match &step.records[..] {
        [one] => Record::read(one),
        _ => None,
    };
    Visited { domain: step.domain.clone(), record }
}

fn answered(lookup: &LookupFacts) -> bool {
    matches!(lookup, LookupFacts::Found | LookupFacts::NoSuchName | LookupFacts::NoSuchType)
}

/// Texts that somebody meant as a record.
fn misspelt(texts: &[String]) -> Vec<String> {
    let meant = texts.iter().filter(|text| text.to_lowercase().contains("dmarc1"));
    meant.take(MOST_MISSPELT).map(|text| crate::facts::shortened(text, LONGEST_MISSPELT)).collect()
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn a_foreign_domain_must_agree_and_an_own_one_need_not() {
        assert!(is_own("example.org", "example.org"));
        assert!(is_own("example.org", "reports.example.org"));
        assert!(is_own("mail.example.org", "example.org"));
        assert!(!is_own("example.org", "example.net"));
        assert!(!is_own("example.org", "notexample.org"));
        assert!(!is_own("example.org", "org"));
    }
}
