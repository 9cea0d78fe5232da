//! AUTH XOAUTH2 (RFC 4954): inline, after 334 where a long line is refused, and through an error challenge.

use std::future::Future;
use std::time::Instant as Clock;

use tokio::time::Instant;

use super::{Ended, Run};
use crate::facts::{Fault, Reply, Stage};
use crate::probes::dialogue::xoauth2;
use crate::setup::secret::Secret;

/// AUTH with an initial response may have 12,288 octets with its line end (RFC 4954 section 4).
const LONGEST_AUTH: usize = 12_288;

impl Run<'_> {
    pub(super) async fn log_in(
        &mut self,
        user: &str,
        token: impl Future<Output = Option<Secret>>,
    ) -> Result<(), Ended> {
        let mechanisms = self
            .facts
            .offered
            .iter()
            .filter_map(|line| line.to_ascii_uppercase().strip_prefix("AUTH").map(str::to_owned));
        if !mechanisms.flat_map(|m| m.split([' ', '=']).map(str::to_owned).collect::<Vec<_>>()).any(|m| m == "XOAUTH2")
        {
            return self.stop("XOAUTH2 is not offered");
        }
        let waited = Instant::now();
        let Some(token) = token.await else { return self.stop("there is no token to log in with") };
        self.talk.deadline += waited.elapsed();
        let blob = Secret::new(xoauth2(user, token.expose()));
        self.talk.learn(&token);
        self.talk.learn(&blob);
        let began = Clock::now();
        let answer = self.authenticate(&blob).await;
        self.record(Stage::Auth, began, answer, Reply::positive).map(|_| ())
    }

    /// Inline first; where a server does not take the long line, the blob alone after its 334.
    async fn authenticate(&mut self, blob: &Secret) -> Result<Reply, Fault> {
        let inline = format!("AUTH XOAUTH2 {}\r\n", blob.expose());
        if inline.len() <= LONGEST_AUTH {
            let shown = format!("AUTH XOAUTH2 [masked {} octets]", blob.expose().len());
            self.talk.say_hidden(inline.as_bytes(), &shown).await?;
            let reply = self.talk.reply().await?;
            if !line_too_long(&reply) {
                return self.after_blob(reply, blob, true).await;
            }
            self.talk.note("the server does not take the long line: once more, with the token after 334");
        }
        self.talk.say("AUTH XOAUTH2").await?;
        let reply = self.talk.reply().await?;
        if reply.code != 334 {
            return Ok(reply);
        }
        self.say_blob(blob).await?;
        let reply = self.talk.reply().await?;
        self.after_blob(reply, blob, false).await
    }

    async fn say_blob(&mut self, blob: &Secret) -> Result<(), Fault> {
        let line = format!("{}\r\n", blob.expose());
        self.talk.say_hidden(line.as_bytes(), &format!("[masked {} octets]", blob.expose().len())).await
    }

    /// A 334 after the blob is either a server that overlooked it, or an error challenge: base64 of JSON, which the
    /// client answers with an empty line to hear the final reply.
    async fn after_blob(&mut self, reply: Reply, blob: &Secret, inline: bool) -> Result<Reply, Fault> {
        if reply.code != 334 {
            return Ok(reply);
        }
        let payload = reply.lines.first().map(|line| line.trim()).unwrap_or_default();
        if payload.is_empty() && inline {
            self.say_blob(blob).await?;
            let reply = self.talk.reply().await?;
            return Box::pin(self.after_blob(reply, blob, false)).await;
        }
        self.facts.challenge = Some(self.talk.challenge().unwrap_or_else(|| payload.to_owned()));
        self.talk.say("").await?;
        self.talk.reply().await
    }
}

/// Whether the server did not judge the login, but stumbled over the length of its line: it says so, or it cut the line
/// off and misses the rest of the base64 (Postfix does, beyond its `line_length_limit` of 2048 octets).
fn line_too_long(reply: &Reply) -> bool {
    let says = |words: &str| reply.lines.iter().any(|line| line.to_ascii_lowercase().contains(words));
    match reply.code {
        500 | 501 => !says("5.7."),
        535 => says("invalid base64"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_no_refused_login() {
        let reply = |code, words: &str| Reply { code, lines: vec![words.to_owned()] };
        assert!(line_too_long(&reply(500, "5.5.2 Line too long")));
        let cut = "5.7.8 Error: authentication failed: Invalid base64 data in initial response";
        assert!(line_too_long(&reply(535, cut)));
        assert!(!line_too_long(&reply(535, "5.7.3 Authentication unsuccessful")));
        assert!(!line_too_long(&reply(501, "5.7.0 Authentication aborted")));
    }
}
