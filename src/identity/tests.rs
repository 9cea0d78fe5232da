//! The rules as one table: road by kind of token by what the names are to each other.

use serde_json::{Value, json};

use super::*;
use crate::facts::Form;

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Grant {
    App,
    /// A person, without and with the scope for mailboxes of others.
    Person,
    PersonShared,
}

/// What the mailbox is to the token's user.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mailbox {
    Own,
    Other,
}

const GRANTS: [Grant; 3] = [Grant::App, Grant::Person, Grant::PersonShared];
const MAILBOXES: [Mailbox; 2] = [Mailbox::Own, Mailbox::Other];
const UPN: &str = "Alice@contoso.test";

fn token(grant: Grant) -> TokenFacts {
    let claims = match grant {
        Grant::App => json!({ "idtyp": "app", "roles": ["SMTP.SendAsApp"] }),
        Grant::Person => json!({ "upn": UPN, "scp": "SMTP.Send Mail.Send" }),
        Grant::PersonShared => json!({ "upn": UPN, "scp": "SMTP.Send Mail.Send Mail.Send.Shared" }),
    };
    let Value::Object(claims) = claims else { unreachable!("an object was written") };
    TokenFacts { form: Some(Form::Jwt), claims, ..TokenFacts::default() }
}

fn address(mailbox: Mailbox) -> &'static str {
    match mailbox {
        Mailbox::Own => "alice@contoso.test",
        Mailbox::Other => "shared@contoso.test",
    }
}

/// A verdict without its words.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Short {
    Nothing,
    Yes,
    Open(Doubt),
    No(Objection),
}

fn short(fit: Option<&Fit>) -> Short {
    match fit {
        None => Short::Nothing,
        Some(Fit::Yes(_)) => Short::Yes,
        Some(Fit::Open(doubt, _)) => Short::Open(*doubt),
        Some(Fit::No(objection, _)) => Short::No(*objection),
    }
}

/// What is right, written down a second time: every pair that is not named is a mistake of the table.
fn login_wanted(road: Road, grant: Grant, mailbox: Mailbox) -> Short {
    use Mailbox::{Other, Own};
    match (road, grant, mailbox) {
        (Road::Relay | Road::Direct, ..) => Short::Nothing,
        (_, Grant::App, _) | (_, _, Own) => Short::Yes,
        (Road::Smtp | Road::Hve, _, Other) => Short::No(Objection::OtherUser),
        (Road::Imap | Road::Pop | Road::Ews, _, Other) => Short::Open(Doubt::OtherMailbox),
        (Road::Graph, Grant::Person, Other) => Short::No(Objection::SharedScope),
        (Road::Graph, Grant::PersonShared, Other) => Short::Open(Doubt::OtherMailbox),
    }
}

#[test]
fn who_may_log_in_is_settled_for_each_road_token_and_mailbox() {
    for road in Road::ALL {
        for grant in GRANTS {
            for mailbox in MAILBOXES {
                let names = Names { mailbox: Some(address(mailbox)), ..Names::default() };
                let fit = login(road, &token(grant), &names);
                assert_eq!(short(fit.as_ref()), login_wanted(road, grant, mailbox), "{road} {grant:?} {mailbox:?}");
            }
        }
    }
}

fn sender_wanted(road: Road, grant: Grant, from: Mailbox) -> Short {
    match (road, grant, from) {
        (Road::Imap | Road::Pop | Road::Hve | Road::Relay | Road::Direct, ..) => Short::Nothing,
        (Road::Smtp | Road::Graph | Road::Ews, _, Mailbox::Own) => Short::Yes,
        (Road::Graph, Grant::Person, Mailbox::Other) => Short::No(Objection::SharedScope),
        (Road::Smtp | Road::Ews, _, Mailbox::Other)
        | (Road::Graph, Grant::App | Grant::PersonShared, Mailbox::Other) => Short::Open(Doubt::SendAs),
    }
}

#[test]
fn who_may_stand_in_from_is_settled_for_each_road_token_and_address() {
    for road in Road::ALL {
        for grant in GRANTS {
            for from in MAILBOXES {
                let names = Names { mailbox: Some(UPN), from: Some(address(from)), sasl_user: None };
                let fit = sender(road, &token(grant), &names);
                assert_eq!(short(fit.as_ref()), sender_wanted(road, grant, from), "{road} {grant:?} {from:?}");
            }
        }
    }
}

/// `user=` of a login string against what each road wants there; `shared` is the mailbox of the set-up.
fn said_wanted(road: Road, grant: Grant, said: &str) -> bool {
    match (road, grant) {
        (Road::Graph | Road::Ews | Road::Relay | Road::Direct, _) => true,
        (_, Grant::App) => said == "shared@contoso.test",
        (Road::Smtp | Road::Hve, _) => said == "alice@contoso.test",
        (Road::Imap | Road::Pop, _) => said != "bob@contoso.test",
    }
}

#[test]
fn a_login_string_names_whom_the_road_wants() {
    for road in Road::ALL {
        for grant in GRANTS {
            for said in ["alice@contoso.test", "shared@contoso.test", "bob@contoso.test"] {
                let names = Names { mailbox: Some("shared@contoso.test"), from: None, sasl_user: Some(said) };
                let objected = short(login(road, &token(grant), &names).as_ref()) == Short::No(Objection::SaslUser);
                assert_eq!(!objected, said_wanted(road, grant, said), "{road} {grant:?} {said}");
            }
        }
    }
}

#[test]
fn a_mail_is_held_back_only_where_nothing_else_would_say_it() {
    let shared = Names { mailbox: Some("shared@contoso.test"), ..Names::default() };
    let as_shared = Names { mailbox: Some(UPN), from: Some("shared@contoso.test"), sasl_user: None };
    for names in [shared, as_shared] {
        for road in Road::ALL {
            for grant in GRANTS {
                let held = holds_back(road, &token(grant), &names).is_some();
                assert_eq!(held, road == Road::Graph && grant == Grant::Person, "{road} {grant:?} {names:?}");
            }
        }
    }
}

#[test]
fn where_a_name_is_missing_nothing_is_compared() {
    let nobody = Names::default();
    let named = Names { mailbox: Some("shared@contoso.test"), ..Names::default() };
    let mut nameless = token(Grant::Person);
    nameless.claims.remove("upn");
    for road in Road::ALL {
        assert_eq!(login(road, &token(Grant::Person), &nobody), None, "{road}");
        assert_eq!(login(road, &nameless, &named), None, "{road}");
        assert_eq!(sender(road, &token(Grant::Person), &named), None, "{road}");
    }
    nameless.claims.insert("preferred_username".to_owned(), Value::from("shared@contoso.test"));
    assert_eq!(short(login(Road::Smtp, &nameless, &named).as_ref()), Short::Yes);
}

#[test]
fn high_volume_email_logs_in_with_its_own_account() {
    let setup = SetupFacts {
        mailbox: Some("alice@contoso.test".to_owned()),
        hve_account: Some("hve@contoso.test".to_owned()),
        ..SetupFacts::default()
    };
    let token = token(Grant::Person);
    let on = |road: Road| short(login(road, &token, &Names::of(road, &setup, &token)).as_ref());
    assert_eq!(on(Road::Smtp), Short::Yes);
    assert_eq!(on(Road::Hve), Short::No(Objection::OtherUser));
}
