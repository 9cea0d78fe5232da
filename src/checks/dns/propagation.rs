//! How far the records have got: the domain's own name servers beside the resolver.

use jiff::{SignedDuration, Timestamp};

use super::facts;
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{NameServerState, PropagationFacts, RecordSpread, Visit};
use crate::kb::cause;

/// As much of one answer as a person compares by eye.
const LONGEST: usize = 300;

pub(super) static SERVERS: Check =
    Check { id: "dns.servers", title: "Its name servers all answer for it", needs: &[], judge: Judge::Once(servers) };

pub(super) static AGREEMENT: Check =
    Check { id: "dns.agreement", title: "Its name servers say the same", needs: &[], judge: Judge::Once(agreement) };

pub(super) static EVERYWHERE: Check = Check {
    id: "dns.everywhere",
    title: "The resolver has their present records",
    needs: &[],
    judge: Judge::Once(everywhere),
};

/// What was heard of the servers, where anything was.
fn heard(visit: &Visit) -> Result<&PropagationFacts, NotObserved> {
    let heard = facts(visit)?.propagation.as_ref().ok_or("the domain's name servers were not asked")?;
    heard.not_seen.as_ref().map_or(Ok(heard), |why| Err(why.as_str().into()))
}

fn servers(visit: &Visit) -> Judgement {
    let heard = heard(visit)?;
    let mut faults = Vec::new();
    for server in &heard.servers {
        match &server.state {
            NameServerState::Lame(why) => faults.push(format!("{} ({}): {why}", server.name, server.address)),
            // Where none of a family of addresses is heard, that is this computer's network.
            NameServerState::Silent(why) if family_answers(heard, &server.address) => {
                faults.push(format!("{} ({}): {why}", server.name, server.address));
            }
            _ => {}
        }
    }
    let zone = heard.zone.as_deref().unwrap_or_default();
    let answering = heard.servers.iter().filter(|server| server.state == NameServerState::Answers).count();
    match (faults.is_empty(), answering) {
        (true, _) => Verdict::pass(format!("{answering} of {} addresses answer for {zone}", heard.servers.len())),
        (false, 0) => Verdict::fail(&cause::DNS_SERVER_LAME, faults.join("\n")),
        (false, _) => Verdict::warn(&cause::DNS_SERVER_LAME, faults.join("\n")),
    }
}

/// Whether the network of this computer lets questions through to such an address.
fn family_answers(heard: &PropagationFacts, address: &str) -> bool {
    let of_family = |other: &&crate::facts::NameServerFacts| other.address.contains(':') == address.contains(':');
    let any = heard.servers.iter().filter(of_family).any(|server| !matches!(server.state, NameServerState::Silent(_)));
    any || (heard.from_above && !address.contains(':'))
}

fn agreement(visit: &Visit) -> Judgement {
    let heard = heard(visit)?;
    if heard.compared == 0 {
        return Err("none of the name servers said anything of the records".into());
    }
    let differing: Vec<String> =
        heard.differing.iter().filter(|one| one.servers_disagree()).map(|one| sides(heard, one)).collect();
    if !differing.is_empty() {
        return Verdict::warn(&cause::DNS_SERVERS_DISAGREE, differing.join("\n"));
    }
    let words = format!("{} record sets are the same at each", heard.compared);
    let mut serials: Vec<u32> = heard.servers.iter().filter_map(|server| server.serial).collect();
    serials.sort_unstable();
    serials.dedup();
    // Some hosts count on each server by itself.
    Verdict::pass(if serials.len() > 1 { format!("{words}; their serial numbers differ") } else { words })
}

/// Who says what of a record set, with the serial number of each.
fn sides(heard: &PropagationFacts, one: &RecordSpread) -> String {
    let who = |address: &String| match heard.servers.iter().find(|server| server.address == *address) {
        Some(server) => {
            let serial = server.serial.map_or(String::new(), |serial| format!(", serial {serial}"));
            format!("{} ({address}{serial})", server.name)
        }
        None => address.clone(),
    };
    let side = |said: &crate::facts::ServersSay| {
        let servers: Vec<String> = said.servers.iter().map(who).collect();
        format!("{} {} at {}: {}", one.kind, one.name, servers.join(", "), records(&said.records))
    };
    one.servers.iter().map(side).collect::<Vec<_>>().join("\n")
}

