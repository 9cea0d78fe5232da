//! Every scenario of the sandbox, seen by the doctor: exactly the findings that it names, at most one mail, and a
//! masked report that says the same and names nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::thread;

use jiff::Timestamp;
use o365doctor::check::{Finding, Outcome, Verdict};
use o365doctor::facts::{Stage, Visit};
use o365doctor::plan::{self, Slice};
use o365doctor::render::{self, Format, style::Style};
use o365doctor::report::Report;
use o365doctor::road::Road;
use o365doctor::sandbox::{self, Expected, Scenario, scenarios};
use o365doctor::setup::{Layers, Need, Wants};
use o365doctor::{checks, observe, share};
use toml::{Table, Value};

/// Tenants that run at a time: each is three listeners and a run of the doctor.
const AT_ONCE: usize = 8;

/// Scenarios whose login is refused for different reasons, which the service answers alike.
const ALIKE: [&str; 23] = [
    "exchange-not-registered",
    "exchange-wrong-object-id",
    "exchange-not-yet-in-force",
    "mailbox-right-missing",
    "rbac-without-role",
    "rbac-beside-api-permission",
    "imap-not-registered",
    "imap-wrong-object-id",
    "imap-no-mailbox-right",
    "imap-open-role-of-smtp-missing",
    "state-not-registered",
    "state-wrong-object-id",
    "state-right-missing",
    "state-rbac-out-of-scope",
    "state-not-yet-in-force",
    "state-mailbox-unknown",
    "roads-mailbox-unknown",
    "roads-no-mailbox-right",
    "rbac-out-of-scope",
    "person-other-account",
    "person-upn-differs",
    "person-shared-as-user",
    "person-scope-missing",
];

/// Scenarios in which a mail is taken and not delivered to a mailbox of the sandbox.
const HELD_BACK: [&str; 3] = ["confirm-not-found", "confirm-refused-by-policy", "confirm-mailbox-elsewhere"];

/// Checks of what the domain's own name servers say.
const OF_NAME_SERVERS: [&str; 3] = ["dns.servers", "dns.agreement", "dns.everywhere"];

/// Causes that a check names and no scenario reaches, each with its reason.
const NOT_REACHED: &[(&str, &str)] = &[
    ("spf-address-missing", "the address is a word of the command line; tests/cli/domain.rs asks about some"),
    ("domain-without-tenant", "wants a domain that is not the sandbox's; tests/cli/domain.rs names one"),
    ("host-not-found", "asks the system's resolver, which is not the sandbox's"),
    ("resolver-failure", "asks the system's resolver, which is not the sandbox's"),
    ("connection-timed-out", "needs a wait"),
    ("dns-timeout", "needs a wait"),
    ("network-unreachable", "needs a network beyond the loopback"),
    ("connection-reset", "whether a close is seen as a reset is the kernel's to say"),
    ("server-answer-too-long", "would put eight kibibytes into a story"),
    ("proxy-authentication-required", "there is no proxy in the sandbox"),
    ("proxy-refused", "there is no proxy in the sandbox"),
    ("sign-in-store", "of a place on this computer that can not be used"),
    ("no-ca-certificates", "the sandbox brings its own authority; tests/trust.rs takes the system's away"),
    ("token-alg-none", "the login service never issues it; a token that was given may be one"),
    ("token-malformed", "the login service never issues it; a token that was given may be one"),
    ("token-encrypted", "the login service never issues it; a token that was given may be one"),
    ("sasl-user-mismatch", "of a login string in the place of a token, which the sandbox's profile does not hold"),
    ("token-opens-no-road", "asked by check-token only"),
    ("entra-refused", "the sandbox refuses in words that all have a page"),
    ("managed-identity-refused", "the sandbox refuses in words that all have a page"),
    ("unrecognised", "stands for a note whose page is gone"),
    ("aadsts65004", "asked by consent-url only"),
    ("graph-refused", "the sandbox refuses in words that all have a page"),
    ("ews-refused", "the sandbox refuses in words that all have a page"),
    ("confirm-dkim-failed", "the sandbox signs nothing"),
    ("confirm-spf-failed", "the sandbox signs nothing, so where SPF fails all signs together fail"),
    ("consent-address-unreadable", "asked by consent-url only"),
    ("consent-other-tenant", "asked by consent-url only"),
    ("consent-permission-denied", "asked by consent-url only"),
    ("consent-refused", "asked by consent-url only"),
    ("consent-state-mismatch", "asked by consent-url only"),
    ("consent-state-unchecked", "asked by consent-url only"),
];

