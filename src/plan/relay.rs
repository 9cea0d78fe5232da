//! The steps of `check-relay`: what port 25 says of a mailbox and of an address outside, and the submission port.

use super::{Plan, Step};
use crate::facts::Stage;
use crate::probes::Envelope;
use crate::road::Road;
use crate::setup::Setup;

/// What is left out where nobody named an address outside.
const OUTSIDE: &str = "the transaction to outside";

impl Plan {
    /// Nothing of it sends anything, whatever a profile allows.
    pub(super) fn relay(&mut self, setup: &Setup) {
        let from = setup.sender(Road::Relay).cloned().unwrap_or_default();
        // Where no mailbox is named, the sender's own address serves to ask RCPT TO.
        let inside = setup.mailbox.clone().unwrap_or_else(|| from.clone());
        let mut envelopes = vec![Envelope { road: Road::Direct, from: from.clone(), to: inside }];
        match &setup.external {
            Some(to) => envelopes.push(Envelope { road: Road::Relay, from, to: to.clone() }),
            None => self.leave_out(OUTSIDE, "no address outside of the tenant was named (--external)"),
        }
        self.steps.push(Step::DryRun { envelopes });
        self.steps.push(Step::Egress);
        self.steps.push(Step::Smtp { road: Road::Smtp, mail: None, stop_after: Some(Stage::Starttls) });
    }
}
