//! What a run will do: its steps, the hosts it touches, and what is left out and why.

mod confirm;
mod relay;
mod words;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{Folder, MailboxStage, Stage, TokenFacts};
use crate::message::ProbeMail;
use crate::probes::{self, Envelope, Without};
use crate::road::{Resource, Road};
use crate::setup::{Credential, InputError, Setup, is_personal};
use crate::sign_in;

pub(crate) use confirm::FINDING;
pub use words::PlannedStep;

/// The steps of one run.
pub struct Plan {
    /// Which checks apply: the sub-command.
    pub command: &'static str,
    /// What will be done.
    pub steps: Vec<Step>,
    /// What will not, and why.
    pub left_out: Vec<LeftOut>,
    /// What is left out of the look at the domain.
    pub without: Without,
    /// When the run begins.
    pub now: Timestamp,
}

/// One step.
pub enum Step {
    /// Ask the login service for the tenant and its keys.
    Discovery {
        /// Directory id or domain.
        tenant: String,
    },
    /// Request a token.
    RequestToken {
        /// The API.
        resource: Resource,
        /// The scope.
        scope: String,
    },
    /// Take the token that was given.
    ReadToken,
    /// Hold an SMTP dialogue.
    Smtp {
        /// The road: submission, High Volume Email, or one of port 25.
        road: Road,
        /// The mail, when it leaves.
        mail: Option<ProbeMail>,
        /// Go no further than this.
        stop_after: Option<Stage>,
    },
    /// Log in over IMAP and open the mailbox.
    Imap {
        /// Go no further than this.
        stop_after: Option<MailboxStage>,
    },
    /// Log in over POP and open the mailbox.
    Pop {
        /// Go no further than this.
        stop_after: Option<MailboxStage>,
    },
    /// Ask Microsoft Graph.
    Graph {
        /// The mail, when it leaves.
        mail: Option<ProbeMail>,
        /// Why it does not, otherwise.
        kept: String,
    },
    /// Ask Exchange Web Services.
    Ews {
        /// The mail, when it leaves.
        mail: Option<ProbeMail>,
        /// Why it does not, otherwise.
        kept: String,
        /// Open the mailbox, or only look whether anybody answers.
        open: bool,
    },
    /// Ask port 25 for each of these, and end each before DATA.
    DryRun {
        /// One for each road.
        envelopes: Vec<Envelope>,
    },
    /// Look up the address that port 25 sees us come from.
    Egress,
    /// Look the domain up.
    Dns,
    /// Ask the login service whose the domain is.
    DomainTenant,
    /// Look for the probe mail, after it left.
    Confirm {
        /// The mailbox.
        mailbox: String,
        /// Its folders.
        folders: Vec<Folder>,
        /// What the subject holds.
        token: String,
    },
}

/// Something that a run could do and will not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What a sub-command asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slice {
    /// The sub-command.
    pub command: &'static str,
    /// Look the tenant and its keys up, also for a token that was given.
    pub verify: bool,
    /// Get or take a token.
    pub token: bool,
    /// Talk to the road's server.
    pub talk: bool,
    /// Let the probe mail leave.
    pub send: bool,
    /// Look the domain up.
    pub dns: bool,
    /// And leave this out of it.
    pub without: Without,
    /// Ask port 25 who may pass, and whether the submission port answers.
    pub relay: bool,
}

/// Makes the plan. Nothing is contacted.
///
/// # Errors
/// An address that can not stand in a message, or a road that can not be taken.
pub fn make(setup: &Setup, slice: Slice, now: Timestamp) -> Result<Plan, InputError> {
    let without = slice.without;
    let mut plan = Plan { command: slice.command, steps: Vec::new(), left_out: Vec::new(), without, now };
    if slice.dns {
        match &setup.domain {
            Some(domain) => plan.domain(setup, slice, domain),
            None => plan.leave_out("the domain's records", "no domain is known (--domain)"),
        }
        if without.policies {
            plan.leave_out("the policy of MTA-STS, over HTTPS", "it is not to be fetched (--no-policies)");
        }
        if without.name_servers {
            plan.leave_out("the domain's own name servers", "they are not to be asked (--no-name-servers)");
        }
    }
    let read = matches!(setup.credential, Some(Credential::Token { .. }));
    let slice = Slice { token: slice.token && setup.wants_token(), ..slice };
    if slice.token && (slice.verify || !read) {
        match setup.tenant.clone().or_else(|| tenant_of_token(setup)) {
            Some(tenant) => plan.steps.push(Step::Discovery { tenant }),
            None => {
                plan.leave_out("the token's signature", "no tenant is known whose keys could be fetched (--tenant)");
            }
        }
    }
    if slice.token {
        plan.tokens(setup, slice, read);
    }
    for (road, why) in &setup.closed {
        plan.leave_out(&format!("the {road} road"), why);
    }
    if slice.talk {
        plan.roads(setup, slice)?;
    }
    if slice.relay {
        plan.relay(setup);
    }
    Ok(plan)
}

