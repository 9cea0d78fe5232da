//! What the witnesses leave of a bare refusal, over made-up visits: every pair of roads, and states that must not decide.

use serde_json::json;

use super::witness::{self, At, Testimony};
use crate::check::Verdict;
use crate::facts::{
    ExchangeFacts, Form, MailboxFacts, MailboxReply, MailboxStage, MailboxStep, Reply, SmtpFacts, Stage, Step,
    TokenFacts, Visit,
};
use crate::road::Road;

const OID: &str = "9d41e7b2-5c08-4f63-a7d9-0b3e8f6c1a20";
const BARE: &str = "5.7.3 Authentication unsuccessful";
const REFUSED: (&str, &str) = ("NO", "AUTHENTICATE failed.");
const SHUT: (&str, &str) = ("BAD", "User is authenticated but not connected.");
const OK: (&str, &str) = ("OK", "done");

/// A visit with a token that has every right, and nobody talked to yet.
fn visit(claims: serde_json::Value) -> Visit {
    let mut visit = Visit::default();
    visit.setup.cloud.outlook_audiences = vec!["https://outlook.office365.com".to_owned()];
    let serde_json::Value::Object(claims) = claims else { panic!("claims are an object") };
    visit.facts.tokens = vec![TokenFacts { form: Some(Form::Jwt), claims, ..TokenFacts::default() }];
    visit
}

fn app() -> Visit {
    let roles = ["SMTP.SendAsApp", "IMAP.AccessAsApp", "POP.AccessAsApp"];
    visit(json!({"aud": "https://outlook.office365.com", "idtyp": "app", "oid": OID, "roles": roles}))
}

fn smtp(mut visit: Visit, code: u16, text: &str) -> Visit {
    let reply = Some(Reply { code, lines: vec![text.to_owned()] });
    let steps = vec![Step { stage: Stage::Auth, ms: 1, reply, fault: None }];
    visit.facts.smtp = Some(SmtpFacts { steps, ..SmtpFacts::default() });
    visit
}

fn imap(mut visit: Visit, login: (&str, &str), mailbox: Option<(&str, &str)>) -> Visit {
    let step = |stage, (status, text): (&str, &str)| {
        let reply = MailboxReply { status: status.to_owned(), text: text.to_owned(), lines: Vec::new() };
        MailboxStep { stage, ms: 1, reply: Some(reply), fault: None }
    };
    let mut steps = vec![step(MailboxStage::Auth, login)];
    steps.extend(mailbox.map(|said| step(MailboxStage::Mailbox, said)));
    visit.facts.imap = Some(MailboxFacts { steps, ..MailboxFacts::default() });
    visit
}

/// A state in which all is well, of the minute of the visit.
fn well(mut visit: Visit, change: impl FnOnce(&mut ExchangeFacts)) -> Visit {
    let mut state = ExchangeFacts {
        time: visit.facts.observed_at,
        mailbox_found: Some(true),
        registered: Some(true),
        registered_object_ids: vec![OID.to_owned()],
        full_access: Some(true),
        ..ExchangeFacts::default()
    };
    change(&mut state);
    visit.facts.exchange = Some(state);
    visit
}

fn cause(said: &Testimony) -> Option<&'static str> {
    said.cause.map(|cause| cause.id)
}

fn of_smtp(visit: &Visit) -> Option<&'static str> {
    cause(&witness::of(visit, Road::Smtp, At::Both))
}

#[test]
fn imap_beside_smtp_parts_registration_mailbox_and_the_rest() {
    let refused = || smtp(app(), 535, BARE);
    assert_eq!(of_smtp(&refused()), None);
    assert_eq!(of_smtp(&imap(refused(), REFUSED, None)), Some("exchange-registration-refused"));
    assert_eq!(of_smtp(&imap(refused(), OK, Some(SHUT))), Some("mailbox-stays-shut"));
    assert_eq!(of_smtp(&imap(refused(), OK, Some(OK))), Some("smtp-refused-imap-open"));
    assert_eq!(of_smtp(&imap(refused(), OK, None)), None, "a login alone proves no mailbox");
    assert_eq!(of_smtp(&imap(refused(), ("NO", "Server busy"), None)), None, "another refusal says nothing");
}

#[test]
fn smtp_beside_imap_says_what_imap_can_not() {
    let of_imap = |visit: &Visit, at| cause(&witness::of(visit, Road::Imap, at));
    let login = |visit| imap(visit, REFUSED, None);
    let mailbox = |visit| imap(visit, OK, Some(SHUT));
    let refused = || smtp(app(), 535, BARE);
    let open = || smtp(app(), 235, "2.7.0 Authentication successful");
    assert_eq!(of_imap(&login(refused()), At::Login), Some("exchange-registration-refused"));
    assert_eq!(of_imap(&login(open()), At::Login), None);
    assert_eq!(of_imap(&mailbox(refused()), At::Mailbox), Some("mailbox-stays-shut"));
    assert_eq!(of_imap(&mailbox(open()), At::Mailbox), Some("mailbox-protocol-off"));
    let policy = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    assert_eq!(of_imap(&mailbox(smtp(app(), 535, policy)), At::Mailbox), None, "a policy is no bare refusal");
}

