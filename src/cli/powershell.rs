//! `powershell`: the scripts that set up, verify and undo.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::Global;
use super::output::{note, print};
use super::run::{self, Loaded};
use crate::facts::{TokenFacts, Visit};
use crate::kb::cause;
use crate::observe;
use crate::plan::{self, Slice};
use crate::scripts::{self, Part, Values};
use crate::setup::{Credential, CredentialWords, Identity, InputError, Setup, Wants, table_of};

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
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    let wants = Wants { application: true, mailbox: true, credential_if_named: true, ..Wants::default() };
    let Loaded { setup, sandbox: _running } = run::load(&global, flags, wants).await?;
    let (object_id, from) = object_id(&setup).await?;
    let values = Values {
        environment: setup.cloud.exchange_environment.clone(),
        tenant: setup.tenant.clone().unwrap_or_default(),
        client_id: setup.client_id.clone().unwrap_or_default(),
        object_id,
        object_id_from: from,
        mailbox: setup.mailbox.clone().unwrap_or_default(),
        from: setup.from.clone(),
        display_name: arguments.display_name,
        prior: arguments.prior.as_deref().map(read_prior).transpose()?,
    };
    let part = match arguments.part {
        PartName::Setup => Part::Setup,
        PartName::Verify => Part::Verify,
        PartName::Undo => Part::Undo,
    };
    let script =
        scripts::smtp(part, &values).map_err(|e| InputError::new("the script", format!("can not be made: {e}")))?;
    print(&script);
    Ok(0)
}

fn read_prior(file: &std::path::Path) -> Result<String, InputError> {
    std::fs::read_to_string(file).map_err(|e| {
        InputError::new("--prior", format!("names {}, which can not be read: {e}", crate::setup::shown_path(file)))
    })
}

/// The enterprise application's object id and where it is from: the `oid` of an app-only token of this very tenant
/// and application, else what was given by hand.
async fn object_id(setup: &Setup) -> Result<(Option<String>, Option<String>), InputError> {
    let given = setup.object_id.clone();
    let Some(credential) = &setup.credential else {
        let from = given.is_some().then(|| "given by hand".to_owned());
        return Ok((given, from));
    };
    if matches!(credential, Credential::Secret { .. }) {
        note("requesting a token, whose oid is the object id that Exchange wants");
    }
    let slice = Slice { command: "powershell", token: true, verify: true, ..Slice::default() };
    let visit = observe::run(setup, &plan::make(setup, slice, Timestamp::now())?, &|_| ()).await;
    let found = visit.facts.tokens.iter().find_map(|token| trusted_oid(token, &visit));
    match (&found, &given) {
        (Some(oid), Some(given)) if !oid.eq_ignore_ascii_case(given) => {
            let words = format!("is {given}, but the token's oid is {oid}, and that is the enterprise application's");
            Err(InputError::new("--object-id", words).because(&cause::OBJECT_ID_MISMATCH))
        }
        (Some(_), _) => Ok((found, Some("the oid of an app-only token of this tenant".to_owned()))),
        (None, Some(_)) => Ok((given, Some("given by hand".to_owned()))),
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
    let ours = token.app_only()
        && same(token.text("tid"), tenant)
        && same(token.client_id(), visit.setup.client_id.as_deref());
    ours.then(|| token.text("oid").map(str::to_owned)).flatten()
}