/// The directory that a token that was given says it is from: it may be asked for its keys, no more.
fn tenant_of_token(setup: &Setup) -> Option<String> {
    let Some(Credential::Token { value, .. }) = &setup.credential else { return None };
    let mut token = TokenFacts::default();
    probes::decode_token(value, &mut token);
    token.text("tid").filter(|tid| uuid::Uuid::try_parse(tid).is_ok()).map(str::to_owned)
}

/// Where a stage of SMTP lies in a dialogue with a mailbox server. MAIL and RCPT come after the login, and there nothing
/// is stopped short of the mailbox.
fn mailbox_stop(stage: Option<Stage>) -> Option<MailboxStage> {
    match stage? {
        Stage::Connect => Some(MailboxStage::Connect),
        Stage::Banner => Some(MailboxStage::Banner),
        Stage::Ehlo | Stage::Starttls | Stage::Tls | Stage::EhloTls => Some(MailboxStage::Capability),
        Stage::Auth => Some(MailboxStage::Auth),
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Message => None,
    }
}

impl Plan {
    fn tokens(&mut self, setup: &Setup, slice: Slice, read: bool) {
        if read {
            self.steps.push(Step::ReadToken);
            return;
        }
        // One token opens the doors of one API, so roads of the same API share it.
        let mut resources: Vec<(Resource, Option<String>)> = Vec::new();
        let person = matches!(setup.credential, Some(Credential::Delegated { .. }));
        let named = setup.scope.clone().filter(|_| !person);
        let of_roads = setup.roads.iter().filter_map(|road| Some((road.wants()?.resource, named.clone())));
        // A scope that was named is that of the roads; the readers have their own.
        let of_readers = confirm::readers(setup, slice).into_iter().map(|reader| (reader.wants().resource, None));
        for (resource, scope) in of_roads.chain(of_readers) {
            if !resources.iter().any(|(known, _)| *known == resource) {
                resources.push((resource, scope));
            }
        }
        for (resource, scope) in resources {
            let scope = scope.unwrap_or_else(|| scope_of(setup, resource));
            self.steps.push(Step::RequestToken { resource, scope });
        }
    }

    fn domain(&mut self, setup: &Setup, slice: Slice, domain: &str) {
        self.steps.push(Step::Dns);
        // Who talks to port 25 alone has nothing to do with the login service.
        if slice.talk && !setup.wants_token() {
            return;
        }
        let Some(tenant) = &setup.tenant else { return self.steps.push(Step::DomainTenant) };
        if is_personal(tenant) {
            return self.leave_out("whose the domain is", "the set-up is that of a personal account");
        }
        self.steps.push(Step::DomainTenant);
        // A name says which tenant is meant, and only an id can be compared.
        let name = uuid::Uuid::try_parse(tenant).is_err();
        if name && !slice.token && !tenant.eq_ignore_ascii_case(domain) {
            self.steps.push(Step::Discovery { tenant: tenant.clone() });
        }
    }

