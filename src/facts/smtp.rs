//! What an SMTP dialogue showed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EgressFacts, Fault, LookupFacts, TlsFacts, Transaction};
use crate::road::Road;

/// One dialogue with a submission server, or with a mail exchanger on port 25.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SmtpFacts {
    /// Host and port.
    pub server: String,
    /// How the server was found, on port 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smart_host: Option<SmartHostFacts>,
    /// The address that answered.
    pub address: Option<String>,
    /// The roads that this dialogue speaks for, where it is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub speaks_for: Vec<Road>,
    /// The address that the server sees us come from, where nobody logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<EgressFacts>,
    /// The certificate that we showed, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificateFacts>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// EHLO lines before TLS.
    pub offered_before_tls: Vec<String>,
    /// EHLO lines after TLS.
    pub offered: Vec<String>,
    /// What TLS agreed on.
    pub tls: Option<TlsFacts>,
    /// The decoded error challenge that came as 334 in answer to AUTH.
    pub challenge: Option<String>,
    /// Transactions that ended before DATA, one for each road, where the dialogue held some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<Transaction>,
    /// Why the dialogue ended where it did, when we ended it.
    pub stopped: Option<String>,
    /// The probe mail.
    pub message: Option<MessageFacts>,
    /// Every line, masked.
    pub transcript: Vec<Line>,
}

/// How the server on port 25 was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SmartHostFacts {
    /// `--smart-host`, the configuration's cloud, or the MX record of a domain.
    pub source: String,
    /// How the MX look-up ended, where one was made.
    pub lookup: LookupFacts,
    /// The mail exchangers of the domain that are not the cloud's own.
    pub others: Vec<String>,
}

/// The certificate that a client shows to a connector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientCertificateFacts {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its DNS names, else the common name.
    pub names: Vec<String>,
    /// Beginning of validity, seconds since the epoch.
    pub not_before: i64,
    /// End of validity, seconds since the epoch.
    pub not_after: i64,
    /// How many certificates are sent, the own one first.
    pub sent: usize,
    /// Whether the last one that is sent is issued by itself or by one that is not sent.
    pub issuer_missing: bool,
    /// Whether the server asked for a certificate.
    pub asked: bool,
}

/// How far a dialogue goes, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// TCP, through a proxy if there is one.
    Connect,
    /// The greeting.
    Banner,
    /// The first EHLO.
    Ehlo,
    /// STARTTLS, up to its answer.
    Starttls,
    /// The handshake of TLS.
    Tls,
    /// The EHLO under TLS.
    EhloTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, up to 354.
    Data,
    /// The message and the answer to the final dot.
    Message,
}

/// One step and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// Milliseconds that it took.
    pub ms: u64,
    /// The server's answer, when one came.
    pub reply: Option<Reply>,
    /// What went wrong, when no answer came.
    pub fault: Option<Fault>,
}

/// A reply: the code and the text of its lines (RFC 5321 section 4.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// The text of each line, without the code.
    pub lines: Vec<String>,
}

/// The probe mail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageFacts {
    /// Message-ID, with its angle brackets.
    pub message_id: String,
    /// The subject, with its unique token.
    pub subject: String,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipient.
    pub to: String,
    /// Whether the server took it.
    pub accepted: Accepted,
}

/// What became of the probe mail at the submission server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Accepted {
    /// A 2xx answer to the final dot.
    Yes,
    /// A refusal, or it never went out.
    No,
    /// The answer to the final dot got lost.
    Unknown,
}

/// A line of the transcript.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Milliseconds since the dialogue began.
    pub ms: u64,
    /// `>` ours, `<` theirs, `=` a note.
    pub side: char,
    /// The text, masked.
    pub text: String,
}

impl Reply {
    /// Whether the answer is positive and final (2yz).
    pub fn positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the refusal is for good (5yz).
    pub fn permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        for (n, line) in self.lines.iter().enumerate() {
            write!(f, "{}{line}", if n == 0 { " " } else { " / " })?;
        }
        Ok(())
    }
}

impl SmtpFacts {
    /// The last step of this stage.
    pub fn step(&self, stage: Stage) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.stage == stage)
    }

    /// The same for one of the roads that the dialogue speaks for: its own transaction, and what all of them share.
    pub fn step_on(&self, road: Road, stage: Stage) -> Option<&Step> {
        if self.transactions.is_empty() || !matches!(stage, Stage::Mail | Stage::Rcpt) {
            return self.step(stage);
        }
        let own = self.transactions.iter().find(|transaction| transaction.road == road)?;
        if stage == Stage::Mail { own.mail.as_ref() } else { own.rcpt.as_ref() }
    }
}

impl Stage {
    /// What `--stop-after` takes.
    pub const STOPS: [(&'static str, Stage); 7] = [
        ("connect", Stage::Connect),
        ("banner", Stage::Banner),
        ("ehlo", Stage::Ehlo),
        ("starttls", Stage::Starttls),
        ("auth", Stage::Auth),
        ("mail", Stage::Mail),
        ("rcpt", Stage::Rcpt),
    ];

    /// The stage in words.
    pub fn label(self) -> &'static str {
        match self {
            Stage::Connect => "connect",
            Stage::Banner => "greeting",
            Stage::Ehlo => "EHLO",
            Stage::Starttls => "STARTTLS",
            Stage::Tls => "TLS",
            Stage::EhloTls => "EHLO under TLS",
            Stage::Auth => "AUTH",
            Stage::Mail => "MAIL FROM",
            Stage::Rcpt => "RCPT TO",
            Stage::Data => "DATA",
            Stage::Message => "message",
        }
    }
}
