//! AUTH: XOAUTH2 with a real judgement of the token, and LOGIN, which nobody passes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{Manner, Over, Session, server_note};
use crate::facts::Stage;
use crate::sandbox::grants::{HveLogin, Login};

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
        let exchanger = matches!(self.manner, Manner::Exchanger { .. });
        let offered = self.secure && !exchanger && !self.wire.smtp_without_xoauth2;
        if !self.greeted || self.user.is_some() {
            return self.say("503 5.5.2 Send hello first").await;
        }
        if self.secure && !exchanger && mechanism.eq_ignore_ascii_case("LOGIN") {
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
        if matches!(self.manner, Manner::HighVolume) {
            return self.log_in_to_hve(&blob).await;
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

    /// High Volume Email says what it minds (microsoft-facts F.4).
    async fn log_in_to_hve(&mut self, blob: &str) -> Result<(), Over> {
        let (user, token) = parts(blob);
        if user.is_empty() || token.is_empty() {
            return self.say("501 5.5.121 Invalid XOAUTH2 auth data").await;
        }
        let login = {
            let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            state.hve_login(&user, &token, Timestamp::now().as_second() + state.clock_ahead)
        };
        let place = server_note();
        match login {
            HveLogin::Open { listed } => {
                self.user = Some(user);
                self.listed = listed;
                self.say("235 2.7.0 Authentication successful").await
            }
            HveLogin::Refused(words) => self.say(&format!("{words} {place}")).await,
        }
    }

    fn judge(&self, blob: &str) -> Login {
        let (user, token) = parts(blob);
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.smtp_login(&user, &token, Timestamp::now().as_second() + state.clock_ahead)
    }
}

/// User and token of the login string of XOAUTH2; empty where there are none.
fn parts(blob: &str) -> (String, String) {
    let plain = STANDARD.decode(blob.trim()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default();
    let mut fields = plain.split('\u{1}');
    let user = fields.find_map(|field| field.strip_prefix("user=")).unwrap_or_default();
    let token = fields.find_map(|field| field.strip_prefix("auth=Bearer ")).unwrap_or_default();
    (user.to_owned(), token.to_owned())
}
