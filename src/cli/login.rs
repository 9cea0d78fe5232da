//! `login`: a person signs in, and what that leaves behind is kept for the other commands.

use clap::Args;

use super::run::{self, Loaded};
use super::{Global, output};
use crate::kb::cause;
use crate::observe::sign_in::{Person, Tell, Way, sign_in};
use crate::setup::secret::Secret;
use crate::setup::{Credential, Identity, InputError, Kept, Need, Setup, SignInWords, Wants, shell, table_of};
use crate::sign_in::{Entry, Held, Scopes};

/// Signs a person in, and keeps what that leaves behind for token, checkup and the others
///
/// Opens the login service's page in this computer's browser. Where that is not to be had, --device-code shows a short code
/// to type on any computer, and --paste takes the address that a browser elsewhere ends at. The application needs the
/// platform "Mobile and desktop applications" with http://localhost (for --paste the nativeclient address), and for
/// --device-code the switch "Allow public client flows".
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    sign_in: SignInWords,
    /// Show a code to type on a page of the login service, on any computer
    #[arg(long, conflicts_with = "paste")]
    device_code: bool,
    /// Ask for the address that the browser ends at; the browser may be on another computer
    #[arg(long)]
    paste: bool,
    /// Show the page's address, and open no browser
    #[arg(long)]
    no_browser: bool,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.sign_in));
    let wants = Wants { application: true, credential: Need::SignIn, any_tenant: true, ..Wants::default() };
    let Loaded { mut setup, sandbox: _sandbox } = run::load(&global, flags, wants).await?;
    // What is said to be tried again is to be tried with this sign-in.
    setup.options.push(("--auth".to_owned(), "delegated".to_owned()));
    let scopes = setup.person_scopes();
    let way = match (arguments.device_code, arguments.paste) {
        (true, _) => Way::Code,
        (_, true) => Way::Paste,
        _ => Way::Browser,
    };
    let open = way == Way::Browser && !arguments.no_browser;
    if global.plan {
        return Ok(plan(&setup, way));
    }
    let person = Person { tell: &|what| tell(&what, open), paste: &paste };
    let signed_in = sign_in(&setup, &scopes, way, person).await?;
    if let (Some(entry), Some(Credential::Delegated { kept, .. })) = (&signed_in.entry, &setup.credential) {
        keep(entry, kept).await?;
    } else if signed_in.visit.facts.tokens.iter().any(|token| token.form.is_some()) {
        output::note("The service gave no refresh token, so nothing is kept: offline_access was not granted.");
    }
    run::finish(&global, signed_in.visit)
}

async fn keep(entry: &Entry, kept: &Kept) -> Result<(), InputError> {
    let who = entry.account.as_deref().unwrap_or("somebody whom the service did not name");
    if let (Some(said), Some(real)) = (&kept.account, &entry.account)
        && !said.eq_ignore_ascii_case(real)
    {
        let words = format!("is {said}, and {real} has signed in; nothing is kept");
        return Err(InputError::new("--account", words).because(&cause::TOKEN_USER_MISMATCH).late());
    }
    let refused = |e| crate::setup::store_refused(e).late();
    let held = Held::of(&kept.store, &kept.key).await.map_err(refused)?;
    held.write(entry).map_err(refused)?;
    output::note(&format!("Signed in as {who}; kept in {}", kept.place()));
    Ok(())
}

fn plan(setup: &Setup, way: Way) -> u8 {
    let host = setup.cloud.login.host_str().unwrap_or_default();
    let how = match way {
        Way::Browser => "open its page in a browser, and wait on a port of this computer",
        Way::Paste => "show the address of its page, and ask for the one that the browser ends at",
        Way::Code => "ask for a code, show it, and wait until it was typed",
    };
    let scopes: Vec<String> = setup.person_scopes().iter().map(Scopes::request).collect();
    let place = setup.credential.as_ref().map(Credential::origin).unwrap_or_default().to_owned();
    let text = format!(
        "login would, on the cloud {}:\n  {host}: {how}\n  for  {}\n  keep {place}\nNothing was contacted.\n",
        setup.cloud.name,
        scopes.join("\n  and  "),
    );
    output::print(&crate::render::style::printable_lines(&text));
    0
}

fn tell(what: &Tell<'_>, open: bool) {
    match what {
        Tell::Open(url) => {
            let opened = open && webbrowser::open(url.as_str()).is_ok();
            let lead = if opened { "Your browser shows a page; if it does not, open" } else { "Open this page" };
            say(&format!("{lead}:\n\n  {url}\n\n"));
        }
        Tell::Type { page, code, life } => {
            let minutes = life.as_secs() / 60;
            say(&format!(
                "Open this page on any computer:\n\n  {page}\n\nand type the code\n\n  {code}\n\nwithin {minutes} minutes.\n\n"
            ));
        }
    }
}

fn say(lines: &str) {
    output::note_lines(&crate::render::style::printable_lines(lines));
}

/// The address holds a code, so it is not shown while it is typed.
fn paste() -> Result<Secret, InputError> {
    if let Some(typed) = shell::unseen("The address that the browser ended at")? {
        return Ok(typed);
    }
    output::note("Paste the address that the browser ended at:");
    let line = shell::line().map_err(|e| InputError::new("the address", format!("can not be read: {e}")))?;
    Ok(Secret::new(line))
}
