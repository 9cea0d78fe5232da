//! The cmdlets, each as a change of the state.

use serde_json::Value;

use crate::sandbox::state::{App, Connector, Mailbox, Row, State, Switch, Tenant};

impl State {
    /// Does what a cmdlet would do.
    pub(super) fn exchange(&mut self, command: &Value) -> Result<(), String> {
        let tenant = self.tenants.first_mut().ok_or("there is no tenant")?;
        let cmdlet = text(command, "cmdlet")?;
        match cmdlet {
            "New-ServicePrincipal" => register(tenant, command),
            "Remove-ServicePrincipal" => unregister(tenant, text(command, "Identity")?),
            "Add-MailboxPermission" | "Remove-MailboxPermission" => open(tenant, command, cmdlet.starts_with("Add")),
            "Add-RecipientPermission" | "Remove-RecipientPermission" => {
                send_as(tenant, command, cmdlet.starts_with("Add"))
            }
            "Set-CASMailbox" => switches(mailbox(tenant, text(command, "Identity")?)?, command),
            "Set-TransportConfig" => {
                tenant.smtp_auth_disabled = flag(command, "SmtpClientAuthenticationDisabled")?;
                Ok(())
            }
            "Set-OrganizationConfig" => organization(tenant, command),
            "New-ManagementRoleAssignment" => {
                let role = text(command, "Role")?.to_owned();
                registered(tenant, text(command, "App")?)?.rbac_roles.push(role);
                Ok(())
            }
            "New-InboundConnector" => {
                tenant.connectors.push(connector(command)?);
                Ok(())
            }
            other => Err(format!("The term '{other}' is not recognized as a name of a cmdlet here.")),
        }
    }
}

fn text<'a>(command: &'a Value, name: &str) -> Result<&'a str, String> {
    let value = command.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("Cannot process command because of a missing mandatory parameter: {name}."))
}

fn flag(command: &Value, name: &str) -> Result<bool, String> {
    command.get(name).and_then(Value::as_bool).ok_or_else(|| format!("{name} takes true or false."))
}

fn not_found(name: &str) -> String {
    format!(
        "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be \
         performed because object '{name}' couldn't be found."
    )
}

/// Exchange takes what it is given; whether the object id is the right one shows at the login.
fn register(tenant: &mut Tenant, command: &Value) -> Result<(), String> {
    let (client_id, object_id) = (text(command, "AppId")?, text(command, "ObjectId")?);
    let row = tenant.row_of(|app| app.registered && app.client_id.eq_ignore_ascii_case(client_id));
    let app = tenant.app_mut(row.ok_or_else(|| not_found(client_id))?);
    if app.exchange_object_id.as_deref().is_some_and(|id| !id.is_empty()) {
        return Err(format!("The service principal with AppId '{client_id}' is there already."));
    }
    app.exchange_object_id = Some(object_id.to_owned());
    app.exchange_in_force = true;
    Ok(())
}

fn row_in_exchange(tenant: &Tenant, name: &str) -> Option<Row> {
    let same = |id: &str| id.eq_ignore_ascii_case(name);
    tenant.row_of(|app| {
        let object_id = app.exchange_object_id.as_deref().filter(|id| !id.is_empty());
        object_id.is_some_and(|id| same(id) || same(&app.client_id))
    })
}

/// The application that Exchange knows by an object id or a client id.
fn registered<'a>(tenant: &'a mut Tenant, name: &str) -> Result<&'a mut App, String> {
    let row = row_in_exchange(tenant, name).ok_or_else(|| not_found(name))?;
    Ok(tenant.app_mut(row))
}

/// Its rights at the mailboxes go with it.
fn unregister(tenant: &mut Tenant, name: &str) -> Result<(), String> {
    let app = registered(tenant, name)?;
    app.exchange_object_id = None;
    let client_id = app.client_id.clone();
    for mailbox in &mut tenant.mailboxes {
        mailbox.full_access.retain(|holder| !holder.eq_ignore_ascii_case(&client_id));
    }
    Ok(())
}

