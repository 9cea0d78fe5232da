//! Masks the names of a visit for a ticket: the same name becomes the same stand-in everywhere, so that what was equal
//! stays equal and the judgement is the same.

mod arrived;
mod credential;
mod exchange;
mod port25;
mod records;
mod words;

pub use words::Words;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::{TokenFacts, Visit};

/// The visit with tenants, applications, mailboxes, domains, addresses and hosts of its own replaced.
pub fn masked(visit: &Visit) -> Visit {
    let names = Names::of(visit);
    let mut plain = visit.clone();
    by_place(&mut plain);
    let mut value = serde_json::to_value(&plain).unwrap_or_default();
    names.replace(&mut value);
    // The names left are addresses, domains and ids, and no word of the format is one: the shape is unchanged.
    let mut masked: Visit = serde_json::from_value(value).unwrap_or_default();
    let entra =
        masked.facts.entra.iter_mut().chain(&mut masked.facts.domain_tenant).filter_map(|entra| entra.refusal.as_mut());
    let tokens = masked.facts.tokens.iter_mut().filter_map(|token| token.refusal.as_mut());
    for refusal in entra.chain(tokens) {
        refusal.description = without_directory(&refusal.description);
    }
    masked
}

/// What is masked where it stands, because it may be a word like any other: claims that say who somebody is, and the name
/// of this computer.
fn by_place(visit: &mut Visit) {
    visit.setup.masked = true;
    // A path may hold the name of its owner.
    visit.setup.options.retain(|(flag, _)| !PATHS.contains(&flag.as_str()));
    visit.facts.tokens.iter_mut().for_each(by_claim);
    exchange::without_names(visit);
    if let Some(dns) = &mut visit.facts.dns {
        records::without_tenant(dns);
    }
    let lines = visit.facts.smtp_talks_mut().flat_map(|smtp| &mut smtp.transcript);
    for line in lines.filter(|line| line.side == '>' && line.text.starts_with("EHLO ")) {
        "EHLO this-host.example".clone_into(&mut line.text);
    }
    arrived::without_bare_hosts(visit);
    credential::without_subject(visit);
    port25::without_subjects(visit);
}

/// The claims of a token that say who somebody is.
pub(crate) fn by_claim(token: &mut TokenFacts) {
    for (claim, value) in token.header.iter_mut().chain(token.claims.iter_mut()) {
        // A person's subject is no id of the directory, and still always the same for the same person.
        let of_person = claim == "sub" && value.as_str().is_none_or(|sub| uuid::Uuid::try_parse(sub).is_err());
        if of_person || !SHOWN_CLAIMS.contains(&claim.as_str()) {
            *value = Value::from("masked");
        }
    }
}

/// Options that name a file of this computer.
const PATHS: [&str; 7] =
    ["--config", "--ca-file", "--relay-certificate", "--relay-key", "--certificate", "--key", "--assertion-file"];

/// A sentence of Exchange without the names that it quotes. A quote opens behind a blank and closes before no letter, unlike
/// the apostrophes of `couldn't` and `O'Brien`.
fn without_quoted(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(from) = [" '", " \""].iter().filter_map(|open| rest.find(open)).min().map(|at| at + 2) {
        let quote = &rest[from - 1..from];
        let closes = |at: &usize| !rest[from + at + 1..].starts_with(char::is_alphanumeric);
        let Some(length) = rest[from..].match_indices(quote).map(|(at, _)| at).find(closes) else { break };
        out.push_str(&rest[..from]);
        out.push_str("masked");
        out.push_str(quote);
        rest = &rest[from + length + 1..];
    }
    out.push_str(rest);
    out
}

/// Claims that say what a token is, not who somebody is; the ids and addresses among them are replaced by stand-ins.
const SHOWN_CLAIMS: [&str; 24] = [
    "typ",
    "alg",
    "kid",
    "x5t",
    "aud",
    "iss",
    "iat",
    "nbf",
    "exp",
    "ver",
    "appid",
    "azp",
    "appidacr",
    "azpacr",
    "idtyp",
    "tid",
    "oid",
    "sub",
    "roles",
    "scp",
    "upn",
    "preferred_username",
    "unique_name",
    "xms_cc",
];

/// A refusal without the directory's own name, which only the login service knows. It may be any word, so it is
/// replaced at its places alone.
fn without_directory(description: &str) -> String {
    let mut text = description.to_owned();
    for (before, after) in [("in the directory '", "'"), ("in the tenant named ", ". ")] {
        if let Some(from) = text.find(before).map(|at| at + before.len())
            && let Some(length) = text[from..].find(after)
        {
            text.replace_range(from..from + length, "directory-name");
        }
    }
    text
}

/// What is replaced, longest first, each with its stand-in.
struct Names(Vec<(String, String)>);

