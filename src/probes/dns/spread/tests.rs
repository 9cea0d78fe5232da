//! What is said against what counts.

use hickory_proto::op::OpCode;
use hickory_proto::rr::rdata::{CNAME, MX, NS, TXT};
use hickory_proto::rr::{Name, Record};

use super::*;

fn message(code: ResponseCode, authoritative: bool, recursion: bool) -> Message {
    let mut message = Message::response(1, OpCode::Query);
    message.metadata.response_code = code;
    message.metadata.authoritative = authoritative;
    message.metadata.recursion_available = recursion;
    message
}

fn heard(message: Message) -> Heard {
    Heard { soa: Ok(message), answers: Vec::new() }
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

#[test]
fn a_server_without_the_zone_is_told_by_its_answer() {
    let mut refers = message(ResponseCode::NoError, false, false);
    refers.add_authority(Record::from_rdata(Name::root(), 1, RData::NS(NS(name("ns.root.")))));
    let cases = [
        (message(ResponseCode::NoError, true, false), Some(1), None),
        (message(ResponseCode::NoError, false, false), Some(1), Some("AA")),
        (message(ResponseCode::NoError, true, false), None, Some("SOA")),
        (refers, None, Some("other servers")),
        (message(ResponseCode::Refused, false, false), None, Some("REFUSED")),
        (message(ResponseCode::ServFail, false, false), None, Some("SERVFAIL")),
        (message(ResponseCode::NXDomain, true, false), None, Some("it answers")),
    ];
    for (message, serial, words) in cases {
        let found = lame(&message, serial);
        assert_eq!(found.is_some(), words.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().contains(words.unwrap_or_default()));
    }
}

#[test]
fn nothing_is_known_where_another_answers_for_all_or_nobody_does() {
    let resolver = || heard(message(ResponseCode::NoError, false, true));
    let silent = || Heard { soa: Err(LookupFacts::Timeout(String::new())), answers: Vec::new() };
    assert!(unseen(&[resolver(), silent(), resolver()], false).unwrap().contains("in the place"));
    assert!(unseen(&[resolver(), heard(message(ResponseCode::Refused, false, false))], false).is_none());
    assert!(unseen(&[silent(), silent()], false).unwrap().contains("port 53"));
    // Where the zone above was heard, the silence is the servers' own.
    assert!(unseen(&[silent(), silent()], true).is_none());
    assert!(unseen(&[], true).is_some());
}

#[test]
fn record_sets_are_compared_without_order_and_case_of_names() {
    let mx = |preference, host| RData::MX(MX::new(preference, name(host)));
    let question = |only| Question { name: "contoso.test".to_owned(), kind: RecordType::MX, only };
    let of = |records: &[RData]| question(&[]).set(records.iter());
    assert_eq!(of(&[mx(10, "A.test."), mx(0, "b.test.")]), of(&[mx(0, "B.TEST."), mx(10, "a.test.")]));
    assert_ne!(of(&[mx(10, "a.test.")]), of(&[mx(20, "a.test.")]));
    let text = |text: &str| RData::TXT(TXT::new(vec![text.to_owned()]));
    let texts = Question { kind: RecordType::TXT, ..question(&["v=spf1", "ms="]) };
    let set = texts.set([text("V=SPF1 -all"), text("other"), text("MS=ms1"), text("ü")].iter());
    assert_eq!(set, ["MS=ms1", "V=SPF1 -all"]);
    assert_eq!(of(&[RData::CNAME(CNAME(name("Mail.Test.")))]), ["alias of mail.test"]);
}

#[test]
fn what_is_said_without_authority_or_of_another_name_counts_for_nothing() {
    let question = Question { name: "contoso.test".to_owned(), kind: RecordType::MX, only: &[] };
    let record = |owner| Record::from_rdata(name(owner), 1, RData::MX(MX::new(0, name("a.test."))));
    let mut own = message(ResponseCode::NoError, true, false);
    own.add_answer(record("Contoso.Test."));
    own.add_answer(record("other.test."));
    assert_eq!(said(&question, &own), Some(vec!["0 a.test".to_owned()]));
    own.metadata.authoritative = false;
    assert_eq!(said(&question, &own), None);
    assert_eq!(said(&question, &message(ResponseCode::NXDomain, true, false)), Some(Vec::new()));
    assert_eq!(said(&question, &message(ResponseCode::Refused, true, false)), None);
}
