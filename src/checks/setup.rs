//! Checks of the input itself.

use crate::check::{Check, Judge, Verdict};
use crate::kb::{by_id, cause};

static HANDLING: Check = Check {
    id: "setup.credential-handling",
    title: "The credential is kept private",
    needs: &[],
    judge: Judge::Once(|visit| {
        let notes = &visit.setup.notes;
        let Some(first) = notes.first() else {
            let origin = visit.setup.credential.as_deref().ok_or("there is no credential")?;
            return Verdict::pass(format!("from {origin}"));
        };
        let words: Vec<&str> = notes.iter().map(|note| note.words.as_str()).collect();
        Verdict::warn(by_id(&first.cause).unwrap_or(&cause::UNRECOGNISED), words.join("\n"))
    }),
};

pub(super) static CHECKS: &[&Check] = &[&HANDLING];