fn mailbox<'a>(tenant: &'a mut Tenant, name: &str) -> Result<&'a mut Mailbox, String> {
    tenant.mailboxes.iter_mut().find(|mailbox| mailbox.is_named(name)).ok_or_else(|| not_found(name))
}

/// An application by its client id, a person by its name.
fn holder(tenant: &Tenant, name: &str) -> Result<String, String> {
    if let Some(row) = row_in_exchange(tenant, name) {
        return Ok(tenant.app_at(row).client_id.clone());
    }
    let person = tenant.mailboxes.iter().find(|mailbox| mailbox.is_named(name));
    person.map(|mailbox| mailbox.upn().to_owned()).ok_or_else(|| not_found(name))
}

fn open(tenant: &mut Tenant, command: &Value, adds: bool) -> Result<(), String> {
    if text(command, "AccessRights")? != "FullAccess" {
        return Err("AccessRights takes FullAccess here.".to_owned());
    }
    let holder = holder(tenant, text(command, "User")?)?;
    let mailbox = mailbox(tenant, text(command, "Identity")?)?;
    mailbox.full_access.retain(|own| !own.eq_ignore_ascii_case(&holder));
    if adds {
        mailbox.full_access.push(holder);
    }
    Ok(())
}

/// The trustee may send as the identity: a mailbox itself, an application from every mailbox that it opens.
fn send_as(tenant: &mut Tenant, command: &Value, adds: bool) -> Result<(), String> {
    if text(command, "AccessRights")? != "SendAs" {
        return Err("AccessRights takes SendAs here.".to_owned());
    }
    let (identity, trustee) = (text(command, "Identity")?, text(command, "Trustee")?);
    let holder = holder(tenant, trustee)?;
    let sends = |mailbox: &&mut Mailbox| mailbox.upn().eq_ignore_ascii_case(&holder) || mailbox.opens_to(&holder);
    for mailbox in tenant.mailboxes.iter_mut().filter(sends) {
        mailbox.send_as.retain(|own| !own.eq_ignore_ascii_case(identity));
        if adds {
            mailbox.send_as.push(identity.to_owned());
        }
    }
    Ok(())
}

fn switches(mailbox: &mut Mailbox, command: &Value) -> Result<(), String> {
    match command.get("SmtpClientAuthenticationDisabled") {
        None => {}
        Some(Value::Null) => mailbox.smtp_auth = Switch::Follow,
        Some(Value::Bool(off)) => mailbox.smtp_auth = if *off { Switch::Off } else { Switch::On },
        Some(_) => return Err("SmtpClientAuthenticationDisabled takes true, false or null.".to_owned()),
    }
    let switches = [
        ("ImapEnabled", &mut mailbox.imap_off),
        ("PopEnabled", &mut mailbox.pop_off),
        ("EwsEnabled", &mut mailbox.ews_off),
    ];
    for (name, off) in switches {
        if command.get(name).is_some() {
            *off = !flag(command, name)?;
        }
    }
    Ok(())
}

fn organization(tenant: &mut Tenant, command: &Value) -> Result<(), String> {
    if command.get("EwsEnabled").is_some() {
        tenant.ews_enabled = Some(flag(command, "EwsEnabled")?);
    }
    if command.get("RejectDirectSend").is_some() {
        tenant.reject_direct_send = flag(command, "RejectDirectSend")?;
    }
    if let Some(apps) = command.get("EwsAllowedAppIDs") {
        tenant.ews_allowed_apps = strings(apps);
    }
    Ok(())
}

fn connector(command: &Value) -> Result<Connector, String> {
    Ok(Connector {
        name: text(command, "Name")?.to_owned(),
        disabled: false,
        sender_ips: command.get("SenderIPAddresses").map(strings).unwrap_or_default(),
        certificate_name: text(command, "TlsSenderCertificateName").ok().map(str::to_owned),
        require_tls: command.get("RequireTls") == Some(&Value::Bool(true)),
    })
}

/// One text, or a list of them.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
