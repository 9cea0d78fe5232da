//! What was seen on one run: plain data, versioned, with the time of observation. No opinions here.

mod confirm;
mod consent;
mod credential;
mod dns;
mod ews;
mod exchange;
mod graph;
mod http;
mod mailbox;
mod port25;
mod setup;
mod smtp;
mod token;

pub use confirm::{ArrivedFacts, AuthenticationFacts, ConfirmFacts, Folder, Hop, MethodResult, ReaderRight, SpamFacts};
pub use consent::{ConsentFacts, ConsentLinks, ConsentReading};
pub use credential::{AssertionFacts, CertificateFacts, ManagedFacts};
pub use dns::{
    AutodiscoverFacts, DaneFact, DkimKey, DkimSelector, DmarcPolicy, DmarcReport, DmarcStep, DnsFacts, LookupFacts,
    MtaStsFacts, MtaStsPolicy, MxFact, NameServerFacts, NameServerState, PropagationFacts, RecordSpread, ServersSay,
    SpfFacts, SpfQuestion, TlsReportFacts, TlsaFact,
};
pub use ews::{EwsActing, EwsAnswer, EwsExchange, EwsFacts};
pub use exchange::{
    EwsSettings, ExchangeFacts, ExchangeRole, HveState, InboundConnector, MailboxRight, ProtocolSwitches,
    SmtpAuthSwitch, Unread,
};
pub use graph::{GraphFacts, GraphRefusal};
pub use http::{ElsewhereFacts, EntraFacts, Fault, FaultKind, HttpFacts, TlsFacts};
pub use mailbox::{MailboxFacts, MailboxReply, MailboxStage, MailboxStep};
pub use port25::{EgressFacts, ReverseName, Transaction};
pub use setup::{CloudFacts, Note, SetupFacts};
pub use smtp::{Accepted, ClientCertificateFacts, Line, MessageFacts, Reply, SmartHostFacts, SmtpFacts, Stage, Step};
pub use token::{Form, Refusal, Signature, Stopped, TokenFacts};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::road::Road;

/// The version of what is written; within one version there are only additions.
pub const FORMAT: u32 = 1;

/// What was asked and what was seen: all that judging needs, and what `--record` writes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Visit {
    /// [`FORMAT`].
    pub format: u32,
    /// Which checks apply: the sub-command.
    pub command: String,
    /// The set-up, without its secrets.
    pub setup: SetupFacts,
    /// What was seen.
    pub facts: Facts,
}

/// Everything seen on one run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// When the run began. Judging takes its time from here.
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
    /// The login service: its description of the tenant and its keys.
    pub entra: Option<EntraFacts>,
    /// The login service's description of the tenant that has verified the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_tenant: Option<EntraFacts>,
    /// The access tokens, one for each API.
    pub tokens: Vec<TokenFacts>,
    /// The SMTP submission dialogue.
    pub smtp: Option<SmtpFacts>,
    /// The dialogue with the service for High Volume Email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hve: Option<SmtpFacts>,
    /// The dialogue on port 25 that relays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<SmtpFacts>,
    /// The dialogue on port 25 to the tenant's own mailboxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct: Option<SmtpFacts>,
    /// The IMAP dialogue.
    pub imap: Option<MailboxFacts>,
    /// The POP dialogue.
    pub pop: Option<MailboxFacts>,
    /// The visit to Microsoft Graph; not written where there was none, as before there could be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphFacts>,
    /// The visit to Exchange Web Services; not written where there was none, as before there could be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ews: Option<EwsFacts>,
    /// What an administrator's verifying script read in Exchange, where its answer was given (`--exchange-state`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeFacts>,
    /// The domain's records.
    pub dns: Option<DnsFacts>,
    /// The admin-consent link or the address it redirected to.
    pub consent: Option<ConsentFacts>,
    /// The search for the probe mail, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Box<ConfirmFacts>>,
}

/// As much of a text as `most` octets hold, with a note of what was left out.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let kept = &text[..text.floor_char_boundary(most)];
    format!("{kept} [and {} octets more]", text.len() - kept.len())
}

impl Default for Visit {
    fn default() -> Self {
        Visit { format: FORMAT, command: "checkup".to_owned(), setup: SetupFacts::default(), facts: Facts::default() }
    }
}

impl Facts {
    /// The token for an API, if one was requested or read.
    pub fn token_for(&self, resource: crate::road::Resource) -> Option<&TokenFacts> {
        self.tokens.iter().find(|token| token.resource.is_none_or(|of| of == resource))
    }

    /// The SMTP dialogue that speaks for a road, if one was held: its own, or one that it shares.
    pub fn smtp_on(&self, road: Road) -> Option<&SmtpFacts> {
        let shared = || self.relay.as_ref().filter(|relay| relay.speaks_for.contains(&road));
        self.own_smtp_on(road).or_else(shared)
    }

    fn own_smtp_on(&self, road: Road) -> Option<&SmtpFacts> {
        match road {
            Road::Smtp => self.smtp.as_ref(),
            Road::Hve => self.hve.as_ref(),
            Road::Relay => self.relay.as_ref(),
            Road::Direct => self.direct.as_ref(),
            Road::Graph | Road::Ews | Road::Imap | Road::Pop => None,
        }
    }

    /// Every SMTP dialogue that was held, by road.
    pub fn smtp_talks(&self) -> impl Iterator<Item = (Road, &SmtpFacts)> {
        Road::OVER_SMTP.into_iter().filter_map(|road| Some((road, self.own_smtp_on(road)?)))
    }

    /// The same, to be changed.
    pub(crate) fn smtp_talks_mut(&mut self) -> impl Iterator<Item = &mut SmtpFacts> {
        [&mut self.smtp, &mut self.hve, &mut self.relay, &mut self.direct].into_iter().flatten()
    }

    /// The probe mail, over whichever road it left.
    pub fn probe(&self) -> Option<&MessageFacts> {
        let smtp = self.smtp_talks().find_map(|(_, smtp)| smtp.message.as_ref());
        let graph = || self.graph.as_ref()?.message.as_ref();
        smtp.or_else(graph).or_else(|| self.ews.as_ref()?.message.as_ref())
    }
}
