//! The rules of RFC 7208, one by one, on zones made up for each.

mod advice;
mod audit;
mod hostile;
mod limits;
mod macros;
mod mechanisms;
mod modifiers;
mod records;
mod zone;

use self::zone::Zone;
use super::{Evaluation, Outcome, ProblemKind, Query, SpfResult, evaluate};

/// A sender at `example.com`, seen from the given address.
fn query(ip: &str) -> Query {
    Query {
        ip: ip.parse().expect("the test's own address"),
        mail_from: "alice@example.com".to_owned(),
        helo: "mail.example.com".to_owned(),
        receiver: None,
        now: 1_700_000_000,
    }
}

/// Evaluates `example.com` for 192.0.2.1 with this record, in an otherwise empty zone.
async fn lone(record: &str) -> Evaluation {
    evaluate(&query("192.0.2.1"), &Zone::with_record(record)).await
}

/// The kind of problem, for comparing.
fn kind(evaluation: &Evaluation) -> Option<ProblemKind> {
    evaluation.problem.as_ref().map(|problem| problem.kind)
}

/// Depth, term and outcome of every step.
fn steps(evaluation: &Evaluation) -> Vec<(u32, &str, Outcome)> {
    let steps = evaluation.trace.iter();
    steps.map(|step| (step.depth, step.term.as_str(), step.outcome)).collect()
}

/// The results of one record for several addresses.
async fn results(zone: &Zone, ips: &[&str]) -> Vec<SpfResult> {
    let mut results = Vec::new();
    for ip in ips {
        results.push(evaluate(&query(ip), zone).await.result);
    }
    results
}
