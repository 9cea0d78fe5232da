//! Checks of what the application proves itself with, where it is no secret.

use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{CertificateFacts, TokenFacts, Visit};
use crate::kb::cause;

pub(super) static CERTIFICATE: Check = Check {
    id: "credential.certificate",
    title: "The certificate is in force",
    needs: &[],
    judge: Judge::Once(certificate),
};

/// Days before the end at which a person should make the next one; Entra's own recommendation speaks of 30
/// (Microsoft Learn, "Renew expiring application credentials").
const SOON: i64 = 30;
const DAY: i64 = 86_400;

/// Whether there is anything of the kind to look at.
pub(super) fn applies(check: &Check, visit: &Visit) -> bool {
    match check.id {
        "credential.certificate" => visit.setup.certificate.is_some(),
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

/// What the application showed, for a person who compares it with the registration; empty for a secret.
pub(super) fn shown(visit: &Visit, _token: &TokenFacts) -> String {
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

pub(super) static CHECKS: &[&Check] = &[&CERTIFICATE];
