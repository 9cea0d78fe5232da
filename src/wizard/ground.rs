//! What the walk stands on: the words so far and the sandbox, and from both a valid set-up.

use std::path::PathBuf;

use jiff::Timestamp;
use toml::{Table, Value};

use super::steps::{Depth, Kind};
use crate::check::Finding;
use crate::checks;
use crate::facts::Visit;
use crate::observe::{self, Progress};
use crate::plan::{self, Plan, Slice, Step};
use crate::probes::Without;
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::setup::secret::Secret;
use crate::setup::{Credential, InputError, Layers, Need, Setup, Wants};

/// The flags that repeat a run, out of its words.
pub type Repeat = Box<dyn Fn(&Table) -> Vec<(String, String)> + Send + Sync>;

/// What the walk stands on.
pub struct Ground {
    /// The tenant that was started for it, if the cloud is the sandbox.
    pub sandbox: Option<Sandbox>,
    /// The profile that was named to begin with.
    pub profile: Option<String>,
    /// The configuration file that was named.
    pub config: Option<PathBuf>,
    /// What is said again in the commands that are shown.
    pub repeat: Repeat,
    /// The words: flags, and what was answered.
    pub words: Table,
    /// A client secret that was typed; it is kept nowhere.
    pub typed: Option<Secret>,
}

/// What one look showed.
pub struct Look {
    /// What was seen.
    pub visit: Visit,
    /// What follows from it.
    pub findings: Vec<Finding>,
}

impl Look {
    fn of(visit: Visit) -> Look {
        Look { findings: checks::findings(&visit), visit }
    }

    /// The report of it.
    pub fn report(&self) -> Report {
        Report::of(self.visit.clone(), false)
    }
}

impl Ground {
    fn layers(&self) -> Result<Layers, InputError> {
        Layers::gather_for_new(self.words.clone(), self.profile.as_deref(), self.config.as_deref())
    }

    /// What is known for a word: said by anybody, or the sandbox's own.
    pub fn known(&self, word: &str) -> Option<String> {
        let said = self.layers().ok()?.said(word);
        said.or_else(|| self.sandbox.as_ref()?.profile().get(word)?.as_str().map(str::to_owned))
    }

    /// Every word that was said by anybody but the sandbox.
    pub fn said(&self) -> Table {
        self.layers().map(|layers| layers.words()).unwrap_or_default()
    }

    /// The word that says where the credential comes from.
    pub fn source(&self) -> Option<String> {
        if self.typed.is_some() {
            return Some("client_secret".to_owned());
        }
        let said = self.layers().ok()?.credential_source().map(str::to_owned);
        let own = || Layers::source_in(&self.sandbox.as_ref()?.profile()).map(str::to_owned);
        said.or_else(own)
    }

    /// The word that says where the credential comes from, if anybody but the sandbox said it.
    pub fn said_source(&self) -> Option<&'static str> {
        if self.typed.is_some() {
            return Some("client_secret");
        }
        self.layers().ok()?.credential_source()
    }

    /// Takes a new credential in, and forgets the one before.
    pub fn prove_with(&mut self, auth: &str, word: &str, file: &str) {
        while let Some(source) = Layers::source_in(&self.words) {
            self.words.remove(source);
        }
        for word in ["key", "key_password_file"] {
            self.words.remove(word);
        }
        self.typed = None;
        self.take("auth", auth);
        self.take(word, file);
    }

    /// Takes an answer in.
    pub fn take(&mut self, word: &str, value: &str) {
        self.words.insert(word.to_owned(), Value::String(value.to_owned()));
    }

    /// The set-up as far as it is known.
    ///
    /// # Errors
    /// A word that can not be used, or that is wanted and missing.
    pub fn setup(&self, wants: Wants) -> Result<Setup, InputError> {
        let sandbox = self.sandbox.as_ref().map(|sandbox| (sandbox.cloud(), sandbox.profile()));
        let mut setup = self.layers()?.load(wants, sandbox)?;
        if let (Some(typed), Need::IfNamed) = (&self.typed, wants.credential) {
            setup.mask.add(typed);
            setup.credential = Some(Credential::Secret { value: typed.clone(), origin: "the prompt".to_owned() });
        }
        setup.options = (self.repeat)(&self.words);
        Ok(setup)
    }

    /// Who sends.
    pub fn kind(&self) -> Kind {
        let word = |word: &str| self.known(word);
        match word("auth").as_deref() {
            Some("delegated") => {
                let (account, mailbox) = (word("account"), word("from").or_else(|| word("mailbox")));
                let shared = account.zip(mailbox).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(&b));
                Kind::Person { shared }
            }
            Some("managed") => Kind::Machine,
            None if word("managed_identity").is_some() => Kind::Machine,
            _ => Kind::Application,
        }
    }

    /// Looks as deep as a step needs. With [`Depth::Send`], the one mail leaves.
    ///
    /// # Errors
    /// A word that is wanted and missing.
    pub async fn look(&self, depth: Depth, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Look, InputError> {
        let token = depth != Depth::Records;
        let talk = matches!(depth, Depth::Talk | Depth::Send);
        let send = depth == Depth::Send;
        let wants = Wants {
            credential: if token { Need::IfNamed } else { Need::No },
            mailbox: talk,
            to: send,
            exchange_state: talk,
            domain: depth == Depth::Records,
            ..Wants::default()
        };
        let setup = self.setup(wants)?;
        let dns = depth == Depth::Records;
        let slice = Slice { command: "onboard", verify: token, token, talk, send, dns, ..Slice::default() };
        let plan = plan::make(&setup, slice, Timestamp::now())?;
        Ok(Look::of(observe::run(&setup, &plan, progress).await))
    }

    /// Asks the directory and the DNS about the domain; no credential is needed for it.
    ///
    /// # Errors
    /// A word that can not be used.
    pub async fn discover(&self, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Look, InputError> {
        let setup = self.setup(Wants::default())?;
        let tenant = setup.tenant.clone().or_else(|| setup.domain.clone());
        let directory = tenant.map(|tenant| Step::Discovery { tenant });
        let records = setup.domain.as_ref().map(|_| Step::Dns);
        let steps = directory.into_iter().chain(records).collect();
        let (left_out, without) = (Vec::new(), Without::default());
        let plan = Plan { command: "onboard", steps, left_out, without, now: Timestamp::now() };
        Ok(Look::of(observe::run(&setup, &plan, progress).await))
    }
}
