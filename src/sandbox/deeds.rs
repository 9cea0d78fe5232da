//! What an administrator of the sandbox's tenant does when asked: the state of the healthy tenant, in one respect. The
//! services look at the state alone, so what was refused before is taken afterwards, and by the same checks.

use jiff::Timestamp;
use serde_json::json;

use super::state::State;
use super::{Sandbox, Scenario, consent, sign_in};
use crate::setup::secret::Secret;
use crate::sign_in::Entry;

/// Who may do all in the directory of the first tenant.
const ADMINISTRATOR: &str = "admin@contoso.test";

/// Something that an administrator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Registers the application, with its redirects.
    Register,
    /// Writes the permissions into the registration.
    Request,
    /// Makes the secret that the profile names a good one.
    RenewCredential,
    /// Consents.
    Consent,
    /// Registers the application in Exchange.
    RegisterInExchange,
    /// Gives it the mailbox.
    GiveRight,
    /// Opens the protocols for the mailbox.
    OpenProtocols,
    /// Lets it into High Volume Email.
    OpenHighVolume,
    /// Makes the connector.
    Connect,
    /// Writes the domain's records.
    WriteRecords,
}

impl Sandbox {
    /// Has it done, in the first tenant.
    pub fn administer(&self, deed: Deed) {
        let Some(healthy) = Scenario::named("") else { return };
        let healthy = healthy.state(1, &self.addresses());
        let said = self.word("client_secret");
        let mut state = self.lock();
        change(&mut state, &healthy, deed);
        state.records_written += usize::from(deed == Deed::WriteRecords);
        // A new secret is the one that the program was given; an administrator can not be told an old one.
        if let (Deed::RenewCredential, Some(tenant), false) = (deed, state.tenants.first_mut(), said.is_empty()) {
            tenant.app.secret = said;
        }
    }

    /// Its administrator types a code on the page of the login service, and signs in.
    pub fn type_code(&self, code: &str) {
        sign_in::typed_by(&mut self.lock(), code, ADMINISTRATOR);
    }

    /// Its Exchange administrator runs the script for an application beside the one of the story.
    ///
    /// # Errors
    /// As the cmdlet says.
    pub fn run_script(&self, client_id: &str, object_id: &str, mailbox: &str) -> Result<(), String> {
        let register = json!({ "cmdlet": "New-ServicePrincipal", "AppId": client_id, "ObjectId": object_id });
        let access = "FullAccess";
        let open = json!({ "cmdlet": "Add-MailboxPermission", "Identity": mailbox, "User": object_id, "AccessRights": access });
        // Refused where it is there already; where it is not there, the next cmdlet does not find it.
        let _ = self.exchange(&register);
        self.exchange(&open)?;
        self.administer(Deed::OpenProtocols);
        Ok(())
    }

    /// What a person's sign-in leaves behind; none of somebody whom nobody knows.
    pub fn sign_in(&self, user: &str, scopes: &[String]) -> Option<Entry> {
        let refresh = self.lock().signed_in(user, scopes);
        (!refresh.is_empty()).then(|| Entry {
            account: Some(user.to_owned()),
            directory: None,
            refresh: Secret::new(refresh),
            scopes: scopes.to_vec(),
            renewed_at: Timestamp::now(),
            access: Vec::new(),
        })
    }
}

fn change(state: &mut State, healthy: &State, deed: Deed) {
    let (Some(tenant), Some(wanted)) = (state.tenants.first_mut(), healthy.tenants.first()) else { return };
    let (app, own) = (&mut tenant.app, &wanted.app);
    match deed {
        Deed::Register => {
            app.registered = true;
            app.service_principal = true;
            app.redirects.clone_from(&own.redirects);
            app.public_flows = own.public_flows;
            app.audience = own.audience;
        }
        Deed::Request => {
            app.requested_roles.clone_from(&own.requested_roles);
            app.graph_roles.clone_from(&own.graph_roles);
            app.scopes.clone_from(&own.scopes);
            app.graph_scopes.clone_from(&own.graph_scopes);
        }
        Deed::RenewCredential => app.secret_expired = false,
        Deed::Consent => {
            let client_id = app.client_id.clone();
            consent::consent(Some(tenant), &client_id);
        }
        Deed::RegisterInExchange => {
            app.exchange_object_id = Some(app.object_id.clone());
            app.exchange_in_force = true;
        }
        Deed::OpenHighVolume => tenant.hve_accounts.clone_from(&wanted.hve_accounts),
        Deed::Connect => tenant.connectors.clone_from(&wanted.connectors),
        Deed::WriteRecords => tenant.dns = wanted.dns.clone(),
        Deed::GiveRight | Deed::OpenProtocols => {
            tenant.policy = None;
            tenant.ews_enabled = wanted.ews_enabled;
            tenant.ews_allowed_apps.clone_from(&wanted.ews_allowed_apps);
            for mailbox in &mut tenant.mailboxes {
                let Some(own) = wanted.mailboxes.iter().find(|own| own.has(&mailbox.address)) else { continue };
                if deed == Deed::GiveRight {
                    mailbox.full_access.clone_from(&own.full_access);
                    mailbox.send_as.clone_from(&own.send_as);
                    continue;
                }
                mailbox.smtp_auth = own.smtp_auth;
                (mailbox.imap_off, mailbox.pop_off, mailbox.ews_off) = (own.imap_off, own.pop_off, own.ews_off);
            }
        }
    }
}
