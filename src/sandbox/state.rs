//! What the tenant knows: applications and their grants, mailboxes, switches, records. One state behind every service.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::mpsc::UnboundedSender;
use toml::{Table, Value};

use super::Addresses;
use super::receive::Incoming;
use super::wire::Wire;

/// Below this name lie the mail exchangers of the sandbox's tenants.
pub(super) const MX_DOMAIN: &str = "mail.protection.outlook.test";
/// What the sandbox's domains include in their SPF record.
pub(super) const SPF_INCLUDE: &str = "spf.protection.outlook.test";

/// Below this name lie the DKIM keys of the sandbox's tenants.
pub(super) const DKIM_DOMAIN: &str = "dkim.mail.microsoft.test";
/// What `autodiscover` of the sandbox's domains is an alias of.
pub(super) const AUTODISCOVER: &str = "autodiscover.outlook.test";

/// Everything that the services look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    pub(super) tenants: Vec<Tenant>,
    /// How the wire itself misbehaves.
    pub(super) wire: Wire,
    /// Hosts that the mail exchanger turns away.
    pub(super) hosts: Hosts,
    /// Seconds that the login service's clock is ahead of ours.
    pub(super) clock_ahead: i64,
    /// Mails taken for delivery.
    #[serde(skip)]
    pub(super) taken: usize,
    /// Mails relayed to outside of every tenant.
    #[serde(skip)]
    pub(super) outside: Vec<Delivered>,
    /// Where mail goes that comes back to port 25.
    #[serde(skip)]
    pub(super) arriving: Option<UnboundedSender<Incoming>>,
    #[serde(skip)]
    pub(super) login_port: u16,
}

/// What the service as a whole has against hosts that call on port 25, by IPv4 address or range of /24 to /32.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hosts {
    /// On the list of blocked senders.
    pub(super) banned: Vec<String>,
    /// Of too low a reputation for a tenant that has none yet.
    pub(super) untrusted: Vec<String>,
}

/// One tenant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) domain: String,
    pub(super) initial_domain: String,
    pub(super) region: String,
    /// Whether Exchange Online is among its service principals.
    pub(super) exchange: bool,
    pub(super) app: App,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) hve_accounts: Vec<HveAccount>,
    /// Inbound connectors.
    pub(super) connectors: Vec<Connector>,
    /// `Set-OrganizationConfig -RejectDirectSend $true`.
    pub(super) reject_direct_send: bool,
    pub(super) smtp_auth_disabled: bool,
    /// A reason of the organisation's policy, after `535 5.7.139 Authentication unsuccessful, `.
    pub(super) policy: Option<String>,
    /// `Set-OrganizationConfig -EwsEnabled`; where nobody set it, the service has it off since October 2026.
    pub(super) ews_enabled: Option<bool>,
    /// `Set-OrganizationConfig -EwsAllowedAppIDs`: no other application comes in.
    pub(super) ews_allowed_apps: Vec<String>,
    pub(super) tokens: Tokens,
    pub(super) dns: Records,
    /// Readings that Exchange refuses the administrator who runs the verifying script, for want of a role.
    pub(super) unreadable: Vec<String>,
    pub(super) delivery: Delivery,
    /// `Set-OrganizationConfig -SendFromAliasEnabled $true`: an alias in From stays as it is.
    pub(super) send_from_alias: bool,
    /// An outbound connector hands all mail to a gateway with this address, which gives it back on port 25.
    pub(super) gateway: Option<IpAddr>,
}

/// What becomes of the mail that the tenant's mailboxes are sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Delivery {
    /// How often a folder is looked into before a new mail shows in it.
    pub(super) looks: u32,
    /// The spam confidence level that a mail flow rule sets.
    pub(super) scl: Option<i64>,
    /// Mail is taken and never delivered: it is held in quarantine.
    pub(super) lost: bool,
    /// Seconds that the last server's clock is later than that of the one before, as after a wait in a queue.
    pub(super) queue_seconds: i64,
}

