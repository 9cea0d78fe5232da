//! What was answered, for as long as it holds. The same question at the same time goes out once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_proto::rr::{LowerName, Name, RData, RecordType};
use tokio::sync::OnceCell;

use crate::facts::LookupFacts;

/// Octets that each of the two generations may take. The names that the domains of a list share are a few hundred
/// answers, some hundred kilobytes; the rest is asked once.
const MOST_OCTETS: usize = 4 * 1024 * 1024;
/// What an entry takes beside its records: its place in the table, its name and its cell, measured.
const OF_ENTRY: usize = 500;
/// What a record takes beside its texts.
const OF_RECORD: usize = 150;
/// A failure is asked about again after this (RFC 9520 section 3.2: between one second and five minutes).
const FAILURE: Duration = Duration::from_secs(5);
/// Nothing is believed for longer, whatever its TTL; no run takes a day.
const LONGEST: Duration = Duration::from_hours(24);

/// One answer, as it is kept.
pub(super) struct Reply {
    /// What failed, where something did.
    pub(super) failure: Option<LookupFacts>,
    /// The records of the type that was asked for.
    pub(super) records: Vec<RData>,
    /// The aliases in it.
    pub(super) targets: Vec<Name>,
    /// Whether the server says that it has validated it (the AD flag, RFC 4035 section 3.2.3).
    pub(super) authentic: bool,
    /// Seconds that it holds, counted from `at`.
    pub(super) ttl: u32,
    /// When it came.
    pub(super) at: Instant,
}

impl Reply {
    /// A look-up that failed.
    pub(super) fn failed(ended: LookupFacts) -> Reply {
        let (records, targets) = (Vec::new(), Vec::new());
        Reply { failure: Some(ended), records, targets, authentic: false, ttl: 0, at: Instant::now() }
    }

    /// Seconds that it still holds.
    pub(super) fn ttl_left(&self) -> u32 {
        let age = u32::try_from(self.at.elapsed().as_secs()).unwrap_or(u32::MAX);
        self.ttl.saturating_sub(age)
    }

    fn holds(&self) -> bool {
        let kept = match self.failure {
            None | Some(LookupFacts::NoSuchName) => Duration::from_secs(self.ttl.into()).min(LONGEST),
            Some(_) => FAILURE,
        };
        self.at.elapsed() < kept
    }

    fn octets(&self) -> usize {
        let texts = |data: &RData| match data {
            RData::TXT(text) => text.txt_data.iter().map(|part| part.len() + OF_RECORD).sum::<usize>(),
            _ => OF_RECORD,
        };
        self.records.iter().map(texts).sum::<usize>() + self.targets.len() * OF_RECORD
    }
}

/// The place of one answer, while it is waited for and afterwards.
type Slot = Arc<OnceCell<Arc<Reply>>>;
type Key = (LowerName, RecordType);

/// Answers in two generations: when the young one is full, it becomes the old one, and what nobody has asked for since is
/// forgotten with the one before.
#[derive(Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Slot>,
    old: HashMap<Key, Slot>,
    /// What the young ones take.
    octets: usize,
}

impl Cache {
    /// The answer that is kept, or that of `ask`, which is carried out once for all who wait for it. Where the one who asks
    /// gives up, the next one who waits asks.
    pub(super) async fn get(&self, name: &Name, kind: RecordType, ask: impl Future<Output = Reply>) -> Arc<Reply> {
        let slot = self.with(|kept| kept.slot((LowerName::new(name), kind)));
        let asked = slot.get_or_init(async || {
            let reply = ask.await;
            self.with(|kept| kept.add(reply.octets()));
            Arc::new(reply)
        });
        asked.await.clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Generations) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn slot(&mut self, key: Key) -> Slot {
        let holds = |slot: &&Slot| slot.get().is_none_or(|reply| reply.holds());
        if let Some(slot) = self.young.get(&key).filter(holds) {
            return slot.clone();
        }
        let slot = self.old.remove(&key).filter(|slot| holds(&slot)).unwrap_or_default();
        self.add(OF_ENTRY + slot.get().map_or(0, |reply| reply.octets()));
        self.young.insert(key, slot.clone());
        slot
    }

