//! `powershell`: the scripts that set up, verify and undo.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::Global;
use super::output::{note, print};
use super::run::{self, Loaded};
use crate::facts::{Form, TokenFacts, Visit};
use crate::kb::cause;
use crate::observe;
use crate::plan::{self, Plan, Slice};
use crate::scripts::{self, Part, Values};
use crate::setup::config::read_text;
use crate::setup::{Credential, CredentialWords, Identity, InputError, Need, Setup, Wants, table_of};

/// Prints the PowerShell script that registers the application in Exchange, verifies it, or undoes it
///
/// The object id is taken from an app-only token of this tenant, where a credential is at hand; else the script says
/// how to look it up.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    /// Which of the three scripts
    #[arg(long, value_enum, default_value = "setup")]
    part: PartName,
    /// For undo: the file that holds what setup printed first
    #[arg(long, value_name = "FILE")]
    prior: Option<PathBuf>,
    /// The name that the application gets in Exchange
    #[arg(long, value_name = "NAME", default_value = "o365doctor mail application")]
    display_name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartName {
    /// Registers the application, gives it the mailbox, opens SMTP AUTH for that mailbox
    Setup,
    /// Reads all of it back and changes nothing
    Verify,
    /// Takes back what setup did
    Undo,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    if global.replay.is_some() {
        return Err(InputError::new("--replay", "judges a recording; powershell makes a script and judges nothing"));
    }
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    let prior = arguments.prior.as_deref().map(|file| read_text("--prior", file, false)).transpose()?;
    // A recording has the token's claims, and a plan needs no secret.
    let credential = if global.plan || global.replay.is_some() { Need::Kind } else { Need::IfNamed };
    let wants = Wants { application: true, mailbox: true, any_identity: true, credential, ..Wants::default() };
    let Loaded { setup, sandbox: _running } = run::load(&global, flags, wants).await?;
    // What setup printed names the application; undo needs no token for it.
    let token = setup.credential.is_some() && arguments.part != PartName::Undo;
    let slice = Slice { command: "powershell", token, verify: true, ..Slice::default() };
    let plan = plan::make(&setup, slice, Timestamp::now())?;
    if global.plan {
        run::print_plan(&global, &setup, &plan);
        return Ok(0);
    }
    let visit = match &global.replay {
        Some(file) => Visit { setup: setup.facts(), ..run::replay(file)? },
        None => observe(&setup, &plan).await,
    };
    if let Some(file) = &global.record {
        run::record(file, &visit)?;
    }
    let (object_id, from) = object_id(&setup, &visit)?;
    let values = Values {
        environment: setup.cloud.exchange_environment.clone(),
        tenant: setup.tenant.clone().unwrap_or_default(),
        client_id: setup.client_id.clone().unwrap_or_default(),
        object_id,
        object_id_from: from,
        mailbox: setup.mailbox.clone().unwrap_or_default(),
        from: setup.from.clone(),
        display_name: arguments.display_name,
        prior,
    };
    let part = match arguments.part {
        PartName::Setup => Part::Setup,
        PartName::Verify => Part::Verify,
        PartName::Undo => Part::Undo,
    };
    let script = scripts::smtp(part, &values).map_err(|e| {
        let error = InputError::new("the script", format!("can not be made: {e}"));
        if token && global.replay.is_none() { error.late() } else { error }
    })?;
    print(&script);
    Ok(0)
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
