//! Faults in what was typed, found before anything is sent.

use super::InputError;
use super::secret::{Mask, Secret};
use crate::kb::cause;

/// What was typed, for a complaint, unless it may be a secret that stands in a wrong place: people mix up the fields of
/// a form, and a secret in a terminal or a log is lost. Names, ids, addresses and paths have none of the characters that
/// client secrets and proxy logins have, or are short.
pub(crate) fn shown(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " ._-@/\\:,'<>{}[]$".contains(c) || c.is_control();
    let home = value.strip_prefix("~/").unwrap_or(value);
    if home.chars().all(plain) && Mask::default().apply(value) == value && value.len() <= LONGEST_NAME {
        return format!("`{value}`");
    }
    format!("a text of {} characters, which is not shown, for it may be a secret", value.chars().count())
}

/// A path of some folders.
const LONGEST_NAME: usize = 200;

/// A directory id, an application id, an object id: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// Words that guides and templates leave in the place of a value.
fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let bracketed = [("<", ">"), ("{", "}"), ("[", "]"), ("${", "}"), ("%", "%")].iter().any(|(open, close)| {
        let inner = lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(char::is_whitespace))
    });
    let name = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let variable = lower.strip_prefix("$env:").or_else(|| lower.strip_prefix('$')).is_some_and(name);
    let leftover = ["your-", "your_", "my-tenant", "xxxxxxxx-", "changeme", "replace-me", "replace_me", "placeholder"];
    bracketed
        || variable
        || leftover.iter().any(|word| lower.starts_with(word))
        || lower == "00000000-0000-0000-0000-000000000000"
        || (lower.len() > 2 && lower.bytes().all(|b| b == b'x'))
}

fn no_placeholder(place: &str, value: &str) -> Result<(), InputError> {
    if is_placeholder(value) {
        let words = format!("is {}, which stands for a value and is none", shown(value));
        return Err(InputError::new(place, words).because(&cause::INPUT_PLACEHOLDER));
    }
    Ok(())
}

/// An application (client) id.
pub(super) fn client_id(place: &str, value: &str) -> Result<String, InputError> {
    let value = value.trim();
    no_placeholder(place, value)?;
    if value.contains('@') {
        let words = format!("is {}, an e-mail address; it takes the application (client) id, a GUID", shown(value));
        return Err(InputError::new(place, words).because(&cause::INPUT_CLIENT_ID_IS_ADDRESS));
    }
    if !is_guid(value) {
        let words = format!(
            "is {}; an application (client) id is a GUID like 11111111-2222-3333-4444-555555555555",
            shown(value)
        );
        return Err(InputError::new(place, words).because(&cause::INPUT_CLIENT_ID_NOT_GUID));
    }
    Ok(value.to_lowercase())
}

/// A GUID that is no application id.
pub(super) fn object_id(place: &str, value: &str) -> Result<String, InputError> {
    let value = value.trim();
    no_placeholder(place, value)?;
    if !is_guid(value) {
        let words = format!("is {}; an object id is a GUID like 11111111-2222-3333-4444-555555555555", shown(value));
        return Err(InputError::new(place, words));
    }
    Ok(value.to_lowercase())
}

/// A tenant: GUID or domain. Client credentials ask one tenant, so the words for all tenants are none.
pub(super) fn tenant(place: &str, value: &str, any_tenant: bool) -> Result<String, InputError> {
    let value = value.trim();
    no_placeholder(place, value)?;
    let wide = ["common", "organizations", "consumers"].contains(&value.to_lowercase().as_str());
    if !(is_guid(value) || is_domain(value) || wide && any_tenant) {
        let words =
            format!("is {}; it takes the directory (tenant) id, a GUID, or a domain of the tenant", shown(value));
        return Err(InputError::new(place, words).because(&cause::INPUT_TENANT_FORM));
    }
    Ok(value.to_lowercase())
}

/// The tenant of all personal accounts (Microsoft Learn, "OpenID Connect on the Microsoft identity platform").
pub(super) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// An application that acts for itself asks one organization's tenant: each word for other people's has its reason.
pub(super) fn tenant_of_app(place: &str, value: &str) -> Result<(), InputError> {
    let why = match value.trim().to_lowercase().as_str() {
        "common" => "it means whoever signs in, with a work, school or personal account",
        "organizations" => "it means whoever signs in with a work or school account of any organization",
        "consumers" => "it means whoever signs in with a personal account, and those have no applications of their own",
        PERSONAL_TENANT => "it is the tenant of all personal accounts, whose mailboxes only their owners open",
        _ => return Ok(()),
    };
    let words = format!(
        "is {}: {why}; an application names its organization's tenant, or people sign in (--auth delegated)",
        shown(value.trim())
    );
    Err(InputError::new(place, words).because(&cause::INPUT_TENANT_FORM))
}

