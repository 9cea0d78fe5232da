//! The directory of the sandbox, as a client that is not ours meets it.

use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

const SCOPES: &str = "\"Application.ReadWrite.All\", \"AppRoleAssignment.ReadWrite.All\", \
                      \"DelegatedPermissionGrant.ReadWrite.All\"";

struct Raw {
    sandbox: Sandbox,
    http: Client,
    token: String,
}

impl Raw {
    async fn new(user: &str, scopes: &str, more: &str) -> Raw {
        let story = format!("[person]\nuser = \"{user}\"\nscopes = [{scopes}]\napi = \"graph\"\n{more}");
        let scenario: Scenario = toml::from_str(&story).unwrap();
        let sandbox = sandbox::start(scenario, &Options::default()).await.unwrap();
        let ca = reqwest::Certificate::from_pem(sandbox.ca_pem().as_bytes()).unwrap();
        let http = Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        let token = sandbox.word("token");
        Raw { sandbox, http, token }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let url = if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("https://localhost:{}/v1.0/{path}", self.sandbox.addresses().login.port())
        };
        let request = self.http.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    async fn refused(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, body) = self.ask(method, path, body).await;
        (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn pair(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn lists_are_filtered_chosen_from_and_paged() {
    let raw = Raw::new("admin@contoso.test", SCOPES, "").await;
    let path = "servicePrincipals?$filter=appId eq '00000002-0000-0ff1-ce00-000000000000'&$select=id,appRoles";
    let (status, body) = raw.ask(Method::GET, path, None).await;
    let row = &body["value"][0];
    assert_eq!((status, body["value"].as_array().unwrap().len()), (StatusCode::OK, 1));
    assert!(row["oauth2PermissionScopes"].is_null());
    assert!(row["appRoles"].as_array().unwrap().iter().any(|role| role["value"] == "SMTP.SendAsApp"));
    let (_, one) = raw.ask(Method::GET, "servicePrincipals?$top=1", None).await;
    let next = one["@odata.nextLink"].as_str().unwrap();
    let (_, two) = raw.ask(Method::GET, next, None).await;
    assert_ne!(one["value"][0]["id"], two["value"][0]["id"]);
    assert_eq!(raw.refused(Method::GET, "applications?$filter=appId gt 'x'", None).await, pair(400, "BadRequest"));
    let nobody = "applications/00000000-0000-0000-0000-000000000001";
    assert_eq!(raw.refused(Method::GET, nobody, None).await, pair(404, "Request_ResourceNotFound"));
}

#[tokio::test]
async fn what_is_there_is_not_made_twice() {
    let raw = Raw::new("admin@contoso.test", SCOPES, "").await;
    let (status, app) = raw.ask(Method::POST, "applications", Some(json!({ "displayName": "It's" }))).await;
    assert_eq!(status, StatusCode::CREATED);
    let quoted = raw.ask(Method::GET, "applications?$filter=displayName eq 'It''s'", None).await.1;
    assert_eq!(quoted["value"][0]["id"], app["id"]);
    let body = json!({ "appId": app["appId"] });
    let (status, principal) = raw.ask(Method::POST, "servicePrincipals", Some(body.clone())).await;
    assert_eq!(status, StatusCode::CREATED);
    let twice = raw.refused(Method::POST, "servicePrincipals", Some(body)).await;
    assert_eq!(twice, pair(409, "Request_MultipleObjectsWithSameKeyValue"));
    let filter = "servicePrincipals?$filter=displayName eq 'Microsoft Graph'";
    let graph = raw.ask(Method::GET, filter, None).await.1["value"][0].clone();
    let role = graph["appRoles"].as_array().unwrap().iter().find(|role| role["value"] == "Mail.Send").unwrap();
    let path = format!("servicePrincipals/{}/appRoleAssignedTo", graph["id"].as_str().unwrap());
    let body = json!({ "principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role["id"] });
    assert_eq!(raw.ask(Method::POST, &path, Some(body.clone())).await.0, StatusCode::CREATED);
    let (status, again) = raw.ask(Method::POST, &path, Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(again["error"]["message"], "Permission being assigned already exists on the object");
    let new = json!({ "displayName": "x", "passwordCredentials": [{ "secretText": "y" }] });
    assert_eq!(raw.refused(Method::POST, "applications", Some(new)).await, pair(400, "Request_BadRequest"));
    let id = app["id"].as_str().unwrap();
    assert_eq!(raw.ask(Method::DELETE, &format!("applications/{id}"), None).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn scope_and_role_are_both_wanted() {
    let denied = pair(403, "Authorization_RequestDenied");
    let new = || Some(json!({ "displayName": "x" }));
    let reader = Raw::new("admin@contoso.test", "\"Application.Read.All\"", "").await;
    assert_eq!(reader.ask(Method::GET, "applications", None).await.0, StatusCode::OK);
    assert_eq!(reader.refused(Method::POST, "applications", new()).await, denied);
    assert_eq!(reader.refused(Method::GET, "oauth2PermissionGrants", None).await, denied);
    let alice = Raw::new("alice@contoso.test", SCOPES, "").await;
    assert_eq!(alice.ask(Method::GET, "applications", None).await.0, StatusCode::OK);
    assert_eq!(alice.refused(Method::POST, "applications", new()).await, denied);
    let nobody = Raw { token: "x".to_owned(), ..alice };
    assert_eq!(nobody.refused(Method::GET, "applications", None).await, pair(401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn the_door_of_exchange_takes_cmdlets_and_refuses_what_is_none() {
    let raw = Raw::new("admin@contoso.test", SCOPES, "").await;
    let base = format!("https://localhost:{}/sandbox", raw.sandbox.addresses().login.port());
    let run = async |command: Value| {
        let response = raw.http.post(format!("{base}/exchange")).json(&command).send().await.unwrap();
        response.status().as_u16()
    };
    let off =
        json!({ "cmdlet": "Set-CASMailbox", "Identity": "app@contoso.test", "SmtpClientAuthenticationDisabled": true });
    assert_eq!(run(off).await, 200);
    assert_eq!(run(json!({ "cmdlet": "Set-CASMailbox", "Identity": "nobody@contoso.test" })).await, 400);
    assert_eq!(run(json!({ "cmdlet": "Remove-Item", "Identity": "app@contoso.test" })).await, 400);
    let query = format!("client_id={}&mailbox=app@contoso.test", raw.sandbox.word("client_id"));
    let read = raw.http.get(format!("{base}/exchange-state?{query}")).send().await.unwrap();
    let state: Value = read.json().await.unwrap();
    assert_eq!(state["smtp_client_authentication_disabled"]["mailbox"], true);
    assert_eq!((&state["registered"], &state["full_access"]), (&json!(true), &json!(true)));
}
