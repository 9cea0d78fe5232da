//! People who sign in to the sandbox, seen by a client that is not ours.

use o365doctor::sandbox::{self, Sandbox, Scenario};
use reqwest::{Certificate, Client, StatusCode};
use serde_json::{Value, json};

const BOB: &str = "bob@contoso.test";

async fn started(scenario: &str) -> (Sandbox, Client) {
    let scenario = Scenario::named(scenario).expect("a scenario");
    let sandbox = sandbox::start(scenario, &sandbox::Options::default()).await.expect("a free port");
    let ca = Certificate::from_pem(sandbox.ca_pem().as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([ca]).no_proxy().build().expect("a client");
    (sandbox, client)
}

/// Sends a mail as `/me`, and what came of it: the status and the words of the refusal.
async fn send_as_me(sandbox: &Sandbox, client: &Client, token: &str, from: Option<&str>) -> (StatusCode, String) {
    let address = |address: &str| json!({ "emailAddress": { "address": address } });
    let mut message = json!({
        "subject": "From a person", "toRecipients": [address(BOB)], "body": { "contentType": "Text", "content": "Hello" },
    });
    if let Some(from) = from {
        message["from"] = address(from);
    }
    let url = format!("https://localhost:{}/v1.0/me/sendMail", sandbox.addresses().login.port());
    let request = client.post(url).bearer_auth(token).json(&json!({ "message": message }));
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn me_is_the_person_who_signed_in() {
    let (sandbox, client) = started("person-graph-shared").await;
    let token = sandbox.word("token");
    assert_eq!(send_as_me(&sandbox, &client, &token, None).await, (StatusCode::ACCEPTED, String::new()));
    let mails = sandbox.mailbox(BOB);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].from, "alice@contoso.test");
    let as_shared = send_as_me(&sandbox, &client, &token, Some("shared@contoso.test")).await;
    assert_eq!(as_shared.0, StatusCode::ACCEPTED);
    let as_bob = send_as_me(&sandbox, &client, &token, Some(BOB)).await;
    assert_eq!(as_bob, (StatusCode::FORBIDDEN, "ErrorSendAsDenied".to_owned()));
    assert_eq!(sandbox.deliveries(), 2);
}

#[tokio::test]
async fn behind_an_application_there_is_no_me_and_a_scope_for_sending_reads_nothing() {
    let (sandbox, client) = started("person-graph-healthy").await;
    let login = format!("https://localhost:{}", sandbox.addresses().login.port());
    let url = format!("{login}/{}/oauth2/v2.0/token", sandbox.word("tenant"));
    // The person's profile holds no secret; that of the healthy tenant is the application's.
    let (healthy, _) = started("").await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_id", &sandbox.word("client_id")),
        ("client_secret", &healthy.word("client_secret")),
    ];
    let answer: Value = client.post(url).form(&form).send().await.expect("an answer").json().await.expect("JSON");
    let app = answer["access_token"].as_str().expect("a token");
    let refused = send_as_me(&sandbox, &client, app, None).await;
    assert_eq!(refused, (StatusCode::BAD_REQUEST, "BadRequest".to_owned()));
    let as_shared = send_as_me(&sandbox, &client, &sandbox.word("token"), Some("shared@contoso.test")).await;
    assert_eq!(as_shared, (StatusCode::FORBIDDEN, "ErrorAccessDenied".to_owned()));
    let read = client.get(format!("{login}/v1.0/me/messages")).bearer_auth(sandbox.word("token"));
    assert_eq!(read.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    assert_eq!((sandbox.word("client_secret"), sandbox.deliveries()), (String::new(), 0));
}
