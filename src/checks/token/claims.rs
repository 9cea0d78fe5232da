//! What the claims say: who issued it, for whom, and until when.

use jiff::Timestamp;

use super::readable;
use crate::check::{Judgement, Verdict};
use crate::facts::Visit;
use crate::kb::cause;

/// Below this a program that has just started may see its token expire, in seconds.
const SHORT_LIFE: i64 = 300;
/// What Microsoft's own validators tolerate, in seconds (microsoft-facts D.2).
const TOLERANCE: i64 = 300;

/// A login service that goes by an older name too, which tokens of v2 are seen with (microsoft-facts A.1; Microsoft Graph,
/// "National cloud deployments").
const OLDER_LOGIN: (&str, &str) = ("https://login.partner.microsoftonline.cn", "https://login.chinacloudapi.cn");

pub(super) fn issuer(visit: &Visit) -> Judgement {
    let cloud = &visit.setup.cloud;
    let mut seen = String::new();
    for token in readable(visit)? {
        let Some(iss) = token.text("iss") else {
            return Verdict::fail(&cause::TOKEN_ISSUER_FOREIGN, "the token has no iss");
        };
        let tid = token.text("tid").unwrap_or_default();
        let v1 = format!("{}{tid}/", cloud.issuer_v1);
        let v2 = format!("{}/{tid}/v2.0", cloud.login);
        let (new, old) = OLDER_LOGIN;
        let older = cloud.login == new && iss == format!("{old}/{tid}/v2.0");
        if iss != v1 && iss != v2 && !older {
            let words = format!("iss is {iss}\nthis cloud's forms are {v1} and {v2}");
            return Verdict::fail(&cause::TOKEN_ISSUER_FOREIGN, words);
        }
        iss.clone_into(&mut seen);
    }
    Verdict::pass(seen)
}

pub(super) fn tenant(visit: &Visit) -> Judgement {
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

pub(super) fn app(visit: &Visit) -> Judgement {
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
pub(super) fn lifetime(visit: &Visit) -> Judgement {
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
pub(super) fn kind(visit: &Visit) -> Judgement {
    let mut words = "an application's";
    for token in readable(visit)? {
        let (person, idtyp) = (token.scopes().is_some(), token.text("idtyp"));
        let other = if person { "app" } else { "user" };
        if idtyp == Some(other) {
            let scp = if person { "holds" } else { "lacks" };
            return Verdict::fail(&cause::TOKEN_DELEGATED, format!("idtyp is {other}, but the token {scp} scp"));
        }
        // Whoever asks for a sign-in means a person, whatever else a profile for both says.
        let meant = visit.setup.auth.as_deref() == Some("delegated");
        if person && !meant && visit.setup.object_id.is_some() {
            let who = token.text("upn").unwrap_or("a person");
            let words = format!("it is {who}'s (scp), and the set-up names an application's object id");
            return Verdict::fail(&cause::TOKEN_DELEGATED, words);
        }
        words = if person { "a person's, by its scp" } else { "an application's" };
    }
    Verdict::pass(words)
}

pub(super) fn object_id(visit: &Visit) -> Judgement {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::Cloud;
    use crate::facts::{Form, TokenFacts};

    const TID: &str = "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a10";

    fn passes(cloud: &str, iss: &str) -> bool {
        let mut visit = Visit::default();
        visit.setup.cloud = Cloud::named(cloud).unwrap().facts();
        let serde_json::Value::Object(claims) = json!({"iss": iss, "tid": TID}) else { unreachable!() };
        visit.facts.tokens = vec![TokenFacts { form: Some(Form::Jwt), claims, ..TokenFacts::default() }];
        matches!(issuer(&visit), Ok(Verdict::Pass(_)))
    }

    #[test]
    fn each_cloud_has_its_issuers_in_both_forms_and_no_other_clouds() {
        let (windows, china) = ("https://sts.windows.net", "https://sts.chinacloudapi.cn");
        let us = "https://login.microsoftonline.us";
        let (new, old) = OLDER_LOGIN;
        let own: [(&str, &[&str], &str); 4] = [
            ("worldwide", &["https://login.microsoftonline.com"], windows),
            ("gcc-high", &[us], windows),
            ("dod", &[us], windows),
            ("china", &[new, old], china),
        ];
        for (cloud, logins, sts) in own {
            for (_, others, other_sts) in own {
                let v1 = passes(cloud, &format!("{other_sts}/{TID}/"));
                assert_eq!(v1, sts == other_sts, "{cloud} {other_sts}");
                for login in others {
                    let v2 = passes(cloud, &format!("{login}/{TID}/v2.0"));
                    assert_eq!(v2, logins.contains(login), "{cloud} {login}");
                }
            }
            assert!(!passes(cloud, &format!("{}/{TID}/", logins[0])), "{cloud}");
            assert!(!passes(cloud, &format!("{}/11111111-2222-4333-8444-555555555555/v2.0", logins[0])), "{cloud}");
        }
    }
}
