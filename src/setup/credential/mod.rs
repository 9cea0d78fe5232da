//! How the program proves who it is, and where that comes from.

mod assertion;
mod certificate;
mod delegated;
mod federated;
mod keyfile;
mod managed;
mod secret;
mod sources;
mod token;

pub use certificate::{AssertionAlgorithm, Certificate};
pub use federated::AssertionSource;
pub use managed::{Identity, ManagedEndpoint};
pub(crate) use token::unwrap_sasl;

use std::sync::Arc;

use super::secret::Secret;
use super::words::{CREDENTIAL_SOURCES, Origins, Words};
use super::{InputError, lint};
use crate::cloud::Cloud;
use crate::facts::{CertificateFacts, Note};
use crate::kb::cause;

pub use delegated::Kept;
pub(crate) use delegated::refused as store_refused;
pub(super) use delegated::{kept, read as read_sign_in};

/// How the program proves who it is.
#[derive(Clone)]
pub enum Credential {
    /// A client secret.
    Secret {
        /// The value.
        value: Secret,
        /// Where it came from.
        origin: String,
    },
    /// A certificate with its private key.
    Certificate {
        /// Both; none where only the kind was wanted.
        material: Option<Arc<Certificate>>,
        /// Where it came from.
        origin: String,
    },
    /// A token of an issuer that the application trusts.
    Federated {
        /// Where each request takes it from.
        source: AssertionSource,
        /// Where that was said.
        origin: String,
    },
    /// The identity of the machine.
    Managed {
        /// Which one.
        identity: Identity,
        /// Who gives it tokens.
        endpoint: ManagedEndpoint,
        /// Where that was said.
        origin: String,
    },
    /// A person's sign-in.
    Delegated {
        /// Where it is kept.
        kept: Kept,
        /// The scopes that it was made for; none where it was not read.
        scopes: Vec<String>,
        /// What must not be seen of it.
        secrets: Vec<Secret>,
        /// Where it is kept, in words.
        origin: String,
    },
    /// An access token that somebody else got.
    Token {
        /// The value.
        value: Secret,
        /// Where it came from.
        origin: String,
        /// `user=` of the XOAUTH2 string it was wrapped in.
        sasl_user: Option<String>,
    },
}

impl Credential {
    /// The word for `--auth`.
    pub fn kind(&self) -> &'static str {
        match self {
            Credential::Secret { .. } => "secret",
            Credential::Certificate { .. } => "certificate",
            Credential::Federated { .. } => "federated",
            Credential::Managed { .. } => "managed",
            Credential::Delegated { .. } => "delegated",
            Credential::Token { .. } => "token",
        }
    }

    /// Where it came from.
    pub fn origin(&self) -> &str {
        match self {
            Credential::Secret { origin, .. }
            | Credential::Delegated { origin, .. }
            | Credential::Certificate { origin, .. }
            | Credential::Federated { origin, .. }
            | Credential::Managed { origin, .. }
            | Credential::Token { origin, .. } => origin,
        }
    }

    /// A person's sign-in that is not read.
    pub(super) fn kept_at(kept: Kept) -> Credential {
        Credential::Delegated { origin: kept.place(), kept, scopes: Vec::new(), secrets: Vec::new() }
    }

    /// What must not be seen of it.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Credential::Secret { value, .. } | Credential::Token { value, .. } => vec![value],
            Credential::Certificate { material, .. } => material.iter().flat_map(|own| &own.hidden).collect(),
            Credential::Federated { source, .. } => source.secret().into_iter().collect(),
            Credential::Managed { endpoint, .. } => endpoint.secret().into_iter().collect(),
            Credential::Delegated { secrets, .. } => secrets.iter().collect(),
        }
    }

    /// What may be shown of a certificate.
    pub(super) fn certificate(&self) -> Option<CertificateFacts> {
        match self {
            Credential::Certificate { material, .. } => material.as_ref().map(|own| own.facts().clone()),
            _ => None,
        }
    }

    /// Whether the login service is asked for a token with it, so that a directory and an application must be known.
    pub(super) fn asks_entra(&self) -> bool {
        match self {
            Credential::Secret { .. }
            | Credential::Certificate { .. }
            | Credential::Federated { .. }
            | Credential::Delegated { .. } => true,
            Credential::Managed { .. } | Credential::Token { .. } => false,
        }
    }
}

/// Whether the credential is a person's sign-in: nothing else is named, and `auth` says so.
pub(super) fn is_person(words: &Words, origins: &Origins) -> bool {
    words.auth.as_deref() == Some("delegated") && !CREDENTIAL_SOURCES.iter().any(|source| origins.knows(source))
}

/// Reads the credential that the words name. None where they name none.
pub(super) fn read(
    words: &Words,
    origins: &Origins,
    cloud: &Cloud,
    notes: &mut Vec<Note>,
) -> Result<Option<Credential>, InputError> {
    certificate::stray(words, origins)?;
    let credential = match words.auth.as_deref() {
        _ if has_token(words) => Some(token::read(words, origins, notes)?),
        _ if has_secret(words) => Some(secret::read(words, origins, notes)?),
        _ if words.certificate.is_some() => Some(certificate::read(words, origins, notes)?),
        auth if federated::wanted(words, auth) => Some(federated::read(words, origins, notes, cloud)?),
        auth if managed(words, auth) => Some(managed::read(words, origins, cloud)?),
        _ => None,
    };
    if let (Some(wanted), Some(found)) = (words.auth.as_deref(), &credential)
        && wanted != found.kind()
    {
        let words = format!("is {wanted}, but {} gives a {}", found.origin(), found.kind());
        return Err(InputError::new(origins.of("auth"), words).because(&cause::INPUT_TWO_CREDENTIALS));
    }
    Ok(credential)
}

/// The credential that the words name, by its kind and origin alone.
pub(super) fn unread(words: &Words, origins: &Origins, cloud: &Cloud) -> Option<Credential> {
    if federated::wanted(words, words.auth.as_deref()) {
        return Some(federated::unread(words, origins));
    }
    if managed(words, words.auth.as_deref()) {
        return managed::read(words, origins, cloud).ok();
    }
    let origin = CREDENTIAL_SOURCES.into_iter().find(|word| origins.knows(word)).map(|word| origins.of(word))?;
    let value = Secret::new("");
    if has_token(words) {
        return Some(Credential::Token { value, origin, sasl_user: None });
    }
    if words.certificate.is_some() {
        return Some(Credential::Certificate { material: None, origin });
    }
    Some(Credential::Secret { value, origin })
}

/// Asks for the client secret on the terminal, unseen. None where there is no terminal, or where something else is wanted.
pub(super) fn prompt(words: &Words) -> Result<Option<Credential>, InputError> {
    match words.auth.as_deref() {
        None | Some("secret") => secret::prompt(words),
        _ => Ok(None),
    }
}

/// Whether the machine's identity is asked for, by its word or by the kind alone.
fn managed(words: &Words, auth: Option<&str>) -> bool {
    let other = has_token(words) || has_secret(words) || words.certificate.is_some();
    words.managed_identity.is_some() || (auth == Some("managed") && !other && !federated::wanted(words, None))
}

fn has_token(words: &Words) -> bool {
    words.token.is_some() || words.token_file.is_some() || words.token_command.is_some()
}

fn has_secret(words: &Words) -> bool {
    words.client_secret.is_some()
        || words.client_secret_file.is_some()
        || words.client_secret_command.is_some()
        || words.client_secret_stdin
}
