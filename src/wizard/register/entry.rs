//! An administrator signs in: where, how, what was in the way, and what is left of it.

use crate::directory::{self, ADMIN_CLIENT_ID, Blocked, Entered, Office, Refused, Trail};
use crate::kb::Cause;
use crate::observe::sign_in::{Person, Tell, Way};
use crate::report::Word;
use crate::setup::Setup;
use crate::wizard::ask::End;
use crate::wizard::document::Block;
use crate::wizard::sign_in;
use crate::wizard::walk::Walk;

/// Where an administrator signs in.
pub(in crate::wizard) fn office<'a>(setup: &'a Setup, client_id: &'a str) -> Office<'a> {
    let named = setup.tenant.as_deref().filter(|tenant| !["common", "consumers"].contains(tenant));
    Office {
        cloud: &setup.cloud,
        tenant: named.or(setup.domain.as_deref()).unwrap_or("organizations"),
        client_id,
        account: None,
        timeout: setup.timeout,
        proxy: setup.proxy.as_ref(),
        mask: &setup.mask,
    }
}

/// Has an administrator sign in. The one of the sandbox types the code that is shown.
pub(in crate::wizard) async fn enter(walk: &Walk, office: &Office<'_>, scopes: &[&str]) -> Result<Entered, End> {
    walk.say(&[Block::Text(format!(
        "An administrator signs in to the client {}. It asks for {}; what comes of it is kept nowhere.",
        named(office.client_id),
        scopes.join(" and ")
    ))]);
    let items = vec!["in the browser of this computer".to_owned(), "with a short code, on any computer".to_owned()];
    let sandbox = walk.ground.sandbox.as_ref();
    let ways: &[Way] = match sandbox {
        Some(_) => &[Way::Code],
        None if walk.asker.terminal && walk.asker.choose("--register", "How to sign in", items).await? == 1 => {
            &[Way::Code]
        }
        None => &[Way::Browser, Way::Code],
    };
    let print = walk.screen.print;
    let tell = |what: Tell<'_>| {
        let way = if matches!(what, Tell::Open(_)) { Way::Browser } else { Way::Code };
        sign_in::tell(print, &what, way);
        if let (Some(sandbox), Tell::Type { code, .. }) = (sandbox, &what) {
            sandbox.type_code(code);
        }
    };
    let person = Person { tell: &tell, paste: &sign_in::paste };
    Ok(Box::pin(directory::sign_in(office, scopes, ways, &person)).await?)
}

/// Each way that is blocked, with its page.
pub(in crate::wizard) fn show_blocked(walk: &Walk, blocked: &[Blocked]) {
    for one in blocked {
        let way = if one.way == Way::Browser { "in a browser" } else { "with a code" };
        walk.line(Word::Fail, "Sign-in", &format!("{way}: {}", one.words));
        more(walk, one.cause);
    }
}

/// A refusal of the directory, with its page.
pub(in crate::wizard) fn show_refused(walk: &Walk, refused: &Refused) {
    walk.line(Word::Fail, "Directory", &refused.to_string());
    more(walk, refused.cause);
}

fn more(walk: &Walk, cause: Option<&'static Cause>) {
    if let Some(cause) = cause {
        walk.say(&[Block::Text(format!("More: o365doctor explain {}", cause.id))]);
    }
}

/// What the sign-in itself left in the directory, with the command that removes it.
pub(in crate::wizard) fn show_trails(walk: &Walk, trails: &[Trail]) {
    for trail in trails {
        let whom = if trail.for_all { "for everybody" } else { "for who signed in" };
        let removal = match trail.grant {
            Some(_) => "This removes it:",
            None => "This shows it, and Remove-MgOauth2PermissionGrant with its Id removes it:",
        };
        let asked = trail.asked.join(" and ");
        let client = named(&trail.client);
        walk.say(&[
            Block::Text(format!("The sign-in left a consent behind: the client {client} may ask for {asked}, {whom}.")),
            Block::text(removal),
            Block::Code("powershell", in_lines(&trail.removal()) + "\n"),
        ]);
    }
}

/// A client by its name, where it is the usual one.
fn named(client_id: &str) -> String {
    match client_id {
        ADMIN_CLIENT_ID => format!("Microsoft Graph Command Line Tools ({client_id})"),
        other => other.to_owned(),
    }
}

/// A command of PowerShell in several lines, as narrow as its ids let it be.
fn in_lines(command: &str) -> String {
    let breaks =
        [(" | ", " |\n  "), (" -EQ ", " -EQ `\n    "), (" -OAuth2", " `\n  -OAuth2"), (" -Scope ", " `\n  -Scope ")];
    breaks.into_iter().fold(command.to_owned(), |text, (at, lines)| text.replace(at, lines))
}
