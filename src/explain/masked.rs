//! An explanation for a ticket, without names.

use serde_json::Value;

use super::Explanation;
use crate::access::Access;
use crate::kb::Match;
use crate::share::{self, Words};

impl Explanation {
    /// The same with the names replaced that stand in the text. What support asks for stays: it finds a request by it.
    #[must_use]
    pub fn masked(mut self) -> Explanation {
        let mut words = Words::default();
        for found in [&mut self.matches, &mut self.also] {
            let masked = std::mem::take(found).into_iter().map(|found| masked(found, &mut words));
            *found = masked.collect();
        }
        for (label, id) in &mut self.ids {
            // The ids of a request are made anew for each and name nobody.
            if *label == "message id" || !label.ends_with(" id") {
                *id = words.masked(id);
            }
        }
        if let Some(seen) = &mut self.token {
            share::by_claim(&mut seen.token);
            seen.token
                .claims
                .values_mut()
                .chain(seen.token.header.values_mut())
                .for_each(|value| leaves(value, &mut words));
            seen.token.sasl_user = seen.token.sasl_user.as_ref().map(|user| words.masked(user));
            for row in &mut seen.roads {
                let (Access::Yes(why) | Access::No(why) | Access::Unproven(why)) = &mut row.access;
                *why = words.masked(why);
            }
        }
        self.text = words.masked(&self.text);
        self
    }
}

fn masked(found: Match, words: &mut Words) -> Match {
    // A code or an id is no name.
    if found.matched.contains(' ') { found.shown_as(|text| words.masked(text)) } else { found }
}

fn leaves(value: &mut Value, words: &mut Words) {
    match value {
        Value::String(text) => *text = words.masked(text),
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, words)),
        Value::Object(fields) => fields.values_mut().for_each(|field| leaves(field, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::explain::explain;

    #[test]
    fn names_go_and_what_support_asks_for_stays() {
        let text = "host mail.contoso.com[203.0.113.9] said: no; bob@contoso.com; request-id: 11111111-2222-3333-4444-555555555555";
        let masked = explain(text).masked();
        for name in ["contoso", "203.0.113.9", "bob", "11111111"] {
            assert!(!masked.text.contains(name), "{name} in {}", masked.text);
        }
        assert_eq!(masked.ids, [("request id", "11111111-2222-3333-4444-555555555555".to_owned())]);
        let reply = explain("550 5.7.513 Service unavailable, Client host [203.0.113.9] blocked by contoso.com using Customer Block list").masked();
        assert_eq!(reply.matches[0].cause.id, "blocked-by-recipient");
        assert!(!reply.matches[0].matched.contains("contoso.com"), "{}", reply.matches[0].matched);
    }
}
