//! What a dialogue with a mailbox server showed: IMAP and POP alike.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Line, TlsFacts};

/// One dialogue with a mailbox server, with implicit TLS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MailboxFacts {
    /// Host and port.
    pub server: String,
    /// The address that answered.
    pub address: Option<String>,
    /// The steps, in order.
    pub steps: Vec<MailboxStep>,
    /// What TLS agreed on.
    pub tls: Option<TlsFacts>,
    /// The capabilities before the login.
    pub offered: Vec<String>,
    /// The decoded error challenge that came in answer to the token.
    pub challenge: Option<String>,
    /// Why the dialogue ended where it did, when we ended it.
    pub stopped: Option<String>,
    /// Every line, masked.
    pub transcript: Vec<Line>,
}

/// How far a dialogue goes, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MailboxStage {
    /// TCP, through a proxy if there is one.
    Connect,
    /// The handshake of TLS.
    Tls,
    /// The greeting.
    Banner,
    /// CAPABILITY or CAPA.
    Capability,
    /// The login.
    Auth,
    /// Opening the mailbox: EXAMINE or STAT.
    Mailbox,
}

/// One step and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MailboxStep {
    /// Which.
    pub stage: MailboxStage,
    /// Milliseconds that it took.
    pub ms: u64,
    /// The server's answer, when one came.
    pub reply: Option<MailboxReply>,
    /// What went wrong, when no answer came.
    pub fault: Option<Fault>,
}

/// An answer: its status word, its text, and the lines that came with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailboxReply {
    /// `OK`, `PREAUTH`, `NO`, `BAD` or `BYE` of IMAP; `+OK` or `-ERR` of POP; `+` where more is wanted.
    pub status: String,
    /// What stands behind it.
    pub text: String,
    /// Untagged lines of IMAP, or the lines of a multi-line answer of POP.
    #[serde(default)]
    pub lines: Vec<String>,
}

impl MailboxReply {
    /// Whether the server did what it was asked.
    pub fn positive(&self) -> bool {
        matches!(self.status.as_str(), "OK" | "PREAUTH" | "+OK")
    }
}

impl fmt::Display for MailboxReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            return f.write_str(&self.status);
        }
        write!(f, "{} {}", self.status, self.text)
    }
}

impl MailboxFacts {
    /// The last step of this stage.
    pub fn step(&self, stage: MailboxStage) -> Option<&MailboxStep> {
        self.steps.iter().rev().find(|step| step.stage == stage)
    }
}

impl MailboxStage {
    /// The stage in words.
    pub fn label(self) -> &'static str {
        match self {
            MailboxStage::Connect => "connect",
            MailboxStage::Tls => "TLS",
            MailboxStage::Banner => "greeting",
            MailboxStage::Capability => "capabilities",
            MailboxStage::Auth => "login",
            MailboxStage::Mailbox => "mailbox",
        }
    }
}
