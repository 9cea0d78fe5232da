//! Whether the probe was found again, and what the receiving side wrote upon it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EwsExchange, GraphRefusal, HttpFacts, MailboxFacts};
use crate::access::Access;
use crate::reader::Reader;

/// The search for the probe mail in a mailbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfirmFacts {
    /// The mailbox that was looked into.
    pub mailbox: String,
    /// Why nobody looked, when nobody did.
    pub skipped: Option<String>,
    /// What the token is worth for each reader that could be taken.
    pub rights: Vec<ReaderRight>,
    /// The reader that was taken.
    pub via: Option<Reader>,
    /// Whether it was named, and not chosen by the rights in the token.
    pub named: bool,
    /// What was looked for in the subject.
    pub token: String,
    /// The folders that were looked into.
    pub folders: Vec<Folder>,
    /// How often they were.
    pub looks: u32,
    /// The longest that was to be waited, in milliseconds.
    pub within_ms: u64,
    /// Milliseconds from the first look to the last.
    pub ms: u64,
    /// The last requests to Graph, one a folder.
    pub requests: Vec<HttpFacts>,
    /// Graph's refusal, when it refused.
    pub refusal: Option<GraphRefusal>,
    /// The dialogue over IMAP: the login and the last look.
    pub imap: Option<MailboxFacts>,
    /// The last exchange with EWS.
    pub ews: Option<EwsExchange>,
    /// The mail, when it was found.
    pub arrived: Option<ArrivedFacts>,
}

/// What a token is worth for a reader.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReaderRight {
    /// The reader.
    pub via: Reader,
    /// Whether the token opens it, and by what that is known.
    #[serde(flatten)]
    pub access: Access,
}

/// A folder of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    /// Where mail arrives.
    Inbox,
    /// Where mail lies that is taken for unwanted.
    Junk,
    /// Where the copies of what was sent lie.
    Sent,
}

/// The probe mail as it lies in the mailbox. Only its header is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ArrivedFacts {
    /// Where it lies.
    pub folder: Option<Folder>,
    /// The address in From.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The Message-ID.
    pub message_id: String,
    /// When it was received, as the mailbox says.
    pub received: Option<String>,
    /// Whether the reader gave the header at all: Graph keeps none of a sent mail.
    pub header: bool,
    /// Whether the header was longer than what is read of it.
    pub cut: bool,
    /// What servers wrote of the sender's authentication, the last one first.
    pub authentication: Vec<AuthenticationFacts>,
    /// What the spam filter thought of it.
    pub spam: Option<SpamFacts>,
    /// The way it took, oldest first.
    pub hops: Vec<Hop>,
}

/// One `Authentication-Results` (RFC 8601), with Microsoft's own words in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuthenticationFacts {
    /// Who says so; Microsoft leaves it out.
    pub server: Option<String>,
    /// The results, in order.
    pub results: Vec<MethodResult>,
}

/// One method and its result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MethodResult {
    /// `spf`, `dkim`, `dmarc`, `compauth`, …
    pub method: String,
    /// `pass`, `fail`, `none`, …
    pub result: String,
    /// What stands in parentheses behind it.
    pub comment: Option<String>,
    /// `smtp.mailfrom`, `header.from`, `action`, `reason`, …
    pub properties: BTreeMap<String, String>,
}

/// What `X-Forefront-Antispam-Report` and its like say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpamFacts {
    /// The spam confidence level: -1 to 9.
    pub scl: Option<i64>,
    /// What the filter did: `NSPM`, `SPM`, `SKN`, …
    pub sfv: Option<String>,
    /// The category of the policy that applied: `NONE`, `SPM`, `SPOOF`, …
    pub cat: Option<String>,
    /// `INB`, `INT` or `OUT`.
    pub direction: Option<String>,
    /// The address that delivered it.
    pub client: Option<String>,
}

/// One server on the way: a `Received` line (RFC 5321 section 4.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hop {
    /// From whom, as it said.
    pub from: Option<String>,
    /// The server that wrote the line.
    pub by: Option<String>,
    /// By which protocol.
    pub with: Option<String>,
    /// When, by that server's clock.
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// Seconds since the hop before; below zero where the clocks disagree.
    pub seconds: Option<i64>,
}

impl AuthenticationFacts {
    /// The first result of a method.
    pub fn of(&self, method: &str) -> Option<&MethodResult> {
        self.results.iter().find(|result| result.method == method)
    }
}

impl MethodResult {
    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

impl Folder {
    /// The folder as a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Folder::Inbox => "Inbox",
            Folder::Junk => "Junk Email",
            Folder::Sent => "Sent Items",
        }
    }
}
