//! What the login service and Exchange grant: the real checks behind every refusal of the sandbox.

use serde_json::Value;

use super::keys::PUBLISHED;
use super::state::{App, CONSUMERS, Mailbox, State, Switch, Tenant};
use super::tokens::Api;
use crate::facts::TokenFacts;
use crate::road::Road;
use crate::setup::secret::Secret;

/// How a login ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// The mailbox of this address is open.
    Open(String),
    /// The service refuses and does not say why.
    Refused,
    /// The service refuses by policy and names it.
    Policy(String),
}

/// How a login to High Volume Email ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HveLogin {
    /// The account is known; whether the application stands on its list is told only at the sender.
    Open { listed: bool },
    /// The service refuses in these words.
    Refused(&'static str),
}

/// High Volume Email wants this many seconds left of a token (microsoft-facts D.2).
const HVE_LEAST: i64 = 600;

/// How a login to a mailbox ends over IMAP and POP.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The mailbox of this address is open.
    Open(String),
    /// The token is good, and no mailbox opens.
    NotConnected,
    /// The token is refused.
    Refused,
}

/// A token that Graph takes, and whose it is.
pub(super) struct GraphToken<'a> {
    pub(super) claims: TokenFacts,
    pub(super) tenant: &'a Tenant,
}

/// What Graph takes for an audience of its own (microsoft-facts D.1).
const GRAPH_AUDIENCES: [&str; 2] = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/// What Exchange takes for an audience of its own (microsoft-facts D.1).
pub(super) const AUDIENCES: [&str; 3] =
    ["https://outlook.office365.com", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000"];

impl State {
    /// Whether a token opens a mailbox for SMTP: issuer, audience, signature, time, right, registration, mailbox right, and
    /// last the switch (the order of microsoft-facts F.1).
    pub(super) fn smtp_login(&self, user: &str, token: &str, now: i64) -> Login {
        let Some((claims, tenant)) = self.read_token(self.unsealed(token), now) else { return Login::Refused };
        if claims.scopes().is_some() {
            return tenant.person_sends(user, &claims);
        }
        let Some(mailbox) = tenant.mailboxes.iter().find(|mailbox| mailbox.is_named(user)) else {
            return Login::Refused;
        };
        let Some(by_role) = tenant.right_to_send(&claims, mailbox) else { return Login::Refused };
        if !tenant.app_of(&claims).in_exchange(claims.text("oid")) {
            return Login::Refused;
        }
        // A role in the token re-awakens the check of the mailbox right; a role of RBAC alone brings its own scope.
        let app = claims.client_id().unwrap_or_default();
        if by_role && !mailbox.opens_to(app) {
            return Login::Refused;
        }
        tenant.opened(mailbox)
    }

    /// Whether a token opens an account of High Volume Email: time, issuer and signature, permission, account. There is no
    /// switch of SMTP AUTH in its way (microsoft-facts F.3).
    pub(super) fn hve_login(&self, user: &str, token: &str, now: i64) -> HveLogin {
        let mut claims = TokenFacts::default();
        crate::probes::decode_token(&Secret::new(token), &mut claims);
        let left = claims.seconds("exp").map(|exp| exp - now);
        let refused = HveLogin::Refused("535 5.7.3 Authentication unsuccessful");
        if left.is_some_and(|left| left <= 0) {
            return HveLogin::Refused("535 5.7.143 Expired token");
        }
        let Some((claims, tenant)) = self.read_token(token, now) else { return refused };
        if left.is_some_and(|left| left < HVE_LEAST) {
            return HveLogin::Refused("535 5.7.142 Token will expire soon");
        }
        if !claims.roles().contains(&"Mail.Send") {
            return HveLogin::Refused("535 5.7.144 XOAUTH2 authentication failed. Invalid API permissions.");
        }
        let account = tenant.hve_accounts.iter().find(|account| account.address.eq_ignore_ascii_case(user));
        let Some(account) = account else { return refused };
        let oid = claims.text("oid").unwrap_or_default();
        HveLogin::Open { listed: account.apps.iter().any(|app| app.eq_ignore_ascii_case(oid)) }
    }

    /// High Volume Email delivers within the organisation alone.
    pub(super) fn hve_recipient_refused(&self, to: &str) -> Option<String> {
        let domain = super::receive::domain_of(to);
        let mut organisations = self.tenants.iter().filter(|tenant| tenant.id != CONSUMERS);
        let within = organisations.any(|tenant| tenant.accepts(domain));
        let words = "550 5.5.105 External sending is not supported for High Volume Email accounts.";
        (!within).then(|| words.to_owned())
    }

    /// What a token opens over IMAP or POP: the token and the registration first, then the mailbox, its right and its
    /// switch (microsoft-facts F.10).
    pub(super) fn open_mailbox(&self, road: Road, user: &str, token: &str, now: i64) -> Opening {
        let Some((claims, tenant)) = self.read_token(self.unsealed(token), now) else { return Opening::Refused };
        let Some(wants) = road.wants() else { return Opening::Refused };
        let person = claims.scopes().is_some();
        let granted = match claims.scopes() {
            Some(scopes) => wants.scopes.iter().any(|scope| scopes.contains(scope)),
            None => wants.roles.iter().any(|role| claims.roles().contains(role)),
        };
        if !granted || !(person || tenant.app_of(&claims).in_exchange(claims.text("oid"))) {
            return Opening::Refused;
        }
        let who = if person { claims.text("upn") } else { claims.client_id() }.unwrap_or_default();
        let mailbox = tenant.mailboxes.iter().find(|mailbox| mailbox.is_named(user)).filter(|mailbox| {
            let off = if road == Road::Pop { mailbox.pop_off } else { mailbox.imap_off };
            // Whoever names another mailbox than its own is a member of it or stays outside.
            let own = person && mailbox.signs_in_as(who) && who.eq_ignore_ascii_case(user);
            !off && !mailbox.logon_fails && (own || mailbox.opens_to(who))
        });
        mailbox.map_or(Opening::NotConnected, |mailbox| Opening::Open(mailbox.address.clone()))
    }

    /// Whether Graph takes a token, or the words in which it refuses: form, signature, time, audience, directory.
    pub(super) fn graph_token(&self, token: &str, now: i64) -> Result<GraphToken<'_>, &'static str> {
        let token = self.unsealed(token);
        let mut claims = TokenFacts::default();
        crate::probes::decode_token(&Secret::new(token), &mut claims);
        if !claims.readable() {
            return Err("CompactToken parsing failed with error code: 80049217");
        }
        let tenant = claims.text("tid").and_then(|tid| self.tenant(tid));
        // A sealed token is signed in a way that only its API can check; that API is we.
        if !(tenant.is_some_and(|tenant| tenant.tokens.sealed) || PUBLISHED.signed(token)) {
            return Err("Signing key is invalid.");
        }
        let early = claims.seconds("nbf").is_none_or(|nbf| nbf > now + 300);
        if early || claims.seconds("exp").is_none_or(|exp| exp <= now) {
            return Err("Access token has expired or is not yet valid.");
        }
        if !claims.audiences().iter().any(|aud| GRAPH_AUDIENCES.contains(&aud.trim_end_matches('/'))) {
            return Err("Access token validation failure. Invalid audience.");
        }
        let tenant = tenant.ok_or("Access token validation failure. Invalid issuer.")?;
        Ok(GraphToken { claims, tenant })
    }

    /// What a token of a personal account stands for: such a token is a name in the books of the service, and tells
    /// nothing by itself.
    fn unsealed<'a>(&'a self, token: &'a str) -> &'a str {
        self.ledger.opaque.get(token).map_or(token, String::as_str)
    }

    fn read_token(&self, token: &str, now: i64) -> Option<(TokenFacts, &Tenant)> {
        let mut claims = TokenFacts::default();
        crate::probes::decode_token(&Secret::new(token), &mut claims);
        let tenant = self.tenant(claims.text("tid")?)?;
        let issued_here = claims.text("iss")? == format!("https://sts.windows.net/{}/", tenant.id);
        let for_exchange = claims.audiences().iter().any(|aud| AUDIENCES.contains(&aud.trim_end_matches('/')));
        let in_time = claims.seconds("nbf")? <= now + 300 && claims.seconds("exp")? > now;
        // A sealed token is signed in a way that only its API can check; that API is we.
        let sound = tenant.tokens.sealed || PUBLISHED.signed(token) || tenant.tokens.unpublished_key;
        (issued_here && for_exchange && in_time && sound).then_some((claims, tenant))
    }
}

impl GraphToken<'_> {
    /// The address of the mailbox of the person whose token it is; none behind an application's.
    pub(super) fn person(&self) -> Option<String> {
        let upn = self.claims.text("upn").filter(|_| self.claims.scopes().is_some())?;
        let own = self.tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(upn));
        own.map(|mailbox| mailbox.address.clone())
    }

    /// Whether a person reaches a mailbox by one of these scopes: its own, or by their `.Shared` forms one that it is a
    /// member of (Microsoft Learn, "Send Outlook messages from another user").
    pub(super) fn reaches(&self, mailbox: &Mailbox, scopes: &[&str]) -> bool {
        let upn = self.claims.text("upn").unwrap_or_default();
        let (own, member) = (mailbox.signs_in_as(upn), mailbox.opens_to(upn));
        let held = self.claims.scopes().unwrap_or_default();
        let shared = |scope: &&str| held.contains(&&*format!("{scope}.Shared"));
        scopes.iter().any(|scope| (own && held.contains(scope)) || ((own || member) && shared(scope)))
    }

    /// Whether its scopes let it name this address as sender; whether Exchange does is another question.
    pub(super) fn may_name(&self, from: &str) -> bool {
        let Some(scopes) = self.claims.scopes() else { return true };
        let upn = self.claims.text("upn").unwrap_or_default();
        let own = self.tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(upn));
        scopes.contains(&"Mail.Send.Shared") || own.is_some_and(|mailbox| mailbox.has(from))
    }
}