fn everywhere(visit: &Visit) -> Judgement {
    let heard = heard(visit)?;
    if heard.compared == 0 {
        return Err("none of the name servers said anything of the records".into());
    }
    let behind: Vec<&RecordSpread> = heard.differing.iter().filter(|one| one.resolver_is_behind()).collect();
    let Some(longest) = behind.iter().map(|one| one.ttl).max() else {
        return Verdict::pass(format!("{} record sets were compared", heard.compared));
    };
    let observed = visit.facts.observed_at;
    let mut lines = vec![format!("wait until {}", clock(observed, longest))];
    for one in behind {
        let until = clock(observed, one.ttl);
        lines.push(format!(
            "{} {}: the resolver still says {}, until {until} ({} s left)",
            one.kind,
            one.name,
            records(&one.resolver),
            one.ttl
        ));
        lines.extend(one.servers.iter().map(|said| format!("the name servers say {}", records(&said.records))));
    }
    Verdict::warn(&cause::DNS_NOT_YET_EVERYWHERE, lines.join("\n"))
}

fn records(records: &[String]) -> String {
    let quoted = records.iter().map(|record| format!("`{record}`")).collect::<Vec<_>>().join(", ");
    if quoted.is_empty() { "that there is none".to_owned() } else { crate::facts::shortened(&quoted, LONGEST) }
}

/// The time of day so many seconds later; with the day, where it is another one.
fn clock(from: Timestamp, seconds: u32) -> String {
    // The end of a minute that has begun.
    let until = from.checked_add(SignedDuration::from_secs(i64::from(seconds) + 59)).unwrap_or(from);
    let same_day = from.strftime("%F").to_string() == until.strftime("%F").to_string();
    until.strftime(if same_day { "%H:%M UTC" } else { "%F %H:%M UTC" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::facts::{DnsFacts, LookupFacts, NameServerFacts, ServersSay};

    fn visit(servers: &[(&str, NameServerState)], differing: Vec<RecordSpread>) -> Visit {
        let server = |(address, state): &(&str, NameServerState)| NameServerFacts {
            name: "ns.contoso.test".to_owned(),
            address: (*address).to_owned(),
            state: state.clone(),
            serial: Some(1),
        };
        let servers = servers.iter().map(server).collect();
        let heard = PropagationFacts { servers, differing, compared: 3, ..PropagationFacts::default() };
        let mut visit = Visit::default();
        visit.facts.observed_at = "2026-11-27T23:58:30Z".parse().unwrap();
        visit.facts.dns = Some(DnsFacts { propagation: Some(heard), ..DnsFacts::default() });
        visit
    }

    fn silent() -> NameServerState {
        NameServerState::Silent("it does not answer".to_owned())
    }

    #[test]
    fn a_server_is_blamed_only_where_its_like_are_heard() {
        let answers = NameServerState::Answers;
        let of = |rows: &[(&str, NameServerState)]| servers(&visit(rows, Vec::new())).unwrap();
        assert!(matches!(of(&[("192.0.2.1", answers.clone()), ("2001:db8::1", silent())]), Verdict::Pass(_)));
        assert!(matches!(of(&[("192.0.2.1", answers.clone()), ("192.0.2.2", silent())]), Verdict::Warn(_)));
        let lame = NameServerState::Lame("it answers REFUSED".to_owned());
        assert!(matches!(of(&[("192.0.2.1", answers), ("2001:db8::1", lame)]), Verdict::Warn(_)));
    }

    #[test]
    fn the_wait_is_told_by_the_clock_and_the_day_where_it_is_another() {
        let at: Timestamp = "2026-11-27T23:58:30Z".parse().unwrap();
        assert_eq!(clock(at, 0), "23:59 UTC");
        assert_eq!(clock(at, 30), "23:59 UTC");
        assert_eq!(clock(at, 90), "2026-11-28 00:00 UTC");
        assert_eq!(clock(at, 3600), "2026-11-28 00:59 UTC");
    }

    #[test]
    fn a_resolver_that_did_not_answer_is_not_behind() {
        let said = ServersSay { servers: vec!["192.0.2.1".to_owned()], records: vec!["10 new".to_owned()] };
        let spread = |lookup| RecordSpread { lookup, ttl: 60, servers: vec![said.clone()], ..RecordSpread::default() };
        let of = |lookup| everywhere(&visit(&[("192.0.2.1", NameServerState::Answers)], vec![spread(lookup)])).unwrap();
        assert!(matches!(of(LookupFacts::NoSuchName), Verdict::Warn(_)));
        assert!(matches!(of(LookupFacts::Timeout(String::new())), Verdict::Pass(_)));
    }
}
