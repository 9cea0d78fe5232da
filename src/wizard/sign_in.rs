//! A person signs in, in the midst of the walk: with what `login` does.

use super::ask::End;
use super::document::Block;
use super::walk::Walk;
use crate::check::Finding;
use crate::checks;
use crate::observe::sign_in::{Person, Tell, Way, sign_in as begin};
use crate::report::Word;
use crate::sandbox::{Deed, Sandbox};
use crate::setup::secret::Secret;
use crate::setup::{Credential, InputError, Kept, Need, Setup, Wants, shell};
use crate::sign_in::{Entry, Held};

/// Asks how, has it done, and keeps what it leaves behind.
pub(super) async fn sign_in(walk: &mut Walk) -> Result<(), End> {
    let ways = [
        (Way::Browser, "in the browser of this computer"),
        (Way::Code, "with a short code, on any computer"),
        (Way::Paste, "in a browser elsewhere; I paste the address that it ends at"),
    ];
    let items = ways.iter().map(|(_, words)| (*words).to_owned()).collect();
    let way = ways[walk.asker.choose("o365doctor login", "How to sign in", items).await?].0;
    let setup = set_up(walk)?;
    let scopes = setup.person_scopes();
    let print = walk.screen.print;
    let person = Person { tell: &move |what| tell(print, &what, way), paste: &paste };
    let signed_in = Box::pin(begin(&setup, &scopes, way, person)).await?;
    if let (Some(entry), Some(Credential::Delegated { kept, .. })) = (&signed_in.entry, &setup.credential) {
        return keep(walk, entry, kept).await;
    }
    walk.line(Word::Fail, "Sign-in", "nothing came of it");
    let failed: Vec<Finding> = checks::findings(&signed_in.visit).into_iter().filter(Finding::failed).collect();
    walk.findings(&failed);
    Ok(())
}

/// The owner of the mailbox, or the account that was named, signs in to the sandbox.
pub(super) async fn in_sandbox(walk: &mut Walk) -> Result<(), End> {
    let setup = set_up(walk)?;
    let user = setup.account().map(str::to_owned).or_else(|| setup.mailbox.clone()).unwrap_or_default();
    let scopes: Vec<String> = setup.person_scopes().into_iter().flat_map(|scopes| scopes.names).collect();
    // The person agrees to what the registration asks for, on the page of the sign-in.
    let sign = |sandbox: &Sandbox| {
        sandbox.administer(Deed::Consent);
        sandbox.sign_in(&user, &scopes)
    };
    let entry = walk.ground.sandbox.as_ref().and_then(sign);
    if let (Some(entry), Some(Credential::Delegated { kept, .. })) = (entry, &setup.credential) {
        return keep(walk, &entry, kept).await;
    }
    walk.line(Word::Fail, "Sandbox", "it knows nobody of this name");
    Ok(())
}

fn set_up(walk: &Walk) -> Result<Setup, InputError> {
    let wants = Wants { application: true, credential: Need::SignIn, any_tenant: true, ..Wants::default() };
    walk.ground.setup(wants)
}

async fn keep(walk: &Walk, entry: &Entry, kept: &Kept) -> Result<(), End> {
    let refused = |e| crate::setup::store_refused(e).late();
    let held = Held::of(&kept.store, &kept.key).await.map_err(refused)?;
    held.write(entry).map_err(refused)?;
    let who = entry.account.as_deref().unwrap_or("somebody whom the service did not name");
    walk.line(Word::Pass, "Signed in", &format!("{who}; kept in {}", kept.place()));
    Ok(())
}

pub(super) fn tell(print: fn(&str), what: &Tell<'_>, way: Way) {
    let blocks = match what {
        Tell::Open(url) => {
            let opened = way == Way::Browser && webbrowser::open(url.as_str()).is_ok();
            let lead = if opened { "Your browser shows a page; if it does not, open:" } else { "Open this page:" };
            vec![Block::text(lead), Block::Code("link", format!("{url}\n"))]
        }
        Tell::Type { page, code, life } => vec![
            Block::text("Open this page on any computer:"),
            Block::Code("link", format!("{page}\n")),
            Block::Text(format!("and type this code within {} minutes:", life.as_secs() / 60)),
            Block::Code("text", format!("{code}\n")),
        ],
    };
    print(&super::document::terminal(&blocks, 80));
}

/// The address holds a code, so it is not shown while it is typed.
pub(super) fn paste() -> Result<Secret, InputError> {
    let typed = shell::unseen("The address that the browser ended at")?;
    typed.ok_or_else(|| InputError::new("o365doctor login", "has to be run first; there is no terminal to ask on"))
}
