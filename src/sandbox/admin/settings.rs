//! What the script reads beside the application: protocols, EWS, connectors, domains, High Volume Email.

use super::{Answer, Mailbox, Question, Reader};
use crate::facts::{EwsSettings, HveState, InboundConnector, ProtocolSwitches};

pub(super) fn read(answer: &mut Answer, reader: &mut Reader<'_>, question: &Question, mailbox: Option<&Mailbox>) {
    let tenant = reader.tenant;
    if let Some(mailbox) = mailbox {
        answer.protocols = reader.read("protocols", || ProtocolSwitches {
            imap: Some(!mailbox.imap_off),
            pop: Some(!mailbox.pop_off),
            ews: Some(!mailbox.ews_off),
        });
        let denies = || if tenant.app.access_policy_denies { "Denied" } else { "Granted" };
        answer.access_policy = reader.read("access_policy", denies);
    }
    let organization = reader.read("organization", || (tenant.ews_enabled, tenant.reject_direct_send));
    let apps = reader.read("ews_allowed_app_ids", || tenant.ews_allowed_apps.clone());
    answer.ews = organization.map(|(enabled, _)| EwsSettings {
        enabled,
        application_access_policy: None,
        allowed_app_ids: apps,
    });
    answer.reject_direct_send = organization.map(|(_, reject)| reject);
    let domains = || vec![tenant.domain.clone(), tenant.initial_domain.clone()];
    answer.accepted_domains = reader.read("accepted_domains", domains);
    let connector = |own: &super::super::state::Connector| InboundConnector {
        name: own.name.clone(),
        enabled: !own.disabled,
        kind: "OnPremises".to_owned(),
        sender_ips: own.sender_ips.clone(),
        certificate_name: own.certificate_name.clone(),
        require_tls: own.require_tls,
    };
    answer.connectors = reader.read("connectors", || tenant.connectors.iter().map(connector).collect());
    answer.account = question.account.as_ref().map(|address| account(reader, address));
}

/// An account that is not there is an error of `Get-HVEAccountSettings`, not an empty list.
fn account(reader: &mut Reader<'_>, address: &str) -> HveState {
    let mut accounts = reader.tenant.hve_accounts.iter();
    let found = accounts.find(|own| own.address.eq_ignore_ascii_case(address));
    let allowed_apps = if let Some(own) = found {
        reader.read("account", || own.apps.clone())
    } else {
        let words = format!("The operation couldn't be performed because object '{address}' couldn't be found.");
        reader.refused("account", &words);
        None
    };
    HveState { address: address.to_owned(), allowed_apps }
}
