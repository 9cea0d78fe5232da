//! Who logs in, and who stands in From: what each road wants of a token, before anything is sent. Pure.
//!
//! The rules are per road and per kind of token. An application names the mailbox itself. A person is the user of its own
//! token: over SMTP nobody else may stand in `user=`, over IMAP a shared mailbox may (Microsoft Learn, "Authenticate an
//! IMAP, POP or SMTP connection using OAuth"; nextcloud/mail #13667 and frappe #23079 for SMTP), over Graph another
//! mailbox takes a scope of its own (Microsoft Learn, "Send Outlook messages from another user").

use crate::facts::{SetupFacts, TokenFacts};
use crate::road::Road;

/// What the user asked for, by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// The mailbox: `user=` of a login, or the user in a path.
    pub mailbox: Option<&'a str>,
    /// The address in MAIL FROM and From, where it is not the mailbox.
    pub from: Option<&'a str>,
    /// `user=` of a login string that was given in the place of a token.
    pub sasl_user: Option<&'a str>,
}

/// Whether names and token fit on a road.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// They do; the words say by what.
    Yes(String),
    /// Only the service can tell: a right outside of the token decides.
    Open(Doubt, String),
    /// They do not.
    No(Objection, String),
}

/// What is not known before the service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A person opens a mailbox that is not its own.
    OtherMailbox,
    /// From is another address than the mailbox.
    SendAs,
}

/// Why it can not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// The token is another user's than the one who logs in.
    OtherUser,
    /// The login string names another user than the road wants.
    SaslUser,
    /// The token lacks the scope for mailboxes of others.
    SharedScope,
}

/// The scope without which a person sends over Graph from its own mailbox alone (Microsoft Learn, "Microsoft Graph
/// permissions reference").
const SHARED: &str = "Mail.Send.Shared";

impl<'a> Names<'a> {
    /// The names of a set-up on one road, for one token. High Volume Email has an account of its own.
    pub fn of(road: Road, setup: &'a SetupFacts, token: &'a TokenFacts) -> Names<'a> {
        let hve = setup.hve_account.as_deref().or(setup.from.as_deref()).filter(|_| road == Road::Hve);
        Names {
            mailbox: hve.or(setup.mailbox.as_deref()),
            from: setup.from.as_deref(),
            sasl_user: token.sasl_user.as_deref(),
        }
    }
}

/// Whether the one who logs in, or whose mailbox stands in the path, fits the token. None where there is nothing to
/// compare: no mailbox is named, the token names no user, or the road has no login.
pub fn login(road: Road, token: &TokenFacts, names: &Names<'_>) -> Option<Fit> {
    road.wants()?;
    let mailbox = names.mailbox?;
    let person = match token.scopes() {
        Some(_) => Some(user_of(token)?),
        None => None,
    };
    if let Some(fit) = sasl_user(road, person, mailbox, names.sasl_user) {
        return Some(fit);
    }
    let Some(person) = person else {
        return Some(Fit::Yes(format!("an application's token, for {mailbox}")));
    };
    if same(person, mailbox) {
        return Some(Fit::Yes(format!("{person}, by the token and by the mailbox")));
    }
    Some(other_mailbox(road, token, person, mailbox))
}

/// A person's token and the mailbox of somebody else.
fn other_mailbox(road: Road, token: &TokenFacts, person: &str, mailbox: &str) -> Fit {
    let differ = format!("the token is {person}'s");
    match road {
        Road::Graph if !holds_shared(token) => {
            let words = format!("{differ}, the mailbox in the path is {mailbox}, and scp lacks {SHARED}");
            Fit::No(Objection::SharedScope, words)
        }
        Road::Graph => {
            let words =
                format!("{differ}, the mailbox in the path is {mailbox}: that takes Full Access to it, and Send As");
            Fit::Open(Doubt::OtherMailbox, words)
        }
        Road::Ews => {
            let words = format!("{differ}, the mailbox is {mailbox}: that takes access to it as a delegate");
            Fit::Open(Doubt::OtherMailbox, words)
        }
        Road::Imap => {
            let words = format!("{differ}, user= is {mailbox}: IMAP takes that from whoever has Full Access to it");
            Fit::Open(Doubt::OtherMailbox, words)
        }
        Road::Pop => {
            let words =
                format!("{differ}, user= is {mailbox}: POP is said to take that from whoever has Full Access to it");
            Fit::Open(Doubt::OtherMailbox, words)
        }
        Road::Smtp | Road::Hve | Road::Relay | Road::Direct => {
            let words = format!("{differ}, user= is {mailbox}\nover {} user= must be {person}", road.label());
            Fit::No(Objection::OtherUser, words)
        }
    }
}

/// What a login string that was pasted says of itself. Where the mailbox could stand in `user=` as well as the person,
/// either will do.
fn sasl_user(road: Road, person: Option<&str>, mailbox: &str, said: Option<&str>) -> Option<Fit> {
    let said = said.filter(|_| has_login_string(road))?;
    let wanted = match (person, road) {
        (None, _) => [mailbox, mailbox],
        (Some(person), Road::Smtp | Road::Hve) => [person, person],
        (Some(person), _) => [person, mailbox],
    };
    if wanted.iter().any(|wanted| same(wanted, said)) {
        return None;
    }
    let words = format!("user= of the login string is {said}, {} wants {}", road.label(), wanted[0]);
    Some(Fit::No(Objection::SaslUser, words))
}

fn has_login_string(road: Road) -> bool {
    matches!(road, Road::Smtp | Road::Hve | Road::Imap | Road::Pop)
}

/// Whether the address in MAIL FROM and From fits the mailbox that sends. None where no mail leaves over the road, no
/// mailbox is named, or From is not asked to be another address.
pub fn sender(road: Road, token: &TokenFacts, names: &Names<'_>) -> Option<Fit> {
    if !matches!(road, Road::Smtp | Road::Graph | Road::Ews) {
        return None;
    }
    let (mailbox, from) = (names.mailbox?, names.from?);
    if same(mailbox, from) {
        return Some(Fit::Yes(format!("{from} is the mailbox itself")));
    }
    let differ = format!("From is {from}, the mailbox is {mailbox}");
    if road == Road::Graph && token.scopes().is_some() && !holds_shared(token) {
        return Some(Fit::No(Objection::SharedScope, format!("{differ}, and scp lacks {SHARED}")));
    }
    let words = format!("{differ}: an alias of it, or an address that it may send as");
    Some(Fit::Open(Doubt::SendAs, words))
}

/// Why a mail can not leave over a road that says so only once it has the mail: then it is held back. SMTP says it at the
/// login and EWS when the folder is opened, long before the mail, and their own word counts for more than ours.
pub fn holds_back(road: Road, token: &TokenFacts, names: &Names<'_>) -> Option<String> {
    if road != Road::Graph {
        return None;
    }
    [login(road, token, names), sender(road, token, names)].into_iter().flatten().find_map(|fit| match fit {
        Fit::No(_, words) => Some(words),
        Fit::Yes(_) | Fit::Open(..) => None,
    })
}

/// Who signed in: `upn` of a token of version 1, `preferred_username` of one of version 2.
pub fn user_of(token: &TokenFacts) -> Option<&str> {
    ["upn", "preferred_username", "unique_name"].into_iter().find_map(|claim| token.text(claim))
}

fn holds_shared(token: &TokenFacts) -> bool {
    token.scopes().is_some_and(|scopes| scopes.contains(&SHARED))
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests;
