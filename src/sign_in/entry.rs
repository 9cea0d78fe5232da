//! What a sign-in left behind, as it is kept.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::road::Resource;
use crate::setup::secret::Secret;

/// The form in which a sign-in is kept; another one is not read.
const FORMAT: u64 = 1;

/// One person's sign-in to one application. Can not be shown: it opens a mailbox.
#[derive(Clone)]
pub struct Entry {
    /// Who signed in, as the login service names the person.
    pub account: Option<String>,
    /// The directory that the person signed in to.
    pub directory: Option<String>,
    /// Brings access tokens, until it is revoked or lies unused for 90 days.
    pub refresh: Secret,
    /// The scopes that were asked for, as whole addresses.
    pub scopes: Vec<String>,
    /// When the refresh token was given.
    pub renewed_at: Timestamp,
    /// The access tokens that it brought, one for each API.
    pub access: Vec<Access>,
}

/// An access token that may still be good.
#[derive(Clone)]
pub struct Access {
    /// The API that it is for.
    pub resource: Resource,
    /// The token.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Entry {
    /// The access token for an API that is good for so many seconds more.
    pub fn good_for(&self, resource: Resource, seconds: u64, now: Timestamp) -> Option<&Access> {
        let until = now + SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 4));
        self.access.iter().find(|access| access.resource == resource && access.expires_at > until)
    }

    /// Takes an access token in, in the place of the one for the same API.
    pub fn take(&mut self, access: Access) {
        self.access.retain(|known| known.resource != access.resource);
        self.access.push(access);
    }

    /// As it is kept.
    pub(super) fn to_text(&self) -> Secret {
        let access: Vec<Value> = self.access.iter().map(Access::to_json).collect();
        let value = json!({
            "format": FORMAT,
            "account": self.account,
            "directory": self.directory,
            "refresh_token": self.refresh.expose(),
            "scopes": self.scopes,
            "renewed_at": self.renewed_at.to_string(),
            "access": access,
        });
        Secret::new(format!("{value:#}\n"))
    }

    /// Reads what was kept. The error never holds a part of it.
    pub(super) fn from_text(text: &Secret) -> Result<Entry, String> {
        let value: Value = serde_json::from_str(text.expose()).map_err(|e| format!("is no JSON: {}", place_of(&e)))?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        if value.get("format").and_then(Value::as_u64) != Some(FORMAT) {
            return Err(format!("is not of format {FORMAT}, the one that this version keeps"));
        }
        let refresh = text("refresh_token").filter(|token| !token.is_empty()).ok_or("holds no refresh token")?;
        let items = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Entry {
            account: text("account").map(str::to_owned),
            directory: text("directory").map(str::to_owned),
            refresh: Secret::new(refresh),
            scopes: items("scopes").iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect(),
            renewed_at: text("renewed_at").and_then(|at| at.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH),
            access: items("access").iter().filter_map(Access::from_json).collect(),
        })
    }
}

impl Access {
    fn to_json(&self) -> Value {
        json!({
            "resource": self.resource,
            "token": self.token.expose(),
            "expires_at": self.expires_at.to_string(),
        })
    }

    fn from_json(value: &Value) -> Option<Access> {
        let text = |name: &str| value.get(name)?.as_str();
        Some(Access {
            resource: serde_json::from_value(value.get("resource")?.clone()).ok()?,
            token: Secret::new(text("token")?),
            expires_at: text("expires_at")?.parse().ok()?,
        })
    }
}

fn place_of(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            account: Some("alice@contoso.test".to_owned()),
            directory: None,
            refresh: Secret::new("1.AR-canary"),
            scopes: vec!["https://outlook.office.com/SMTP.Send".to_owned()],
            renewed_at: Timestamp::UNIX_EPOCH,
            access: Vec::new(),
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut kept = entry();
        let expires_at = Timestamp::from_second(1000).unwrap();
        kept.take(Access { resource: Resource::Graph, token: Secret::new("old"), expires_at });
        kept.take(Access { resource: Resource::Graph, token: Secret::new("new"), expires_at });
        let read = Entry::from_text(&kept.to_text()).unwrap();
        assert_eq!(read.refresh.expose(), "1.AR-canary");
        assert_eq!(read.scopes, kept.scopes);
        let now = Timestamp::from_second(600).unwrap();
        assert_eq!(read.good_for(Resource::Graph, 300, now).unwrap().token.expose(), "new");
        assert!(read.good_for(Resource::Graph, 400, now).is_none());
        assert!(read.good_for(Resource::Outlook, 0, now).is_none());
    }

    #[test]
    fn an_unreadable_one_shows_nothing_of_itself() {
        for text in ["canary", r#"{"format":1,"refresh_token":""}"#, r#"{"format":2,"refresh_token":"canary"}"#] {
            let error = Entry::from_text(&Secret::new(text)).err().unwrap();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
