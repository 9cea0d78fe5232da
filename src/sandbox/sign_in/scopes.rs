//! What a client asks for: permissions of the APIs, and the words of OpenID Connect.

use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::App;
use crate::sandbox::tokens::Api;

/// What exists at Exchange Online of interest to mail.
const OUTLOOK: [&str; 9] = [
    "SMTP.Send",
    "IMAP.AccessAsUser.All",
    "POP.AccessAsUser.All",
    "EWS.AccessAsUser.All",
    "Mail.Send",
    "Mail.Read",
    "Mail.ReadWrite",
    "User.Read",
    "Exchange.Manage",
];
/// What exists at Graph of interest to mail.
const GRAPH: [&str; 17] = [
    "User.Read",
    "Mail.Send",
    "Mail.Send.Shared",
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.Read.Shared",
    "Mail.ReadBasic.Shared",
    "Mail.ReadWrite",
    "Mail.ReadWrite.Shared",
    "SMTP.Send",
    "IMAP.AccessAsUser.All",
    "POP.AccessAsUser.All",
    "MailboxSettings.Read",
    FOR_ADMINS[0],
    FOR_ADMINS[1],
    FOR_ADMINS[2],
    FOR_ADMINS[3],
];
/// What only an administrator may consent to (Microsoft Learn, "Microsoft Graph permissions reference").
const FOR_ADMINS: [&str; 4] = [
    "Application.Read.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
];
const RESOURCES: [(&str, Api); 6] = [
    ("https://graph.microsoft.com", Api::Graph),
    ("00000003-0000-0000-c000-000000000000", Api::Graph),
    ("https://outlook.office.com", Api::Outlook),
    ("https://outlook.office365.com", Api::Outlook),
    ("https://ps.outlook.com", Api::Outlook),
    ("00000002-0000-0ff1-ce00-000000000000", Api::Outlook),
];

/// A scope parameter, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scopes {
    pub(super) openid: bool,
    pub(super) offline: bool,
    pub(super) permissions: Vec<Permission>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) api: Api,
    /// The API as the client wrote it.
    pub(super) resource: String,
    pub(super) name: String,
}

impl Scopes {
    /// Reads it; `.default` stands for what the registration lists.
    pub(super) fn read(text: &str, app: &App) -> Result<Scopes, Refusal> {
        let mut scopes = Scopes::default();
        let mut whole = false;
        for word in text.split_whitespace() {
            match word {
                "openid" => scopes.openid = true,
                "profile" | "email" => {}
                "offline_access" => scopes.offline = true,
                _ => whole |= scopes.add(word, app)?,
            }
        }
        let separate = scopes.permissions.len() > scopes.of_default(app);
        if whole && separate {
            return Err(Refusal::bad_scope(text));
        }
        Ok(scopes)
    }

    fn of_default(&self, app: &App) -> usize {
        self.permissions.first().map_or(0, |first| registered(app, first.api).len())
    }

    /// Adds what a word stands for; true when that is all that is registered.
    fn add(&mut self, word: &str, app: &App) -> Result<bool, Refusal> {
        let graph = RESOURCES[0];
        let (resource, name) = word.rsplit_once('/').unwrap_or((graph.0, word));
        let resource = resource.trim_end_matches('/');
        let known = RESOURCES.iter().find(|(uri, _)| uri.eq_ignore_ascii_case(resource));
        let Some((_, api)) = known else { return Err(Refusal::bad_scope(word)) };
        let permission = |name: &str| Permission { api: *api, resource: resource.to_owned(), name: name.to_owned() };
        if name == ".default" {
            self.permissions.extend(registered(app, *api).iter().map(|name| permission(name)));
            return Ok(true);
        }
        let exists: &[&str] = if *api == Api::Graph { &GRAPH } else { &OUTLOOK };
        let name = exists.iter().find(|known| known.eq_ignore_ascii_case(name));
        let name = name.ok_or_else(|| Refusal::unknown_scope(word, resource))?;
        if !self.permissions.iter().any(|have| have.api == *api && have.name == *name) {
            self.permissions.push(permission(name));
        }
        Ok(false)
    }

    /// The permissions of the one API that a token can be for; without any, Graph's.
    pub(super) fn one_api(&self, text: &str) -> Result<Api, Refusal> {
        let Some(first) = self.permissions.first() else { return Ok(Api::Graph) };
        if self.permissions.iter().any(|permission| permission.api != first.api) {
            return Err(Refusal::two_resources(text));
        }
        Ok(first.api)
    }

    /// Those of the API that was named first: the first token is for it.
    pub(super) fn of_first_api(&self) -> Scopes {
        let Some(api) = self.permissions.first().map(|first| first.api) else { return self.clone() };
        let permissions = self.permissions.iter().filter(|permission| permission.api == api).cloned().collect();
        Scopes { permissions, ..self.clone() }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.permissions.iter().map(|permission| permission.name.clone()).collect()
    }

    /// As the token's answer names them: those of Graph bare, others with their API.
    pub(super) fn shown(&self) -> String {
        let mut words: Vec<String> = self.permissions.iter().map(Permission::shown).collect();
        if self.openid {
            words.extend(["openid", "profile", "email"].map(str::to_owned));
        }
        words.join(" ")
    }
}

impl Permission {
    pub(super) fn for_admins(&self) -> bool {
        self.api == Api::Graph && FOR_ADMINS.contains(&self.name.as_str())
    }

    pub(super) fn shown(&self) -> String {
        match self.api {
            Api::Graph => self.name.clone(),
            Api::Outlook => format!("{}/{}", self.resource, self.name),
        }
    }
}

/// The delegated permissions that the registration lists.
pub(super) fn registered(app: &App, api: Api) -> &[String] {
    if api == Api::Graph { &app.graph_scopes } else { &app.scopes }
}
