//! Checks of the probe as it arrived: whether it may be looked for, whether it is there, and what is written upon it.

mod reader;
mod written;

use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{Accepted, ArrivedFacts, ConfirmFacts, Folder, Visit};
use crate::kb::cause;
use crate::reader::Reader;

/// Waited this long, a mail that is not there is no longer only on its way: mail within the service takes a minute on
/// average (Service Level Agreement for Microsoft Online Services, "Email delivery").
const LONG_ENOUGH_MS: u64 = 15 * 60 * 1000;

static RIGHT: Check = Check {
    id: "confirm.right",
    title: "The mailbox may be looked into",
    needs: &[],
    judge: Judge::Once(reader::right),
};

static FOUND: Check =
    Check { id: "confirm.found", title: "The probe mail is there", needs: &[&RIGHT], judge: Judge::Once(found) };

static FOLDER: Check =
    Check { id: "confirm.folder", title: "It lies where it is read", needs: &[&FOUND], judge: Judge::Once(folder) };

static FROM: Check =
    Check { id: "confirm.from", title: "Its From is as it was asked for", needs: &[&FOUND], judge: Judge::Once(from) };

static AUTHENTICATION: Check = Check {
    id: "confirm.authentication",
    title: "Its sender is taken for genuine",
    needs: &[&FOUND],
    judge: Judge::Once(written::authentication),
};

static DELAY: Check = Check {
    id: "confirm.delay",
    title: "No server kept it waiting",
    needs: &[&FOUND],
    judge: Judge::Once(written::delay),
};

fn facts(visit: &Visit) -> Result<&ConfirmFacts, NotObserved> {
    let facts = visit.facts.confirm.as_deref().ok_or("nobody asked for it")?;
    match &facts.skipped {
        Some(why) => Err(why.as_str().into()),
        None => Ok(facts),
    }
}

fn arrived(visit: &Visit) -> Result<&ArrivedFacts, NotObserved> {
    facts(visit)?.arrived.as_ref().ok_or_else(|| "the mail was not found".into())
}

fn found(visit: &Visit) -> Judgement {
    let facts = facts(visit)?;
    let lost = visit.facts.probe().is_some_and(|message| message.accepted == Accepted::Unknown);
    let looks = if facts.looks == 1 { "1 look".to_owned() } else { format!("{} looks", facts.looks) };
    let folders: Vec<&str> = facts.folders.iter().map(|folder| folder.label()).collect();
    let Some(arrived) = &facts.arrived else {
        if !reader::opened(facts) {
            return Err("nobody could look".into());
        }
        let words = format!(
            "{looks} in {} s into {} of {}, for {} in the subject{}",
            facts.ms / 1000,
            folders.join(" and "),
            facts.mailbox,
            facts.token,
            if lost { "\nthe answer to the mail got lost, so it may never have been taken" } else { "" }
        );
        return if facts.ms >= LONG_ENOUGH_MS {
            Verdict::fail(&cause::CONFIRM_NOT_FOUND, words)
        } else {
            Verdict::unproven(&cause::CONFIRM_NOT_FOUND, words)
        };
    };
    let place = arrived.folder.map_or("a folder", Folder::label);
    let mut words = format!("{place} of {}, {looks}, {} ms", facts.mailbox, facts.ms);
    if lost {
        words.insert_str(0, "it was sent after all: ");
    }
    if !arrived.message_id.is_empty() {
        words.push_str(&format!("\nMessage-ID {}", arrived.message_id));
    }
    words.extend(arrived.hops.iter().map(|hop| format!("\n{}", written::hop_in_words(hop))));
    Verdict::pass(words)
}

fn folder(visit: &Visit) -> Judgement {
    let arrived = arrived(visit)?;
    let spam = written::spam_in_words(arrived);
    match arrived.folder.ok_or("its folder is not known")? {
        Folder::Junk => {
            let words = format!("Junk Email{spam}{}", written::results_in_words(arrived));
            Verdict::warn(&cause::CONFIRM_IN_JUNK, words)
        }
        Folder::Sent => Verdict::pass("Sent Items: the copy of what was sent"),
        Folder::Inbox => Verdict::pass(format!("Inbox{spam}")),
    }
}

fn from(visit: &Visit) -> Judgement {
    let arrived = arrived(visit)?;
    let asked = &visit.facts.probe().ok_or("no mail left")?.from;
    if arrived.from.is_empty() {
        return Err("the mail that was found names no sender".into());
    }
    if arrived.from.eq_ignore_ascii_case(asked) {
        return Verdict::pass(&arrived.from);
    }
    // In JSON the sender is named only where it is not the mailbox; Graph puts the mailbox's own address.
    let named = visit.setup.from.is_some() || visit.facts.graph.as_ref().is_none_or(|graph| graph.message.is_none());
    if !named {
        return Verdict::pass(format!("{}, the mailbox's own address", arrived.from));
    }
    Verdict::fail(&cause::CONFIRM_FROM_REPLACED, format!("asked for: {asked}\narrived: {}", arrived.from))
}

/// The reader in words, where there was one.
fn via(facts: &ConfirmFacts) -> &'static str {
    facts.via.map_or("no reader", Reader::label)
}

pub(super) static CHECKS: &[&Check] = &[&RIGHT, &FOUND, &FOLDER, &FROM, &AUTHENTICATION, &DELAY];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::HttpFacts;

    #[test]
    fn a_mail_that_is_not_there_is_a_failure_only_after_a_quarter_of_an_hour() {
        let waited = |ms| {
            let requests = vec![HttpFacts { status: Some(200), ..HttpFacts::default() }];
            let facts = ConfirmFacts { looks: 3, ms, requests, ..ConfirmFacts::default() };
            let mut visit = Visit::default();
            visit.facts.confirm = Some(Box::new(facts));
            found(&visit)
        };
        let of = |judgement: Judgement| match judgement {
            Ok(Verdict::Unproven(reason)) => ("unproven", reason.cause.id),
            Ok(Verdict::Fail(reason)) => ("fail", reason.cause.id),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(waited(LONG_ENOUGH_MS - 1)), ("unproven", "confirm-not-found"));
        assert_eq!(of(waited(LONG_ENOUGH_MS)), ("fail", "confirm-not-found"));
    }
}