/// The application: its registration, its service principal, and what Exchange knows of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct App {
    pub(super) registered: bool,
    pub(super) client_id: String,
    /// Object id of the registration: the one that is confused with the other.
    pub(super) registration_id: String,
    /// Object id of the service principal.
    pub(super) object_id: String,
    pub(super) service_principal: bool,
    pub(super) secret: String,
    pub(super) secret_id: String,
    pub(super) secret_expired: bool,
    /// What was asked for in the registration; without consent it is worth nothing.
    pub(super) requested_roles: Vec<String>,
    pub(super) consented: bool,
    pub(super) graph_roles: Vec<String>,
    /// The object id that New-ServicePrincipal was given; none: never registered in Exchange.
    pub(super) exchange_object_id: Option<String>,
    /// Whether the registration in Exchange is in force already.
    pub(super) exchange_in_force: bool,
    /// An Application Access Policy keeps it from the mailboxes.
    pub(super) access_policy_denies: bool,
    /// RBAC for Applications: roles assigned within Exchange.
    pub(super) rbac_roles: Vec<String>,
    /// Addresses of the mailboxes that the roles within Exchange reach; none named: all.
    pub(super) rbac_scope: Vec<String>,
    /// How often the token end point answers 429 before it answers.
    pub(super) throttled: bool,
}

/// One mailbox.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mailbox {
    /// Object id of its user.
    pub(super) id: String,
    pub(super) address: String,
    /// The user principal name, where it is not the address.
    pub(super) upn: String,
    pub(super) kind: Kind,
    pub(super) aliases: Vec<String>,
    /// Applications, by client id, and people, by user principal name, with Full Access.
    pub(super) full_access: Vec<String>,
    /// Addresses that this mailbox may send as besides its own.
    pub(super) send_as: Vec<String>,
    pub(super) smtp_auth: Switch,
    /// `Set-CASMailbox -ImapEnabled $false`.
    pub(super) imap_off: bool,
    /// `Set-CASMailbox -PopEnabled $false`.
    pub(super) pop_off: bool,
    /// `Set-CASMailbox -EwsEnabled $false`.
    pub(super) ews_off: bool,
    /// The store refuses the session although the login succeeded.
    pub(super) logon_fails: bool,
    /// Graph can not reach it: no licence, deleted, or not in Exchange Online.
    pub(super) rest_disabled: bool,
    pub(super) full: bool,
    /// Recipients that it has sent to today.
    pub(super) recipients_today: usize,
    /// SMTP sessions of other programs that are logged in to it all the time.
    pub(super) other_sessions: usize,
    /// The largest message that it may send, in octets; 0 stands for the service's own limit.
    pub(super) largest_message: usize,
    pub(super) blocked_as_spammer: bool,
    /// The SMTP sessions that are logged in to it, in the order in which they came.
    #[serde(skip)]
    pub(super) sessions: Vec<u64>,
    #[serde(skip)]
    pub(super) inbox: Vec<Delivered>,
    #[serde(skip)]
    pub(super) junk: Vec<Delivered>,
    #[serde(skip)]
    pub(super) sent: Vec<Delivered>,
}

/// Whose mailbox it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A person's, or a program's with an account of its own.
    #[default]
    User,
    /// Nobody signs in to it; members open it.
    Shared,
}

/// A folder of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Inbox,
    Junk,
    Sent,
}

/// An account of High Volume Email: it has no mailbox.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HveAccount {
    pub(super) address: String,
    /// Object ids of the service principals that `Add-HVEAppAccess` named.
    pub(super) apps: Vec<String>,
}

/// An inbound connector: a host that the tenant knows (`New-InboundConnector`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Connector {
    pub(super) name: String,
    pub(super) disabled: bool,
    /// IPv4 addresses, or ranges of /24 to /32.
    pub(super) sender_ips: Vec<String>,
    /// The name in the certificate that the host shows; `*.` in front stands for every name below.
    pub(super) certificate_name: Option<String>,
    pub(super) require_tls: bool,
}

/// SMTP AUTH of one mailbox: its own word wins over the tenant's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Switch {
    /// As the tenant says.
    #[default]
    Follow,
    On,
    Off,
}

