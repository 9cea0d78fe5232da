//! The DMARC policy: which is in force, what its record says, where its reports go, and whether our mail passes it.

use super::{facts, failed, unseen};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::dmarc::{InForce, Policy, Record, Tag, Visited, in_force};
use crate::facts::{DnsFacts, LookupFacts, Visit};
use crate::kb::cause;
use crate::spf::SpfResult;

pub(super) static DMARC: Check =
    Check { id: "dns.dmarc", title: "The domain has a DMARC policy", needs: &[], judge: Judge::Once(dmarc) };

pub(super) static DMARC_TAGS: Check = Check {
    id: "dns.dmarc-tags",
    title: "Each tag of its DMARC record counts",
    needs: &[&DMARC],
    judge: Judge::Once(tags),
};

pub(super) static DMARC_REPORTS: Check = Check {
    id: "dns.dmarc-reports",
    title: "Its DMARC reports can be delivered",
    needs: &[&DMARC],
    judge: Judge::Once(reports),
};

pub(super) static DMARC_ALIGNMENT: Check = Check {
    id: "dns.dmarc-alignment",
    title: "Mail of this set-up passes its DMARC",
    needs: &[&DMARC],
    judge: Judge::Once(alignment),
};

fn dmarc(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    let name = format!("_dmarc.{}", dns.domain);
    if dns.mx_lookup == LookupFacts::NoSuchName && dns.dmarc.is_empty() {
        return Err("the domain does not exist".into());
    }
    if let Some(judgement) = failed(&name, &dns.dmarc_lookup) {
        return judgement;
    }
    if let [_, _, ..] = &dns.dmarc[..] {
        return Verdict::warn(&cause::DMARC_MULTIPLE, dns.dmarc.join("\n"));
    }
    let visited = visited(dns);
    let Some(force) = force(dns, &visited) else { return nothing(dns, &name) };
    let record = record_of(dns, force.domain);
    if force.record.policy_faulty {
        let read = match force.policy {
            None => "receivers apply no DMARC at all",
            Some(_) => "receivers read it as p=none, because it names an address for reports",
        };
        return Verdict::warn(&cause::DMARC_INVALID, format!("{record}\nits policy does not count: {read}"));
    }
    Verdict::pass(words(dns, &force, record))
}

/// Nobody publishes a policy; unless a name above could not be asked, which might.
fn nothing(dns: &DnsFacts, name: &str) -> Judgement {
    for step in &dns.dmarc_walk {
        if let Some(judgement) = unseen(&format!("_dmarc.{}", step.domain), &step.lookup) {
            return judgement;
        }
    }
    let mut words = format!("{name} has no record that begins with v=DMARC1");
    if !dns.dmarc_walk.is_empty() {
        let above: Vec<&str> = dns.dmarc_walk.iter().map(|step| step.domain.as_str()).collect();
        words.push_str(&format!(", nor has _dmarc of {}", above.join(", ")));
    }
    for text in &dns.dmarc_misspelt {
        words.push_str(&format!("\nno record, because it does not begin so: {text}"));
    }
    Verdict::warn(&cause::DMARC_MISSING, words)
}

fn words(dns: &DnsFacts, force: &InForce<'_>, record: &str) -> String {
    let test = if force.record.test { "; t=y asks receivers not to apply it yet" } else { "" };
    if force.domain == dns.domain {
        return format!("{record}{test}");
    }
    let policy = force.policy.map(|policy| policy.to_string()).unwrap_or_default();
    let tag = match force.tag {
        Tag::P => "p",
        Tag::Sp => "sp",
        Tag::Np => "np",
    };
    format!("{policy}, by {tag} of {}{test}\n{record}", force.domain)
}

/// The names of the walk with the one record that counts at each, the domain itself first.
fn visited(dns: &DnsFacts) -> Vec<Visited> {
    let one = |domain: &str, records: &[String]| {
        let record = match records {
            [one] => Record::read(one),
            _ => None,
        };
        Visited { domain: domain.to_owned(), record }
    };
    let above = dns.dmarc_walk.iter().map(|step| one(&step.domain, &step.records));
    std::iter::once(one(&dns.domain, &dns.dmarc)).chain(above).collect()
}

/// The policy in force. Whether the name exists was seen while it was looked up, and decided the tag.
fn force<'a>(dns: &DnsFacts, visited: &'a [Visited]) -> Option<InForce<'a>> {
    let missing = dns.dmarc_policy.as_ref().is_some_and(|policy| policy.tag == Tag::Np);
    in_force(visited, !missing)
}

