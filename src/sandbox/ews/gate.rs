//! Who comes in: the token, the switches, the lists, and the mailbox that is named.

use std::fmt;

use super::soap::Fault;
use super::{Refusal, schema};
use crate::facts::TokenFacts;
use crate::road::Road;
use crate::sandbox::grants::AUDIENCES;
use crate::sandbox::keys::PUBLISHED;
use crate::sandbox::state::{Mailbox, State, Tenant};
use crate::setup::secret::Secret;
use crate::xml::Element;

/// What a 403 says in `X-EWS-Policy-Reason` (Microsoft Learn, "Control access to EWS in Exchange").
pub(super) const DISABLED: &str = "EWS is disabled for this user or tenant";
pub(super) const BLOCKED: &str = "EWS is blocked by policy for this user or tenant";

/// Why a token is refused, as `x-ms-diagnostics` says it. Number and category go together; the sentences are those seen
/// in the field (microsoft-facts G), but that of an expired token, which is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Diagnostic {
    number: u32,
    reason: String,
    category: &'static str,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};reason=\"{}\";error_category=\"{}\"", self.number, self.reason, self.category)
    }
}

/// Whose token it is, and by what it may come in.
#[derive(Debug)]
pub(super) struct Caller {
    tenant: String,
    /// The client id.
    app: String,
    right: Right,
}

#[derive(Debug, PartialEq, Eq)]
enum Right {
    /// The role in the token, which opens every mailbox.
    Role,
    /// The role in Exchange, which opens those of its scope.
    Rbac,
    /// A person, by this name.
    Person(String),
}

/// The mailbox that is open, and those whose folders may be named.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) address: String,
    pub(super) reach: Vec<String>,
    /// Other addresses of theirs, by which a folder's owner can not be named.
    pub(super) aliases: Vec<String>,
}

/// What the service says of an alias where the primary address belongs.
pub(super) const NOT_PRIMARY: (&str, &str) =
    ("ErrorNonPrimarySmtpAddress", "The primary SMTP address must be specified when referencing a mailbox.");

/// Looks at the token: form, signature, time, audience, directory, permissions; then at the organisation's switches.
pub(super) fn caller(state: &State, token: &str, now: i64) -> Result<Caller, Refusal> {
    let (claims, tenant) = read(state, token, now).map_err(|diagnostic| Refusal::Token(Some(diagnostic)))?;
    if tenant.ews_enabled != Some(true) {
        return Err(Refusal::Forbidden(Some(DISABLED)));
    }
    let app = claims.client_id().unwrap_or_default();
    if !tenant.ews_allowed_apps.iter().any(|allowed| allowed.eq_ignore_ascii_case(app)) {
        return Err(Refusal::Forbidden(Some(BLOCKED)));
    }
    let right = right(&claims, tenant).ok_or(Refusal::Forbidden(None))?;
    Ok(Caller { tenant: tenant.id.clone(), app: app.to_owned(), right })
}

fn read<'a>(state: &'a State, token: &str, now: i64) -> Result<(TokenFacts, &'a Tenant), Diagnostic> {
    let refused = |number, reason: &str, category| Diagnostic { number, reason: reason.to_owned(), category };
    let mut claims = TokenFacts::default();
    crate::probes::decode_token(&Secret::new(token), &mut claims);
    if !claims.readable() {
        return Err(refused(2_000_001, "OAuth token submitted with the request can not be parsed.", "invalid_token"));
    }
    let tid = claims.text("tid").unwrap_or_default();
    let tenant = state.tenant(tid);
    // A sealed token is signed in a way that only its API can check; that API is we.
    if !(tenant.is_some_and(|tenant| tenant.tokens.sealed) || PUBLISHED.signed(token)) {
        return Err(refused(2_000_000, "The token has an invalid signature.", "invalid_signature"));
    }
    let early = claims.seconds("nbf").is_none_or(|nbf| nbf > now + 300);
    if early || claims.seconds("exp").is_none_or(|exp| exp <= now) {
        return Err(refused(2_000_002, "The token has expired.", "token_expired"));
    }
    if !claims.audiences().iter().any(|aud| AUDIENCES.contains(&aud.trim_end_matches('/'))) {
        return Err(refused(2_000_003, "The audience claim value is invalid 'aud'.", "invalid_resource"));
    }
    let issued_by = |tenant: &&Tenant| claims.text("iss") == Some(&format!("https://sts.windows.net/{}/", tenant.id));
    let Some(tenant) = tenant.filter(|tenant| tenant.exchange).filter(issued_by) else {
        let reason = format!("The tenant for tenant guid '{tid}' does not exist.");
        return Err(refused(2_000_004, &reason, "invalid_tenant"));
    };
    let none = claims.roles().is_empty() && claims.scopes().is_none();
    if none && right(&claims, tenant).is_none() {
        let reason = "The token contains no permissions, or permissions can not be understood.";
        return Err(refused(2_000_008, reason, "invalid_grant"));
    }
    Ok((claims, tenant))
}