/// How the login service makes tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tokens {
    /// Seconds until a token expires; below zero it is born expired.
    pub(super) lifetime: i64,
    /// Seconds until a token begins to be valid.
    pub(super) starts_in: i64,
    pub(super) nonce: bool,
    /// Sign with a key that is not published.
    pub(super) unpublished_key: bool,
    /// Sign what does not verify, as a token that is meant for its API alone.
    pub(super) sealed: bool,
    pub(super) opaque: bool,
    /// The directory that the token says it is from.
    pub(super) tid: Option<String>,
    /// The issuer that the token says it is from.
    pub(super) iss: Option<String>,
    /// The audience that the token is for, whatever was asked.
    pub(super) aud: Option<String>,
    /// The application that the token is for.
    pub(super) appid: Option<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Tokens {
            // Microsoft issues 60 to 90 minutes; the middle of it (microsoft-facts D.2).
            lifetime: 4499,
            starts_in: 0,
            nonce: false,
            unpublished_key: false,
            sealed: false,
            opaque: false,
            tid: None,
            iss: None,
            aud: None,
            appid: None,
        }
    }
}

/// The domain's records.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Records {
    pub(super) mx: Vec<String>,
    pub(super) txt: Vec<String>,
    pub(super) dmarc: Vec<String>,
    pub(super) dkim: Vec<DkimSelector>,
    /// The texts of `_mta-sts`.
    pub(super) mta_sts: Vec<String>,
    /// The policy that its host serves over HTTPS; none: the host is not there.
    pub(super) mta_sts_policy: Option<String>,
    /// The texts of `_smtp._tls`.
    pub(super) tls_reports: Vec<String>,
    /// What `autodiscover` is an alias of.
    pub(super) autodiscover: Option<String>,
    /// Further records, in the form of a zone file, relative to the domain.
    pub(super) more: String,
    /// Records of other domains, likewise, relative to the root.
    pub(super) elsewhere: String,
    /// Whether the domain exists at all.
    pub(super) gone: bool,
    /// Answer SERVFAIL for the domain.
    pub(super) fails: bool,
    /// Answer REFUSED for the domain.
    pub(super) refuses: bool,
    /// Answer nothing for the domain.
    pub(super) silent: bool,
}

/// A selector of the domain.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DkimSelector {
    pub(super) name: String,
    /// The name that it is an alias of; none: the key stands at the selector itself.
    pub(super) target: Option<String>,
    /// The key record; none said: a sound one; empty: there is none.
    pub(super) key: Option<String>,
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
    pub(super) unseen_for: u32,
}

impl State {
    /// Fills in what the addresses decide, and multiplies the tenant.
    pub(super) fn settle(&mut self, count: usize, addresses: &Addresses) {
        self.login_port = addresses.login.port();
        let Some(first) = self.tenants.first().cloned() else { return };
        for n in 1..count {
            self.tenants.push(first.numbered(n));
        }
    }

    pub(super) fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.is(name))
    }

    /// The tenant and the mailbox of an address, be it the primary one or an alias.
    pub(super) fn find_mailbox(&mut self, address: &str) -> Option<&mut Mailbox> {
        self.tenants.iter_mut().flat_map(|tenant| &mut tenant.mailboxes).find(|mailbox| mailbox.has(address))
    }

    pub(super) fn mailbox(&self, address: &str) -> Vec<Delivered> {
        let mut boxes = self.tenants.iter().flat_map(|tenant| &tenant.mailboxes);
        let found = boxes.find(|mailbox| mailbox.has(address));
        found.map(|mailbox| [mailbox.inbox.clone(), mailbox.junk.clone()].concat()).unwrap_or_default()
    }

    /// The tenant of a mailbox's address.
    pub(super) fn tenant_of(&self, address: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.mailboxes.iter().any(|mailbox| mailbox.has(address)))
    }

    /// What becomes of mail to an address.
    pub(super) fn delivery_to(&self, address: &str) -> Delivery {
        self.tenant_of(address).map(|tenant| tenant.delivery.clone()).unwrap_or_default()
    }

    pub(super) fn profile(&self, tenant: usize) -> Table {
        let Some(tenant) = self.tenants.get(tenant) else { return Table::new() };
        let address = |n: usize| tenant.mailboxes.get(n).map(|mailbox| mailbox.address.clone()).unwrap_or_default();
        let words = [
            ("tenant", tenant.id.clone()),
            ("client_id", tenant.app.client_id.clone()),
            ("client_secret", tenant.app.secret.clone()),
            ("object_id", tenant.app.object_id.clone()),
            ("mailbox", address(0)),
            ("domain", tenant.domain.clone()),
            ("to", address(1)),
        ];
        let mut table: Table = words.into_iter().map(|(word, value)| (word.to_owned(), Value::String(value))).collect();
        if let Some(account) = tenant.hve_accounts.first() {
            table.insert("hve_account".to_owned(), Value::String(account.address.clone()));
        }
        table.insert("send".to_owned(), Value::Boolean(true));
        table
    }
}

