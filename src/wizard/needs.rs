//! Which road to take: from a few answers to the roads in order, each with its reasons, what it costs in rights and when it
//! ends. Pure.

use crate::road::Road;

/// What the program or device has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// It sends to recipients outside of the organization.
    pub outside: bool,
    /// It also reads mail.
    pub reads: bool,
    /// It is a device or program that can not do OAuth.
    pub device: bool,
    /// It calls from a public address that stays the same.
    pub fixed_address: bool,
    /// Recipients a day, at most.
    pub volume: u32,
}

/// How well a road fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It does what is needed.
    Good,
    /// It does, with a condition that the reasons name.
    Possible,
    /// It does not.
    Closed,
}

/// A way to take, and what speaks for or against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The road that sends, and with it one that reads, if that is needed.
    pub roads: Vec<Road>,
    /// How well it fits.
    pub fit: Fit,
    /// Why, one sentence each.
    pub reasons: Vec<&'static str>,
    /// What it costs in rights.
    pub rights: &'static str,
}

/// Recipients of one mailbox in 24 hours (Microsoft Learn, "Exchange Online limits"; microsoft-facts I).
pub const MAILBOX_A_DAY: u32 = 10_000;

/// What ends or changes, and when: the date, the sentence, the source. Last checked 2026-11-27.
pub const CALENDAR: [(&str, &str, &str); 5] = [
    (
        "end of December 2026",
        "Basic authentication of SMTP AUTH is off by default; an administrator can switch it on again for now.",
        "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online",
    ),
    (
        "1 April 2027",
        "EWS ends for everybody; since October 2026 only listed applications come in.",
        "https://techcommunity.microsoft.com/blog/exchange/exchange-online-ews-your-time-is-almost-up/4492361",
    ),
    (
        "second half of 2027",
        "Microsoft names the date on which Basic authentication of SMTP AUTH is removed.",
        "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online",
    ),
    (
        "since June 2025",
        "High Volume Email reaches recipients of the own organization alone, 50 a message.",
        "https://learn.microsoft.com/exchange/mail-flow-best-practices/high-volume-mails-m365",
    ),
    (
        "no date yet",
        "Direct send can be refused by a tenant (RejectDirectSend), and Microsoft works on that as the default.",
        "https://techcommunity.microsoft.com/blog/exchange/introducing-more-control-over-direct-send-in-exchange-online/4408790",
    ),
];

/// Every road that sends, the fitting first.
pub fn advise(needs: Needs) -> Vec<Advice> {
    let mut all = vec![graph(needs), smtp(needs), relay(needs), direct(needs), hve(needs), ews(needs)];
    // Stable: among roads that fit alike, the order above is that of what is to be preferred.
    all.sort_by_key(|advice| advice.fit);
    all
}

/// A list of reasons from which the fit follows: the worst of them.
struct Weighing {
    fit: Fit,
    reasons: Vec<&'static str>,
}

impl Weighing {
    fn new(reason: &'static str) -> Weighing {
        Weighing { fit: Fit::Good, reasons: vec![reason] }
    }

    /// Counts a reason, if it applies. What closes the road stands before all else.
    fn weigh(mut self, applies: bool, fit: Fit, reason: &'static str) -> Weighing {
        if applies {
            let at = if fit == Fit::Closed { 0 } else { self.reasons.len() };
            self.reasons.insert(at, reason);
            self.fit = self.fit.max(fit);
        }
        self
    }

    fn advice(self, roads: Vec<Road>, rights: &'static str) -> Advice {
        Advice { roads, fit: self.fit, reasons: self.reasons, rights }
    }
}

const NO_OAUTH: &str = "It takes a token, which a device without OAuth can not get.";
const TOO_MUCH: &str = "A mailbox sends to 10,000 recipients in 24 hours, and no further.";

fn graph(needs: Needs) -> Advice {
    let weighed = Weighing::new("One HTTPS request; no switch of SMTP AUTH and no entry in Exchange is needed.")
        .weigh(needs.device, Fit::Closed, NO_OAUTH)
        .weigh(needs.volume > MAILBOX_A_DAY, Fit::Closed, TOO_MUCH);
    let rights = if needs.reads {
        "Mail.Send and Mail.Read: all mailboxes of the tenant, unless RBAC for Applications keeps them to one."
    } else {
        "Mail.Send: from all mailboxes of the tenant, unless RBAC for Applications keeps it to one."
    };
    weighed.advice(vec![Road::Graph], rights)
}

fn smtp(needs: Needs) -> Advice {
    let weighed = Weighing::new("For software that speaks SMTP and knows XOAUTH2.")
        .weigh(needs.device, Fit::Closed, NO_OAUTH)
        .weigh(needs.volume > MAILBOX_A_DAY, Fit::Closed, TOO_MUCH);
    if needs.reads {
        let rights = "SMTP.SendAsApp and IMAP.AccessAsApp, with Full Access on the one mailbox.";
        return weighed.advice(vec![Road::Smtp, Road::Imap], rights);
    }
    let rights = "SMTP.SendAsApp, with Full Access on the one mailbox: it could also read there.";
    weighed.advice(vec![Road::Smtp], rights)
}