/// What one scenario showed.
struct Shown {
    visit: Visit,
    /// What the tenant took for delivery, and what of it the recipient has.
    deliveries: usize,
    in_mailbox: usize,
    words: Table,
    /// Whether the domain's name servers could be asked, which not every system has addresses for.
    name_servers: bool,
}

/// All scenarios, some at a time, once for all tests of this file.
fn shown() -> &'static BTreeMap<String, Shown> {
    static ALL: LazyLock<BTreeMap<String, Shown>> = LazyLock::new(|| {
        let left = Mutex::new(scenarios().iter());
        let seen = Mutex::new(BTreeMap::new());
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            while let Some(scenario) = { left.lock().expect("nobody panics with it").next() } {
                let shown = runtime.block_on(visit(scenario.clone()));
                seen.lock().expect("nobody panics with it").insert(scenario.name.clone(), shown);
            }
        };
        thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
        seen.into_inner().expect("nobody panics with it")
    });
    &ALL
}

/// Starts the tenant of a scenario and runs the whole check-up against it, the probe mail included unless its
/// profile keeps it back.
async fn visit(scenario: Scenario) -> Shown {
    let name = scenario.name.clone();
    let command = match scenario.command.as_deref() {
        None => "checkup",
        Some("check-relay") => "check-relay",
        Some("check-dns") => "check-dns",
        Some(other) => panic!("{name}: no story is told of {other}"),
    };
    let sandbox = sandbox::start(scenario, &sandbox::Options::default()).await.expect("a free port");
    let words = sandbox.profile();
    let flags = Table::from_iter([("cloud".to_owned(), Value::from(format!("sandbox={name}")))]);
    let layers = Layers::gather(flags, None, None).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (relay, all) = (command == "check-relay", command == "checkup");
    let wants = match command {
        "check-relay" => Wants { mailbox: true, port_25: true, ..Wants::default() },
        "check-dns" => Wants { domain: true, ..Wants::default() },
        _ => Wants { credential: Need::Yes, mailbox: true, to: true, exchange_state: true, ..Wants::default() },
    };
    let setup = layers.load(wants, Some((sandbox.cloud(), words.clone()))).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (send, dns) = (all && setup.send, !relay);
    let slice = Slice { command, verify: all, token: all, talk: all, send, dns, relay, ..Slice::default() };
    let plan = plan::make(&setup, slice, Timestamp::now()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let visit = observe::run(&setup, &plan, &|_| ()).await;
    let to = setup.to.clone().unwrap_or_default();
    let outside = sandbox.outside().iter().filter(|mail| mail.to == to).count();
    let in_mailbox = sandbox.mailbox(&to).len() + outside;
    let name_servers = !sandbox.name_servers().is_empty();
    Shown { visit, deliveries: sandbox.deliveries(), in_mailbox, words, name_servers }
}

/// The findings that are not `pass`, as a scenario words them. The road stands behind the check where it is not SMTP.
fn not_passed(visit: &Visit) -> Expected {
    let worded = |finding: &Finding| {
        let check = match finding.road {
            None | Some(Road::Smtp) => finding.check.id.to_owned(),
            Some(road) => format!("{}@{road}", finding.check.id),
        };
        let words = match &finding.outcome {
            Outcome::Judged(Verdict::Pass(_)) => return None,
            Outcome::Judged(Verdict::Warn(reason)) => format!("warn {}", reason.cause.id),
            Outcome::Judged(Verdict::Fail(reason)) => format!("fail {}", reason.cause.id),
            Outcome::Judged(Verdict::Unproven(reason)) => format!("unproven {}", reason.cause.id),
            Outcome::Skipped(check) => format!("skipped {check}"),
            Outcome::NotObserved(_) => "not-observed".to_owned(),
        };
        Some((check, words))
    };
    checks::findings(visit).iter().filter_map(worded).collect()
}

/// What differs, as lines that can stand in the scenario.
fn differences(expected: &Expected, seen: &Expected) -> String {
    let lines = |sign: char, from: &Expected, other: &Expected| -> String {
        let only = from.iter().filter(|(check, words)| other.get(*check) != Some(words));
        only.map(|(check, words)| format!("  {sign} {check:?} = {words:?}\n")).collect()
    };
    lines('-', expected, seen) + &lines('+', seen, expected)
}

#[test]
fn each_scenario_shows_its_findings_and_no_others() {
    let all = shown();
    assert!(all.len() >= 46, "only {} scenarios", all.len());
    let mut wrong = String::new();
    for scenario in scenarios() {
        let shown = &all[&scenario.name];
        let visit = &shown.visit;
        let mut expected = scenario.expect.clone();
        expected.retain(|check, _| shown.name_servers || !OF_NAME_SERVERS.contains(&check.as_str()));
        let differences = differences(&expected, &not_passed(visit));
        if !differences.is_empty() {
            wrong.push_str(&format!("{} ({}):\n{differences}", scenario.name, scenario.title));
            for finding in checks::findings(visit).iter().filter_map(Finding::reason) {
                wrong.push_str(&format!("      {}: {}\n", finding.cause.id, finding.evidence.join(" / ")));
            }
        }
    }
    assert!(wrong.is_empty(), "- expected, + seen\n{wrong}");
}

#[test]
fn a_mail_is_delivered_once_and_only_where_the_report_says_so() {
    let all = shown();
    let healthy = &all["healthy"];
    assert_eq!((healthy.deliveries, healthy.in_mailbox), (1, 1), "the healthy tenant");
    for (name, shown) in all {
        let seen = not_passed(&shown.visit);
        let road = shown.words.get("via").and_then(Value::as_str).unwrap_or("smtp");
        let claim = match road {
            "graph" => "graph.send@graph",
            "ews" => "ews.send@ews",
            "smtp" => "send.accepted",
            other => &format!("send.accepted@{other}"),
        };
        let roads = shown.words.get("roads").and_then(Value::as_str).unwrap_or("smtp");
        let taken = roads == "all" || roads.split(',').any(|taken| taken == road);
        let owed = match seen.get(claim).map(String::as_str) {
            _ if shown.visit.command != "checkup" => 0,
            None | Some("fail smtp-answer-lost" | "fail graph-answer-lost" | "fail ews-answer-lost") if taken => 1,
            _ => 0,
        };
        assert_eq!(shown.deliveries, owed, "{name}: mails taken by the tenant");
        let owed = if HELD_BACK.contains(&name.as_str()) { 0 } else { owed };
        assert_eq!(shown.in_mailbox, owed, "{name}: mails in the mailbox of the recipient");
    }
}

#[test]
fn the_bare_refusal_is_the_same_whatever_is_behind_it() {
    let all = shown();
    for name in ALIKE {
        let smtp = all[name].visit.facts.smtp.as_ref().expect("an SMTP dialogue");
        let reply = smtp.step(Stage::Auth).and_then(|step| step.reply.as_ref()).expect("an answer to AUTH");
        assert_eq!(without_brackets(&reply.to_string()), "535 5.7.3 Authentication unsuccessful []", "{name}");
    }
}

#[test]
fn the_two_switches_of_ews_refuse_in_the_same_words() {
    let answer = |name: &str| {
        let folder = shown()[name].visit.facts.ews.as_ref().and_then(|ews| ews.folder.clone()).expect("a request");
        (folder.http.status, folder.policy, folder.diagnostics, folder.answer, folder.http.words)
    };
    let organization = answer("ews-off-organization");
    assert_eq!(organization, answer("ews-off-mailbox"));
    assert_eq!(organization.1.as_deref(), Some("EWS is disabled for this user or tenant"));
    assert_ne!(organization, answer("ews-app-not-allowed"));
}

/// The text without server, time and id of the session, which stand in brackets.
fn without_brackets(text: &str) -> String {
    match (text.find('['), text.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &text[..=open], &text[close..]),
        _ => text.to_owned(),
    }
}

