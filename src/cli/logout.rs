//! `logout`: takes away what a sign-in left behind on this computer.

use clap::Args;

use super::run::{self, Loaded};
use super::{Global, output};
use crate::setup::{Credential, Identity, InputError, Need, SignInWords, Wants, table_of};
use crate::sign_in::Held;

/// Takes a person's sign-in away from this computer
///
/// The login service is not told, for it has no way to be: what was kept here would be good for up to 90 days if somebody
/// had copied it. The command says how an administrator ends it everywhere.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    sign_in: SignInWords,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.sign_in));
    let wants = Wants { application: true, credential: Need::SignIn, any_tenant: true, ..Wants::default() };
    let Loaded { setup, sandbox: _sandbox } = run::load(&global, flags, wants).await?;
    let Some(Credential::Delegated { kept, .. }) = &setup.credential else { return Ok(0) };
    if global.plan {
        output::print(&format!("logout would take away {}\n", kept.place()));
        return Ok(0);
    }
    let refused = crate::setup::store_refused;
    let held = Held::of(&kept.store, &kept.key).await.map_err(refused)?;
    let account = held.read().ok().flatten().and_then(|entry| entry.account);
    if !held.erase().map_err(refused)? {
        output::print(&format!("Nobody had signed in: there was nothing at {}\n", kept.place()));
        return Ok(0);
    }
    let who = account.as_deref().or(setup.mailbox.as_deref());
    let user = who.and_then(|who| crate::scripts::ps(who).ok()).unwrap_or_else(|| "'ADDRESS'".to_owned());
    output::print(&format!(
        "Signed out here: {} is gone.\nTo end the sign-in everywhere, as an administrator (User Administrator):\n\n  \
         Connect-MgGraph -Scopes User.RevokeSessions.All\n  Revoke-MgUserSignInSession -UserId {user}\n",
        kept.place()
    ));
    Ok(0)
}
