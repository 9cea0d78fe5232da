//! The steps of a walk: which there are on a road, who does each, and by which checks it is seen to be done. Pure.

use serde::{Deserialize, Serialize};

use super::blame::blame;
use crate::check::{Finding, Outcome, Verdict};
use crate::kb::{Who, cause};
use crate::road::Road;

/// One step, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The application is known to the directory.
    Registration,
    /// It can show who it is.
    Credential,
    /// Its permission is asked for.
    Permission,
    /// An administrator has consented.
    Consent,
    /// A person has signed in.
    SignIn,
    /// Exchange knows the application.
    ServicePrincipal,
    /// It may open the mailbox.
    MailboxRight,
    /// The mailbox lets the protocol in.
    Switch,
    /// The account of High Volume Email lets the application in.
    HighVolume,
    /// A connector knows the host.
    Connector,
    /// The domain's records.
    Records,
    /// The probe mail.
    Probe,
}

/// What the steps hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An application by itself.
    Application,
    /// The identity of a machine: it has no registration.
    Machine,
    /// A person who signs in; `shared`: the mailbox is another one than the person's.
    Person {
        /// The mailbox is another one than the person's.
        shared: bool,
    },
}

/// How much of a run a step needs to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// A token.
    Token,
    /// A login.
    Talk,
    /// The domain's records.
    Records,
    /// The probe mail.
    Send,
}

/// The steps of a set-up.
pub fn of(roads: &[Road], kind: Kind) -> Vec<Step> {
    let mut steps = match kind {
        _ if roads.iter().all(|road| road.wants().is_none()) => Vec::new(),
        Kind::Application => vec![Step::Registration, Step::Credential, Step::Permission, Step::Consent],
        Kind::Machine => vec![Step::Credential, Step::Consent],
        Kind::Person { .. } => vec![Step::Registration, Step::Permission, Step::SignIn],
    };
    let person = matches!(kind, Kind::Person { .. });
    let on = |some: &[Road]| roads.iter().any(|road| some.contains(road));
    let protocols = on(&[Road::Smtp, Road::Imap, Road::Pop]);
    let wanted = [
        (protocols && !person, Step::ServicePrincipal),
        (protocols && !person || kind == Kind::Person { shared: true }, Step::MailboxRight),
        (protocols || on(&[Road::Ews]), Step::Switch),
        (on(&[Road::Hve]), Step::HighVolume),
        (on(&[Road::Relay]), Step::Connector),
        (true, Step::Records),
        (true, Step::Probe),
    ];
    steps.extend(wanted.into_iter().filter_map(|(wanted, step)| wanted.then_some(step)));
    steps
}

impl Step {
    /// The step as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Step::Registration => "App registration",
            Step::Credential => "Credential",
            Step::Permission => "Permission",
            Step::Consent => "Admin consent",
            Step::SignIn => "Sign-in and consent",
            Step::ServicePrincipal => "Service principal in Exchange",
            Step::MailboxRight => "Right on the mailbox",
            Step::Switch => "Switch of the protocol",
            Step::HighVolume => "Access to High Volume Email",
            Step::Connector => "Connector",
            Step::Records => "Records of the domain",
            Step::Probe => "Probe mail",
        }
    }

    /// Who does it.
    pub fn who(self) -> Who {
        match self {
            Step::Registration | Step::Permission | Step::Credential | Step::Probe => Who::Developer,
            Step::Consent => Who::TenantAdmin,
            Step::SignIn => Who::User,
            Step::ServicePrincipal | Step::MailboxRight | Step::Switch | Step::HighVolume | Step::Connector => {
                Who::ExchangeAdmin
            }
            Step::Records => Who::DnsAdmin,
        }
    }

    /// What shows whether it is done.
    pub fn depth(self) -> Depth {
        match self {
            Step::Registration | Step::Permission | Step::Credential | Step::Consent | Step::SignIn => Depth::Token,
            Step::Records => Depth::Records,
            Step::Probe => Depth::Send,
            _ => Depth::Talk,
        }
    }

    /// Whether the script for Exchange does it.
    pub fn in_script(self) -> bool {
        matches!(self, Step::ServicePrincipal | Step::MailboxRight | Step::Switch)
    }

    /// What was seen, in words: those of the proof, where they speak of the step.
    fn seen_by(self, proof: &str) -> String {
        match self {
            Step::Registration => "the directory knows the application".to_owned(),
            Step::Credential | Step::SignIn => "the login service gave a token for it".to_owned(),
            _ => proof.lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// The checks one of which must hold, on every road that it is asked on.
    fn proofs(self) -> &'static [&'static str] {
        match self {
            Step::Registration | Step::Credential | Step::SignIn => &["token.issued"],
            Step::Permission | Step::Consent => &["token.role"],
            Step::ServicePrincipal => &["smtp.login", "imap.login", "pop.login", "exchange.object-id"],
            Step::MailboxRight => &["smtp.login", "imap.mailbox", "pop.mailbox", "exchange.right", "graph.mailbox"],
            Step::Switch => &["smtp.login", "imap.mailbox", "pop.mailbox", "ews.mailbox", "exchange.switch"],
            Step::HighVolume => &["smtp.login"],
            Step::Connector => &["smtp.recipient"],
            Step::Records => &["dns.spf"],
            Step::Probe => &["send.accepted", "graph.send", "ews.send"],
        }
    }
}

/// How a step stands.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Seen to be done: the words that it rests on.
    Done(String),
    /// Not done, or not yet: the step that is to blame, and the findings.
    Fault(Step, Vec<Finding>),
    /// Nothing shows it from here.
    Unseen,
}

/// How a step stands after a look. `steps` are all of the walk.
pub fn standing(step: Step, steps: &[Step], findings: &[Finding]) -> Standing {
    let blamed: Vec<(Step, &Finding)> =
        findings.iter().filter_map(|finding| Some((blame(finding, step, steps)?, finding))).collect();
    let first = blamed.iter().map(|(blamed, _)| *blamed).min();
    if let Some(first) = first.filter(|first| *first <= step) {
        let of_first = blamed.into_iter().filter(|(blamed, _)| *blamed == first);
        return Standing::Fault(first, of_first.map(|(_, finding)| finding.clone()).collect());
    }
    let proofs: Vec<&Finding> = findings.iter().filter(|finding| step.proofs().contains(&finding.check.id)).collect();
    let words = proofs.iter().find_map(|finding| match &finding.outcome {
        Outcome::Judged(Verdict::Pass(words)) => Some(words.clone()),
        // Port 25 takes a recipient before it looks at all it knows.
        Outcome::Judged(Verdict::Unproven(reason)) if *reason.cause == cause::RELAY_ACCEPTED_SO_FAR => {
            reason.evidence.first().cloned()
        }
        _ => None,
    });
    let refused = proofs.iter().any(|finding| finding.failed());
    match (words, first) {
        (Some(words), _) if !refused => Standing::Done(step.seen_by(&words)),
        // The directory looked at the credential, so it knows the application.
        (_, Some(Step::Credential | Step::SignIn)) if step == Step::Registration => Standing::Done(step.seen_by("")),
        _ => Standing::Unseen,
    }
}

#[cfg(test)]
mod tests;
