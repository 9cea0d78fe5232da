//! AUTH: XOAUTH2 with a real judgement of the token, and LOGIN, which nobody passes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{Over, Session, server_note};
use crate::facts::Stage;
use crate::sandbox::grants::Login;

/// What servers other than Exchange say when a line is too long (Dovecot: 2048 octets).
const OTHERS_LINE: usize = 2048;
/// A challenge as Gmail and Dovecot send it (RFC 7628 section 3.2.2).
const CHALLENGE: &str = r#"{"status":"401","schemes":"bearer","scope":"mail"}"#;

impl Session {
    pub(super) async fn auth(&mut self, rest: &str, length: usize) -> Result<(), Over> {
        if self.wire.smtp_refuses_long_lines && length > OTHERS_LINE {
            return self.say("500 5.5.2 Line too long").await;
        }
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let offered = self.secure && !self.wire.smtp_without_xoauth2;
        if !self.greeted || self.user.is_some() {
            return self.say("503 5.5.2 Send hello first").await;
        }
        if self.secure && mechanism.eq_ignore_ascii_case("LOGIN") {
            return self.log_in_by_password(initial).await;
        }
        if !offered || !mechanism.eq_ignore_ascii_case("XOAUTH2") {
            return self.say("504 5.7.4 Unrecognized authentication type").await;
        }
        let mut blob = initial.to_owned();
        if blob.is_empty() {
            self.say("334 ").await?;
            blob = self.line().await?;
        }
        if self.speaks_otherwise(Stage::Auth) {
            return self.answer(Stage::Auth, "").await;
        }
        match self.judge(&blob) {
            Login::Open(address) => {
                self.enter(&address);
                self.user = Some(address);
                self.say("235 2.7.0 Authentication successful").await
            }
            Login::Policy(reason) => {
                let place = server_note();
                self.say(&format!("535 5.7.139 Authentication unsuccessful, {reason} {place}")).await
            }
            Login::Refused => {
                if self.wire.smtp_challenges {
                    self.say(&format!("334 {}", STANDARD.encode(CHALLENGE))).await?;
                    self.line().await?;
                }
                let place = server_note();
                self.say(&format!("535 5.7.3 Authentication unsuccessful {place}")).await
            }
        }
    }

    /// AUTH LOGIN is still offered; nobody here has a password, so none is right.
    async fn log_in_by_password(&mut self, initial: &str) -> Result<(), Over> {
        if initial.is_empty() {
            self.say("334 VXNlcm5hbWU6").await?;
            self.line().await?;
        }
        self.say("334 UGFzc3dvcmQ6").await?;
        self.line().await?;
        let place = server_note();
        self.say(&format!("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. {place}"))
            .await
    }

    fn judge(&self, blob: &str) -> Login {
        let plain =
            STANDARD.decode(blob.trim()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default();
        let mut fields = plain.split('\u{1}');
        let user = fields.find_map(|field| field.strip_prefix("user=")).unwrap_or_default();
        let token = fields.find_map(|field| field.strip_prefix("auth=Bearer ")).unwrap_or_default();
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.smtp_login(user, token, Timestamp::now().as_second() + state.clock_ahead)
    }
}
