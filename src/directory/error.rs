//! What the directory would not do, and what explains it.

use std::fmt;

use crate::kb::{Cause, Where, cause, classify};
use crate::probes::Answer;

/// A refusal, or an answer that did not come. What the service said is untrusted: whoever shows it escapes it.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What was asked for: `register the application`.
    pub doing: String,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The service's word for it: `Authorization_RequestDenied`.
    pub code: String,
    /// The service's own sentence, masked; or what happened on the way.
    pub words: String,
    /// The page that explains it.
    pub cause: Option<&'static Cause>,
    /// The least role in the directory that could have done it, where a role may be what is missing.
    pub role: Option<&'static str>,
    /// The request went out and its answer got lost: whether it was done is not known.
    pub unknown: bool,
}

impl Refused {
    /// Something that was found out before anything was asked for.
    pub(super) fn own(doing: &str, words: impl Into<String>) -> Refused {
        Refused {
            doing: doing.to_owned(),
            status: None,
            code: String::new(),
            words: words.into(),
            cause: None,
            role: None,
            unknown: false,
        }
    }

    /// `writes`: whether the request may have had an effect although no answer came.
    pub(super) fn of(doing: &str, answer: &Answer, writes: bool) -> Refused {
        let (code, message) = match &answer.refusal {
            Some(refusal) => (refusal.code.clone(), refusal.message.clone()),
            None => (String::new(), String::new()),
        };
        let fault = answer.http.fault.as_ref().map(|fault| fault.words.clone());
        let status = answer.http.status;
        let words = match (&fault, status) {
            (Some(fault), _) => fault.clone(),
            (None, _) if !message.is_empty() => message,
            (None, Some(status)) => format!("an answer with status {status} that is not understood"),
            (None, None) => "no answer came".to_owned(),
        };
        let reply = format!("{} {code}: {words}", status.unwrap_or_default());
        let found = if fault.is_none() { classify(Some(Where::Graph), &reply) } else { Vec::new() };
        let page = found.first().map(|found| found.cause);
        let unknown = writes && fault.is_some() && !answer.unsent;
        let refused = Refused { doing: doing.to_owned(), status, code, words, cause: page, role: None, unknown };
        // Of a mailbox the same words mean a wrong name; here they mean an object of the directory.
        let cause = if refused.late() { Some(&cause::GRAPH_OBJECT_NOT_FOUND) } else { refused.cause };
        Refused { cause, ..refused }
    }

    /// Whether what was named does not show yet, as right after its creation (msgraph-sdk-javascript 1999, CIPP-API 1955,
    /// msgraph-bicep-types 193).
    pub(super) fn late(&self) -> bool {
        let words = ["Not a valid reference update", "does not reference a valid application object"];
        match self.status {
            Some(404) => self.code == "Request_ResourceNotFound",
            Some(400) => words.iter().any(|words| self.words.contains(words)),
            _ => false,
        }
    }

    /// Whether it is gone, or was never there.
    pub(super) fn gone(&self) -> bool {
        self.status == Some(404)
    }

    /// Whether the organization's policy allows no secret (`passwordAddition` of its application management policy).
    pub(super) fn no_secrets(&self) -> bool {
        self.code == "CredentialTypeNotAllowedAsPerAppPolicy"
    }

    /// Whether it is there already (the service's words for roles and for grants; seen in the field).
    pub(super) fn there_already(&self) -> bool {
        let words = ["already exists on the object", "Permission entry already exists"];
        words.iter().any(|words| self.words.contains(words))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: ", self.doing)?;
        if let Some(status) = self.status {
            write!(f, "{status} ")?;
        }
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        write!(f, "{}", self.words)?;
        if let Some(role) = self.role {
            write!(f, " (the least role that may: {role})")?;
        }
        if self.unknown {
            write!(f, "; whether it was done is not known, and another run finds out before it does anything")?;
        }
        Ok(())
    }
}