#[test]
fn a_road_without_its_role_and_a_person_are_no_witnesses() {
    let roles = |roles: &[&str]| {
        visit(json!({"aud": "https://outlook.office365.com", "idtyp": "app", "oid": OID, "roles": roles}))
    };
    let refused = |visit| imap(smtp(visit, 535, BARE), REFUSED, None);
    assert_eq!(of_smtp(&refused(roles(&["SMTP.SendAsApp"]))), None, "IMAP lacks its role");
    assert_eq!(of_smtp(&refused(roles(&["IMAP.AccessAsApp"]))), None, "SMTP lacks its role");
    let scp = "SMTP.Send IMAP.AccessAsUser.All";
    let person = || visit(json!({"aud": "https://outlook.office365.com", "upn": "a@b.example", "scp": scp}));
    assert_eq!(of_smtp(&refused(person())), None);
    assert_eq!(of_smtp(&well(refused(person()), |state| state.registered = Some(false))), None);
}

#[test]
fn the_state_decides_in_the_order_in_which_the_service_asks() {
    let refused = || smtp(app(), 535, BARE);
    let told = |change: fn(&mut ExchangeFacts)| of_smtp(&well(refused(), change));
    assert_eq!(told(|_| ()), Some("exchange-change-not-in-force"));
    assert_eq!(told(|state| state.full_access = Some(false)), Some("mailbox-right-missing"));
    assert_eq!(told(|state| state.registered_object_ids = vec!["other".to_owned()]), Some("exchange-wrong-object-id"));
    let all = |state: &mut ExchangeFacts| {
        state.registered = Some(false);
        state.mailbox_found = Some(false);
        state.full_access = Some(false);
    };
    assert_eq!(told(all), Some("exchange-not-registered"));
    assert_eq!(told(|state| state.full_access = None), None, "a gap decides nothing");
    // A fault behind a gap is still one.
    let behind = |state: &mut ExchangeFacts| {
        state.registered = None;
        state.full_access = Some(false);
    };
    assert_eq!(told(behind), Some("mailbox-right-missing"));
}

#[test]
fn a_state_that_is_old_or_refuted_leaves_the_word_to_the_roads() {
    let day = jiff::SignedDuration::from_hours(25);
    let old = well(imap(smtp(app(), 535, BARE), REFUSED, None), |state| {
        state.time -= day;
        state.full_access = Some(false);
    });
    let said = witness::of(&old, Road::Smtp, At::Both);
    assert_eq!(cause(&said), Some("exchange-registration-refused"));
    assert!(said.words[0].contains("decides nothing"), "{:?}", said.words);
    let ahead = well(smtp(app(), 535, BARE), |state| state.time += day);
    assert_eq!(of_smtp(&ahead), None, "a state of tomorrow is of a wrong clock");
    let refuted = well(imap(smtp(app(), 535, BARE), OK, Some(OK)), |state| state.registered = Some(false));
    let said = witness::of(&refuted, Road::Smtp, At::Both);
    assert_eq!(cause(&said), Some("smtp-refused-imap-open"));
    assert!(said.words[0].contains("out of date"), "{:?}", said.words);
}

#[test]
fn the_switch_of_a_protocol_is_named_only_where_the_state_leaves_it_open() {
    use crate::facts::ProtocolSwitches;
    let shut = || imap(app(), OK, Some(SHUT));
    let told = |imap| {
        let visit = well(shut(), |state| state.protocols = Some(ProtocolSwitches { imap, ..Default::default() }));
        cause(&witness::of(&visit, Road::Imap, At::Mailbox))
    };
    assert_eq!(told(None), Some("mailbox-protocol-off"));
    assert_eq!(told(Some(false)), Some("mailbox-protocol-off"));
    assert_eq!(told(Some(true)), Some("exchange-change-not-in-force"));
}

/// What the check of EWS says of these settings.
fn ews(settings: crate::facts::EwsSettings) -> Option<&'static str> {
    let client_id = "3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70".to_owned();
    let visit = well(app(), |state| (state.ews, state.client_id) = (Some(settings), client_id));
    let crate::check::Judge::PerRoad(_, judge) = &super::settings::EWS.judge else { panic!("it is of a road") };
    match judge(&visit, Road::Ews).expect("there is something to judge") {
        Verdict::Pass(_) => None,
        Verdict::Warn(seen) | Verdict::Fail(seen) | Verdict::Unproven(seen) => Some(seen.cause.id),
    }
}

#[test]
fn both_lists_of_ews_count() {
    use crate::facts::EwsSettings;
    let ids = |all: &[&str]| Some(all.iter().map(|id| (*id).to_owned()).collect());
    let own = "3F2B8C64-1D7E-4A95-B0C3-6E8D2F915A70";
    let on = |allowed_app_ids| EwsSettings { enabled: Some(true), allowed_app_ids, ..EwsSettings::default() };
    assert_eq!(ews(on(ids(&["other", own]))), None);
    assert_eq!(ews(on(ids(&["other"]))), Some("ews-app-not-allowed"));
    assert_eq!(ews(on(None)), Some("exchange-state-unread"));
    assert_eq!(ews(EwsSettings { enabled: None, ..on(ids(&[own])) }), Some("ews-off"));
    let by_agent = Some("EnforceAllowList".to_owned());
    let agents = EwsSettings { application_access_policy: by_agent, ..on(ids(&[own])) };
    assert_eq!(ews(agents), Some("ews-app-not-allowed"));
}
