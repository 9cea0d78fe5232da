//! People who sign in: what their tokens say, and what opens to them.

use crate::facts::TokenFacts;
use crate::road::Road;
use crate::sandbox::grants::{Login, Opening};
use crate::sandbox::{Scenario, state::State};
use crate::setup::secret::Secret;

use super::*;

const ALICE: &str = "alice@contoso.test";
const SMITH: &str = "a.smith@contoso.test";
const SHARED: &str = "shared@contoso.test";

fn healthy() -> State {
    Scenario::named("").expect("the healthy tenant").alone()
}

/// Alice, whose account has another name than her mailbox; so she is listed where she is a member.
fn renamed() -> State {
    let mut state = healthy();
    for mailbox in &mut state.tenants[0].mailboxes {
        match mailbox.address.as_str() {
            ALICE => SMITH.clone_into(&mut mailbox.upn),
            SHARED => mailbox.full_access = vec![SMITH.to_owned()],
            _ => {}
        }
    }
    state
}

fn token(state: &State, user: &str, scopes: &str, api: Api) -> String {
    let scopes = scopes.split(' ').map(str::to_owned).collect();
    let person = Person { user: user.to_owned(), scopes, api, stored: false };
    of_person(state, &state.tenants[0], &person).expect("somebody who signs in")
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[test]
fn the_token_of_a_person_names_the_person_and_has_no_role() {
    let state = renamed();
    let text = token(&state, SMITH, "SMTP.Send IMAP.AccessAsUser.All", Api::Outlook);
    let mut facts = TokenFacts::default();
    crate::probes::decode_token(&Secret::new(&text), &mut facts);
    assert!(PUBLISHED.signed(&text) && !facts.app_only());
    assert_eq!(
        (facts.text("upn"), facts.text("unique_name"), facts.text("idtyp")),
        (Some(SMITH), Some(SMITH), Some("user"))
    );
    assert_eq!(facts.scopes(), Some(vec!["SMTP.Send", "IMAP.AccessAsUser.All"]));
    assert!(facts.roles().is_empty());
    let alice = state.tenants[0].mailboxes.iter().find(|mailbox| mailbox.address == ALICE).expect("alice");
    assert_eq!(facts.text("oid"), Some(&*alice.id));
    assert_ne!(facts.text("sub"), facts.text("oid"));
    assert_eq!(facts.client_id(), Some(&*state.tenants[0].app.client_id));
}

#[test]
fn nobody_signs_in_to_a_shared_mailbox_or_by_an_address_that_is_no_account() {
    let state = renamed();
    for user in [SHARED, ALICE, "nobody@contoso.test"] {
        let person = Person { user: user.to_owned(), ..Person::default() };
        assert!(of_person(&state, &state.tenants[0], &person).is_none(), "{user}");
    }
}

#[test]
fn over_smtp_a_person_is_nobody_but_itself() {
    let state = renamed();
    let good = token(&state, SMITH, "SMTP.Send", Api::Outlook);
    let reading = token(&state, SMITH, "IMAP.AccessAsUser.All", Api::Outlook);
    let graph = token(&state, SMITH, "SMTP.Send", Api::Graph);
    let login = |user: &str, token: &str| state.smtp_login(user, token, now());
    assert_eq!(login(SMITH, &good), Login::Open(ALICE.to_owned()));
    assert_eq!(login("A.Smith@Contoso.test", &good), Login::Open(ALICE.to_owned()));
    for (user, token) in
        [(ALICE, &good), (SHARED, &good), ("bob@contoso.test", &good), (SMITH, &reading), (SMITH, &graph)]
    {
        assert_eq!(login(user, token), Login::Refused, "{user}");
    }
}

#[test]
fn over_imap_and_pop_a_person_opens_what_it_is_a_member_of() {
    let state = renamed();
    let token = token(&state, SMITH, "IMAP.AccessAsUser.All POP.AccessAsUser.All", Api::Outlook);
    for road in [Road::Imap, Road::Pop] {
        let open = |user: &str| state.open_mailbox(road, user, &token, now());
        assert_eq!(open(SMITH), Opening::Open(ALICE.to_owned()));
        assert_eq!(open(SHARED), Opening::Open(SHARED.to_owned()));
        for user in ["bob@contoso.test", ALICE, "nobody@contoso.test"] {
            assert_eq!(open(user), Opening::NotConnected, "{user}");
        }
    }
}

#[test]
fn over_graph_the_scopes_of_a_person_reach_its_own_mailbox_and_the_shared_ones_more() {
    let state = renamed();
    let reaches = |scopes: &str, address: &str, wanted: &str| {
        let text = token(&state, SMITH, scopes, Api::Graph);
        let token = state.graph_token(&text, now()).expect("a token of Graph");
        assert_eq!(token.person().as_deref(), Some(ALICE));
        let mailbox = token.tenant.mailboxes.iter().find(|mailbox| mailbox.has(address)).expect("a mailbox");
        token.reaches(mailbox, &[wanted])
    };
    assert!(reaches("Mail.Send", ALICE, "Mail.Send") && reaches("Mail.Send.Shared", ALICE, "Mail.Send"));
    assert!(!reaches("Mail.Send", SHARED, "Mail.Send") && reaches("Mail.Send.Shared", SHARED, "Mail.Send"));
    assert!(reaches("Mail.Read.Shared", SHARED, "Mail.Read"));
    assert!(!reaches("Mail.Read.Shared", "bob@contoso.test", "Mail.Read"));
    assert!(!reaches("Mail.Read", SHARED, "Mail.Read") && !reaches("Mail.Send", ALICE, "Mail.Read"));
}