/// The role of RBAC for Applications that stands in for the role in the token.
const RBAC: &str = "Application EWS.AccessAsApp";

fn right(claims: &TokenFacts, tenant: &Tenant) -> Option<Right> {
    let wants = Road::Ews.wants()?;
    if let Some(scopes) = claims.scopes() {
        let user = claims.text("upn").or_else(|| claims.text("preferred_username"))?;
        return scopes.iter().any(|scope| wants.scopes.contains(scope)).then(|| Right::Person(user.to_owned()));
    }
    if claims.roles().iter().any(|role| wants.roles.contains(role)) {
        return Some(Right::Role);
    }
    let app = tenant.app_of(claims);
    let assigned = app.rbac_roles.iter().any(|role| role == RBAC);
    (assigned && app.in_exchange(claims.text("oid"))).then_some(Right::Rbac)
}

/// Looks at the mailbox: the header for an application, the person's own otherwise.
pub(super) fn admit(state: &State, caller: &Caller, header: Option<&Element>) -> Result<Admitted, Refusal> {
    let tenant = state.tenant(&caller.tenant).ok_or(Refusal::Forbidden(None))?;
    let named = header.and_then(|header| header.child("ExchangeImpersonation")).map(sid).transpose()?;
    let denied = || {
        let words = "The account does not have permission to impersonate the requested user.";
        Fault::new("ErrorImpersonateUserDenied", words)
    };
    let mailbox = match (&caller.right, named) {
        (Right::Person(_), Some(_)) => return Err(denied().into()),
        (Right::Person(user), None) => {
            tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(user)).ok_or_else(|| {
                let words = "When making a request as an account that does not have a mailbox, you must specify the \
                         mailbox primary SMTP address for any distinguished folder Ids.";
                Fault::new("ErrorMissingEmailAddress", words)
            })?
        }
        (_, None) => {
            let words = "ExchangeImpersonation SOAP header must be present for this type of OAuth token.";
            return Err(Fault::new("ErrorInvalidExchangeImpersonationHeaderData", words).into());
        }
        (_, Some(sid)) => impersonated(tenant, &sid)?,
    };
    if mailbox.ews_off {
        return Err(Refusal::Forbidden(Some(DISABLED)));
    }
    let app = tenant.app_or_first(&caller.app);
    if caller.right == Right::Role && app.access_policy_denies {
        return Err(Refusal::Forbidden(None));
    }
    if caller.right == Right::Rbac && !app.holds(RBAC, mailbox) {
        return Err(denied().into());
    }
    let reached = reached(tenant, caller, mailbox);
    let reach = reached.iter().map(|mailbox| mailbox.address.clone()).collect();
    let aliases = reached.iter().flat_map(|mailbox| mailbox.aliases.clone()).collect();
    Ok(Admitted { address: mailbox.address.clone(), reach, aliases })
}

/// The kind of a name and the name.
fn sid(impersonation: &Element) -> Result<(String, String), Fault> {
    let sid = impersonation.child("ConnectingSID").and_then(|sid| sid.children.first());
    let sid = sid.filter(|sid| !sid.trimmed().is_empty());
    let sid = sid.ok_or_else(|| schema("ConnectingSID of ExchangeImpersonation names nobody."))?;
    Ok((sid.name.clone(), sid.trimmed().to_owned()))
}

fn impersonated<'a>(tenant: &'a Tenant, (kind, name): &(String, String)) -> Result<&'a Mailbox, Fault> {
    if !matches!(kind.as_str(), "PrimarySmtpAddress" | "SmtpAddress" | "PrincipalName") {
        return Err(schema(&format!("ConnectingSID holds a {kind}.")));
    }
    let mut mailboxes = tenant.mailboxes.iter().filter(|mailbox| !mailbox.rest_disabled);
    let words = "The SMTP address has no mailbox associated with it.";
    let found = mailboxes.find(|mailbox| mailbox.has(name));
    let found = found.ok_or_else(|| Fault::new("ErrorNonExistentMailbox", words))?;
    if kind == "PrimarySmtpAddress" && !found.address.eq_ignore_ascii_case(name) {
        return Err(Fault::new(NOT_PRIMARY.0, NOT_PRIMARY.1).with("Primary", found.address.as_str()));
    }
    Ok(found)
}

fn reached<'a>(tenant: &'a Tenant, caller: &Caller, own: &'a Mailbox) -> Vec<&'a Mailbox> {
    let Right::Person(user) = &caller.right else { return vec![own] };
    let shared = |mailbox: &&Mailbox| mailbox.full_access.iter().any(|name| name.eq_ignore_ascii_case(user));
    [own].into_iter().chain(tenant.mailboxes.iter().filter(shared)).collect()
}