impl Tenant {
    pub(super) fn is(&self, name: &str) -> bool {
        [&self.id, &self.domain, &self.initial_domain].iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether mail for addresses of this domain is the tenant's.
    pub(super) fn accepts(&self, domain: &str) -> bool {
        [&self.domain, &self.initial_domain].iter().any(|own| own.eq_ignore_ascii_case(domain))
    }

    /// A copy with names and ids of its own: the last digits of each id, a number in each domain.
    fn numbered(&self, n: usize) -> Tenant {
        let id = |id: &str| format!("{}{n:04}", &id[..id.len() - 4]);
        let name = |text: &str| text.replace("contoso", &format!("contoso{n}"));
        let mut tenant = self.clone();
        tenant.id = id(&self.id);
        tenant.domain = name(&self.domain);
        tenant.initial_domain = name(&self.initial_domain);
        tenant.app.client_id = id(&self.app.client_id);
        tenant.app.object_id = id(&self.app.object_id);
        tenant.app.registration_id = id(&self.app.registration_id);
        tenant.app.rbac_scope = self.app.rbac_scope.iter().map(|address| name(address)).collect();
        tenant.ews_allowed_apps = self.ews_allowed_apps.iter().map(|app| id(app)).collect();
        tenant.app.exchange_object_id = self.app.exchange_object_id.as_deref().map(id);
        for account in &mut tenant.hve_accounts {
            account.address = name(&account.address);
            account.apps = account.apps.iter().map(|app| id(app)).collect();
        }
        for connector in &mut tenant.connectors {
            connector.certificate_name = connector.certificate_name.as_deref().map(name);
        }
        for mailbox in &mut tenant.mailboxes {
            if !mailbox.id.is_empty() {
                mailbox.id = id(&mailbox.id);
            }
            mailbox.address = name(&mailbox.address);
            mailbox.upn = name(&mailbox.upn);
            mailbox.aliases = mailbox.aliases.iter().map(|alias| name(alias)).collect();
            mailbox.send_as = mailbox.send_as.iter().map(|address| name(address)).collect();
            let holder = |who: &String| if who.contains('@') { name(who) } else { id(who) };
            mailbox.full_access = mailbox.full_access.iter().map(holder).collect();
        }
        for selector in &mut tenant.dns.dkim {
            selector.target = selector.target.as_deref().map(name);
        }
        let dns = &mut tenant.dns;
        for records in [&mut dns.mx, &mut dns.txt, &mut dns.dmarc, &mut dns.tls_reports] {
            *records = records.iter().map(|record| name(record)).collect();
        }
        tenant
    }
}

impl Mailbox {
    /// The mails that show in a folder when it is looked into.
    pub(super) fn looked_into(&mut self, place: Place) -> Vec<Delivered> {
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

    pub(super) fn has(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.aliases.iter().any(|own| own.eq_ignore_ascii_case(address))
    }

    /// The user principal name of its account.
    pub(super) fn upn(&self) -> &str {
        if self.upn.is_empty() { &self.address } else { &self.upn }
    }

    /// Whether a person signs in to it under this name.
    pub(super) fn signs_in_as(&self, user: &str) -> bool {
        self.kind == Kind::User && self.upn().eq_ignore_ascii_case(user)
    }

    /// Whether a login or a path that names this means the mailbox: an address of it, its account or its id.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.has(name) || self.upn().eq_ignore_ascii_case(name) || (!self.id.is_empty() && self.id == name)
    }

    /// Whether an application, by client id, or a person, by user principal name, has Full Access.
    pub(super) fn opens_to(&self, who: &str) -> bool {
        self.full_access.iter().any(|holder| holder.eq_ignore_ascii_case(who))
    }

    pub(super) fn may_send_as(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.send_as.iter().any(|own| own.eq_ignore_ascii_case(address))
    }
}
