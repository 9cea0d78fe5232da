//! The roads: the ways Microsoft 365 offers a program to send or read mail.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to send or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Road {
    /// SMTP submission, port 587, XOAUTH2.
    Smtp,
    /// Microsoft Graph `sendMail`.
    Graph,
    /// Exchange Web Services.
    Ews,
    /// IMAP, port 993, XOAUTH2.
    Imap,
    /// POP, port 995, XOAUTH2.
    Pop,
    /// High Volume Email.
    Hve,
    /// Port 25 of the tenant's own mail exchanger, through a connector that knows this host.
    Relay,
    /// Port 25 of the tenant's own mail exchanger, to mailboxes of the tenant alone.
    Direct,
}

/// Which API an access token is for. One token opens the doors of one API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// Office 365 Exchange Online.
    Outlook,
    /// Microsoft Graph.
    Graph,
}

impl Resource {
    /// The name in the portal.
    pub fn label(self) -> &'static str {
        match self {
            Resource::Outlook => "Office 365 Exchange Online",
            Resource::Graph => "Microsoft Graph",
        }
    }
}

/// What a road asks of a token (microsoft-facts B.6 and C, from Microsoft Learn "Authenticate an IMAP, POP or
/// SMTP connection using OAuth" and the permission lists, checked 2026-11-20).
pub struct Wants {
    /// The API the token must be for.
    pub resource: Resource,
    /// The application role (`roles`) that opens it; the first is the one to ask for.
    pub roles: &'static [&'static str],
    /// The delegated scope (`scp`) that opens it.
    pub scopes: &'static [&'static str],
    /// The role of RBAC for Applications that can stand in for the application role: such a grant lives in
    /// Exchange and leaves no trace in the token.
    pub rbac_role: Option<&'static str>,
}

impl Road {
    /// Every road, in the order they are shown.
    pub const ALL: [Road; 8] =
        [Road::Smtp, Road::Graph, Road::Ews, Road::Imap, Road::Pop, Road::Hve, Road::Relay, Road::Direct];
    /// Every road that takes a token.
    pub const WITH_TOKEN: [Road; 6] = [Road::Smtp, Road::Graph, Road::Ews, Road::Imap, Road::Pop, Road::Hve];

    /// Every road on which a token opens one mailbox.
    pub const TO_MAILBOX: [Road; 5] = [Road::Smtp, Road::Graph, Road::Ews, Road::Imap, Road::Pop];

    /// Roads that are an SMTP dialogue.
    pub const OVER_SMTP: [Road; 4] = [Road::Smtp, Road::Hve, Road::Relay, Road::Direct];

    /// Whether the road is port 25 of a mail exchanger, where nobody logs in.
    pub fn is_port_25(self) -> bool {
        matches!(self, Road::Relay | Road::Direct)
    }

    /// What the road asks of a token; none where it takes no token.
    pub fn wants(self) -> Option<Wants> {
        let outlook = |roles, scopes, rbac_role| Wants { resource: Resource::Outlook, roles, scopes, rbac_role };
        Some(match self {
            Road::Relay | Road::Direct => return None,
            Road::Smtp => outlook(&["SMTP.SendAsApp"], &["SMTP.Send"], Some("Application SMTP.SendAsApp")),
            Road::Ews => {
                outlook(&["full_access_as_app"], &["EWS.AccessAsUser.All"], Some("Application EWS.AccessAsApp"))
            }
            Road::Imap => outlook(&["IMAP.AccessAsApp"], &["IMAP.AccessAsUser.All"], None),
            Road::Pop => outlook(&["POP.AccessAsApp"], &["POP.AccessAsUser.All"], None),
            Road::Hve => outlook(&["Mail.Send"], &["Mail.Send"], None),
            Road::Graph => Wants {
                resource: Resource::Graph,
                roles: &["Mail.Send"],
                scopes: &["Mail.Send", "Mail.Send.Shared"],
                rbac_role: Some("Application Mail.Send"),
            },
        })
    }

    /// Why no person's token opens the road, `personal` being one of an Outlook.com account; none where it can, or where no
    /// token is taken. High Volume Email is documented for applications alone (Microsoft Learn, "Manage high volume email";
    /// microsoft-facts B.6), and `EWS.AccessAsUser.All` is a permission of Office 365 Exchange Online, which only the
    /// directories of organizations have.
    pub fn closed_to_people(self, personal: bool) -> Option<&'static str> {
        match self {
            Road::Hve => Some("High Volume Email takes the token of an application, not a person's"),
            Road::Ews if personal => Some("Exchange Web Services are for work and school accounts; graph takes both"),
            _ => None,
        }
    }

    /// The road in words.
    pub fn label(self) -> &'static str {
        match self {
            Road::Smtp => "SMTP submission",
            Road::Graph => "Microsoft Graph",
            Road::Ews => "Exchange Web Services",
            Road::Imap => "IMAP",
            Road::Pop => "POP",
            Road::Hve => "High Volume Email",
            Road::Relay => "relay through a connector",
            Road::Direct => "direct send",
        }
    }
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Road::Smtp => "smtp",
            Road::Graph => "graph",
            Road::Ews => "ews",
            Road::Imap => "imap",
            Road::Pop => "pop",
            Road::Hve => "hve",
            Road::Relay => "relay",
            Road::Direct => "direct",
        })
    }
}

impl FromStr for Road {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Road::ALL.into_iter().find(|road| road.to_string() == word.to_lowercase());
        known.ok_or_else(|| "the roads are smtp, graph, ews, imap, pop, hve, relay and direct".to_owned())
    }
}
