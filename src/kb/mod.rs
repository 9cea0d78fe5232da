//! The knowledge base: one page for each cause, compiled in from `src/kb/<where seen>/<id>.md`.
//! One text serves the terminal, JSON, Markdown and the documentation.

mod classifier;
mod classify;
mod find;

pub use classifier::{Classifier, fixed_texts};
pub use classify::{Match, classify, codes_in};
pub use find::find;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page: what is wrong, who acts, the repair, how to see that it worked.
///
/// Texts are Markdown; `repair` and `recheck` are templates that [`crate::scripts::fill`] completes.
#[derive(Debug)]
pub struct Cause {
    /// Stable word, never reused, never renamed.
    pub id: &'static str,
    /// The defect as a statement.
    pub title: &'static str,
    /// Where it shows itself.
    pub seen_in: &'static [Where],
    /// `AADSTS7000215`, `535 5.7.139` or `5.7.139`.
    pub codes: &'static [&'static str],
    /// Literal texts of the server that mean this cause; `*` stands for any run of characters.
    pub matches: &'static [&'static str],
    /// How much the page says.
    pub depth: Depth,
    /// Who must act.
    pub who: Who,
    /// The least directory role that can do the repair; empty when none is needed.
    pub role: &'static str,
    /// How long the repair takes to work; empty when at once.
    pub wait: &'static str,
    /// Scanner rules that the repair trips.
    pub posture: &'static [&'static str],
    /// Pages of the vendor or of a standard.
    pub links: &'static [&'static str],
    /// Date the facts were last verified, `YYYY-MM-DD`.
    pub checked: &'static str,
    /// Where the facts are from.
    pub source: &'static str,
    /// The vendor's own text (brief pages).
    pub official: &'static str,
    /// What the server really says with this.
    pub meaning: &'static str,
    /// Most likely first, each with how to tell it from the others.
    pub causes: &'static str,
    /// What to do: a sentence, then something to paste.
    pub repair: &'static str,
    /// The command that shows that it worked.
    pub recheck: &'static str,
    /// A real reply.
    pub sample: &'static str,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// How much a page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All five sections.
    Full,
    /// The vendor's text and one paragraph.
    Brief,
}

/// Where a cause shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In what the user typed.
    Input,
    /// On the way to a server.
    Network,
    /// In an answer of the login service.
    Entra,
    /// In the address that the consent page redirects to.
    Consent,
    /// In an access token.
    Token,
    /// In an SMTP dialogue.
    Smtp,
    /// In an IMAP dialogue.
    Imap,
    /// In a POP dialogue.
    Pop,
    /// In an answer of Microsoft Graph.
    Graph,
    /// In an answer of Exchange Web Services.
    Ews,
    /// In a mail as it arrived.
    Mail,
    /// In the Domain Name System.
    Dns,
    /// In the set-up of the tenant.
    Setup,
    /// In the use of the sandbox.
    Sandbox,
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Whoever writes or configures the program that sends.
    Developer,
    /// An administrator of the directory.
    TenantAdmin,
    /// An administrator of Exchange.
    ExchangeAdmin,
    /// Whoever edits the domain's zone.
    DnsAdmin,
    /// Whoever runs the network and its firewall.
    NetworkAdmin,
    /// The owner of the mailbox.
    User,
    /// Microsoft.
    Microsoft,
}

impl Who {
    /// The word as a person says it.
    pub fn label(self) -> &'static str {
        match self {
            Who::Developer => "you, who set up the program",
            Who::TenantAdmin => "an administrator of the tenant",
            Who::ExchangeAdmin => "an Exchange administrator",
            Who::DnsAdmin => "whoever edits the domain's DNS",
            Who::NetworkAdmin => "whoever runs the network",
            Who::User => "the owner of the mailbox",
            Who::Microsoft => "Microsoft",
        }
    }
}

/// The pages as statics, one for each id, in capitals.
pub mod cause {
    use super::{Cause, Depth, Where, Who};

    include!(concat!(env!("OUT_DIR"), "/kb.rs"));
}

/// Every page, sorted by id.
pub fn all() -> &'static [&'static Cause] {
    cause::ALL
}

/// The page of this id, without regard to case.
pub fn by_id(id: &str) -> Option<&'static Cause> {
    all().iter().copied().find(|page| page.id.eq_ignore_ascii_case(id))
}

/// Ids that a mistyped `id` may have meant, closest first, at most three.
pub fn similar(id: &str) -> Vec<&'static str> {
    let id = id.to_lowercase();
    let mut near: Vec<(usize, &str)> = all()
        .iter()
        .map(|page| (distance(&id, page.id), page.id))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(6) / 3)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