impl Tenant {
    /// Whether the application may send from a mailbox at all, and whether by a role in the token (true) or in Exchange
    /// (false).
    fn right_to_send(&self, claims: &TokenFacts, mailbox: &Mailbox) -> Option<bool> {
        if claims.roles().contains(&"SMTP.SendAsApp") {
            return Some(true);
        }
        self.app_of(claims).holds("Application SMTP.SendAsApp", mailbox).then_some(false)
    }

    /// A person logs in as nobody but itself: over SMTP `user=` is the token's own UPN (nextcloud/mail #13667, #13668;
    /// microsoft-facts J.1). What else may be wrong is refused in the same words.
    fn person_sends(&self, user: &str, claims: &TokenFacts) -> Login {
        let upn = claims.text("upn").unwrap_or_default();
        let granted = claims.scopes().is_some_and(|scopes| scopes.contains(&"SMTP.Send"));
        let own = self.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(upn));
        match own.filter(|_| granted && user.eq_ignore_ascii_case(upn)) {
            Some(mailbox) => self.opened(mailbox),
            None => Login::Refused,
        }
    }

    /// The mailbox, where no policy and no switch is before it.
    fn opened(&self, mailbox: &Mailbox) -> Login {
        self.policy_for(mailbox).map_or_else(|| Login::Open(mailbox.address.clone()), Login::Policy)
    }

    fn policy_for(&self, mailbox: &Mailbox) -> Option<String> {
        if let Some(policy) = &self.policy {
            return Some(policy.clone());
        }
        let whose = match (mailbox.smtp_auth, self.smtp_auth_disabled) {
            (Switch::Off, _) => "Mailbox",
            (Switch::Follow, true) => "Tenant",
            _ => return None,
        };
        Some(format!(
            "SmtpClientAuthentication is disabled for the {whose}. Visit https://aka.ms/smtp_auth_disabled for more information."
        ))
    }

    /// The roles of a token for an API: what the application was assigned.
    pub(super) fn roles(&self, graph: bool) -> Vec<Value> {
        let assigned = self.app.entry.assignments.iter().filter(|assigned| (assigned.api == Api::Graph) == graph);
        assigned.map(|assigned| Value::from(assigned.role.as_str())).collect()
    }
}

impl App {
    /// Whether a role of RBAC for Applications is assigned and its scope holds the mailbox.
    pub(super) fn holds(&self, role: &str, mailbox: &Mailbox) -> bool {
        let within = self.rbac_scope.is_empty() || self.rbac_scope.iter().any(|address| mailbox.has(address));
        within && self.rbac_roles.iter().any(|own| own == role)
    }

    /// Whether Exchange knows the application under the object id that the token names.
    pub(super) fn in_exchange(&self, oid: Option<&str>) -> bool {
        let registered = self.exchange_object_id.as_deref().filter(|id| !id.is_empty());
        self.exchange_in_force && registered.is_some() && registered == oid
    }
}