#[test]
fn a_masked_report_says_the_same_and_names_nobody() {
    for (name, shown) in shown() {
        let masked = share::masked(&shown.visit);
        assert_eq!(not_passed(&masked), not_passed(&shown.visit), "{name}");
        let own = [
            "tenant",
            "client_id",
            "mailbox",
            "domain",
            "from",
            "to",
            "object_id",
            "confirm",
            "external",
            "connector_ip",
        ];
        let own = own.iter().filter_map(|word| shown.words.get(*word)?.as_str());
        // These name an end point of the login service, and nobody.
        let own = own.filter(|word| !["common", "organizations", "consumers"].contains(word));
        // The initial domain stands in no profile; the login service names it in its refusals.
        let own: Vec<&str> = own.chain(["contoso.onmicrosoft", "fabrikam", "203.0.113.7"]).collect();
        for (format, text) in rendered(masked) {
            let text = text.to_lowercase();
            for word in &own {
                assert!(!text.contains(&word.to_lowercase()), "{name}: {word} stands in the masked {format}");
            }
        }
    }
}

#[test]
fn no_report_holds_a_secret() {
    for (name, shown) in shown() {
        // Of a person's token the claims may be shown, and the signature never.
        let token = shown.words.get("token").and_then(Value::as_str).and_then(|token| token.rsplit('.').next());
        let of_app = || shown.words.get("client_secret").and_then(Value::as_str);
        // Of a sign-in that is kept, what every one of its refresh tokens holds; other kinds of credential have tests of
        // their own among the canaries.
        let secret = token.or_else(of_app).unwrap_or("sandbox-refresh.");
        for (format, text) in rendered(shown.visit.clone()) {
            assert!(!text.contains(secret), "{name}: the client secret stands in the {format}");
        }
    }
}

