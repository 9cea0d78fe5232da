//! What a stored sign-in is worth, and where the token of a personal account opens something.

use super::*;
use crate::road::Road;
use crate::sandbox::Scenario;
use crate::sandbox::grants::{HveLogin, Login, Opening};

const ALICE: &str = "alice@contoso.test";
const CAROL: &str = "carol@outlook.test";

fn state(story: &str) -> State {
    toml::from_str::<Scenario>(story).expect("a scenario").alone()
}

fn personal() -> State {
    state("[tenant.app]\naudience = \"AzureADandPersonalMicrosoftAccount\"\n")
}

/// The answer to a stored refresh token, asked for at a tenant.
fn refreshed(state: &mut State, name: &str, user: &str, scope: &str) -> Result<serde_json::Value, Refusal> {
    let scopes: Vec<String> = format!("{scope} offline_access").split(' ').map(str::to_owned).collect();
    let token = state.signed_in(user, &scopes);
    let client_id = state.tenants[0].app.client_id.clone();
    let fields = [("client_id", client_id), ("refresh_token", token)];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    grants::refresh(state, name, &fields, &HeaderMap::new())
}

fn refusal(story: &str, name: &str) -> String {
    let answer = refreshed(&mut state(story), name, ALICE, "https://outlook.office.com/SMTP.Send");
    answer.expect_err("a refusal").sentence()
}

#[test]
fn a_stored_sign_in_becomes_a_token() {
    let mut state = state("");
    let answer = refreshed(&mut state, "contoso.test", ALICE, "https://outlook.office.com/SMTP.Send");
    let answer = answer.unwrap_or_else(|refusal| panic!("{}", refusal.sentence()));
    let token = answer["access_token"].as_str().expect("a token");
    let at = Timestamp::now().as_second();
    assert_eq!(state.smtp_login(ALICE, token, at), Login::Open(ALICE.to_owned()));
    assert!(state.signed_in("nobody@contoso.test", &[]).is_empty());
}

#[test]
fn a_stored_sign_in_ends_by_what_changed_since() {
    let alice = |words: &str| format!("[mailboxes.\"{ALICE}\"]\n{words}\n");
    let cases = [
        (alice("disabled = true"), "AADSTS50057: "),
        (alice("mfa = \"wanted\""), "AADSTS50076: "),
        (alice("mfa = \"unregistered\""), "AADSTS50079: "),
        (alice("sessions_revoked = 3600"), "AADSTS50173: "),
        ("[tenant.sign_in]\nblocked = true\n".to_owned(), "AADSTS53003: "),
        ("[tenant.sign_in]\nunused_days = 100\n".to_owned(), "AADSTS700082: "),
        ("[tenant.app]\nscopes_consented = \"asked\"\n".to_owned(), "AADSTS65001: "),
        ("[tenant.app]\nassigned = []\n".to_owned(), "AADSTS50105: "),
        ("[tenant.app]\nregistered = false\n".to_owned(), "AADSTS700016: "),
    ];
    for (story, words) in cases {
        let said = refusal(&story, "contoso.test");
        assert!(said.starts_with(words), "{story}: {said}");
    }
    // Revoked before it was granted: it is good.
    let mut state = state(&alice("sessions_revoked = 100000"));
    assert!(refreshed(&mut state, "contoso.test", ALICE, "https://outlook.office.com/SMTP.Send").is_ok());
}

#[test]
fn a_grant_is_good_in_its_own_tenant() {
    let mut state = personal();
    let said = refreshed(&mut state, "contoso.test", CAROL, "https://outlook.office.com/SMTP.Send");
    let said = said.expect_err("a refusal").sentence();
    assert!(said.starts_with("AADSTS90072: ") && said.contains("'live.com'"), "{said}");
}

#[test]
fn the_token_of_a_personal_account_opens_its_mailbox_and_no_high_volume() {
    let mut state = personal();
    let scopes = ["SMTP.Send", "IMAP.AccessAsUser.All", "POP.AccessAsUser.All"];
    let scopes = scopes.map(|scope| format!("https://outlook.office.com/{scope}")).join(" ");
    let answer = refreshed(&mut state, "consumers", CAROL, &scopes);
    let answer = answer.unwrap_or_else(|refusal| panic!("{}", refusal.sentence()));
    let token = answer["access_token"].as_str().expect("a token").to_owned();
    let at = Timestamp::now().as_second();
    assert_eq!(state.smtp_login(CAROL, &token, at), Login::Open(CAROL.to_owned()));
    for road in [Road::Imap, Road::Pop] {
        assert_eq!(state.open_mailbox(road, CAROL, &token, at), Opening::Open(CAROL.to_owned()));
    }
    assert_eq!(state.smtp_login(CAROL, &format!("{token}x"), at), Login::Refused);
    assert!(matches!(state.hve_login("hve@contoso.test", &token, at), HveLogin::Refused(_)));
    assert!(state.hve_recipient_refused(CAROL).is_some() && state.hve_recipient_refused(ALICE).is_none());
    assert!(state.graph_token(&token, at).is_err());
    let answer = refreshed(&mut state, "consumers", CAROL, "Mail.Send");
    let answer = answer.unwrap_or_else(|refusal| panic!("{}", refusal.sentence()));
    let token = answer["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(state.graph_token(&token, at).expect("a token of Graph").person().as_deref(), Some(CAROL));
}
