//! Which steps there are, and how they stand after a look.

use super::*;
use crate::check::{Check, Judge};

/// A finding of a check of this name, with a cause or without.
fn finding(id: &'static str, road: Option<Road>, of: Option<&'static crate::kb::Cause>) -> Finding {
    let check = Box::leak(Box::new(Check { id, title: "", needs: &[], judge: Judge::Once(|_| Verdict::pass("")) }));
    let verdict = match of {
        Some(of) => Verdict::fail(of, "words"),
        None => Verdict::pass("words"),
    };
    Finding { check, road, outcome: Outcome::Judged(verdict.expect("a verdict")) }
}

/// `+` done, `?` unseen, or the step that is to blame.
fn word(step: Step, steps: &[Step], findings: &[Finding]) -> String {
    match standing(step, steps, findings) {
        Standing::Done(_) => "+".to_owned(),
        Standing::Unseen => "?".to_owned(),
        Standing::Fault(at, _) => format!("{at:?}"),
    }
}

#[test]
fn the_steps_are_those_of_the_road_and_of_who_sends() {
    let count = |roads: &[Road], kind: Kind| of(roads, kind).len();
    assert_eq!(count(&[Road::Smtp], Kind::Application), 9);
    assert_eq!(of(&[Road::Relay], Kind::Application), [Step::Connector, Step::Records, Step::Probe]);
    assert_eq!(of(&[Road::Direct], Kind::Application), [Step::Records, Step::Probe]);
    assert_eq!(count(&[Road::Graph], Kind::Application), 6);
    assert_eq!(of(&[Road::Graph], Kind::Machine)[..2], [Step::Credential, Step::Consent]);
    let shared = of(&[Road::Graph], Kind::Person { shared: true });
    assert!(shared.contains(&Step::SignIn) && shared.contains(&Step::MailboxRight));
    assert!(!of(&[Road::Graph], Kind::Person { shared: false }).contains(&Step::MailboxRight));
    for road in Road::ALL {
        let steps = of(&[road], Kind::Application);
        assert!(steps.is_sorted() && steps.last() == Some(&Step::Probe), "{road}");
    }
}

#[test]
fn a_finding_speaks_against_its_step() {
    let steps = of(&[Road::Smtp], Kind::Application);
    let smtp = Some(Road::Smtp);
    for (at, id, of, expected) in [
        (Step::Registration, "token.issued", &cause::AADSTS700016, "Registration"),
        (Step::Registration, "token.issued", &cause::AADSTS7000215, "+"),
        (Step::Credential, "token.issued", &cause::AADSTS7000215, "Credential"),
        (Step::Permission, "token.role", &cause::TOKEN_ROLE_MISSING_SMTP, "?"),
        (Step::Consent, "token.role", &cause::TOKEN_ROLE_MISSING_SMTP, "Consent"),
        (Step::ServicePrincipal, "smtp.login", &cause::SMTP_LOGIN_REFUSED, "ServicePrincipal"),
        (Step::ServicePrincipal, "smtp.login", &cause::SMTP_AUTH_OFF_TENANT, "?"),
        (Step::Switch, "smtp.login", &cause::SMTP_AUTH_OFF_TENANT, "Switch"),
        (Step::Switch, "smtp.login", &cause::MAILBOX_RIGHT_MISSING, "MailboxRight"),
        (Step::Switch, "exchange.object-id", &cause::EXCHANGE_WRONG_OBJECT_ID, "ServicePrincipal"),
        (Step::Records, "dns.spf", &cause::SPF_MISSING, "Records"),
        (Step::Switch, "dns.spf", &cause::SPF_MISSING, "?"),
        // What the network did is nobody's step, so the one at hand is shown.
        (Step::Credential, "smtp.reach", &cause::CONNECTION_REFUSED, "Credential"),
    ] {
        assert_eq!(word(at, &steps, &[finding(id, smtp, Some(of))]), expected, "{at:?} {id} {}", of.id);
    }
    let logged_in = [finding("smtp.login", smtp, None)];
    for step in [Step::ServicePrincipal, Step::MailboxRight, Step::Switch] {
        assert_eq!(word(step, &steps, &logged_in), "+");
    }
    assert_eq!(word(Step::Consent, &steps, &logged_in), "?");
}

#[test]
fn a_step_that_the_walk_has_not_gives_the_blame_on() {
    let steps = of(&[Road::Smtp], Kind::Person { shared: false });
    let refused = [finding("token.issued", None, Some(&cause::AADSTS65001))];
    assert_eq!(word(Step::SignIn, &steps, &refused), "SignIn");
    let login = [finding("smtp.login", Some(Road::Smtp), Some(&cause::SMTP_LOGIN_REFUSED))];
    assert_eq!(word(Step::Switch, &steps, &login), "Switch");
}
