//! The limits of one mailbox: sessions at a time, octets of a message (microsoft-facts I).

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Session;
use crate::sandbox::state::Mailbox;

/// Sessions that send for one mailbox at a time (Microsoft Learn, "Changes in message store and throttling").
const MOST_SESSIONS: usize = 3;
/// The largest message of a mailbox where nobody set another size, 35 MB.
pub(super) const LARGEST_MESSAGE: usize = 35 * 1024 * 1024;

/// A number that no other session has.
pub(super) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Session {
    /// Counts the session among those of its mailbox, until it ends.
    pub(super) fn enter(&self, address: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = state.find_mailbox(address) {
            mailbox.sessions.push(self.number);
        }
    }

    /// Counts it no longer; whoever sees the connection end can count on that.
    pub(super) fn leave(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = self.user.as_deref().and_then(|address| state.find_mailbox(address)) {
            mailbox.sessions.retain(|session| *session != self.number);
        }
    }

    /// Whether as many as may be came before this session and are still there.
    pub(super) fn is_one_too_many(&self) -> bool {
        self.of_mailbox(|mailbox| mailbox.is_one_too_many(self.number)).unwrap_or(false)
    }

    /// The largest message that the mailbox may send, in octets.
    pub(super) fn largest_message(&self) -> usize {
        let set = self.of_mailbox(|mailbox| mailbox.largest_message).filter(|octets| *octets > 0);
        set.unwrap_or(self.limits().octets)
    }

    fn of_mailbox<T>(&self, read: impl Fn(&Mailbox) -> T) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.find_mailbox(self.user.as_deref()?).map(|mailbox| read(mailbox))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Mailbox {
    fn is_one_too_many(&self, session: u64) -> bool {
        let before = self.sessions.iter().take_while(|other| **other != session).count();
        self.other_sessions + before >= MOST_SESSIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::mail::{Envelope, deliver};
    use crate::sandbox::scenario::Scenario;

    #[test]
    fn recipients_are_counted_and_the_last_one_of_the_day_still_passes() {
        let mut state = Scenario::named("").expect("the healthy tenant").alone();
        let mut sent = |recipients: usize| {
            let to = vec!["bob@contoso.test".to_owned(); recipients];
            let envelope = Envelope { from: "app@contoso.test".to_owned(), to };
            deliver(&mut state, "app@contoso.test", &envelope, b"From: app@contoso.test\r\n\r\n")
        };
        assert!(sent(9_998).starts_with("250 "));
        assert!(sent(3).contains("SubmissionQuotaExceededException"));
        assert!(sent(2).starts_with("250 "));
        assert!(sent(1).contains("SubmissionQuotaExceededException"));
    }

    #[test]
    fn the_fourth_session_waits_until_one_of_the_others_has_ended() {
        let mut mailbox = Mailbox { sessions: vec![7, 8, 9, 10], ..Mailbox::default() };
        let refused = |mailbox: &Mailbox| [7, 8, 9, 10].map(|session| mailbox.is_one_too_many(session));
        assert_eq!(refused(&mailbox), [false, false, false, true]);
        mailbox.sessions.remove(0);
        assert!(!mailbox.is_one_too_many(10));
        mailbox.other_sessions = 3;
        assert!(mailbox.is_one_too_many(8));
    }
}
