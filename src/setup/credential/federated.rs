//! A token of another issuer that the application trusts: from a file, a command, a cluster, or GitHub Actions.

use std::path::PathBuf;

use url::Url;

use super::Credential;
use super::sources::{from_command, from_file, note_readers};
use crate::cloud::Cloud;
use crate::facts::Note;
use crate::setup::InputError;
use crate::setup::environment::TOKEN_FILE;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};

/// Where the assertion of a request comes from.
#[derive(Clone)]
pub enum AssertionSource {
    /// A file, which others renew; it is read for each request.
    File(PathBuf),
    /// What a command printed.
    Given(Secret),
    /// The service of GitHub Actions (GitHub Docs, "OpenID Connect reference"): its address, and the job's token for it.
    GitHub {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: Url,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        token: Secret,
    },
}

/// Variables of a job that may ask for a token.
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

impl AssertionSource {
    /// What must not be seen of it before anything was requested.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            AssertionSource::File(_) => None,
            AssertionSource::Given(secret) | AssertionSource::GitHub { token: secret, .. } => Some(secret),
        }
    }
}

/// Whether the words ask for this kind, by a source or by its name alone.
pub(super) fn wanted(words: &Words, auth: Option<&str>) -> bool {
    let named = words.assertion_file.is_some() || words.assertion_command.is_some() || words.assertion_github;
    let other = super::has_token(words) || super::has_secret(words) || words.certificate.is_some();
    named || (auth == Some("federated") && !other && words.managed_identity.is_none())
}

pub(super) fn read(
    words: &Words,
    origins: &Origins,
    notes: &mut Vec<Note>,
    cloud: &Cloud,
) -> Result<Credential, InputError> {
    if let Some(file) = &words.assertion_file {
        return of_file(origins.of("assertion_file"), file, notes);
    }
    if let Some(command) = &words.assertion_command {
        let origin = origins.of("assertion_command");
        let value = Secret::new(from_command(&origin, command)?.trim());
        is_assertion(&origin, &value)?;
        return Ok(Credential::Federated { source: AssertionSource::Given(value), origin });
    }
    if words.assertion_github {
        return github(words, origins.of("assertion_github"));
    }
    if let Some(file) = words.environment.read(TOKEN_FILE) {
        words.environment.same_authority(cloud)?;
        return of_file(TOKEN_FILE.to_owned(), &file, notes);
    }
    if words.environment.read(GITHUB_URL).is_some() {
        return github(words, GITHUB_URL.to_owned());
    }
    let words = format!(
        "is federated, and nothing says where the assertion is: --assertion-file, --assertion-command, --assertion-github, \
         or {TOKEN_FILE} in the environment"
    );
    Err(InputError::new(origins.of("auth"), words))
}

/// The kind alone; nothing is read.
pub(super) fn unread(words: &Words, origins: &Origins) -> Credential {
    let nothing = AssertionSource::Given(Secret::new(""));
    let github = || github(words, GITHUB_URL.to_owned()).ok();
    let named = ["assertion_file", "assertion_command"].into_iter().find(|word| origins.knows(word));
    match named {
        Some(word) => Credential::Federated { source: nothing, origin: origins.of(word) },
        None if words.environment.read(TOKEN_FILE).is_some() && !words.assertion_github => {
            Credential::Federated { source: nothing, origin: TOKEN_FILE.to_owned() }
        }
        None => github().unwrap_or(Credential::Federated { source: nothing, origin: origins.of("assertion_github") }),
    }
}

fn of_file(origin: String, file: &str, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
    note_readers(notes, file);
    let value = Secret::new(from_file(&origin, file)?.trim());
    is_assertion(&origin, &value)?;
    // Standard input can be read once.
    let source = if file == "-" { AssertionSource::Given(value) } else { AssertionSource::File(PathBuf::from(file)) };
    Ok(Credential::Federated { source, origin })
}

fn github(words: &Words, origin: String) -> Result<Credential, InputError> {
    let (url, token) = (words.environment.read(GITHUB_URL), words.environment.read(GITHUB_TOKEN));
    let (Some(url), Some(token)) = (url, token) else {
        let words = format!(
            "asks GitHub Actions for a token, and {GITHUB_URL} and {GITHUB_TOKEN} are not both set; outside of a job they \
             never are, and in one they want `permissions: id-token: write`"
        );
        return Err(InputError::new(origin, words));
    };
    let url = Url::parse(&url).ok().filter(|url| url.scheme() == "https" && url.host_str().is_some());
    let url = url.ok_or_else(|| InputError::new(GITHUB_URL, "is no address that begins with https://"))?;
    Ok(Credential::Federated { source: AssertionSource::GitHub { url, token: Secret::new(token) }, origin })
}

/// An assertion is a signed JWT; whatever else it is must not leave this computer as one.
fn is_assertion(origin: &str, value: &Secret) -> Result<(), InputError> {
    let parts: Vec<&str> = value.expose().split('.').collect();
    if parts.len() == 3 && parts[0].starts_with("ey") && !value.expose().contains(char::is_whitespace) {
        return Ok(());
    }
    Err(InputError::new(origin, "gives no assertion: that is a signed JWT, three parts with dots between them"))
}