/// A domain name with at least two labels (RFC 1035 section 2.3.1, with the underscore that DNS itself allows).
pub(super) fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let valid = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() >= 2 && text.len() <= 253 && labels.iter().all(valid)
}

/// A domain for `check-dns`, in the form that DNS takes (A-labels).
pub(crate) fn domain(place: &str, value: &str) -> Result<String, InputError> {
    let value = value.trim().trim_end_matches('.');
    no_placeholder(place, value)?;
    let ascii = url::Host::parse(value).ok().map(|host| host.to_string()).filter(|host| is_domain(host));
    match ascii {
        Some(ascii) if value.parse::<std::net::IpAddr>().is_err() => Ok(ascii),
        _ => Err(InputError::new(place, format!("is {}, which is no domain name", shown(value)))),
    }
}

/// What Exchange takes for a mailbox's identity: an address, a name, an id. Whether a shell or PowerShell could misread
/// it is the business of whoever writes it there.
pub(super) fn identity(place: &str, value: &str) -> Result<String, InputError> {
    let value = value.trim();
    no_placeholder(place, value)?;
    if value.is_empty() || value.len() > 320 || value.chars().any(char::is_control) {
        let words = format!("is {}, which is no mailbox", shown(value));
        return Err(InputError::new(place, words).because(&cause::INPUT_MAILBOX_FORM));
    }
    Ok(value.to_owned())
}

/// An e-mail address as SMTP can say it (RFC 5321 section 4.1.2, as the message library reads it), its domain in the
/// form that DNS takes.
pub(super) fn address(place: &str, value: &str) -> Result<String, InputError> {
    let value = value.trim();
    no_placeholder(place, value)?;
    let parts = value.rsplit_once('@').and_then(|(local, name)| {
        let name = domain(place, name).ok()?;
        lettre::Address::new(local, &name).ok().map(|_| format!("{local}@{name}"))
    });
    parts.ok_or_else(|| {
        let words = format!("is {}, which is no e-mail address", shown(value));
        InputError::new(place, words).because(&cause::INPUT_MAILBOX_FORM)
    })
}

/// The scope of an app-only request: exactly one `<resource>/.default`.
pub(super) fn app_scope(place: &str, value: &str) -> Result<String, InputError> {
    let sound = value.split_whitespace().count() == 1
        && value.trim() == value
        && value.strip_suffix("/.default").is_some_and(|resource| !resource.is_empty());
    if !sound {
        let words = format!("is {}; an app-only request asks for exactly one <resource>/.default", shown(value));
        return Err(InputError::new(place, words).because(&cause::INPUT_SCOPE_NOT_DEFAULT));
    }
    Ok(value.to_owned())
}

