//! What the tenant knows: applications and their grants, mailboxes, switches, records. One state behind every service.

mod app;
mod directory;
mod mailbox;
mod port25;
mod records;
mod sign_in;

use std::net::IpAddr;

use serde::Deserialize;
use tokio::sync::mpsc::UnboundedSender;
use toml::{Table, Value};

pub(super) use app::{App, Audience, Consent, FederatedCredential, KeyCredential, Platform, RedirectAddress, Tokens};
pub(super) use directory::{Assignment, Password, PermissionGrant, Row, assignment_id};
pub use mailbox::Delivered;
pub(super) use mailbox::{Kind, Mailbox, Mfa, PASSWORD, Place, Switch};
pub(super) use port25::{Connector, Hosts, HveAccount};
pub(super) use records::{DkimSelector, Dnssec, Lame, NameServer, Records};
pub(super) use sign_in::{CONSUMERS, SignIn};

use self::directory::Faults;
use super::Addresses;
use super::federation::Pipeline;
use super::imds::Machine;
use super::receive::Incoming;
use super::sign_in::Ledger;
use super::wire::Wire;

/// Below this name lie the mail exchangers of the sandbox's tenants.
pub(super) const MX_DOMAIN: &str = "mail.protection.outlook.test";
/// What the sandbox's domains include in their SPF record.
pub(super) const SPF_INCLUDE: &str = "spf.protection.outlook.test";

/// Below this name lie the DKIM keys of the sandbox's tenants.
pub(super) const DKIM_DOMAIN: &str = "dkim.mail.microsoft.test";
/// What `autodiscover` of the sandbox's domains is an alias of.
pub(super) const AUTODISCOVER: &str = "autodiscover.outlook.test";

/// An address outside of every tenant, which gets no mail.
const OUTSIDE: &str = "partner@fabrikam.example";

/// Everything that the services look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    pub(super) tenants: Vec<Tenant>,
    /// The tenant of personal accounts; it becomes the last of all.
    consumers: Option<Tenant>,
    /// What the login service keeps in mind of those who sign in.
    #[serde(skip)]
    pub(super) ledger: Ledger,
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
    /// How often somebody wrote the domains' records.
    #[serde(skip)]
    pub(super) records_written: usize,
    #[serde(skip)]
    pub(super) login_port: u16,
    #[serde(skip)]
    pub(super) imds_port: u16,
    /// The machine that the program runs on.
    #[serde(skip)]
    pub(super) machine: Machine,
    /// The job of a pipeline that the program runs in.
    #[serde(skip)]
    pub(super) pipeline: Option<Pipeline>,
}

/// One tenant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) domain: String,
    pub(super) initial_domain: String,
    pub(super) region: String,
    /// `tenant_region_sub_scope` of its description: `GCC`, `DODCON`, `DOD`; none elsewhere.
    pub(super) sub_region: Option<String>,
    /// The other cloud that it lives in, which is a prefix on the login service; none: this one.
    pub(super) cloud: Option<String>,
    /// Whether Exchange Online is among its service principals.
    pub(super) exchange: bool,
    pub(super) app: App,
    /// Further applications: Microsoft's own, and those that were registered since.
    pub(super) apps: Vec<App>,
    /// How the directory misbehaves.
    pub(super) directory: Faults,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) hve_accounts: Vec<HveAccount>,
    /// Inbound connectors.
    pub(super) connectors: Vec<Connector>,
    /// `Set-OrganizationConfig -RejectDirectSend $true`.
    pub(super) reject_direct_send: bool,
    /// It is refused at RCPT already; the announcement does not say at which command.
    pub(super) reject_direct_send_early: bool,
    pub(super) smtp_auth_disabled: bool,
    /// A reason of the organisation's policy, after `535 5.7.139 Authentication unsuccessful, `.
    pub(super) policy: Option<String>,
    /// `Set-OrganizationConfig -EwsEnabled`; where nobody set it, the service has it off since October 2026.
    pub(super) ews_enabled: Option<bool>,
    /// `Set-OrganizationConfig -EwsAllowedAppIDs`: no other application comes in.
    pub(super) ews_allowed_apps: Vec<String>,
    pub(super) tokens: Tokens,
    pub(super) sign_in: SignIn,
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

impl State {
    /// Fills in what the addresses decide, and multiplies the tenant.
    pub(super) fn settle(&mut self, count: usize, addresses: &Addresses) {
        self.login_port = addresses.login.port();
        self.imds_port = addresses.imds.port();
        let login = self.login();
        for trust in self.tenants.iter_mut().flat_map(|tenant| &mut tenant.app.federated) {
            trust.issuer = trust.issuer.replace("{login}", &login);
        }
        let Some(first) = self.tenants.first().cloned() else { return };
        for n in 1..count {
            self.tenants.push(first.numbered(n));
        }
        self.tenants.extend(self.consumers.take());
        self.tenants.iter_mut().for_each(Tenant::keep_consents);
    }

    pub(super) fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.cloud.is_none() && tenant.is(name))
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
            ("external", OUTSIDE.to_owned()),
        ];
        let mut table: Table = words.into_iter().map(|(word, value)| (word.to_owned(), Value::String(value))).collect();
        if let Some(account) = tenant.hve_accounts.first() {
            table.insert("hve_account".to_owned(), Value::String(account.address.clone()));
        }
        table.insert("send".to_owned(), Value::Boolean(true));
        tenant.describe_connectors(&mut table);
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
        for app in &mut tenant.apps {
            app.object_id = id(&app.object_id);
        }
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
        if let Some(assigned) = &mut tenant.app.assigned {
            *assigned = assigned.iter().map(|user| name(user)).collect();
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
