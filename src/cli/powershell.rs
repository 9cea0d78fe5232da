//! `powershell`: the scripts that set up, verify and undo, and the object id that is filled in.

use clap::Args;
use jiff::Timestamp;

use super::Global;
use super::output::{note, print};
use super::powershell_words::{Which, takes_object_id};
use super::run::{self, Loaded};
use crate::connector::Range;
use crate::facts::{Form, TokenFacts, Visit};
use crate::kb::cause;
use crate::observe;
use crate::plan::{self, Plan, Slice};
use crate::scripts::{self, Style, Values};
use crate::setup::config::read_text;
use crate::setup::{Credential, CredentialWords, Identity, InputError, Need, Setup, Wants, table_of};

/// Prints a script that an administrator pastes: to set up, to verify, to undo
///
/// Setup tells the state before as one line of JSON, and changes only what differs. Verify changes nothing, and prints
/// the line that --exchange-state of checkup takes. Undo takes the line of setup and puts that very state back.
///
/// There are two ways for an application by itself. --way classic is a permission of Entra, for every mailbox; smtp,
/// imap and pop then also need Full Access to the one mailbox, by which the application can read it. --way rbac is a
/// role within Exchange for that one mailbox (smtp, graph, ews), without any permission of Entra. With --auth delegated
/// a person signs in, and Exchange needs its switches alone.
///
/// The object id is taken from an app-only token of this tenant, where a credential is at hand; else the script says
/// how to look it up.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    #[command(flatten)]
    which: Which,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    if global.replay.is_some() {
        return Err(InputError::new("--replay", "judges a recording; powershell makes a script and judges nothing"));
    }
    let which = arguments.which;
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    run::insert(&mut flags, "hve_account", which.hve_account.clone());
    flags.extend(which.connector.table());
    let prior = which.prior.as_deref().map(|file| read_text("--prior", file, false)).transpose()?;
    // A plan needs no secret.
    let credential = match which.may_take_object_id() {
        false => Need::No,
        true if global.plan => Need::Kind,
        true => Need::OfApplication,
    };
    let wants = Wants { any_identity: true, credential, ..Wants::default() };
    let Loaded { setup, sandbox: _running } = run::load(&global, flags, wants).await?;
    let wanted = which.wanted(&setup);
    which.check(&wanted, &setup)?;
    let token = setup.credential.is_some() && takes_object_id(&wanted);
    let slice = Slice { command: "powershell", token, verify: true, ..Slice::default() };
    let plan = plan::make(&setup, slice, Timestamp::now())?;
    if global.plan {
        run::print_plan(&global, &setup, &plan);
        return Ok(0);
    }
    let visit = observe(&setup, &plan).await;
    if let Some(file) = &global.record {
        run::record(file, &visit)?;
    }
    let (object_id, object_id_from) = if takes_object_id(&wanted) { object_id(&setup, &visit)? } else { (None, None) };
    let values = Values { object_id, object_id_from, ..which.values(&wanted, &setup, prior) };
    tell(&wanted, &values);
    let script = scripts::script(&wanted, &values).map_err(|e| {
        let error = InputError::new("the script", format!("can not be made: {e}"));
        if token { error.late() } else { error }
    })?;
    print(&script);
    Ok(0)
}

/// What a person should know who has the script only.
fn tell(wanted: &scripts::Wanted, values: &Values) {
    if wanted.style == Style::Manifest {
        note(
            "in the Entra admin center: App registrations, the application, Manifest; put the entries of \
             requiredResourceAccess into the list of that name, beside what is there; save; then API permissions, \
             Grant admin consent",
        );
    }
    let private = |ip: &&String| Range::parse(ip).is_ok_and(Range::is_private);
    if let Some(ip) = values.connector_ips.iter().find(private) {
        note(&format!("{ip} is an address of a private network; a connector sees the public one"));
    }
}

async fn observe(setup: &Setup, plan: &Plan) -> Visit {
    if matches!(setup.credential, Some(Credential::Secret { .. })) {
        note("requesting a token, whose oid is the object id that Exchange wants");
    }
    observe::run(setup, plan, &|_| ()).await
}

/// The enterprise application's object id and where it is from: the `oid` of an app-only token of this very tenant
/// and application, else what was given by hand.
fn object_id(setup: &Setup, visit: &Visit) -> Result<(Option<String>, Option<String>), InputError> {
    let given = setup.object_id.clone();
    let found = visit.facts.tokens.iter().find_map(|token| trusted_oid(token, visit));
    match (&found, &given) {
        (Some(oid), Some(given)) if !oid.eq_ignore_ascii_case(given) => {
            let words = format!("is {given}, but the token's oid is {oid}, and that is the enterprise application's");
            Err(InputError::new("--object-id", words).because(&cause::OBJECT_ID_MISMATCH).late())
        }
        (Some(_), _) => Ok((found, Some("the oid of an app-only token of this tenant".to_owned()))),
        (None, Some(_)) => Ok((given, Some("given by hand".to_owned()))),
        (None, None) if setup.credential.is_none() => Ok((None, None)),
        (None, None) => {
            note("no app-only token of this tenant could be had, so the script says how to look the object id up");
            Ok((None, None))
        }
    }
}

/// The `oid`, from an app-only token whose tenant and application are those of the script; from no other.
fn trusted_oid(token: &TokenFacts, visit: &Visit) -> Option<String> {
    let same = |own: Option<&str>, wanted: Option<&str>| {
        own.zip(wanted).is_some_and(|(own, wanted)| own.eq_ignore_ascii_case(wanted))
    };
    let given = visit.setup.tenant.as_deref().filter(|tenant| uuid::Uuid::try_parse(tenant).is_ok());
    let tenant = given.or_else(|| visit.facts.entra.as_ref()?.tenant_id.as_deref());
    let ours = token.form == Some(Form::Jwt)
        && token.app_only()
        && same(token.text("tid"), tenant)
        && same(token.client_id(), visit.setup.client_id.as_deref());
    ours.then(|| token.text("oid").map(str::to_owned)).flatten()
}