fn relay(needs: Needs) -> Advice {
    let weighed = Weighing::new("Port 25 through a connector; nobody logs in, and no token is needed.")
        .weigh(needs.reads, Fit::Closed, "It reads no mail.")
        .weigh(!needs.fixed_address, Fit::Possible, "Without a fixed address the connector must know a certificate.")
        .weigh(!needs.device, Fit::Possible, "Whatever stands at that address may send as anybody of the domain.")
        .weigh(needs.volume > MAILBOX_A_DAY, Fit::Possible, "Mail in bulk belongs to a service made for it.");
    weighed
        .advice(vec![Road::Relay], "No right of an application; a connector that trusts an address or a certificate.")
}

fn direct(needs: Needs) -> Advice {
    let weighed = Weighing::new("Port 25 to the organization's own mailboxes; nothing to set up but SPF.")
        .weigh(needs.reads, Fit::Closed, "It reads no mail.")
        .weigh(needs.outside, Fit::Closed, "It reaches mailboxes of the own organization alone.")
        .weigh(!needs.fixed_address, Fit::Possible, "Without a fixed address SPF can not name the sender.")
        .weigh(!needs.device, Fit::Possible, "It is not authenticated, and a tenant may refuse it as a whole.");
    weighed.advice(vec![Road::Direct], "None.")
}

fn hve(needs: Needs) -> Advice {
    let weighed = Weighing::new("Made for many mails a day within the organization.")
        .weigh(needs.reads, Fit::Closed, "It reads no mail.")
        .weigh(needs.outside, Fit::Closed, "It reaches recipients of the own organization alone.")
        .weigh(needs.device, Fit::Closed, NO_OAUTH)
        .weigh(needs.volume <= MAILBOX_A_DAY, Fit::Possible, "It is paid for by use; a mailbox would do.");
    weighed.advice(vec![Road::Hve], "Mail.Send of Office 365 Exchange Online, for one account without a mailbox.")
}

fn ews(needs: Needs) -> Advice {
    let weighed = Weighing::new("Only for software that knows nothing else.")
        .weigh(true, Fit::Closed, "It ends on 1 April 2027; nothing new should begin with it.")
        .weigh(needs.device, Fit::Closed, NO_OAUTH);
    weighed.advice(vec![Road::Ews], "full_access_as_app: everything in all mailboxes of the tenant.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Needs = Needs { outside: true, reads: false, device: false, fixed_address: false, volume: 100 };

    /// The words of the roads that are not closed, the best first; `?` behind one with a condition.
    fn open(needs: Needs) -> String {
        let open = advise(needs).into_iter().filter(|advice| advice.fit != Fit::Closed);
        let words = open.map(|advice| {
            let roads: Vec<String> = advice.roads.iter().map(Road::to_string).collect();
            format!("{}{}", roads.join("+"), if advice.fit == Fit::Possible { "?" } else { "" })
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_roads_follow_from_the_answers() {
        let many = MAILBOX_A_DAY + 1;
        for (needs, roads) in [
            (PROGRAM, "graph smtp relay?"),
            (Needs { reads: true, ..PROGRAM }, "graph smtp+imap"),
            (Needs { outside: false, ..PROGRAM }, "graph smtp relay? direct? hve?"),
            (Needs { volume: many, ..PROGRAM }, "relay?"),
            (Needs { outside: false, volume: many, ..PROGRAM }, "hve relay? direct?"),
            (Needs { device: true, fixed_address: true, ..PROGRAM }, "relay"),
            (Needs { device: true, ..PROGRAM }, "relay?"),
            (Needs { device: true, outside: false, fixed_address: true, ..PROGRAM }, "relay direct"),
            (Needs { device: true, outside: false, ..PROGRAM }, "relay? direct?"),
            (Needs { device: true, reads: true, ..PROGRAM }, ""),
            (Needs { volume: MAILBOX_A_DAY, ..PROGRAM }, "graph smtp relay?"),
        ] {
            assert_eq!(open(needs), roads, "{needs:?}");
        }
    }

    #[test]
    fn every_road_that_sends_is_weighed_and_says_why() {
        for advice in advise(PROGRAM) {
            assert!(!advice.reasons.is_empty() && !advice.rights.is_empty(), "{advice:?}");
            assert!(advice.reasons.iter().all(|reason| reason.len() <= 100), "{advice:?}");
        }
        let mut roads: Vec<Road> = advise(PROGRAM).iter().map(|advice| advice.roads[0]).collect();
        roads.sort();
        assert_eq!(roads, [Road::Smtp, Road::Graph, Road::Ews, Road::Hve, Road::Relay, Road::Direct]);
    }

    #[test]
    fn what_closes_a_road_is_said_first() {
        let advice = advise(Needs { device: true, ..PROGRAM });
        let graph = advice.iter().find(|advice| advice.roads == [Road::Graph]).unwrap();
        assert_eq!((graph.fit, graph.reasons[0]), (Fit::Closed, NO_OAUTH));
    }
}
