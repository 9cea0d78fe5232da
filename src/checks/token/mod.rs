//! Checks of the access token.

use jiff::Timestamp;

use super::{entra, network};
use crate::access::{self, Access};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{Accepted, Form, GraphFacts, Reply, Signature, Stage, TokenFacts, Visit};
use crate::kb::{Cause, cause};
use crate::road::{Resource, Road};

/// Below this a program that has just started may see its token expire, in seconds.
const SHORT_LIFE: i64 = 300;
/// What Microsoft's own validators tolerate, in seconds (microsoft-facts D.2).
const TOLERANCE: i64 = 300;

pub(super) static APP_ISSUED: Check = Check {
    id: "token.issued",
    title: "A token is at hand",
    needs: &[&entra::REACH, &entra::TENANT],
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
    judge: Judge::Once(issuer),
};

pub(super) static TENANT: Check = Check {
    id: "token.tenant",
    title: "It is from the tenant of this set-up",
    needs: &[&FORM, &ISSUER],
    judge: Judge::Once(tenant),
};

static APP: Check =
    Check { id: "token.app", title: "It is for this set-up's application", needs: &[&FORM], judge: Judge::Once(app) };

pub(super) static LIFETIME: Check =
    Check { id: "token.lifetime", title: "It is valid now", needs: &[&FORM], judge: Judge::Once(lifetime) };

static KIND: Check = Check {
    id: "token.kind",
    title: "It is an application's or a person's",
    needs: &[&FORM],
    judge: Judge::Once(kind),
};

pub(super) static USER: Check =
    Check { id: "token.user", title: "Its user is the one who logs in", needs: &[&FORM], judge: Judge::Once(user) };

pub(super) static AUDIENCE: Check = Check {
    id: "token.audience",
    title: "It is for the API of this road",
    needs: &[&FORM],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, audience),
};

pub(super) static ROLE: Check = Check {
    id: "token.role",
    title: "It carries the right for this road",
    needs: &[&AUDIENCE],
    judge: Judge::PerRoad(&Road::WITH_TOKEN, role),
};

static OPENS: Check =
    Check { id: "token.opens", title: "It opens at least one road", needs: &[&FORM], judge: Judge::Once(opens) };

static OBJECT_ID: Check = Check {
    id: "token.object-id",
    title: "The object id is the right one",
    needs: &[&FORM],
    judge: Judge::Once(object_id),
};

