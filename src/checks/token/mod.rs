//! Checks of the access token.

mod claims;
mod rights;
mod user;

pub(crate) use claims::span;

use super::{credential, entra, network};
use crate::access;
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{Form, Signature, TokenFacts, Visit};
use crate::kb::{self, cause};
use crate::road::Road;

pub(super) static APP_ISSUED: Check = Check {
    id: "token.issued",
    title: "A token is at hand",
    needs: &[&credential::CERTIFICATE, &credential::ASSERTION, &credential::IDENTITY, &entra::REACH, &entra::TENANT],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, issued),
};

static FORM: Check =
    Check { id: "token.form", title: "The token can be read", needs: &[&APP_ISSUED], judge: Judge::Once(form) };

static SIGNATURE: Check = Check {
    id: "token.signature",
    title: "The tenant's key signed it",
    needs: &[&FORM],
    judge: Judge::Once(signature),
};

static ISSUER: Check = Check {
    id: "token.issuer",
    title: "This cloud's login service issued it",
    needs: &[&FORM],
    judge: Judge::Once(claims::issuer),
};

pub(super) static TENANT: Check = Check {
    id: "token.tenant",
    title: "It is from the tenant of this set-up",
    needs: &[&FORM, &ISSUER],
    judge: Judge::Once(claims::tenant),
};

static APP: Check = Check {
    id: "token.app",
    title: "It is for this set-up's application",
    needs: &[&FORM],
    judge: Judge::Once(claims::app),
};

pub(super) static LIFETIME: Check =
    Check { id: "token.lifetime", title: "It is valid now", needs: &[&FORM], judge: Judge::Once(claims::lifetime) };

static KIND: Check = Check {
    id: "token.kind",
    title: "It is an application's or a person's",
    needs: &[&FORM],
    judge: Judge::Once(claims::kind),
};

pub(super) static USER: Check = Check {
    id: "token.user",
    title: "Its user is the one who logs in",
    needs: &[&FORM],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, user::user),
};

pub(super) static AUDIENCE: Check = Check {
    id: "token.audience",
    title: "It is for the API of this road",
    needs: &[&FORM],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, rights::audience),
};

pub(super) static ROLE: Check = Check {
    id: "token.role",
    title: "It carries the right for this road",
    needs: &[&AUDIENCE],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, rights::role),
};

static OPENS: Check = Check {
    id: "token.opens",
    title: "It opens at least one road",
    needs: &[&FORM],
    judge: Judge::Once(rights::opens),
};

static OBJECT_ID: Check = Check {
    id: "token.object-id",
    title: "The object id is the right one",
    needs: &[&FORM],
    judge: Judge::Once(claims::object_id),
};

/// The token that a road would use.
pub(super) fn of(visit: &Visit, road: Road) -> Result<&TokenFacts, NotObserved> {
    let wants = road.wants().ok_or("the road takes no token")?;
    visit.facts.token_for(wants.resource).ok_or_else(|| "no token was asked for".into())
}

fn readable(visit: &Visit) -> Result<impl Iterator<Item = &TokenFacts>, NotObserved> {
    let mut tokens = visit.facts.tokens.iter().filter(|token| token.readable()).peekable();
    if tokens.peek().is_none() {
        return Err("no token can be read".into());
    }
    Ok(tokens)
}

fn issued(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    if token.form.is_some() {
        let scope = token.scope.as_ref().map(|scope| format!(" for {scope}")).unwrap_or_default();
        return Verdict::pass(format!("{}{scope}", token.source));
    }
    if let Some(stopped) = &token.stopped {
        let page = kb::by_id(&stopped.cause).unwrap_or(&cause::SIGN_IN_STORE);
        return Verdict::fail(page, &stopped.words);
    }
    if let Some(refusal) = &token.refusal {
        let words = [entra::words_of(refusal), credential::shown(visit, token)].join("\n");
        return Verdict::fail(entra::cause_of(refusal), words);
    }
    let request = token.request.as_ref().ok_or("no token was asked for")?;
    match &request.fault {
        Some(fault) => network::failed(&request.request, fault),
        None => entra::unexpected(request),
    }
}

fn form(visit: &Visit) -> Judgement {
    let mut words = "a signed JWT".to_owned();
    for token in &visit.facts.tokens {
        match token.form.as_ref() {
            Some(Form::Jwt) | None => {}
            Some(Form::Unsigned) => {
                return Verdict::fail(&cause::TOKEN_ALG_NONE, "alg is none: anyone can have written it");
            }
            Some(Form::Malformed(words)) => return Verdict::fail(&cause::TOKEN_MALFORMED, words),
            Some(Form::Encrypted) => return Verdict::unproven(&cause::TOKEN_ENCRYPTED, "five parts: it is encrypted"),
            Some(Form::Opaque) if token.granted.is_some() => {
                "no JWT, as those of personal accounts; the service itself says what it granted".clone_into(&mut words);
            }
            Some(Form::Opaque) => {
                return Verdict::unproven(&cause::TOKEN_OPAQUE, "it is no JWT, as with personal accounts");
            }
        }
        if let Some(api) = access::api_of(token, &visit.setup.cloud) {
            words = format!("a signed JWT for {}", api.label());
        }
    }
    Verdict::pass(words)
}

fn signature(visit: &Visit) -> Judgement {
    let _ = readable(visit)?;
    let mut verdict = Err("no keys were fetched (--verify)".into());
    for token in &visit.facts.tokens {
        verdict = match &token.signature {
            Signature::NotChecked => continue,
            Signature::Verified(kid) => Verdict::pass(format!("key {kid}")),
            Signature::VerifiedWithNonce(kid) => {
                Verdict::pass(format!("key {kid}, with the hash of the header's nonce"))
            }
            Signature::DoesNotVerify(kid) => {
                return Verdict::unproven(
                    &cause::TOKEN_SIGNATURE_UNPROVEN,
                    format!("it does not verify with key {kid}"),
                );
            }
            Signature::KeyUnknown(kid) => {
                return Verdict::unproven(
                    &cause::TOKEN_KEY_UNKNOWN,
                    format!("key {kid} is not among the tenant's keys"),
                );
            }
            Signature::KeysUnavailable(why) => return Verdict::unproven(&cause::TOKEN_KEYS_UNAVAILABLE, why),
        };
    }
    verdict
}

pub(super) static CHECKS: &[&Check] = &[
    &APP_ISSUED,
    &FORM,
    &SIGNATURE,
    &ISSUER,
    &TENANT,
    &APP,
    &LIFETIME,
    &KIND,
    &USER,
    &OBJECT_ID,
    &AUDIENCE,
    &ROLE,
    &OPENS,
];
