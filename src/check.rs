//! The engine: what a check is, what it may say, and how the checks of a run are judged.
//!
//! Judging is pure: it reads the [`Visit`], never the clock, the network or a file.

use crate::facts::Visit;
use crate::kb::Cause;
use crate::road::Road;

/// A claim that is true when all is well.
pub struct Check {
    /// Stable word, `topic.claim`.
    pub id: &'static str,
    /// The claim, a sentence in the present tense.
    pub title: &'static str,
    /// Checks without whose truth this one says nothing.
    pub needs: &'static [&'static Check],
    /// What it reads.
    pub judge: Judge,
}

/// How a check is asked.
pub enum Judge {
    /// Once a run.
    Once(fn(&Visit) -> Judgement),
    /// Once for each of these roads that the run takes.
    PerRoad(&'static [Road], fn(&Visit, Road) -> Judgement),
}

/// A verdict, or the reason why nothing was seen to judge.
pub type Judgement = Result<Verdict, NotObserved>;

/// Why a check had nothing to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct NotObserved(pub String);

impl<T: Into<String>> From<T> for NotObserved {
    fn from(reason: T) -> Self {
        NotObserved(reason.into())
    }
}

/// What a check says. All but `Pass` rest on a cause; none can be built without one.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The claim holds; the words say by what.
    Pass(String),
    /// It holds, but something deserves a look.
    Warn(Reason),
    /// It does not hold.
    Fail(Reason),
    /// The evidence can not decide. Never blocks what hangs on it.
    Unproven(Reason),
}

/// A cause with the words it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The page.
    pub cause: &'static Cause,
    /// What was seen, one fact a line.
    pub evidence: Vec<String>,
}

impl Verdict {
    /// The claim holds by these words.
    pub fn pass(words: impl Into<String>) -> Judgement {
        Ok(Verdict::Pass(shortened(&words.into())))
    }

    /// It holds, but `cause` deserves a look.
    pub fn warn(cause: &'static Cause, words: impl Into<String>) -> Judgement {
        Ok(Verdict::Warn(Reason::new(cause, words)))
    }

    /// It does not hold, because of `cause`.
    pub fn fail(cause: &'static Cause, words: impl Into<String>) -> Judgement {
        Ok(Verdict::Fail(Reason::new(cause, words)))
    }

    /// The evidence can not decide; `cause` says what would.
    pub fn unproven(cause: &'static Cause, words: impl Into<String>) -> Judgement {
        Ok(Verdict::Unproven(Reason::new(cause, words)))
    }
}

impl Reason {
    fn new(cause: &'static Cause, words: impl Into<String>) -> Self {
        let words: String = words.into();
        Reason { cause, evidence: words.lines().take(MOST_LINES).map(shortened).collect() }
    }
}

/// A server may say a lot; evidence is what a person reads.
const MOST_LINES: usize = 40;
/// The longest texts that a person needs whole are sender policies; those of ten look-ups fit.
const LONGEST_LINE: usize = 2000;

fn shortened(line: &str) -> String {
    crate::facts::shortened(line, LONGEST_LINE)
}

/// A check and what became of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// The road, for a check that is asked per road.
    pub road: Option<Road>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was judged.
    Judged(Verdict),
    /// Another check failed on which this one hangs: the id of the first in the chain.
    Skipped(&'static str),
    /// There was nothing to judge, and why.
    NotObserved(String),
}

impl Finding {
    /// The cause behind a warning, a failure or an unproven verdict.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.outcome {
            Outcome::Judged(Verdict::Warn(r) | Verdict::Fail(r) | Verdict::Unproven(r)) => Some(r),
            _ => None,
        }
    }

    /// Whether the verdict is a failure.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Judged(Verdict::Fail(_)))
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Check {
    /// The word before the dot.
    pub fn topic(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }
}