impl Names {
    fn of(visit: &Visit) -> Names {
        let mut names = BTreeMap::new();
        domains(visit, &mut names);
        people(visit, &mut names);
        ids(visit, &mut names);
        port25::addresses(visit, &mut names);
        records::addresses(visit, &mut names);
        exchange::addresses(visit, &mut names);
        credential::names(visit, &mut names);
        arrived::hosts(visit, &mut names);
        let mut names: Vec<(String, String)> =
            names.into_iter().filter(|(name, _)| name.contains(['@', '.', '-', ':'])).collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Names(names)
    }

    fn replace(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.replaced(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.replace(field)),
            _ => {}
        }
    }

    fn replaced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, stand_in) in &self.0 {
            text = replace_any_case(&text, name, stand_in);
        }
        text
    }
}

fn replace_any_case(text: &str, name: &str, stand_in: &str) -> String {
    let (lower, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower[from..].find(&name).map(|at| from + at) {
        let end = at + name.len();
        // `contoso.com` does not stand in `mycontoso.com`.
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        let apart =
            !before.is_some_and(|c| c.is_alphanumeric() || c == '-') && !after.is_some_and(char::is_alphanumeric);
        out.push_str(&text[from..at]);
        out.push_str(if apart { stand_in } else { &text[at..end] });
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

/// Domains that name nobody, and stand within the names of servers.
const MICROSOFT: [&str; 8] = [
    "outlook.com",
    "hotmail.com",
    "live.com",
    "office.com",
    "office365.com",
    "microsoft.com",
    "microsoftonline.com",
    "windows.net",
];

fn domains(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let setup = &visit.setup;
    let of_address =
        |address: &Option<String>| address.as_ref().and_then(|a| a.rsplit_once('@')).map(|(_, d)| d.to_owned());
    let tenant = setup.tenant.clone().filter(|tenant| tenant.contains('.'));
    let of_setup =
        [setup.domain.clone(), of_address(&setup.mailbox), of_address(&setup.from), of_address(&setup.to), tenant];
    let own = of_setup.into_iter().chain([of_address(&setup.hve_account), of_address(&setup.external)]);
    let all = own.chain(exchange::domains(visit)).chain(arrived::domains(visit)).chain(records::domains(visit));
    let all = all.chain(port25::domains(visit));
    let microsofts = |domain: &String| MICROSOFT.iter().any(|own| domain.eq_ignore_ascii_case(own));
    for domain in all.flatten().filter(|domain| !microsofts(domain)) {
        let n = names.values().filter(|stand_in| stand_in.ends_with(".example")).count() + 1;
        let stand_in = format!("domain{n}.example");
        // A mail exchanger's name holds the domain with dashes for its dots.
        names.entry(domain.replace('.', "-")).or_insert_with(|| stand_in.replace('.', "-"));
        names.entry(domain).or_insert(stand_in);
    }
}

fn people(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let setup = &visit.setup;
    let claims = visit.facts.tokens.iter().flat_map(|token| {
        ["upn", "unique_name", "preferred_username"].map(|claim| token.text(claim).map(str::to_owned))
    });
    let wrapped = visit.facts.tokens.iter().map(|token| token.sasl_user.clone());
    let own = [&setup.mailbox, &setup.from, &setup.to, &setup.hve_account, &setup.external].map(Clone::clone);
    let all = own.into_iter().chain(claims).chain(wrapped);
    let all = all.chain(exchange::people(visit)).chain(arrived::people(visit));
    let all = all.chain(records::people(visit));
    for (n, person) in all.flatten().enumerate() {
        let stand_in = match person.rsplit_once('@') {
            Some((_, domain)) => {
                let domain = names.get(domain).cloned().unwrap_or_else(|| "domain9.example".to_owned());
                format!("person{}@{domain}", n + 1)
            }
            None => format!("name{}", n + 1),
        };
        names.entry(person).or_insert(stand_in);
    }
}

fn ids(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let setup = &visit.setup;
    let is_guid = |text: &String| uuid::Uuid::try_parse(text).is_ok();
    let claims = visit.facts.tokens.iter().flat_map(|token| {
        ["tid", "oid", "sub", "appid", "azp", "uti", "sid"].map(|claim| token.text(claim).map(str::to_owned))
    });
    let seen = visit.facts.entra.as_ref().and_then(|entra| entra.tenant_id.clone());
    let domains = visit.facts.domain_tenant.as_ref().and_then(|entra| entra.tenant_id.clone());
    let own = [setup.tenant.clone(), setup.client_id.clone(), setup.object_id.clone(), seen, domains];
    let all = own.into_iter().chain(claims).chain(exchange::ids(visit));
    for id in all.flatten().filter(is_guid) {
        let n = names.values().filter(|stand_in| stand_in.starts_with("00000000-0000-4000-8000-")).count() + 1;
        names.entry(id).or_insert_with(|| format!("00000000-0000-4000-8000-{n:012}"));
    }
}
