//! Checks of the input itself.

use super::token::APP_ISSUED;
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::Visit;
use crate::kb::{by_id, cause};

static HANDLING: Check = Check {
    id: "setup.credential-handling",
    title: "The credential is kept where others can not read it",
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

static OBJECT_ID: Check = Check {
    id: "setup.object-id",
    title: "The object id given by hand is the enterprise application's",
    needs: &[&APP_ISSUED],
    judge: Judge::Once(object_id),
};

fn object_id(visit: &Visit) -> Judgement {
    let given = visit.setup.object_id.as_deref().ok_or("none was given by hand")?;
    let token =
        visit.facts.tokens.iter().find(|token| token.app_only()).ok_or("there is no app-only token to compare with")?;
    let oid = token.text("oid").ok_or("the token names no object id")?;
    if oid.eq_ignore_ascii_case(given) {
        return Verdict::pass(format!("{given} is the oid of the token"));
    }
    let words = format!("given: {given}\nthe token's oid, which New-ServicePrincipal needs: {oid}");
    Verdict::fail(&cause::OBJECT_ID_MISMATCH, words)
}

pub(super) static CHECKS: &[&Check] = &[&HANDLING, &OBJECT_ID];
