//! The readers: the ways to find a mail again in a mailbox, and what each asks of a token.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::road::{Resource, Wants};

/// One way to look into a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reader {
    /// The messages of a folder over Microsoft Graph.
    Graph,
    /// IMAP, port 993, XOAUTH2.
    Imap,
    /// The items of a folder over Exchange Web Services, which are being retired.
    Ews,
}

impl Reader {
    /// All of them, in the order in which they are taken: the least right first.
    pub const ALL: [Reader; 3] = [Reader::Graph, Reader::Imap, Reader::Ews];

    /// What the reader asks of a token (Microsoft Learn, "List messages" and "Microsoft Graph permissions reference";
    /// "Role Based Access Control for Applications in Exchange Online", checked 2026-11-26).
    pub fn wants(self) -> Wants {
        match self {
            Reader::Graph => Wants {
                resource: Resource::Graph,
                roles: &["Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"],
                scopes: &[
                    "Mail.ReadBasic",
                    "Mail.ReadBasic.Shared",
                    "Mail.Read",
                    "Mail.Read.Shared",
                    "Mail.ReadWrite",
                    "Mail.ReadWrite.Shared",
                ],
                rbac_role: Some("Application Mail.ReadBasic"),
            },
            Reader::Imap => Wants {
                resource: Resource::Outlook,
                roles: &["IMAP.AccessAsApp"],
                scopes: &["IMAP.AccessAsUser.All"],
                rbac_role: None,
            },
            Reader::Ews => Wants {
                resource: Resource::Outlook,
                roles: &["full_access_as_app"],
                scopes: &["EWS.AccessAsUser.All"],
                rbac_role: Some("Application EWS.AccessAsApp"),
            },
        }
    }

    /// The reader in words.
    pub fn label(self) -> &'static str {
        match self {
            Reader::Graph => "Microsoft Graph",
            Reader::Imap => "IMAP",
            Reader::Ews => "Exchange Web Services",
        }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Reader::Graph => "graph",
            Reader::Imap => "imap",
            Reader::Ews => "ews",
        })
    }
}

impl FromStr for Reader {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Reader::ALL.into_iter().find(|reader| reader.to_string() == word.to_lowercase());
        known.ok_or_else(|| "the readers are graph, imap and ews".to_owned())
    }
}