/// The token that a road would use.
pub(super) fn of(visit: &Visit, road: Road) -> Result<&TokenFacts, NotObserved> {
    visit.facts.token_for(road.wants().resource).ok_or_else(|| "no token was asked for".into())
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
    if let Some(refusal) = &token.refusal {
        return Verdict::fail(entra::cause_of(refusal), entra::words_of(refusal));
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

fn issuer(visit: &Visit) -> Judgement {
    let cloud = &visit.setup.cloud;
    let mut seen = String::new();
    for token in readable(visit)? {
        let Some(iss) = token.text("iss") else {
            return Verdict::fail(&cause::TOKEN_ISSUER_FOREIGN, "the token has no iss");
        };
        let tid = token.text("tid").unwrap_or_default();
        let v1 = format!("{}{tid}/", cloud.issuer_v1);
        let v2 = format!("{}/{tid}/v2.0", cloud.login);
        if iss != v1 && iss != v2 {
            let words = format!("iss is {iss}\nthis cloud's forms are {v1} and {v2}");
            return Verdict::fail(&cause::TOKEN_ISSUER_FOREIGN, words);
        }
        iss.clone_into(&mut seen);
    }
    Verdict::pass(seen)
}

fn tenant(visit: &Visit) -> Judgement {
    let known = visit.facts.entra.as_ref().and_then(|entra| entra.tenant_id.as_deref());
    let given = visit.setup.tenant.as_deref().filter(|tenant| uuid::Uuid::try_parse(tenant).is_ok());
    let wanted = given.or(known).ok_or("no directory id is known to compare with")?;
    for token in readable(visit)? {
        let tid = token.text("tid").unwrap_or_default();
        if !tid.eq_ignore_ascii_case(wanted) {
            return Verdict::fail(
                &cause::TOKEN_TENANT_MISMATCH,
                format!("tid is {tid}, the set-up's directory is {wanted}"),
            );
        }
    }
    Verdict::pass(format!("tid {wanted}"))
}

fn app(visit: &Visit) -> Judgement {
    let wanted = visit.setup.client_id.as_deref().ok_or("no client id is known to compare with")?;
    for token in readable(visit)? {
        let id = token.client_id().unwrap_or_default();
        if !id.eq_ignore_ascii_case(wanted) {
            return Verdict::fail(
                &cause::TOKEN_APP_MISMATCH,
                format!("appid is {id}, the set-up's client id is {wanted}"),
            );
        }
    }
    Verdict::pass(format!("appid {wanted}"))
}

/// Times are compared with the login service's clock, as far as we know it, with the tolerance of its validators.
fn lifetime(visit: &Visit) -> Judgement {
    let requests = visit.facts.tokens.iter().filter_map(|token| token.request.as_ref());
    let discovery = visit.facts.entra.iter().map(|entra| &entra.discovery);
    let skew = requests.chain(discovery).find_map(|request| request.clock_skew).unwrap_or(0);
    let now = visit.facts.observed_at.as_second() + skew;
    let mut words = String::new();
    for token in readable(visit)? {
        let exp = token.seconds("exp").ok_or("the token has no exp")?;
        if exp <= now {
            return Verdict::fail(&cause::TOKEN_EXPIRED, format!("exp is {}, {} ago", time(exp), span(now - exp)));
        }
        if let Some(nbf) = token.seconds("nbf").filter(|nbf| *nbf > now + TOLERANCE) {
            return Verdict::fail(&cause::TOKEN_NOT_YET_VALID, format!("nbf is {}, in {}", time(nbf), span(nbf - now)));
        }
        if exp - now < SHORT_LIFE {
            return Verdict::warn(&cause::TOKEN_EXPIRES_SOON, format!("exp is {}, in {}", time(exp), span(exp - now)));
        }
        words = format!("for another {}", span(exp - now));
    }
    Verdict::pass(words)
}

/// An application has roles, a person has scopes; `idtyp`, where it is there, says the same, and a set-up that names the
/// object id of an application wants the application's.
fn kind(visit: &Visit) -> Judgement {
    let mut words = "an application's";
    for token in readable(visit)? {
        let (person, idtyp) = (token.scopes().is_some(), token.text("idtyp"));
        let other = if person { "app" } else { "user" };
        if idtyp == Some(other) {
            let scp = if person { "holds" } else { "lacks" };
            return Verdict::fail(&cause::TOKEN_DELEGATED, format!("idtyp is {other}, but the token {scp} scp"));
        }
        if person && visit.setup.object_id.is_some() {
            let who = token.text("upn").unwrap_or("a person");
            let words = format!("it is {who}'s (scp), and the set-up names an application's object id");
            return Verdict::fail(&cause::TOKEN_DELEGATED, words);
        }
        words = if person { "a person's, by its scp" } else { "an application's" };
    }
    Verdict::pass(words)
}

fn user(visit: &Visit) -> Judgement {
    let mailbox = visit.setup.mailbox.as_deref();
    for token in readable(visit)? {
        let wrapped = token.sasl_user.as_deref();
        let own = token.text("upn").or_else(|| token.text("preferred_username")).or_else(|| token.text("unique_name"));
        let login = wrapped.or(mailbox);
        if let (Some(own), Some(login), Some(_)) = (own, login, token.scopes())
            && !own.eq_ignore_ascii_case(login)
        {
            return Verdict::fail(&cause::TOKEN_USER_MISMATCH, format!("the token is {own}'s, user= is {login}"));
        }
        if let (Some(wrapped), Some(mailbox)) = (wrapped, mailbox)
            && !wrapped.eq_ignore_ascii_case(mailbox)
        {
            return Verdict::fail(&cause::TOKEN_USER_MISMATCH, format!("user= is {wrapped}, the mailbox is {mailbox}"));
        }
    }
    Verdict::pass(mailbox.unwrap_or("nobody else's").to_owned())
}

fn audience(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    if !token.readable() {
        return Err("the token can not be read".into());
    }
    let aud = token.audiences().join(", ");
    let wanted = road.wants().resource;
    let api = access::api_of(token, &visit.setup.cloud);
    if api == Some(wanted) {
        return Verdict::pass(format!("aud {aud}"));
    }
    let cause = match api {
        Some(Resource::Graph) => &cause::TOKEN_AUDIENCE_GRAPH,
        Some(Resource::Outlook) => &cause::TOKEN_AUDIENCE_OUTLOOK,
        None => &cause::TOKEN_AUDIENCE_OTHER,
    };
    let cloud = &visit.setup.cloud;
    let good = if wanted == Resource::Graph { &cloud.graph_audiences } else { &cloud.outlook_audiences };
    let good = good.first().map(String::as_str).unwrap_or_default();
    Verdict::fail(cause, format!("aud is {aud}, the {road} road needs {good}"))
}

fn role(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    match access::of(token, &visit.setup.cloud, road) {
        Access::Yes(words) => Verdict::pass(words),
        Access::No(words) if token.scopes().is_some() => Verdict::fail(&cause::TOKEN_SCOPE_MISSING, words),
        Access::No(words) => Verdict::fail(role_cause(road), words),
        Access::Unproven(_) if !token.readable() => Err("the token can not be read".into()),
        Access::Unproven(_) if logged_in(visit, road) => {
            Verdict::pass("not by the token: the login succeeded, so Exchange itself holds the grant")
        }
        Access::Unproven(words) => Verdict::unproven(role_cause(road), words),
    }
}

/// Whether the road's own server took the token: a better witness than its claims.
fn logged_in(visit: &Visit, road: Road) -> bool {
    if road == Road::Graph {
        return visit.facts.graph.as_ref().and_then(GraphFacts::accepted) == Some(Accepted::Yes);
    }
    let auth = visit.facts.smtp.as_ref().filter(|_| road == Road::Smtp).and_then(|smtp| smtp.step(Stage::Auth));
    auth.and_then(|step| step.reply.as_ref()).is_some_and(Reply::positive)
}

fn role_cause(road: Road) -> &'static Cause {
    match road {
        Road::Smtp => &cause::TOKEN_ROLE_MISSING_SMTP,
        Road::Graph => &cause::TOKEN_ROLE_MISSING_GRAPH,
        Road::Ews => &cause::TOKEN_ROLE_MISSING_EWS,
        Road::Imap => &cause::TOKEN_ROLE_MISSING_IMAP,
        Road::Pop => &cause::TOKEN_ROLE_MISSING_POP,
        Road::Hve => &cause::TOKEN_ROLE_MISSING_HVE,
    }
}

fn opens(visit: &Visit) -> Judgement {
    let token = visit.facts.tokens.first().ok_or("there is no token")?;
    if !token.readable() {
        return Err("the token can not be read".into());
    }
    let table = access::table(token, &visit.setup.cloud);
    let by = |wanted: fn(&Access) -> bool| {
        let roads: Vec<String> =
            table.iter().filter(|row| wanted(&row.access)).map(|row| row.road.to_string()).collect();
        roads.join(", ")
    };
    let open = by(|access| matches!(access, Access::Yes(_)));
    if !open.is_empty() {
        return Verdict::pass(open);
    }
    let maybe = by(|access| matches!(access, Access::Unproven(_)));
    if !maybe.is_empty() {
        return Verdict::unproven(
            &cause::TOKEN_OPENS_NO_ROAD,
            format!("none for sure; a grant in Exchange may open: {maybe}"),
        );
    }
    let aud = token.audiences().join(", ");
    let roles = token.scopes().unwrap_or_else(|| token.roles()).join(", ");
    Verdict::fail(
        &cause::TOKEN_OPENS_NO_ROAD,
        format!("aud {aud}; rights: {}", if roles.is_empty() { "none" } else { &roles }),
    )
}

fn object_id(visit: &Visit) -> Judgement {
    let given = visit.setup.object_id.as_deref().ok_or("none was given by hand")?;
    let token =
        visit.facts.tokens.iter().find(|token| token.app_only()).ok_or("there is no app-only token to compare with")?;
    let oid = token.text("oid").ok_or("the token names no object id")?;
    if oid.eq_ignore_ascii_case(given) {
        return Verdict::pass(format!("{given} is the oid of the token"));
    }
    let words = format!("given: {given}\nthe token's oid, which New-ServicePrincipal needs: {oid}");
    Verdict::fail(&cause::OBJECT_ID_MISMATCH, words)
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// A number of seconds as a person says it.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
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