    fn add(&mut self, octets: usize) {
        self.octets += octets;
        if self.octets > MOST_OCTETS {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hickory_proto::rr::rdata::TXT;

    use super::*;

    fn text(octets: usize, ttl: u32) -> Reply {
        let records = vec![RData::TXT(TXT::from_bytes(vec![&vec![b'x'; octets]]))];
        Reply { records, failure: None, ttl, ..Reply::failed(LookupFacts::Found) }
    }

    fn name(text: &str) -> Name {
        Name::from_str(text).unwrap()
    }

    #[tokio::test]
    async fn the_same_question_at_the_same_time_goes_out_once() {
        let (cache, asked) = (Cache::default(), AtomicUsize::new(0));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            // It does not outlast the moment: who waits has it all the same.
            text(1, 0)
        };
        let (one, other) = (name("Example.org."), name("example.ORG."));
        tokio::join!(
            cache.get(&one, RecordType::TXT, ask()),
            cache.get(&other, RecordType::TXT, ask()),
            cache.get(&other, RecordType::A, ask())
        );
        assert_eq!(asked.load(Ordering::Relaxed), 2, "one for each type");
        cache.get(&one, RecordType::TXT, ask()).await;
        assert_eq!(asked.load(Ordering::Relaxed), 3, "a TTL of 0 is not kept");
    }

    #[tokio::test]
    async fn whoever_gives_up_does_not_take_the_others_along() {
        let (cache, name) = (Cache::default(), name("example.org."));
        let gone =
            tokio::time::timeout(Duration::from_millis(1), cache.get(&name, RecordType::A, std::future::pending()));
        let waits = async {
            tokio::task::yield_now().await;
            cache.get(&name, RecordType::A, async { text(1, 60) }).await
        };
        let (gone, answered) = tokio::join!(gone, waits);
        assert!(gone.is_err());
        assert_eq!(answered.ttl, 60);
    }

    #[tokio::test]
    async fn failures_are_kept_for_a_moment_and_answers_for_their_ttl() {
        for (reply, kept) in [
            (Reply { ttl: 60, ..Reply::failed(LookupFacts::NoSuchName) }, true),
            (Reply::failed(LookupFacts::NoSuchName), false),
            (Reply::failed(LookupFacts::ServerFailure(String::new())), true),
            (text(1, 60), true),
            (text(1, 0), false),
        ] {
            assert_eq!(reply.holds(), kept);
        }
        let old = Instant::now().checked_sub(Duration::from_secs(61));
        let Some(at) = old else { return };
        let reply = Reply { at, ..text(1, 60) };
        assert!(!reply.holds());
        assert_eq!(reply.ttl_left(), 0);
        assert!(!Reply { at, ..Reply::failed(LookupFacts::Timeout(String::new())) }.holds());
    }

    #[tokio::test]
    async fn it_never_grows_beyond_its_bound_and_keeps_what_is_asked_for() {
        let cache = Cache::default();
        let shared = name("spf.example.org.");
        let asked = AtomicUsize::new(0);
        for number in 0..2000 {
            let own = name(&format!("domain{number}.example.org."));
            cache.get(&own, RecordType::TXT, async { text(20_000, 3600) }).await;
            let ask = async {
                asked.fetch_add(1, Ordering::Relaxed);
                text(10, 3600)
            };
            cache.get(&shared, RecordType::TXT, ask).await;
            let octets = cache.with(|kept| {
                let all = kept.young.values().chain(kept.old.values());
                all.filter_map(|slot| slot.get()).map(|reply| reply.octets()).sum::<usize>()
            });
            assert!(octets <= 2 * MOST_OCTETS + 25_000, "{octets}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
