//! What the verifying script (`src/scripts/exchange-verify.ps1`) would print of the tenant, read from its real state:
//! registration, rights, switches and roles as they are in the directory, which is ahead of what is in force.

mod settings;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::state::{Kind, Mailbox, State, Switch, Tenant};
use crate::facts::{
    EwsSettings, ExchangeRole, HveState, InboundConnector, MailboxRight, ProtocolSwitches, SmtpAuthSwitch, Unread,
};
use crate::scripts::VERIFY_KIND;

/// For whom the script was made: the words of a profile.
pub(super) struct Question {
    /// Which of the tenants.
    pub(super) tenant: usize,
    pub(super) client_id: String,
    pub(super) object_id: Option<String>,
    pub(super) mailbox: String,
    pub(super) from: Option<String>,
    /// The account of High Volume Email.
    pub(super) account: Option<String>,
    /// How long ago it ran.
    pub(super) age: SignedDuration,
}

/// What the script prints, its fields in its order.
#[derive(Default, Serialize)]
struct Answer {
    format: u32,
    kind: &'static str,
    time: String,
    tenant: String,
    road: &'static str,
    client_id: String,
    mailbox: String,
    from: String,
    mailbox_found: Option<bool>,
    recipient_type_details: Option<&'static str>,
    primary_smtp_address: Option<String>,
    addresses: Vec<String>,
    user_principal_name: Option<String>,
    registered: Option<bool>,
    registered_object_ids: Vec<String>,
    expected_object_id: Option<String>,
    object_id_matches: Option<bool>,
    full_access: Option<bool>,
    mailbox_rights: Vec<MailboxRight>,
    send_as: Option<bool>,
    send_as_rights: Vec<SendAsRight>,
    smtp_client_authentication_disabled: SmtpAuthSwitch,
    roles: Vec<ExchangeRole>,
    protocols: Option<ProtocolSwitches>,
    access_policy: Option<&'static str>,
    ews: Option<EwsSettings>,
    reject_direct_send: Option<bool>,
    accepted_domains: Option<Vec<String>>,
    connectors: Option<Vec<InboundConnector>>,
    account: Option<HveState>,
    unread: Vec<Unread>,
}

#[derive(Serialize)]
struct SendAsRight {
    trustee: String,
    access_rights: [&'static str; 1],
    access_control_type: &'static str,
}

/// What was read, and what Exchange refused to tell.
struct Reader<'a> {
    tenant: &'a Tenant,
    unread: Vec<Unread>,
}

/// What Exchange says to a reader without the role for a cmdlet. The wording is ours; only the field that it fills counts.
const REFUSED: &str = "The operation couldn't be performed because you don't have access to it.";

impl Reader<'_> {
    /// The reading, or a note that it was refused.
    fn read<T>(&mut self, what: &str, reading: impl FnOnce() -> T) -> Option<T> {
        if !self.tenant.unreadable.iter().any(|part| part == what) {
            return Some(reading());
        }
        self.refused(what, REFUSED);
        None
    }

    fn refused(&mut self, what: &str, why: &str) {
        self.unread.push(Unread { what: what.to_owned(), why: why.to_owned() });
    }
}

impl State {
    /// The line that the script prints, with its line end.
    pub(super) fn exchange_state(&self, question: &Question) -> String {
        let Some(tenant) = self.tenants.get(question.tenant) else { return String::new() };
        let mut reader = Reader { tenant, unread: Vec::new() };
        let mailbox = found(&mut reader, question);
        let registered = reader.read("registration", || tenant.registrations(&question.client_id));
        let mut answer = answer(tenant, question, mailbox, registered.as_deref());
        if let (Some([_]), Some(mailbox)) = (registered.as_deref(), mailbox) {
            rights(&mut answer, &mut reader, question, mailbox);
        }
        answer.smtp_client_authentication_disabled = switches(&mut reader, mailbox);
        settings::read(&mut answer, &mut reader, question, mailbox);
        answer.unread = reader.unread;
        // Plain data with string keys; writing it can not fail.
        serde_json::to_string(&answer).unwrap_or_default() + "\n"
    }
}

