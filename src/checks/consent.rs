//! Checks of the address that the consent page redirected to.

use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{ConsentReading, Visit};
use crate::kb::{Where, cause, classify};

static GIVEN: Check =
    Check { id: "consent.given", title: "An administrator consented", needs: &[], judge: Judge::Once(given) };

static STATE: Check = Check {
    id: "consent.state",
    title: "The answer belongs to the link that was sent",
    needs: &[],
    judge: Judge::Once(state),
};

static TENANT: Check = Check {
    id: "consent.tenant",
    title: "It names the tenant of this set-up",
    needs: &[&GIVEN],
    judge: Judge::Once(tenant),
};

fn reading(visit: &Visit) -> Result<&ConsentReading, NotObserved> {
    let consent = visit.facts.consent.as_ref();
    consent.and_then(|consent| consent.reading.as_ref()).ok_or_else(|| "no redirected address was read".into())
}

/// `error` is read first: v2.0 sets `admin_consent=True` even on failure.
fn given(visit: &Visit) -> Judgement {
    let reading = reading(visit)?;
    if let Some(error) = &reading.error {
        let description = reading.description.as_deref().unwrap_or_default();
        let words = format!("{error}: {description}");
        let known = classify(Some(Where::Entra), description).first().map(|found| found.cause);
        let cause = match (error.as_str(), known) {
            // Its page speaks to a user who signs in; here an administrator declined.
            (_, Some(known)) if *known != cause::AADSTS65004 => known,
            ("permission_denied", _) => &cause::CONSENT_PERMISSION_DENIED,
            _ => &cause::CONSENT_REFUSED,
        };
        return Verdict::fail(cause, words);
    }
    if !reading.admin_consent {
        return Verdict::fail(&cause::CONSENT_ADDRESS_UNREADABLE, "it holds neither admin_consent=True nor an error");
    }
    let tenant = reading.tenant.as_deref().unwrap_or("an unnamed tenant");
    let scope = reading.scope.as_ref().map(|scope| format!(" for {scope}")).unwrap_or_default();
    Verdict::pass(format!("consented in {tenant}{scope}"))
}

fn state(visit: &Visit) -> Judgement {
    let reading = reading(visit)?;
    match (&reading.expected_state, &reading.state) {
        (Some(expected), Some(state)) if expected == state => Verdict::pass("state is the one that was sent"),
        (Some(expected), state) => {
            let state = state.as_deref().unwrap_or("nothing");
            Verdict::fail(&cause::CONSENT_STATE_MISMATCH, format!("state is {state}, {expected} was sent"))
        }
        (None, _) => Verdict::unproven(&cause::CONSENT_STATE_UNCHECKED, "not checked: --state was not given"),
    }
}

fn tenant(visit: &Visit) -> Judgement {
    let named = reading(visit)?.tenant.as_deref().ok_or("the address names no tenant")?;
    let given = visit.setup.tenant.as_deref().filter(|tenant| uuid::Uuid::try_parse(tenant).is_ok());
    let wanted = given.ok_or("no directory id is known to compare with")?;
    if named.eq_ignore_ascii_case(wanted) {
        return Verdict::pass(format!("tenant {named}"));
    }
    Verdict::fail(&cause::CONSENT_OTHER_TENANT, format!("tenant is {named}, the set-up's is {wanted}"))
}

pub(super) static CHECKS: &[&Check] = &[&GIVEN, &STATE, &TENANT];