    fn roads(&mut self, setup: &Setup, slice: Slice) -> Result<(), InputError> {
        let stop_after = mailbox_stop(setup.stop_after);
        if setup.roads.contains(&Road::Imap) {
            self.steps.push(Step::Imap { stop_after });
        }
        if setup.roads.contains(&Road::Pop) {
            self.steps.push(Step::Pop { stop_after });
        }
        if !setup.roads.iter().any(|road| SENT_OVER.contains(road)) {
            self.confirm(setup, None);
            return Ok(());
        }
        let mail = match kept(setup, slice) {
            Some(why) => {
                self.leave_out("the probe mail", why);
                None
            }
            None => self.mail(setup)?,
        };
        // One mail leaves per run, so one road has it.
        let over = |road: Road| mail.clone().filter(|_| setup.via == road);
        for road in Road::OVER_SMTP.into_iter().filter(|road| setup.roads.contains(road)) {
            if road == Road::Hve && setup.cloud.hve.is_none() {
                self.leave_out("the conversation of the hve road", "no host of it is known for this cloud");
                continue;
            }
            self.steps.push(Step::Smtp { road, mail: over(road), stop_after: setup.stop_after });
        }
        if slice.dns && setup.roads.iter().any(|road| road.is_port_25()) {
            self.steps.push(Step::Egress);
        }
        if setup.roads.contains(&Road::Graph) {
            let elsewhere = mail.is_some().then(|| format!("the probe mail leaves over {}", setup.via));
            let kept = elsewhere.unwrap_or_else(|| {
                format!("{}, and with Mail.Send alone nothing harmless can be asked", unsent(slice))
            });
            self.steps.push(Step::Graph { mail: over(Road::Graph), kept });
        }
        if setup.roads.contains(&Road::Ews) {
            let elsewhere = mail.is_some().then(|| format!("the probe mail leaves over {}", setup.via));
            let kept = elsewhere.unwrap_or_else(|| "nothing is sent without --send".to_owned());
            // Short of the login, there is only somebody to be reached.
            let open = stop_after.is_none_or(|stage| stage >= MailboxStage::Auth);
            self.steps.push(Step::Ews { mail: over(Road::Ews), kept, open });
        }
        self.confirm(setup, mail.as_ref());
        Ok(())
    }

    fn mail(&self, setup: &Setup) -> Result<Option<ProbeMail>, InputError> {
        let (Some(from), Some(to)) = (setup.sender(setup.via), &setup.to) else { return Ok(None) };
        ProbeMail::compose(from, to, self.now).map(Some).map_err(|e| InputError::new("the probe mail", e))
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.left_out.push(LeftOut { what: what.to_owned(), why: why.to_owned() });
    }

    /// The plan in words: one row a step, with the hosts it touches.
    pub fn rows(&self, setup: &Setup) -> Vec<PlannedStep> {
        self.steps.iter().map(|step| step.row(setup, self.without)).collect()
    }
}

/// What is asked for an API: all that was consented to, or, of a person, what the sign-in was made for.
fn scope_of(setup: &Setup, resource: Resource) -> String {
    let Some(Credential::Delegated { scopes, .. }) = &setup.credential else {
        return format!("{}/.default", setup.cloud.resource_uri(resource));
    };
    // What was named counts; else what the sign-in was made for, and for a reader's own API what the roads would ask.
    let made_for = if setup.scope.is_some() { Vec::new() } else { scopes.clone() };
    let made_for = sign_in::by_resource(&setup.cloud, &made_for).unwrap_or_default();
    let known = made_for.into_iter().chain(setup.person_scopes()).find(|scopes| scopes.resource == resource);
    known.map_or_else(String::new, |scopes| scopes.request())
}

/// The roads that this version sends over.
const SENT_OVER: [Road; 6] = [Road::Smtp, Road::Graph, Road::Ews, Road::Hve, Road::Relay, Road::Direct];

/// Whether a mail can leave over a road.
pub fn sends_over(road: Road) -> bool {
    SENT_OVER.contains(&road)
}

/// The roads that a mail can leave over, as a person lists them.
pub fn sending_roads() -> String {
    SENT_OVER.map(|road| road.to_string()).join(", ")
}

/// Why a run without a mail has none.
fn unsent(slice: Slice) -> &'static str {
    if slice.command == "check-mailbox" { "this command sends nothing" } else { "nothing is sent without --send" }
}

/// Why no mail leaves, if none does.
fn kept(setup: &Setup, slice: Slice) -> Option<&'static str> {
    if !slice.send {
        return Some(if slice.command == "check-mailbox" { unsent(slice) } else { "it leaves only with --send" });
    }
    if setup.to.is_none() || setup.sender(setup.via).is_none() {
        return Some("no recipient is known (--to)");
    }
    if !setup.roads.contains(&setup.via) {
        return Some("the road of --via is none of this run's roads");
    }
    if !SENT_OVER.contains(&setup.via) {
        return Some("this version does not send over the road of --via");
    }
    // The stages are those of SMTP; whoever names one does not want a request that has no stages.
    (matches!(setup.via, Road::Graph | Road::Ews) && setup.stop_after.is_some())
        .then_some("it is not to go so far (--stop-after)")
}