fn record_of<'a>(dns: &'a DnsFacts, domain: &str) -> &'a str {
    let above = dns.dmarc_walk.iter().find(|step| step.domain == domain).map(|step| &step.records);
    let records = if domain == dns.domain { &dns.dmarc } else { above.unwrap_or(&dns.dmarc) };
    records.first().map(String::as_str).unwrap_or_default()
}

fn tags(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    let visited = visited(dns);
    let force = force(dns, &visited).ok_or("no record counts")?;
    let record = force.record;
    if record.policy_faulty {
        return Err("its policy does not count already".into());
    }
    if !record.faults.is_empty() {
        return Verdict::warn(&cause::DMARC_TAG_FAULTY, record.faults.join("\n"));
    }
    if record.removed.is_empty() {
        return Verdict::pass("all of them are tags of RFC 9989");
    }
    let all: Vec<String> = record.removed.iter().map(|tag| format!("{tag}: {}", once_meant(tag))).collect();
    Verdict::warn(&cause::DMARC_TAG_REMOVED, all.join("\n"))
}

/// What readers of RFC 7489 still take from a tag that RFC 9989 removed (RFC 7489 section 6.3).
fn once_meant(tag: &str) -> &'static str {
    match tag.split('=').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "pct" => "now ignored; older readers apply the policy to this share of the mail only",
        "rf" => "now ignored; older readers take it for the format of failure reports",
        "ri" => "now ignored; older readers take it for the seconds between two reports",
        _ => "now ignored; older readers send no report that is larger",
    }
}

fn reports(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    let force = dns.dmarc_policy.as_ref().ok_or("no record counts")?;
    let policy = force.policy.ok_or("receivers apply no DMARC")?;
    if dns.dmarc_reports.is_empty() {
        if policy != Policy::None {
            return Verdict::pass("no address is named (rua), so nobody reports");
        }
        let words = format!("the policy of {} is none, and rua names no address", force.domain);
        return Verdict::warn(&cause::DMARC_REPORTS_NOWHERE, words);
    }
    let refused = dns.dmarc_reports.iter().filter(|report| !report.authorized);
    let mut missing = Vec::new();
    for report in refused {
        let asked = report.asked.as_deref().unwrap_or_default();
        if let Some(judgement) = unseen(asked, &report.lookup) {
            return judgement;
        }
        missing.push(format!("{}: there is no v=DMARC1 at {asked}", report.address));
    }
    if !missing.is_empty() {
        return Verdict::warn(&cause::DMARC_REPORT_UNAUTHORIZED, missing.join("\n"));
    }
    let all: Vec<&str> = dns.dmarc_reports.iter().map(|report| report.address.as_str()).collect();
    Verdict::pass(all.join(", "))
}

/// The envelope's sender and From are one address here, so SPF is aligned where it passes, strictly or not. A signature
/// is aligned where the domain has keys at Microsoft 365: without them Exchange Online signs with the initial domain.
fn alignment(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    let setup = &visit.setup;
    let sender = setup.from.as_ref().or(setup.mailbox.as_ref()).and_then(|address| address.rsplit_once('@'));
    if sender.is_some_and(|(_, domain)| !domain.eq_ignore_ascii_case(&dns.domain)) {
        return Err("the sender is of another domain".into());
    }
    dns.dmarc_policy.as_ref().and_then(|force| force.policy).ok_or("receivers apply no DMARC")?;
    let evaluation = dns.spf.of_microsoft();
    let spf = evaluation.map(|evaluation| evaluation.result == SpfResult::Pass);
    let selectors = dns.dkim.as_ref().ok_or_else(|| NotObserved::from("no selector was looked up"))?;
    let dkim = selectors.iter().any(|selector| selector.microsoft && super::dkim::sound(selector));
    match (spf, dkim) {
        (Some(true), true) => Verdict::pass("by SPF, and by DKIM once signing is on"),
        (Some(true), false) => Verdict::pass("by SPF alone, which does not outlast forwarding"),
        (_, true) => Verdict::pass("by DKIM alone, once signing is on"),
        (Some(false), false) => {
            let result = evaluation.map(|evaluation| evaluation.result.to_string()).unwrap_or_default();
            let words = format!("SPF: {result} for Microsoft 365\nDKIM: no key of Microsoft 365 for {}", dns.domain);
            Verdict::warn(&cause::DMARC_UNALIGNED, words)
        }
        (None, false) => Err("the sender policy was not evaluated".into()),
    }
}
