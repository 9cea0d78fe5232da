//! What a token is good for: its API, its right on a road, and the roads that it opens.

use super::of;
use crate::access::{self, Access};
use crate::check::{Judgement, Verdict};
use crate::facts::{Accepted, EwsFacts, Form, GraphFacts, Reply, Stage, TokenFacts, Visit};
use crate::kb::{Cause, cause};
use crate::road::{Resource, Road};

pub(super) fn audience(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    if token.granted_scopes().is_some()
        && token.form == Some(Form::Opaque)
        && token.resource == road.wants().map(|wants| wants.resource)
    {
        return Verdict::pass(format!("it was asked for {}", token.resource.map(Resource::label).unwrap_or_default()));
    }
    if !token.readable() {
        return Err("the token can not be read".into());
    }
    let aud = token.audiences().join(", ");
    let wanted = road.wants().ok_or("the road takes no token")?.resource;
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

pub(super) fn role(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    match access::of(token, &visit.setup.cloud, road) {
        Access::Yes(words) => Verdict::pass(words),
        Access::No(words) if token.scopes().is_some() => Verdict::fail(&cause::TOKEN_SCOPE_MISSING, words),
        Access::No(words) => Verdict::fail(role_cause(token, road), words),
        Access::Unproven(_) if !token.readable() => Err("the token can not be read".into()),
        Access::Unproven(_) if logged_in(visit, road) => {
            Verdict::pass("not by the token: the login succeeded, so Exchange itself holds the grant")
        }
        Access::Unproven(words) => Verdict::unproven(role_cause(token, road), words),
    }
}

/// Whether the road's own server took the token: a better witness than its claims.
pub(super) fn logged_in(visit: &Visit, road: Road) -> bool {
    if road == Road::Graph {
        return visit.facts.graph.as_ref().and_then(GraphFacts::accepted) == Some(Accepted::Yes);
    }
    if road == Road::Ews {
        return visit.facts.ews.as_ref().is_some_and(EwsFacts::opened);
    }
    let auth = visit.facts.smtp_on(road).and_then(|smtp| smtp.step(Stage::Auth));
    auth.and_then(|step| step.reply.as_ref()).is_some_and(Reply::positive)
}

fn role_cause(token: &TokenFacts, road: Road) -> &'static Cause {
    // It has no registration where a permission could be asked for and consented to.
    if token.managed.is_some() {
        return &cause::MANAGED_IDENTITY_ROLE_MISSING;
    }
    match road {
        Road::Smtp => &cause::TOKEN_ROLE_MISSING_SMTP,
        Road::Graph => &cause::TOKEN_ROLE_MISSING_GRAPH,
        Road::Ews => &cause::TOKEN_ROLE_MISSING_EWS,
        Road::Imap => &cause::TOKEN_ROLE_MISSING_IMAP,
        Road::Pop => &cause::TOKEN_ROLE_MISSING_POP,
        // A road without a token has no role to miss.
        Road::Hve | Road::Relay | Road::Direct => &cause::TOKEN_ROLE_MISSING_HVE,
    }
}

pub(super) fn opens(visit: &Visit) -> Judgement {
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
