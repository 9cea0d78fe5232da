//! What a certificate and an assertion tell of their owner.

use std::collections::BTreeMap;

use crate::facts::Visit;

/// Whom a certificate names stands nowhere else.
pub(super) fn without_subject(visit: &mut Visit) {
    if let Some(own) = &mut visit.setup.certificate {
        "CN=masked".clone_into(&mut own.subject);
        "CN=masked".clone_into(&mut own.issuer);
    }
    for own in visit.facts.tokens.iter_mut().filter_map(|token| token.assertion.as_mut()) {
        // A path may hold the name of its owner, and an address that of a pipeline.
        if let Some(http) = &mut own.request {
            "GET the issuer's service".clone_into(&mut http.request);
        }
    }
}

/// The thumbprints, which the login service repeats: the same stand-in in both places.
pub(super) fn names(visit: &Visit, names: &mut BTreeMap<String, String>) {
    if let Some(own) = &visit.setup.certificate {
        names.insert(own.sha1.clone(), format!("{:040}", 1));
        names.insert(own.sha256.clone(), format!("{:064}", 1));
    }
    for own in visit.facts.tokens.iter().filter_map(|token| token.assertion.as_ref()) {
        // GitHub's subject says by its form what it is; who it is, nobody needs to know.
        let subject = own.subject.clone().filter(|subject| !subject.is_empty());
        names.extend(subject.map(|subject| (subject.clone(), stand_in(&subject))));
        let issuer = own.issuer.clone().filter(|issuer| issuer != GITHUB && !issuer.is_empty());
        names.extend(issuer.map(|issuer| (issuer, "https://issuer1.example".to_owned())));
    }
    let managed = visit.facts.tokens.iter().filter_map(|token| token.managed.as_ref());
    for resource in managed.filter_map(|own| own.identity.strip_prefix("resource:")) {
        let encoded: String = url::form_urlencoded::byte_serialize(resource.as_bytes()).collect();
        names.insert(encoded, "resource1".to_owned());
        names.insert(resource.to_owned(), "resource1".to_owned());
    }
}

/// The issuer of every public pipeline of GitHub.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// A subject of the same form.
fn stand_in(subject: &str) -> String {
    let Some((repository, rest)) = subject.strip_prefix("repo:").and_then(|text| text.split_once(':')) else {
        return "subject1".to_owned();
    };
    let kind = rest.split(':').next().unwrap_or_default();
    let owner = if repository.contains('@') { "owner@1/name@1" } else { "owner/name" };
    format!("repo:{owner}:{kind}:masked")
}
