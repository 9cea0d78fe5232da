//! The administrator's door: what Exchange Online takes by PowerShell alone, as HTTP. A request names a cmdlet and its
//! parameters, in their own words; the state is changed as the cmdlet would change it.
//!
//! ```text
//! POST /sandbox/exchange        {"cmdlet": "New-ServicePrincipal", "AppId": "…", "ObjectId": "…"}
//! GET  /sandbox/exchange-state  ?client_id=…&mailbox=…&object_id=…&from=…   what the verifying script prints
//! ```
//!
//! The cmdlets: `New-ServicePrincipal`, `Remove-ServicePrincipal`, `Add-MailboxPermission`, `Remove-MailboxPermission`,
//! `Add-RecipientPermission`, `Remove-RecipientPermission`, `Set-CASMailbox`, `Set-TransportConfig`,
//! `Set-OrganizationConfig`, `New-ManagementRoleAssignment`, `New-InboundConnector`.

mod cmdlets;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State as Inject};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::admin::Question;
use super::{Sandbox, Shared};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/sandbox/exchange", post(run)).route("/sandbox/exchange-state", get(read))
}

async fn run(Inject(state): Inject<Shared>, axum::Json(command): axum::Json<Value>) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match state.exchange(&command) {
        Ok(()) => axum::Json(json!({})).into_response(),
        Err(words) => (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": words }))).into_response(),
    }
}

async fn read(Inject(state): Inject<Shared>, Query(words): Query<HashMap<String, String>>) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let word = |name: &str| words.get(name).cloned().filter(|word| !word.is_empty());
    let question = Question {
        tenant: 0,
        client_id: word("client_id").unwrap_or_default(),
        object_id: word("object_id"),
        mailbox: word("mailbox").unwrap_or_default(),
        from: word("from"),
        account: word("account"),
        age: SignedDuration::ZERO,
    };
    ([(header::CONTENT_TYPE, "application/json")], state.exchange_state(&question)).into_response()
}

impl Sandbox {
    /// Does in its Exchange what a cmdlet would do: `{"cmdlet": "Set-CASMailbox", "Identity": "…", …}`.
    ///
    /// # Errors
    /// What the cmdlet would complain of.
    pub fn exchange(&self, command: &Value) -> Result<(), String> {
        self.lock().exchange(command)
    }

    /// What the verifying script would print for an application and a mailbox, as it is now.
    pub fn exchange_state_of(&self, client_id: &str, object_id: &str, mailbox: &str, from: Option<&str>) -> String {
        let question = Question {
            tenant: 0,
            client_id: client_id.to_owned(),
            object_id: Some(object_id.to_owned()).filter(|id| !id.is_empty()),
            mailbox: mailbox.to_owned(),
            from: from.map(str::to_owned),
            account: None,
            age: SignedDuration::ZERO,
        };
        self.lock().exchange_state(&question)
    }
}
