//! A mailbox of the tenant, its folders and its switches.

use jiff::Timestamp;
use serde::Deserialize;

/// One mailbox.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Mailbox {
    /// Object id of its user.
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) address: String,
    /// The user principal name, where it is not the address.
    pub(in crate::sandbox) upn: String,
    pub(in crate::sandbox) kind: Kind,
    pub(in crate::sandbox) aliases: Vec<String>,
    /// Applications, by client id, and people, by user principal name, with Full Access.
    pub(in crate::sandbox) full_access: Vec<String>,
    /// Addresses that this mailbox may send as besides its own.
    pub(in crate::sandbox) send_as: Vec<String>,
    pub(in crate::sandbox) smtp_auth: Switch,
    /// `Set-CASMailbox -ImapEnabled $false`.
    pub(in crate::sandbox) imap_off: bool,
    /// `Set-CASMailbox -PopEnabled $false`.
    pub(in crate::sandbox) pop_off: bool,
    /// `Set-CASMailbox -EwsEnabled $false`.
    pub(in crate::sandbox) ews_off: bool,
    /// The store refuses the session although the login succeeded.
    pub(in crate::sandbox) logon_fails: bool,
    /// Graph can not reach it: no licence, deleted, or not in Exchange Online.
    pub(in crate::sandbox) rest_disabled: bool,
    pub(in crate::sandbox) full: bool,
    /// Recipients that it has sent to today.
    pub(in crate::sandbox) recipients_today: usize,
    /// SMTP sessions of other programs that are logged in to it all the time.
    pub(in crate::sandbox) other_sessions: usize,
    /// The largest message that it may send, in octets; 0 stands for the service's own limit.
    pub(in crate::sandbox) largest_message: usize,
    pub(in crate::sandbox) blocked_as_spammer: bool,
    /// The password of its account; none said: the one of all.
    pub(in crate::sandbox) password: String,
    pub(in crate::sandbox) disabled: bool,
    pub(in crate::sandbox) password_expired: bool,
    pub(in crate::sandbox) mfa: Mfa,
    /// Roles in the directory, by their names.
    pub(in crate::sandbox) directory_roles: Vec<String>,
    /// Seconds ago at which all sessions were revoked; below zero: still to come, so that none is good.
    pub(in crate::sandbox) sessions_revoked: Option<i64>,
    /// The SMTP sessions that are logged in to it, in the order in which they came.
    #[serde(skip)]
    pub(in crate::sandbox) sessions: Vec<u64>,
    #[serde(skip)]
    pub(in crate::sandbox) inbox: Vec<Delivered>,
    #[serde(skip)]
    pub(in crate::sandbox) junk: Vec<Delivered>,
    #[serde(skip)]
    pub(in crate::sandbox) sent: Vec<Delivered>,
}

/// Whose mailbox it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Kind {
    /// A person's, or a program's with an account of its own.
    #[default]
    User,
    /// Nobody signs in to it; members open it.
    Shared,
}

/// Whether a second factor is wanted of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Mfa {
    #[default]
    Off,
    Wanted,
    /// It is wanted, and the account has none yet.
    Unregistered,
}

/// The password of every account of which nothing else is said. Invented; it opens nothing but the sandbox.
pub(in crate::sandbox) const PASSWORD: &str = "pw~sandbox.password_of.no-worth.7Qe";

/// A folder of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Place {
    Inbox,
    Junk,
    Sent,
}

/// SMTP AUTH of one mailbox: its own word wins over the tenant's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Switch {
    /// As the tenant says.
    #[default]
    Follow,
    On,
    Off,
}

/// A mail that lies in a mailbox.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipient.
    pub to: String,
    /// The message as received, with what the servers wrote upon it.
    pub octets: Vec<u8>,
    /// When it was received.
    pub at: Timestamp,
    /// How often its folder is looked into before it shows.
    pub(in crate::sandbox) unseen_for: u32,
}

impl Mailbox {
    /// The mails that show in a folder when it is looked into.
    pub(in crate::sandbox) fn looked_into(&mut self, place: Place) -> Vec<Delivered> {
        let mails = match place {
            Place::Inbox => &mut self.inbox,
            Place::Junk => &mut self.junk,
            Place::Sent => &mut self.sent,
        };
        let shown = mails.iter().filter(|mail| mail.unseen_for == 0).cloned().collect();
        for mail in mails.iter_mut() {
            mail.unseen_for = mail.unseen_for.saturating_sub(1);
        }
        shown
    }

    pub(in crate::sandbox) fn has(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.aliases.iter().any(|own| own.eq_ignore_ascii_case(address))
    }

    pub(in crate::sandbox) fn password(&self) -> &str {
        if self.password.is_empty() { PASSWORD } else { &self.password }
    }

    /// The user principal name of its account.
    pub(in crate::sandbox) fn upn(&self) -> &str {
        if self.upn.is_empty() { &self.address } else { &self.upn }
    }

    /// Whether a person signs in to it under this name.
    pub(in crate::sandbox) fn signs_in_as(&self, user: &str) -> bool {
        self.kind == Kind::User && self.upn().eq_ignore_ascii_case(user)
    }

    /// Whether a login or a path that names this means the mailbox: an address of it, its account or its id.
    pub(in crate::sandbox) fn is_named(&self, name: &str) -> bool {
        self.has(name) || self.upn().eq_ignore_ascii_case(name) || (!self.id.is_empty() && self.id == name)
    }

    /// Whether an application, by client id, or a person, by user principal name, has Full Access.
    pub(in crate::sandbox) fn opens_to(&self, who: &str) -> bool {
        self.full_access.iter().any(|holder| holder.eq_ignore_ascii_case(who))
    }

    pub(in crate::sandbox) fn may_send_as(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.send_as.iter().any(|own| own.eq_ignore_ascii_case(address))
    }
}
