//! Checks of what the application proves itself with, where it is no secret.

use super::{entra, network};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{AssertionFacts, CertificateFacts, FaultKind, TokenFacts, Visit};
use crate::kb::{Where, cause, classify};

pub(super) static CERTIFICATE: Check = Check {
    id: "credential.certificate",
    title: "The certificate is in force",
    needs: &[],
    judge: Judge::Once(certificate),
};

pub(super) static ASSERTION: Check = Check {
    id: "credential.assertion",
    title: "The issuer's assertion can be exchanged",
    needs: &[],
    judge: Judge::Once(assertion),
};

pub(super) static IDENTITY: Check = Check {
    id: "credential.identity",
    title: "The machine gives its identity a token",
    needs: &[],
    judge: Judge::Once(identity),
};

/// Days before the end at which a person should make the next one; Entra's own recommendation speaks of 30
/// (Microsoft Learn, "Renew expiring application credentials").
const SOON: i64 = 30;
const DAY: i64 = 86_400;

/// Whether there is anything of the kind to look at.
pub(super) fn applies(check: &Check, visit: &Visit) -> bool {
    match check.id {
        "credential.certificate" => visit.setup.certificate.is_some(),
        "credential.assertion" => visit.facts.tokens.iter().any(|token| token.assertion.is_some()),
        "credential.identity" => visit.facts.tokens.iter().any(|token| token.managed.is_some()),
        _ => false,
    }
}

fn certificate(visit: &Visit) -> Judgement {
    let own = visit.setup.certificate.as_ref().ok_or("there is no certificate")?;
    let now = visit.facts.observed_at.as_second();
    let issued = visit.facts.tokens.iter().any(|token| token.form.is_some());
    let words = described(own);
    // Whoever gets a token has a certificate that the login service takes, whatever this computer's clock says.
    let out_of_date = |cause| if issued { Verdict::warn(cause, &words) } else { Verdict::fail(cause, &words) };
    if own.not_after <= now {
        return out_of_date(&cause::CERTIFICATE_EXPIRED);
    }
    if now < own.not_before {
        return out_of_date(&cause::CERTIFICATE_NOT_YET_VALID);
    }
    let days = (own.not_after - now) / DAY;
    if days < SOON {
        return Verdict::warn(&cause::CERTIFICATE_EXPIRES_SOON, format!("{days} days are left\n{words}"));
    }
    Verdict::pass(words)
}

/// What the application showed, for a person who compares it with the registration; nothing for a secret.
pub(super) fn shown(visit: &Visit, token: &TokenFacts) -> String {
    if let Some(assertion) = &token.assertion {
        return claimed(assertion);
    }
    let Some(own) = &visit.setup.certificate else { return String::new() };
    format!("the certificate that signed has the thumbprint {}\nand by SHA-256 {}", own.sha1, own.sha256)
}

/// What a person compares with the portal.
fn described(own: &CertificateFacts) -> String {
    let date = |seconds| jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default();
    format!(
        "thumbprint {}\n{}, {} key of {} bits, valid from {} to {}, signs {}",
        own.sha1,
        own.subject,
        own.key,
        own.bits,
        date(own.not_before),
        date(own.not_after),
        own.algorithm
    )
}

fn assertion(visit: &Visit) -> Judgement {
    let own = visit.facts.tokens.iter().find_map(|token| token.assertion.as_ref()).ok_or("there is no assertion")?;
    if let Some(why) = own.unsent.as_ref().filter(|_| own.expires.is_none()) {
        let http = own.request.as_ref();
        if let Some((http, fault)) = http.and_then(|http| Some((http, http.fault.as_ref()?))) {
            return network::failed(&http.request, fault);
        }
        let answer = http.and_then(|http| Some(format!("\n{}: status {}", http.request, http.status?)));
        return Verdict::fail(&cause::ASSERTION_NOT_GIVEN, format!("{why}{}", answer.unwrap_or_default()));
    }
    let words = claimed(own);
    if let Some(why) = &own.unsent {
        return Verdict::fail(&cause::ASSERTION_EXPIRED, format!("{why}; nothing was sent\n{words}"));
    }
    if !own.audiences.contains(&own.wanted_audience) {
        return Verdict::warn(&cause::ASSERTION_AUDIENCE, format!("this cloud wants {}\n{words}", own.wanted_audience));
    }
    Verdict::pass(words)
}

/// What must stand in the federated credential, letter by letter.
fn claimed(own: &AssertionFacts) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "missing".to_owned());
    let slash = own.issuer.as_ref().filter(|issuer| issuer.ends_with('/'));
    let slash = slash.map_or("", |_| " (the slash at its end belongs to it)");
    let until = own.expires.and_then(|end| jiff::Timestamp::from_second(end).ok());
    format!(
        "issuer {}{slash}\nsubject {}{}\naudience {}\nfrom {}{}",
        text(&own.issuer),
        text(&own.subject),
        form_of(own.subject.as_deref().unwrap_or_default()),
        own.audiences.join(", "),
        own.source,
        until.map(|end| format!(", until {end}")).unwrap_or_default(),
    )
}

/// GitHub's two forms of a subject: since 2026 new repositories have ids behind the names, and the former entry of a
/// registration does not fit them any more (GitHub changelog of 2026-04-23).
fn form_of(subject: &str) -> &'static str {
    let Some(repository) = subject.strip_prefix("repo:").and_then(|rest| rest.split(':').next()) else { return "" };
    let with_id = |name: &str| name.rsplit_once('@').is_some_and(|(_, id)| id.bytes().all(|b| b.is_ascii_digit()));
    if repository.split('/').all(with_id) { " (the immutable form, with ids)" } else { " (the form by names)" }
}

fn identity(visit: &Visit) -> Judgement {
    let found = visit.facts.tokens.iter().find_map(|token| Some((token, token.managed.as_ref()?)));
    let (token, managed) = found.ok_or("no managed identity was asked for")?;
    let asked = format!("{} for identity {}", managed.service, managed.identity);
    if token.form.is_some() {
        return Verdict::pass(asked);
    }
    if let Some(refusal) = &token.refusal {
        let found = classify(Some(Where::Entra), &refusal.description);
        let cause = found.first().map_or(&cause::MANAGED_IDENTITY_REFUSED, |found| found.cause);
        return Verdict::fail(cause, format!("{}\n{asked}", entra::words_of(refusal)));
    }
    let http = token.request.as_ref().ok_or("it was not asked")?;
    let nobody = |kind| {
        use FaultKind::{ConnectTimeout, Refused, Silent, Unreachable};
        matches!(kind, ConnectTimeout | Refused | Silent | Unreachable)
    };
    match &http.fault {
        Some(fault) if nobody(fault.kind) => {
            let words = format!("{}: {}\n{asked}", http.request, fault.words);
            Verdict::fail(&cause::MANAGED_IDENTITY_UNREACHABLE, words)
        }
        Some(fault) => network::failed(&http.request, fault),
        None => entra::unexpected(http),
    }
}

pub(super) static CHECKS: &[&Check] = &[&CERTIFICATE, &ASSERTION, &IDENTITY];
