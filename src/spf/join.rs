//! Futures that run side by side.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Runs all futures at once and returns their outputs in the order given.
///
/// For the few dozen look-ups of one record: each wake-up polls every one that is not done.
pub(super) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Running<F>> = futures.into_iter().map(|future| Running::Waiting(Box::pin(future))).collect();
    poll_fn(|cx| {
        let mut all_done = true;
        for slot in &mut running {
            if let Running::Waiting(future) = slot {
                match future.as_mut().poll(cx) {
                    Poll::Ready(output) => *slot = Running::Done(output),
                    Poll::Pending => all_done = false,
                }
            }
        }
        if all_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(Running::output).collect()
}

enum Running<F: Future> {
    Waiting(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Running<F> {
    fn output(self) -> Option<F::Output> {
        match self {
            Self::Done(output) => Some(output),
            Self::Waiting(_) => None,
        }
    }
}
