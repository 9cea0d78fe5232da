//! What a template is rendered with: the values, and which of its steps belong to the script.

use minijinja::context;
use minijinja::value::Value;

use super::{
    ENTRA_PRIOR_KIND, ENTRA_VERIFY_KIND, PRIOR_KIND, Refused, Target, VERIFY_KIND, Values, Wanted, Way, permissions,
};

/// Read wrongly (as a file without byte order mark, by Windows PowerShell), this letter is another.
const PROBE_LETTER: &str = "\u{fc}";

/// Where the answer to a sign-in goes: a port of the loopback (RFC 8252 section 7.3), and the login service's own page
/// for native applications (Microsoft Learn, "Redirect URI best practices").
const LOOPBACK: &str = "http://localhost";
const NATIVE: &str = "/common/oauth2/nativeclient";

/// Values and steps as one page for the engine.
pub(super) fn of(wanted: &Wanted, way: Way, values: &Values, prior: &str) -> Result<Value, Refused> {
    let cloud = values.environment()?;
    let permissions: Vec<String> =
        permissions::of(wanted.target, wanted.person).into_iter().map(permissions::Permission::word).collect();
    let steps = steps(wanted, way, values);
    Ok(context! {
        environment => &*values.environment,
        graph_environment => cloud.graph,
        az_cloud => cloud.az,
        graph_host => cloud.graph_host,
        redirects => [LOOPBACK.to_owned(), format!("{}{NATIVE}", cloud.login_host)],
        prior, permissions,
        tenant => &*values.tenant,
        client_id => &*values.client_id,
        object_id => values.object_id.as_deref().unwrap_or_default(),
        object_id_from => values.object_id_from.as_deref().unwrap_or_default(),
        mailbox => &*values.mailbox,
        from => from(values),
        account => values.account.as_deref().unwrap_or_default(),
        display_name => &*values.display_name,
        delegated_organization => values.delegated_organization.as_deref().unwrap_or_default(),
        connector_ips => &values.connector_ips,
        connector_cert => values.connector_cert.as_deref().unwrap_or_default(),
        road => wanted.target.to_string(),
        way => way.to_string(),
        person => wanted.person,
        ascii => free_text(values, prior).iter().all(|text| text.is_ascii()),
        prior_kind => PRIOR_KIND,
        verify_kind => VERIFY_KIND,
        entra_prior_kind => ENTRA_PRIOR_KIND,
        entra_verify_kind => ENTRA_VERIFY_KIND,
        probe_letter => PROBE_LETTER,
        ..steps
    })
}

/// The address in From, where it is not the mailbox's own.
fn from(values: &Values) -> &str {
    let differs = |from: &&str| from.to_lowercase() != values.mailbox.to_lowercase();
    values.from.as_deref().filter(differs).unwrap_or_default()
}

fn free_text<'a>(values: &'a Values, prior: &'a str) -> Vec<&'a str> {
    let given = [&values.from, &values.object_id_from, &values.account, &values.delegated_organization];
    let mut all = vec![&*values.tenant, &values.mailbox, &values.display_name, prior];
    all.extend(given.into_iter().flatten().map(String::as_str));
    all
}

/// Which steps the script has, and which readings.
fn steps(wanted: &Wanted, way: Way, values: &Values) -> Value {
    let target = wanted.target;
    let app = !wanted.person;
    let by_mailbox = matches!(target, Target::Smtp | Target::Imap | Target::Pop);
    let all = target == Target::All;
    let role = target.road().and_then(|road| road.wants()?.rbac_role).filter(|_| way == Way::Rbac);
    let named = !values.client_id.is_empty() && !values.mailbox.is_empty();
    context! {
        // Exchange has to know the application before it can be given anything.
        registers => app && (by_mailbox && way == Way::Classic || way == Way::Rbac),
        right => app && by_mailbox && way == Way::Classic,
        send_as => target == Target::Smtp && !from(values).is_empty(),
        role => role.unwrap_or_default(),
        switch => match target {
            Target::Smtp => "SmtpClientAuthenticationDisabled",
            Target::Imap => "ImapEnabled",
            Target::Pop => "PopEnabled",
            Target::Ews => "EwsEnabled",
            _ => "",
        },
        ews => target == Target::Ews,
        reads_application => named && (by_mailbox || all || matches!(target, Target::Graph | Target::Ews)),
        reads_policy => named && (all || matches!(target, Target::Graph | Target::Ews)),
        reads_ews => all || target == Target::Ews,
        reads_connectors => all || target == Target::Relay,
        reads_account => values.account.is_some() && (all || target == Target::Hve),
    }
}