/// The mailbox; one that is not there is an error of `Get-Mailbox`, not an empty answer.
fn found<'a>(reader: &mut Reader<'a>, question: &Question) -> Option<&'a Mailbox> {
    let mailboxes = &reader.tenant.mailboxes;
    let mailbox = reader.read("mailbox", || mailboxes.iter().find(|mailbox| mailbox.has(&question.mailbox)))?;
    if mailbox.is_none() {
        let why = format!(
            "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't \
             be performed because object '{}' couldn't be found.",
            question.mailbox
        );
        reader.refused("mailbox", &why);
    }
    mailbox
}

/// The answer with the fields that are the same whatever the rights are.
fn answer(tenant: &Tenant, question: &Question, mailbox: Option<&Mailbox>, registered: Option<&[String]>) -> Answer {
    let address = mailbox.map(|mailbox| mailbox.address.clone());
    let addresses = mailbox.into_iter().flat_map(|m| std::iter::once(&m.address).chain(&m.aliases)).cloned().collect();
    let matches = match (registered, &question.object_id) {
        (Some([own]), Some(wanted)) => Some(own.eq_ignore_ascii_case(wanted)),
        _ => None,
    };
    Answer {
        format: 1,
        kind: VERIFY_KIND,
        time: (Timestamp::now() - question.age).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        tenant: tenant.id.clone(),
        road: "all",
        client_id: question.client_id.clone(),
        mailbox: question.mailbox.clone(),
        from: question.from.clone().unwrap_or_else(|| question.mailbox.clone()),
        mailbox_found: mailbox.map(|_| true),
        recipient_type_details: mailbox.map(|mailbox| match mailbox.kind {
            Kind::User => "UserMailbox",
            Kind::Shared => "SharedMailbox",
        }),
        primary_smtp_address: address,
        addresses,
        user_principal_name: mailbox.map(|mailbox| mailbox.upn().to_owned()),
        registered: registered.map(|ids| !ids.is_empty()),
        registered_object_ids: registered.unwrap_or_default().to_vec(),
        expected_object_id: question.object_id.clone(),
        object_id_matches: matches,
        ..Answer::default()
    }
}

fn rights(answer: &mut Answer, reader: &mut Reader<'_>, question: &Question, mailbox: &Mailbox) {
    let tenant = reader.tenant;
    // As the service shows it where it finds no name for the application.
    let app = tenant.app_or_first(&question.client_id);
    let user = format!("S-1-5-21-{}", app.object_id);
    let full_access = || mailbox.opens_to(&question.client_id);
    answer.full_access = reader.read("mailbox_rights", full_access);
    if answer.full_access == Some(true) {
        let access_rights = vec!["FullAccess".to_owned()];
        answer.mailbox_rights = vec![MailboxRight { user: user.clone(), access_rights, ..MailboxRight::default() }];
    }
    let send_as = || mailbox.send_as.iter().any(|own| own.eq_ignore_ascii_case(&answer.from));
    answer.send_as = reader.read("send_as", send_as);
    if answer.send_as == Some(true) {
        let right = SendAsRight { trustee: user, access_rights: ["SendAs"], access_control_type: "Allow" };
        answer.send_as_rights = vec![right];
    }
    let role = |name: &String| ExchangeRole {
        role: name.clone(),
        permissions: name.trim_start_matches("Application ").to_owned(),
        scope: "Senders".to_owned(),
        scope_type: "CustomRecipientScope".to_owned(),
        in_scope: if app.holds(name, mailbox) { "True" } else { "False" }.to_owned(),
    };
    answer.roles = reader.read("roles", || app.rbac_roles.iter().map(role).collect()).unwrap_or_default();
}

fn switches(reader: &mut Reader<'_>, mailbox: Option<&Mailbox>) -> SmtpAuthSwitch {
    let own = reader.read("mailbox_switch", || match mailbox?.smtp_auth {
        Switch::Follow => None,
        Switch::On => Some(false),
        Switch::Off => Some(true),
    });
    let tenant = reader.tenant;
    let organization = reader.read("organization_switch", || tenant.smtp_auth_disabled);
    SmtpAuthSwitch { mailbox: own.flatten(), organization }
}

impl Tenant {
    /// The object ids under which Exchange lists a client id, in force or not.
    fn registrations(&self, client_id: &str) -> Vec<String> {
        let own = self.all_apps().filter(|app| app.client_id.eq_ignore_ascii_case(client_id));
        own.filter_map(|app| app.exchange_object_id.clone()).filter(|id| !id.is_empty()).collect()
    }
}