/// The report in each format, with all it can show.
fn rendered(visit: Visit) -> [(&'static str, String); 3] {
    let report = Report::of(visit, false);
    let style = Style { unicode: true, width: 1000 };
    [("text", Format::Text), ("json", Format::Json), ("markdown", Format::Markdown)]
        .map(|(name, format)| (name, render::report(&report, format, style, true)))
}

#[test]
fn a_login_line_that_is_too_long_is_cut_in_two() {
    let smtp = shown()["auth-long-line-refused"].visit.facts.smtp.as_ref().expect("an SMTP dialogue");
    let again = smtp.transcript.iter().any(|line| line.side == '=' && line.text.contains("once more"));
    assert!(again, "the token was too short to prove anything");
}

#[test]
fn what_is_expected_of_a_scenario_exists() {
    let known: BTreeSet<&str> = checks::all().iter().map(|check| check.id).collect();
    let causes: BTreeSet<&str> = o365doctor::kb::all().iter().map(|cause| cause.id).collect();
    for scenario in scenarios() {
        assert!(!scenario.title.is_empty() && !scenario.title.ends_with('.'), "{}: {}", scenario.name, scenario.title);
        for (check, words) in &scenario.expect {
            let (check, road) = check.split_once('@').unwrap_or((check, "smtp"));
            assert!(known.contains(check), "{}: there is no check {check}", scenario.name);
            assert!(road.parse::<Road>().is_ok(), "{}: there is no road {road}", scenario.name);
            let sound = match words.split_once(' ') {
                Some(("warn" | "fail" | "unproven", cause)) => causes.contains(cause),
                Some(("skipped", check)) => known.contains(check),
                _ => words == "not-observed",
            };
            assert!(sound, "{}: {check} = {words}", scenario.name);
        }
    }
}

#[test]
fn every_cause_that_a_check_names_is_reached_or_excused() {
    let named = causes_in_checks();
    assert!(named.len() > 80, "the sources of the checks name only {named:?}");
    let expected = scenarios().iter().flat_map(|scenario| scenario.expect.values());
    let reached: BTreeSet<String> = expected.filter_map(|words| Some(words.split_once(' ')?.1.to_owned())).collect();
    let excused: BTreeMap<&str, &str> = NOT_REACHED.iter().copied().collect();
    let missed: Vec<&String> =
        named.iter().filter(|cause| !reached.contains(*cause) && !excused.contains_key(cause.as_str())).collect();
    assert!(missed.is_empty(), "no scenario reaches {missed:?}");
    let stale: Vec<&&str> =
        excused.keys().filter(|cause| reached.contains(**cause) || !named.contains(**cause)).collect();
    assert!(stale.is_empty(), "no longer to be excused: {stale:?}");
}

/// The ids of the pages that the checks' sources name as `cause::NAME`.
fn causes_in_checks() -> BTreeSet<String> {
    let sources = sources_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks"));
    let of_name = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_';
    let names = sources.split("cause::").skip(1).map(|rest| rest.chars().take_while(of_name).collect::<String>());
    names.filter(|name| !name.is_empty()).map(|name| name.to_lowercase().replace('_', "-")).collect()
}

fn sources_below(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("the checks").map(|entry| entry.expect("a file").path());
    entries
        .map(|path| if path.is_dir() { sources_below(&path) } else { fs::read_to_string(path).expect("a source") })
        .collect()
}