/// Judges `checks` against one visit; the findings stand in the order of the checks.
///
/// A check whose need failed, or was itself skipped, is skipped and names the first failure of the chain.
pub fn judge(checks: &[&'static Check], visit: &Visit) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::with_capacity(checks.len());
    for check in needs_first(checks) {
        match check.judge {
            Judge::Once(ask) => {
                let outcome = outcome(check, None, &findings, || ask(visit));
                findings.push(Finding { check, road: None, outcome });
            }
            Judge::PerRoad(roads, ask) => {
                for road in visit.setup.roads.iter().copied().filter(|road| roads.contains(road)) {
                    let outcome = outcome(check, Some(road), &findings, || ask(visit, road));
                    findings.push(Finding { check, road: Some(road), outcome });
                }
            }
        }
    }
    findings.sort_by_key(|finding| checks.iter().position(|check| check.id == finding.check.id));
    findings
}

/// The checks, each behind those it needs: a check is shown with its topic, which may stand before that of its needs.
fn needs_first(checks: &[&'static Check]) -> Vec<&'static Check> {
    fn put(check: &'static Check, checks: &[&'static Check], ordered: &mut Vec<&'static Check>) {
        if ordered.iter().any(|known| known.id == check.id) {
            return;
        }
        for need in check.needs {
            put(need, checks, ordered);
        }
        if checks.iter().any(|asked| asked.id == check.id) {
            ordered.push(check);
        }
    }
    let mut ordered = Vec::with_capacity(checks.len());
    for check in checks {
        put(check, checks, &mut ordered);
    }
    ordered
}

fn outcome(check: &Check, road: Option<Road>, so_far: &[Finding], ask: impl Fn() -> Judgement) -> Outcome {
    if let Some(blocker) = check.needs.iter().find_map(|need| blocker(need, road, so_far)) {
        return Outcome::Skipped(blocker);
    }
    match ask() {
        Ok(verdict) => Outcome::Judged(verdict),
        Err(NotObserved(reason)) => Outcome::NotObserved(reason),
    }
}

/// The check at the root of why `need` blocks, if it does. What is asked once a run is blocked only where the need
/// failed on every road; what is asked on a road, only by that road's.
fn blocker(need: &Check, road: Option<Road>, so_far: &[Finding]) -> Option<&'static str> {
    let same_road = |finding: &&Finding| finding.road.is_none() || road.is_none() || finding.road == road;
    let mut root = None;
    for finding in so_far.iter().filter(same_road).filter(|finding| finding.check.id == need.id) {
        let blocks = match &finding.outcome {
            Outcome::Judged(Verdict::Fail(_)) => finding.check.id,
            Outcome::Skipped(root) => root,
            _ => return None,
        };
        root = root.or(Some(blocks));
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kb::cause;

    static PASSING: Check =
        Check { id: "made.passing", title: "", needs: &[], judge: Judge::Once(|_| Verdict::pass("")) };
    static FAILING: Check = Check {
        id: "made.failing",
        title: "",
        needs: &[&PASSING],
        judge: Judge::Once(|_| Verdict::fail(&cause::UNRECOGNISED, "a\nb")),
    };
    static BEHIND: Check =
        Check { id: "made.behind", title: "", needs: &[&FAILING], judge: Judge::Once(|_| Verdict::pass("")) };
    static FAR_BEHIND: Check =
        Check { id: "made.far", title: "", needs: &[&BEHIND], judge: Judge::Once(|_| Verdict::pass("")) };
    static DOUBTFUL: Check = Check {
        id: "made.doubtful",
        title: "",
        needs: &[],
        judge: Judge::Once(|_| Verdict::unproven(&cause::UNRECOGNISED, "")),
    };
    static BEHIND_DOUBT: Check =
        Check { id: "made.beside", title: "", needs: &[&DOUBTFUL], judge: Judge::Once(|_| Err("nothing".into())) };
    static ON_ROADS: Check = Check {
        id: "made.roads",
        title: "",
        needs: &[],
        judge: Judge::PerRoad(&[Road::Smtp, Road::Graph], |_, road| Verdict::pass(road.to_string())),
    };

    #[test]
    fn a_failure_hides_what_hangs_on_it_and_names_the_root() {
        let findings = judge(&[&PASSING, &FAILING, &BEHIND, &FAR_BEHIND], &Visit::default());
        assert_eq!(findings[1].reason().unwrap().evidence, ["a", "b"]);
        assert_eq!(findings[2].outcome, Outcome::Skipped("made.failing"));
        assert_eq!(findings[3].outcome, Outcome::Skipped("made.failing"));
    }

    #[test]
    fn a_check_that_is_shown_before_its_need_hangs_on_it_all_the_same() {
        let findings = judge(&[&BEHIND, &FAILING], &Visit::default());
        assert_eq!(findings[0].outcome, Outcome::Skipped("made.failing"));
        assert!(findings[1].failed());
    }

    #[test]
    fn what_is_unproven_blocks_nothing() {
        let findings = judge(&[&DOUBTFUL, &BEHIND_DOUBT], &Visit::default());
        assert_eq!(findings[1].outcome, Outcome::NotObserved("nothing".to_owned()));
    }

    #[test]
    fn a_check_per_road_is_asked_for_the_roads_of_the_run() {
        let mut visit = Visit::default();
        visit.setup.roads = vec![Road::Graph, Road::Imap];
        let findings = judge(&[&ON_ROADS], &visit);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].road, Some(Road::Graph));
    }
}
