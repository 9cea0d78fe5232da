//! The table: causes, how often, when, for whom.

use std::collections::BTreeMap;

use aho_corasick::BuildError;

use super::line::{Line, Lines};
use super::people::{Names, SENDER_MARKS, Senders, recipient};
use super::stamp::Stamp;
use crate::explain::origin::shared_code;
use crate::explain::{of_its_server, unwrapped, without_secrets};
use crate::kb::{Cause, Classifier, Match, cause, fixed_texts};

/// As much of a line is kept as a sample, in octets.
const SAMPLE: usize = 1000;
/// As many other servers are named.
const SERVERS: usize = 20;

/// What a log said, so far.
pub struct Tally {
    classifier: Classifier,
    senders: Senders,
    groups: BTreeMap<&'static str, Group>,
}

/// One cause in a log.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its page.
    pub cause: &'static Cause,
    /// Lines.
    pub count: u64,
    /// The earliest time, as it stands in the log.
    pub first: Option<Stamp>,
    /// The latest.
    pub last: Option<Stamp>,
    /// Who sent the mails.
    pub senders: Names,
    /// Who they were for.
    pub recipients: Names,
    /// The first line of it.
    pub sample: String,
    /// The servers that spoke, where they were not Microsoft's.
    pub servers: BTreeMap<String, u64>,
    /// Lines that do not tell whose server spoke, and whose code others use as well.
    pub unnamed: u64,
}

impl Tally {
    /// An empty table.
    ///
    /// # Errors
    /// The pages can not be made ready; see [`Classifier::new`].
    pub fn new() -> Result<Tally, BuildError> {
        Ok(Tally { classifier: Classifier::new()?, senders: Senders::default(), groups: BTreeMap::new() })
    }

    /// What finds the lines that are worth a look.
    ///
    /// # Errors
    /// The texts are too many for an automaton.
    pub fn lines() -> Result<Lines, BuildError> {
        Lines::new(&fixed_texts(), &SENDER_MARKS)
    }

    /// Takes one line; the cause when it is the first line of it.
    pub fn take(&mut self, line: Line<'_>) -> Option<&'static Cause> {
        let wanted = line.wanted;
        let line = String::from_utf8_lossy(line.octets);
        self.senders.learn(&line);
        if !wanted {
            return None;
        }
        let found = self.judge(&line)?;
        let mut first = None;
        let group = self.groups.entry(found.cause.id).or_insert_with(|| {
            first = Some(found.cause);
            Group::new(found.cause, &line)
        });
        group.unnamed += u64::from(shared_code(&found, &line).is_some());
        if *found.cause == cause::ANOTHER_SERVER
            && (group.servers.len() < SERVERS || group.servers.contains_key(&found.matched))
        {
            *group.servers.entry(found.matched).or_default() += 1;
        }
        group.add(&line, &self.senders);
        first
    }

    /// A line is no question: a bare number or code asks, and a log does not.
    fn judge(&self, line: &str) -> Option<Match> {
        let matches = if line.contains(['\\', '&']) {
            self.classifier.classify(unwrapped(line).trim_end())
        } else {
            self.classifier.classify(line)
        };
        of_its_server(matches, line).into_iter().next()
    }

    /// The causes, most frequent first. What another server said stands last.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by_key(|group| {
            (*group.cause == cause::ANOTHER_SERVER, std::cmp::Reverse(group.count), group.cause.id)
        });
        groups
    }
}

impl Group {
    fn new(cause: &'static Cause, line: &str) -> Group {
        // A cut could leave the half of a secret that nobody knows for one.
        let mut sample = without_secrets(line.trim_end());
        sample.truncate(sample.floor_char_boundary(SAMPLE));
        let (senders, recipients) = Default::default();
        Group {
            cause,
            count: 0,
            first: None,
            last: None,
            senders,
            recipients,
            sample,
            servers: BTreeMap::new(),
            unnamed: 0,
        }
    }

    fn add(&mut self, line: &str, senders: &Senders) {
        self.count += 1;
        if let Some(stamp) = Stamp::of(line) {
            if self.first.as_ref().is_none_or(|first| stamp.before(first)) {
                self.first = Some(stamp.clone());
            }
            if self.last.as_ref().is_none_or(|last| stamp.after(last)) {
                self.last = Some(stamp);
            }
        }
        if let Some(sender) = senders.of(line) {
            self.senders.add(sender);
        }
        if let Some(recipient) = recipient(line) {
            self.recipients.add(recipient);
        }
    }
}
