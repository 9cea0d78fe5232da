//! How old the state is, and what an old one, or one that the run has seen otherwise, still proves.

use super::{neighbours, state};
use crate::check::{Judgement, Verdict};
use crate::checks::token;
use crate::facts::{ExchangeFacts, Visit};
use crate::kb::{Cause, cause};

/// Seconds after which the state is too old to explain a refusal of today.
const A_DAY: i64 = 86_400;
/// Seconds that two clocks may differ; Exchange and Entra allow each other as many.
const SKEW: i64 = 300;

/// Seconds from the script to the run; below zero where a clock is wrong.
fn seconds_old(visit: &Visit, state: &ExchangeFacts) -> i64 {
    visit.facts.observed_at.as_second() - state.time.as_second()
}

/// A fault that the state shows. Of an old state, or against what this run has seen, it is a hint: it was repaired since.
pub(super) fn fault(visit: &Visit, state: &ExchangeFacts, cause: &'static Cause, words: String) -> Judgement {
    fault_unless(visit, state, cause, words, neighbours::refuted(visit, cause))
}

/// The same, with what this run has seen that can not be where the fault is.
pub(super) fn fault_unless(
    visit: &Visit,
    state: &ExchangeFacts,
    cause: &'static Cause,
    words: String,
    newer: Option<String>,
) -> Judgement {
    if let Some(newer) = newer {
        return Verdict::unproven(cause, format!("{words}\nthat was {}; {newer} since", how_old(visit, state)));
    }
    if recent(visit, state) {
        return Verdict::fail(cause, words);
    }
    Verdict::unproven(cause, format!("{words}\nthat was {}", how_old(visit, state)))
}

pub(super) fn recent(visit: &Visit, state: &ExchangeFacts) -> bool {
    (-SKEW..=A_DAY).contains(&seconds_old(visit, state))
}

/// How old the state is, as the end of a sentence.
pub(super) fn how_old(visit: &Visit, state: &ExchangeFacts) -> String {
    let old = seconds_old(visit, state);
    if old < -SKEW {
        return format!("{} after this run began, by the clocks of both computers", token::span(-old));
    }
    format!("{} before this run", token::span(old.max(0)))
}

pub(super) fn age(visit: &Visit) -> Judgement {
    let state = state(visit)?;
    let words = format!("read at {}, {}", state.time, how_old(visit, state));
    if recent(visit, state) { Verdict::pass(words) } else { Verdict::warn(&cause::EXCHANGE_STATE_STALE, words) }
}