/// The named scopes of a person's sign-in: whole addresses, with blanks between (RFC 6749 section 3.3).
pub(super) fn person_scopes(place: &str, value: &str) -> Result<String, InputError> {
    // Those of the sign-in itself are asked for anyhow, and stand in every guide.
    let whole = |scope: &str| {
        matches!(scope, "offline_access" | "openid" | "profile")
            || url::Url::parse(scope).is_ok_and(|url| url.scheme() == "https" && url.path().len() > 1)
    };
    if let Some(bad) = value.split_whitespace().find(|scope| !whole(scope)) {
        let words = format!(
            "names {}; a person's scope is a whole address such as https://outlook.office.com/SMTP.Send, for a short name \
             means Microsoft Graph",
            shown(bad)
        );
        return Err(InputError::new(place, words).because(&cause::TOKEN_SCOPE_MISSING));
    }
    Ok(value.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A client secret. The words never hold the secret itself.
pub(super) fn client_secret(place: &str, secret: &Secret, allow_guid: bool) -> Result<(), InputError> {
    let value = secret.expose();
    if value.is_empty() {
        return Err(InputError::new(place, "gives an empty client secret"));
    }
    if is_placeholder(value) && !is_guid(value) {
        let words = "gives a client secret that stands for a value and is none";
        return Err(InputError::new(place, words).because(&cause::INPUT_PLACEHOLDER));
    }
    if is_guid(value.trim()) && !allow_guid {
        let words =
            "gives a GUID: that is the Secret ID, not its Value (--allow-guid-secret if it really is the Value)";
        return Err(InputError::new(place, words).because(&cause::INPUT_SECRET_LOOKS_LIKE_ID));
    }
    Ok(())
}

/// A token that was read.
pub(super) fn token(place: &str, token: &Secret) -> Result<(), InputError> {
    let value = token.expose();
    if value.trim().is_empty() {
        return Err(InputError::new(place, "gives an empty token"));
    }
    if value.trim_start().get(..7).is_some_and(|head| head.eq_ignore_ascii_case("bearer ")) {
        let words = "gives a token with `Bearer ` in front; take that word away";
        return Err(InputError::new(place, words).because(&cause::INPUT_TOKEN_BEARER_PREFIX));
    }
    if is_placeholder(value) {
        let words = "gives a token that stands for a value and is none";
        return Err(InputError::new(place, words).because(&cause::INPUT_PLACEHOLDER));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause_of<T>(result: Result<T, InputError>) -> Option<&'static str> {
        result.err().map(|e| e.cause.map_or("none", |cause| cause.id))
    }

    #[test]
    fn what_was_typed_is_judged_by_its_form() {
        assert_eq!(cause_of(client_id("x", "bob@contoso.com")), Some("input-client-id-is-address"));
        assert_eq!(cause_of(client_id("x", "my app")), Some("input-client-id-not-guid"));
        assert_eq!(cause_of(client_id("x", "<client-id>")), Some("input-placeholder"));
        assert_eq!(cause_of(client_id("x", "11111111-2222-3333-4444-55555555555A")), None);
        assert_eq!(cause_of(tenant("x", "common", false)), Some("input-tenant-form"));
        assert_eq!(cause_of(tenant("x", "common", true)), None);
        assert_eq!(cause_of(tenant("x", "contoso", false)), Some("input-tenant-form"));
        assert_eq!(cause_of(tenant("x", "YOUR_TENANT_ID", false)), Some("input-placeholder"));
        assert_eq!(cause_of(app_scope("x", "https://graph.microsoft.com/Mail.Send")), Some("input-scope-not-default"));
        assert_eq!(cause_of(app_scope("x", "a/.default b/.default")), Some("input-scope-not-default"));
        assert_eq!(cause_of(address("x", "o'brien@contoso.com")), None);
        assert_eq!(cause_of(identity("x", "$(x)@contoso.com")), None);
        assert_eq!(cause_of(address("x", "{{mailbox}}")), Some("input-placeholder"));
        assert_eq!(cause_of(address("x", "a\nb@contoso.com")), Some("input-mailbox-form"));
        assert_eq!(cause_of(address("x", "a> SIZE=1@contoso.com")), Some("input-mailbox-form"));
        assert_eq!(address("x", "bob@münchen.example").ok().as_deref(), Some("bob@xn--mnchen-3ya.example"));
        assert_eq!(cause_of(identity("x", "$(x)")), None);
        assert_eq!(cause_of(identity("x", "${mailbox}")), Some("input-placeholder"));
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for text in ["o'brien", "<client-id>", "/etc/o365doctor/ca.pem", "C:\\Users\\me", "~/token", "30 s"] {
            assert!(shown(text).starts_with('`'), "{text}");
        }
        for text in ["abc8Q~0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456", "eyJ0eXAiOiJKV1QiLCJhbGci", "p%40ss", "a+b=", "x!y"] {
            assert!(!shown(text).contains(text), "{text}");
        }
    }

    #[test]
    fn a_secret_id_is_told_from_a_secret() {
        let guid = Secret::new("11111111-2222-3333-4444-555555555555");
        assert_eq!(cause_of(client_secret("x", &guid, false)), Some("input-secret-looks-like-id"));
        assert_eq!(cause_of(client_secret("x", &guid, true)), None);
        assert_eq!(cause_of(client_secret("x", &Secret::new("abc~8Q~def"), false)), None);
        assert_eq!(cause_of(token("x", &Secret::new("bearer abc"))), Some("input-token-bearer-prefix"));
    }
}
