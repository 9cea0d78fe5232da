//! Sign-in of people at the sandbox, by real HTTP: a small browser fills in the pages, a client redeems what it gets.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use reqwest::{Certificate, Client, Response, Url, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const SMTP: &str = "https://outlook.office.com/SMTP.Send offline_access";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const WEB: &str = r#"redirects = [{ uri = "https://app.contoso.test/back", platform = "web" }]"#;
const SPA: &str = r#"redirects = [{ uri = "https://app.contoso.test/back", platform = "spa" }]"#;

type Form = HashMap<String, String>;

/// A sandbox, and a browser and a client in one.
struct Nest {
    sandbox: Sandbox,
    http: Client,
    login: String,
}

/// A page: its text, and what its form carries.
struct Page {
    url: Url,
    text: String,
    form: Form,
}

impl Nest {
    async fn new(story: &str) -> Nest {
        let scenario: Scenario = toml::from_str(story).unwrap_or_else(|e| panic!("{story}: {e}"));
        let sandbox = sandbox::start(scenario, &Options::default()).await.unwrap();
        let ca = Certificate::from_pem(sandbox.ca_pem().as_bytes()).unwrap();
        let http = Client::builder().tls_certs_only([ca]).redirect(reqwest::redirect::Policy::none()).no_proxy();
        let login = format!("https://localhost:{}", sandbox.addresses().login.port());
        Nest { sandbox, http: http.build().unwrap(), login }
    }

    /// A sandbox whose application differs.
    async fn app(app: &str) -> Nest {
        Nest::new(&format!("[tenant.app]\n{app}\n")).await
    }

    fn tenant(&self) -> String {
        self.sandbox.word("tenant")
    }

    /// The address of the sign-in page, each parameter as in `more` or as usual; an empty one is left out.
    fn page_url(&self, tenant: &str, more: &[(&str, &str)]) -> Url {
        let client_id = self.sandbox.word("client_id");
        let usual = [
            ("client_id", client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost:5123/"),
            ("scope", SMTP),
            ("state", "a state"),
        ];
        let mut pairs: HashMap<&str, &str> = usual.into_iter().collect();
        pairs.extend(more.iter().copied());
        let url = format!("{}/{tenant}/oauth2/v2.0/authorize", self.login);
        Url::parse_with_params(&url, pairs.into_iter().filter(|(_, value)| !value.is_empty())).unwrap()
    }

    async fn token(&self, tenant: &str, more: &[(&str, &str)]) -> Value {
        self.ask(&format!("{tenant}/oauth2/v2.0/token"), more, None).await
    }

    async fn ask(&self, path: &str, more: &[(&str, &str)], origin: Option<&str>) -> Value {
        let client_id = self.sandbox.word("client_id");
        let mut pairs: HashMap<&str, &str> = [("client_id", client_id.as_str())].into_iter().collect();
        pairs.extend(more.iter().copied());
        let mut request = self.http.post(format!("{}/{path}", self.login)).form(&pairs);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn get(&self, url: Url) -> Result<Page, Response> {
        let response = self.http.get(url).send().await.unwrap();
        if response.status().is_redirection() { Err(response) } else { Ok(Page::of(response).await) }
    }

    /// Presses a button of a page, with fields filled in.
    async fn press(&self, page: &Page, answer: &str, typed: &[(&str, &str)]) -> Result<Page, Response> {
        assert!(page.text.contains(&format!("value=\"{answer}\"")), "no button {answer}: {}", page.text);
        let mut form: HashMap<&str, &str> = page.form.iter().map(|(name, value)| (&**name, &**value)).collect();
        form.extend(typed.iter().copied());
        form.insert("answer", answer);
        let response = self.http.post(page.url.clone()).form(&form).send().await.unwrap();
        if response.status().is_redirection() { Err(response) } else { Ok(Page::of(response).await) }
    }

    /// Signs in on the page.
    async fn sign_in(&self, url: Url, user: &str) -> Result<Page, Response> {
        let page = self.get(url).await.unwrap_or_else(|response| panic!("{response:?}"));
        assert!(page.text.contains("not Microsoft") && page.text.contains("name=\"passwd\""), "{}", page.text);
        self.press(&page, "signin", &[("login", user), ("passwd", self.sandbox.password())]).await
    }

    /// The code of somebody who signs in.
    async fn code(&self, tenant: &str, user: &str, more: &[(&str, &str)]) -> String {
        let answer = carried(self.sign_in(self.page_url(tenant, more), user).await);
        answer.get("code").unwrap_or_else(|| panic!("{answer:?}")).clone()
    }

    /// The answer to a code.
    async fn redeem(&self, tenant: &str, code: &str, more: &[(&str, &str)]) -> Value {
        let mut pairs =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "http://localhost:5123/")];
        pairs.extend(more);
        self.token(tenant, &pairs).await
    }

    /// The tokens of somebody who signs in.
    async fn tokens(&self, tenant: &str, user: &str, scope: &str) -> Value {
        let code = self.code(tenant, user, &[("scope", scope)]).await;
        let answer = self.redeem(tenant, &code, &[]).await;
        assert_eq!(answer["token_type"], "Bearer", "{answer}");
        answer
    }

    async fn refresh(&self, tenant: &str, token: &Value, more: &[(&str, &str)]) -> Value {
        let token = token["refresh_token"].as_str().unwrap_or("none");
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        pairs.extend(more);
        self.token(tenant, &pairs).await
    }

    async fn device(&self) -> Value {
        self.ask("organizations/oauth2/v2.0/devicecode", &[("scope", SMTP)], None).await
    }

    /// The answer to a device that asks.
    async fn poll(&self, tenant: &str, device: &Value) -> Value {
        let code = device["device_code"].as_str().unwrap();
        self.token(tenant, &[("grant_type", DEVICE_GRANT), ("device_code", code)]).await
    }
}

impl Page {
    async fn of(response: Response) -> Page {
        let url = response.url().clone();
        let text = response.text().await.unwrap();
        let inputs = text.split("<input type=\"hidden\" name=\"").skip(1);
        let form = inputs.filter_map(|input| {
            let (name, rest) = input.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split_once('"')?.0.replace("&amp;", "&")))
        });
        let form = form.collect();
        Page { url, text, form }
    }
}

/// What a redirect carries in its query or its fragment.
fn carried(response: Result<Page, Response>) -> Form {
    let response = response.err().unwrap_or_else(|| panic!("a page where a redirect belongs"));
    let to = Url::parse(response.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let words = to.query().or(to.fragment()).unwrap_or_default();
    url::form_urlencoded::parse(words.as_bytes()).into_owned().collect()
}

/// The text of a page; a redirect is none.
fn text(page: Result<Page, Response>) -> String {
    page.unwrap_or_else(|response| panic!("a redirect: {response:?}")).text
}

fn number(answer: &Value) -> u64 {
    answer["error_codes"][0].as_u64().unwrap_or_else(|| panic!("no refusal: {answer}"))
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn described(answer: &Form, error: &str, number: u64) {
    assert_eq!(answer.get("error").map(String::as_str), Some(error), "{answer:?}");
    assert!(answer["error_description"].starts_with(&format!("AADSTS{number}: ")), "{answer:?}");
}

const ALICE: &str = "alice@contoso.test";
const CAROL: &str = "carol@outlook.test";

// ---------------------------------------------------------------- authorization code

#[tokio::test]
async fn a_code_becomes_a_token_that_says_who_signed_in() {
    let nest = Nest::new("").await;
    let scope = "openid profile offline_access https://outlook.office.com/SMTP.Send";
    let url = nest.page_url(&nest.tenant(), &[("scope", scope), ("nonce", "n-1"), ("login_hint", "<b>")]);
    let page = nest.get(url.clone()).await.unwrap_or_else(|response| panic!("{response:?}"));
    assert!(page.text.contains("&lt;b&gt;") && !page.text.contains("<b>"), "{}", page.text);
    let answer = carried(nest.sign_in(url, ALICE).await);
    assert_eq!(answer["state"], "a state");
    let answer = nest.redeem(&nest.tenant(), &answer["code"], &[("client_info", "1")]).await;
    let (access, id) = (claims(&answer["access_token"]), claims(&answer["id_token"]));
    assert_eq!((&access["upn"], &access["scp"]), (&ALICE.into(), &"SMTP.Send".into()));
    assert_eq!(access["aud"], "https://outlook.office.com");
    assert_eq!((&id["nonce"], &id["preferred_username"]), (&"n-1".into(), &ALICE.into()));
    assert_eq!(answer["scope"], "https://outlook.office.com/SMTP.Send openid profile email");
    assert!(answer["refresh_token"].is_string() && answer["client_info"].is_string() && answer["expires_in"].is_u64());
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let nest = Nest::new("").await;
    let answer = nest.tokens(&nest.tenant(), ALICE, "https://outlook.office.com/SMTP.Send").await;
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none(), "{answer}");
}

#[tokio::test]
async fn the_answer_comes_in_the_way_that_was_asked_for() {
    let nest = Nest::new("").await;
    let url = nest.page_url(&nest.tenant(), &[("response_mode", "fragment")]);
    let response = nest.sign_in(url, ALICE).await.err().expect("a redirect");
    let to = Url::parse(response.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    assert!(to.query().is_none() && to.fragment().is_some_and(|words| words.contains("code=1.AX0Asandbox-code.")));
    let url = nest.page_url(&nest.tenant(), &[("response_mode", "form_post")]);
    let page = nest.sign_in(url, ALICE).await.unwrap_or_else(|response| panic!("{response:?}"));
    assert!(page.text.contains("action=\"http://localhost:5123/\"") && page.form["state"] == "a state");
    let answer = nest.redeem(&nest.tenant(), &page.form["code"], &[]).await;
    assert!(answer["access_token"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_proof_key_must_belong_to_the_code() {
    let nest = Nest::new("").await;
    let tenant = nest.tenant();
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    for (challenge, method) in [(hash.as_str(), "S256"), (VERIFIER, "plain"), (VERIFIER, "")] {
        let proof = [("code_challenge", challenge), ("code_challenge_method", method)];
        let code = nest.code(&tenant, ALICE, &proof).await;
        assert_eq!(number(&nest.redeem(&tenant, &code, &[]).await), 50_148);
        let other = "another-verifier-that-is-as-long-as-it-should-be-000";
        assert_eq!(number(&nest.redeem(&tenant, &code, &[("code_verifier", other)]).await), 501_481);
        let answer = nest.redeem(&tenant, &code, &[("code_verifier", VERIFIER)]).await;
        assert!(answer["access_token"].is_string(), "{answer}");
    }
    let short = [("code_challenge", "short"), ("code_challenge_method", "S256")];
    let answer = carried(nest.get(nest.page_url(&tenant, &short)).await);
    described(&answer, "invalid_request", 9_002_313);
}

#[tokio::test]
async fn a_code_is_good_once_and_at_its_own_address() {
    let nest = Nest::new("").await;
    let tenant = nest.tenant();
    let code = nest.code(&tenant, ALICE, &[]).await;
    let elsewhere = [("redirect_uri", "http://localhost:5124/")];
    assert_eq!(number(&nest.redeem(&tenant, &code, &elsewhere).await), 50_011);
    assert!(nest.redeem(&tenant, &code, &[]).await["access_token"].is_string());
    assert_eq!(number(&nest.redeem(&tenant, &code, &[]).await), 54_005);
    assert_eq!(number(&nest.redeem(&tenant, "invented", &[]).await), 70_000);
    let late = Nest::new("[tenant.sign_in]\ncode_lifetime = 0\n").await;
    let code = late.code(&late.tenant(), ALICE, &[]).await;
    assert_eq!(number(&late.redeem(&late.tenant(), &code, &[]).await), 70_008);
}

#[tokio::test]
async fn a_redirect_address_is_one_of_the_registration_or_none() {
    let nest = Nest::new("").await;
    let landing = format!("{}/common/oauth2/nativeclient", nest.login);
    for good in ["http://localhost", "http://localhost:1/", &landing] {
        let page = text(nest.get(nest.page_url(&nest.tenant(), &[("redirect_uri", good)])).await);
        assert!(page.contains("Sign in"), "{good}: {page}");
    }
    for bad in ["http://localhost:1/back", "https://localhost/", "http://127.0.0.1/", "https://evil.test/", "x"] {
        let page = text(nest.get(nest.page_url(&nest.tenant(), &[("redirect_uri", bad)])).await);
        assert!(page.contains("AADSTS50011: "), "{bad}: {page}");
    }
    let page = text(nest.get(Url::parse(&format!("{landing}?code=1")).unwrap()).await);
    assert!(page.contains("You are signed in"));
}

#[tokio::test]
async fn a_client_proves_itself_as_its_platform_must() {
    let nest = Nest::new("").await;
    let code = nest.code(&nest.tenant(), ALICE, &[]).await;
    let secret = nest.sandbox.word("client_secret");
    assert_eq!(number(&nest.redeem(&nest.tenant(), &code, &[("client_secret", &secret)]).await), 700_025);
    let back = ("redirect_uri", "https://app.contoso.test/back");
    let web = Nest::app(WEB).await;
    let code = web.code(&web.tenant(), ALICE, &[back]).await;
    assert_eq!(number(&web.redeem(&web.tenant(), &code, &[back]).await), 7_000_218);
    assert_eq!(number(&web.redeem(&web.tenant(), &code, &[back, ("client_secret", "wrong")]).await), 7_000_215);
    // An assertion is read like an application's own.
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let answer = web.redeem(&web.tenant(), &code, &[back, kind, ("client_assertion", "no.real.one")]).await;
    assert_eq!(number(&answer), 50_027, "{answer}");
    let answer = web.redeem(&web.tenant(), &code, &[back, ("client_secret", &secret)]).await;
    assert!(answer["access_token"].is_string(), "{answer}");
    assert_eq!(number(&web.refresh(&web.tenant(), &answer, &[]).await), 7_000_218);
    let spa = Nest::app(SPA).await;
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let proof = [back, ("code_challenge", hash.as_str()), ("code_challenge_method", "S256")];
    let code = spa.code(&spa.tenant(), ALICE, &proof).await;
    let ours = [("grant_type", "authorization_code"), ("code", &code), back, ("code_verifier", VERIFIER)];
    assert_eq!(number(&spa.token(&spa.tenant(), &ours).await), 9_002_327);
    let path = format!("{}/oauth2/v2.0/token", spa.tenant());
    let answer = spa.ask(&path, &ours, Some("https://app.contoso.test")).await;
    assert!(answer["access_token"].is_string(), "{answer}");
    let code = spa.code(&spa.tenant(), ALICE, &[back]).await;
    let bare = [("grant_type", "authorization_code"), ("code", &code), back];
    assert_eq!(number(&spa.ask(&path, &bare, Some("https://app.contoso.test")).await), 9_002_325);
}

#[tokio::test]
async fn a_browser_that_is_known_need_not_sign_in_again() {
    let nest = Nest::new("").await;
    let url = nest.page_url(&nest.tenant(), &[("prompt", "none")]);
    described(&carried(nest.get(url.clone()).await), "login_required", 50_058);
    let response = nest.sign_in(nest.page_url(&nest.tenant(), &[]), ALICE).await.err().expect("a redirect");
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let known = |url: Url| nest.http.get(url).header(header::COOKIE, cookie.clone()).send();
    let answer = carried(Err(known(url).await.unwrap()));
    assert!(answer.contains_key("code"), "{answer:?}");
    for prompt in ["login", "select_account"] {
        let response = known(nest.page_url(&nest.tenant(), &[("prompt", prompt)])).await.unwrap();
        assert_eq!(response.status(), 200, "{prompt}");
    }
    let out = nest.get(Url::parse(&format!("{}/common/oauth2/v2.0/logout", nest.login)).unwrap()).await;
    assert!(text(out).contains("signed out"));
}

#[tokio::test]
async fn a_request_that_is_wrong_is_told_to_the_application() {
    let nest = Nest::new("").await;
    let cases = [
        (("response_type", "token"), "unsupported_response_type", 700_054),
        (("response_type", ""), "invalid_request", 900_144),
        (("scope", ""), "invalid_request", 900_144),
        (("scope", "https://outlook.office.com/Nothing.Such"), "invalid_scope", 650_053),
        (("scope", "https://nowhere.test/Mail.Send"), "invalid_scope", 70_011),
        (("prompt", "sometimes"), "invalid_request", 9_002_313),
        (("response_mode", "smoke"), "invalid_request", 9_002_313),
    ];
    for (parameter, error, number) in cases {
        described(&carried(nest.get(nest.page_url(&nest.tenant(), &[parameter])).await), error, number);
    }
    let page = text(nest.get(nest.page_url(&nest.tenant(), &[("client_id", "none")])).await);
    assert!(page.contains("AADSTS700016: "), "{page}");
    let page = text(nest.get(nest.page_url("nowhere.test", &[])).await);
    assert!(page.contains("AADSTS90002: "), "{page}");
    let page = nest.get(nest.page_url(&nest.tenant(), &[])).await.unwrap_or_else(|_| panic!("a redirect"));
    described(&carried(nest.press(&page, "cancel", &[]).await), "access_denied", 65_004);
}

// ---------------------------------------------------------------- accounts

#[tokio::test]
async fn the_page_says_what_is_wrong_with_an_account() {
    let of = |words: &str| format!("[mailboxes.\"{ALICE}\"]\n{words} = true\n");
    let cases = [
        (String::new(), "nobody@contoso.test", None, 50_034),
        (String::new(), "shared@contoso.test", None, 50_034),
        (String::new(), ALICE, Some("wrong"), 50_126),
        (of("disabled"), ALICE, None, 50_057),
        (of("password_expired"), ALICE, None, 50_055),
        (String::new(), CAROL, None, 50_020),
    ];
    for (story, user, password, number) in cases {
        let nest = Nest::new(&story).await;
        let page = nest.get(nest.page_url(&nest.tenant(), &[])).await.unwrap_or_else(|_| panic!("a redirect"));
        let password = password.unwrap_or(nest.sandbox.password());
        let page = text(nest.press(&page, "signin", &[("login", user), ("passwd", password)]).await);
        assert!(page.contains(&format!("AADSTS{number}: ")), "{user}: {page}");
        let grant = [("grant_type", "password"), ("username", user), ("password", password), ("scope", SMTP)];
        assert_eq!(self::number(&nest.token(&nest.tenant(), &grant).await), number, "{user}");
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_kept() {
    let nest = Nest::new(&format!("[mailboxes.\"{ALICE}\"]\nmfa = \"wanted\"\n")).await;
    let tenant = nest.tenant();
    let page = nest.sign_in(nest.page_url(&tenant, &[]), ALICE).await.unwrap_or_else(|_| panic!("no second page"));
    let answer = carried(nest.press(&page, "approve", &[]).await);
    let tokens = nest.redeem(&tenant, &answer["code"], &[]).await;
    assert!(nest.refresh(&tenant, &tokens, &[]).await["access_token"].is_string(), "{tokens}");
    let by_password =
        [("grant_type", "password"), ("username", ALICE), ("password", nest.sandbox.password()), ("scope", SMTP)];
    let answer = nest.token(&tenant, &by_password).await;
    assert_eq!((number(&answer), &answer["error"]), (50_076, &"interaction_required".into()));
    assert!(answer["suberror"] == "basic_action" && answer["claims"].is_string(), "{answer}");
    let nest = Nest::new(&format!("[mailboxes.\"{ALICE}\"]\nmfa = \"unregistered\"\n")).await;
    let answer = carried(nest.sign_in(nest.page_url(&nest.tenant(), &[]), ALICE).await);
    described(&answer, "interaction_required", 50_079);
}

#[tokio::test]
async fn policy_keeps_out_whom_it_names() {
    let nest = Nest::new("[tenant.sign_in]\nblocked = true\n").await;
    let answer = carried(nest.sign_in(nest.page_url(&nest.tenant(), &[]), ALICE).await);
    described(&answer, "access_denied", 53_003);
    let nest = Nest::app("assigned = [\"bob@contoso.test\"]").await;
    let answer = carried(nest.sign_in(nest.page_url(&nest.tenant(), &[]), ALICE).await);
    described(&answer, "access_denied", 50_105);
    assert!(nest.tokens(&nest.tenant(), "bob@contoso.test", SMTP).await["access_token"].is_string());
}

#[tokio::test]
async fn consent_is_asked_for_once_and_can_be_declined() {
    let nest = Nest::app("scopes_consented = \"asked\"").await;
    let tenant = nest.tenant();
    let by_password =
        [("grant_type", "password"), ("username", ALICE), ("password", nest.sandbox.password()), ("scope", SMTP)];
    let answer = nest.token(&tenant, &by_password).await;
    assert_eq!((number(&answer), &answer["suberror"]), (65_001, &"consent_required".into()));
    let page = nest.sign_in(nest.page_url(&tenant, &[]), ALICE).await.unwrap_or_else(|_| panic!("not asked"));
    assert!(page.text.contains("https://outlook.office.com/SMTP.Send"), "{}", page.text);
    described(&carried(nest.press(&page, "cancel", &[]).await), "access_denied", 65_004);
    let page = nest.sign_in(nest.page_url(&tenant, &[]), ALICE).await.unwrap_or_else(|_| panic!("not asked"));
    let answer = carried(nest.press(&page, "accept", &[]).await);
    assert!(nest.redeem(&tenant, &answer["code"], &[]).await["access_token"].is_string());
    assert!(nest.token(&tenant, &by_password).await["access_token"].is_string());
    // A healthy tenant asks where the client wants it to.
    let nest = Nest::new("").await;
    let url = nest.page_url(&nest.tenant(), &[("prompt", "consent")]);
    let page = nest.sign_in(url, ALICE).await.unwrap_or_else(|_| panic!("not asked"));
    assert!(carried(nest.press(&page, "accept", &[]).await).contains_key("code"));
}

#[tokio::test]
async fn only_an_administrator_may_consent_where_it_is_so() {
    let nest = Nest::app("scopes_consented = \"admin\"").await;
    let page = nest.sign_in(nest.page_url(&nest.tenant(), &[]), ALICE).await.unwrap_or_else(|_| panic!("no page"));
    assert!(page.text.contains("Need admin approval") && !page.text.contains("\"accept\""), "{}", page.text);
    described(&carried(nest.press(&page, "back", &[]).await), "access_denied", 90_094);
}

// ---------------------------------------------------------------- account types and end points

#[tokio::test]
async fn each_audience_has_its_end_points() {
    let own = "contoso.test";
    let cases = [
        ("AzureADMyOrg", "common", 50_194),
        ("AzureADMyOrg", "organizations", 50_194),
        ("AzureADMyOrg", "consumers", 9_002_332),
        ("AzureADMyOrg", own, 0),
        ("AzureADMultipleOrgs", "common", 0),
        ("AzureADMultipleOrgs", "organizations", 0),
        ("AzureADMultipleOrgs", "consumers", 9_002_332),
        ("AzureADMultipleOrgs", own, 0),
        ("AzureADandPersonalMicrosoftAccount", "common", 0),
        ("AzureADandPersonalMicrosoftAccount", "organizations", 0),
        ("AzureADandPersonalMicrosoftAccount", "consumers", 0),
        ("AzureADandPersonalMicrosoftAccount", "9188040d-6c67-4c5b-b112-36a304b66dad", 0),
        ("AzureADandPersonalMicrosoftAccount", own, 0),
        ("PersonalMicrosoftAccount", "common", 0),
        ("PersonalMicrosoftAccount", "organizations", 9_002_331),
        ("PersonalMicrosoftAccount", "consumers", 0),
        ("PersonalMicrosoftAccount", own, 9_002_331),
    ];
    for (audience, name, wanted) in cases {
        let nest = Nest::app(&format!("audience = \"{audience}\"")).await;
        let page = text(nest.get(nest.page_url(name, &[])).await);
        let seen = if wanted == 0 { page.contains("Sign in") } else { page.contains(&format!("AADSTS{wanted}: ")) };
        assert!(seen, "{audience} at {name}: {page}");
        let device = nest.ask(&format!("{name}/oauth2/v2.0/devicecode"), &[("scope", SMTP)], None).await;
        let wanted = if wanted == 9_002_331 { 9_002_346 } else { wanted };
        assert_eq!(device["error_codes"][0].as_u64().unwrap_or(0), wanted, "{audience} at {name}: {device}");
    }
    let nest = Nest::app("audience = \"AzureADandPersonalMicrosoftAccount\"\nnot_over_common = true").await;
    assert!(text(nest.get(nest.page_url("common", &[])).await).contains("AADSTS90130: "));
}

#[tokio::test]
async fn a_personal_account_signs_in_where_it_may_and_gets_what_nobody_reads() {
    let nest = Nest::app("audience = \"AzureADandPersonalMicrosoftAccount\"").await;
    for name in ["consumers", "common"] {
        let page = nest.sign_in(nest.page_url(name, &[]), CAROL).await;
        // Nobody consented for her: an organisation's consent is no matter of hers.
        let answer = match (name, page) {
            ("consumers", Ok(page)) => carried(nest.press(&page, "accept", &[]).await),
            (_, redirected) => carried(redirected),
        };
        let tokens = nest.redeem(name, &answer["code"], &[]).await;
        let token = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
        assert!(token.starts_with("EwB") && !token.contains('.'), "{token}");
        assert!(nest.refresh(name, &tokens, &[]).await["access_token"].is_string());
        let ews = nest.http.post(format!("{}/EWS/Exchange.asmx", nest.login)).bearer_auth(token).send().await;
        assert_eq!(ews.unwrap().status(), 401);
    }
    let page = text(nest.sign_in(nest.page_url("organizations", &[]), CAROL).await);
    assert!(page.contains("AADSTS500208: "), "{page}");
    let page = text(nest.sign_in(nest.page_url("consumers", &[]), ALICE).await);
    assert!(page.contains("AADSTS50034: "), "{page}");
    assert!(nest.tokens("common", ALICE, SMTP).await["access_token"].is_string());
}

// ---------------------------------------------------------------- refresh

#[tokio::test]
async fn a_refresh_token_rotates_and_moves_to_another_api() {
    let nest = Nest::new("").await;
    let tenant = nest.tenant();
    let scope = format!("{SMTP} https://outlook.office.com/IMAP.AccessAsUser.All Mail.Send");
    let first = nest.tokens(&tenant, ALICE, &scope).await;
    assert_eq!(claims(&first["access_token"])["scp"], "SMTP.Send IMAP.AccessAsUser.All");
    let second = nest.refresh(&tenant, &first, &[]).await;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let third = nest.refresh(&tenant, &first, &[("scope", "https://outlook.office.com/SMTP.Send")]).await;
    assert_eq!(claims(&third["access_token"])["scp"], "SMTP.Send");
    let graph = nest.refresh(&tenant, &second, &[("scope", "https://graph.microsoft.com/Mail.Send")]).await;
    assert_eq!(claims(&graph["access_token"])["aud"], "https://graph.microsoft.com");
    let both = nest.refresh(&tenant, &second, &[("scope", &scope)]).await;
    assert_eq!((number(&both), &both["error"]), (28_000, &"invalid_scope".into()));
    let new = nest.refresh(&tenant, &second, &[("scope", "Mail.ReadWrite")]).await;
    assert_eq!(number(&new), 65_001);
    let bad = nest.token(&tenant, &[("grant_type", "refresh_token"), ("refresh_token", "invented")]).await;
    assert_eq!((number(&bad), &bad["error"]), (70_000, &"invalid_grant".into()));
}

#[tokio::test]
async fn a_refresh_token_ends() {
    let strict = Nest::new("[tenant.sign_in]\nreuse_refused = true\n").await;
    let first = strict.tokens(&strict.tenant(), ALICE, SMTP).await;
    assert!(strict.refresh(&strict.tenant(), &first, &[]).await["access_token"].is_string());
    assert_eq!(number(&strict.refresh(&strict.tenant(), &first, &[]).await), 70_000);
    let old = Nest::new("[tenant.sign_in]\nunused_days = 91\n").await;
    let first = old.tokens(&old.tenant(), ALICE, SMTP).await;
    let answer = old.refresh(&old.tenant(), &first, &[]).await;
    assert_eq!(number(&answer), 700_082);
    assert!(answer["error_description"].as_str().unwrap().contains("inactive for 91.00:00:00"), "{answer}");
    // Revoked in a minute: what is issued until then is issued before.
    let revoked = Nest::new(&format!("[mailboxes.\"{ALICE}\"]\nsessions_revoked = -60\n")).await;
    let code = revoked.code(&revoked.tenant(), ALICE, &[]).await;
    let answer = revoked.redeem(&revoked.tenant(), &code, &[]).await;
    assert_eq!((number(&answer), &answer["suberror"]), (50_173, &"bad_token".into()));
}

// ---------------------------------------------------------------- devices

#[tokio::test]
async fn a_device_waits_until_its_user_has_decided() {
    let nest = Nest::app("audience = \"AzureADMultipleOrgs\"").await;
    let device = nest.device().await;
    let (uri, user_code) = (device["verification_uri"].as_str().unwrap(), device["user_code"].as_str().unwrap());
    assert!(device["message"].as_str().unwrap().contains(user_code) && device["interval"] == 5, "{device}");
    assert_eq!(nest.poll("organizations", &device).await["error"], "authorization_pending");
    assert_eq!(nest.poll("organizations", &device).await["error"], "slow_down");
    let page = nest.get(Url::parse(uri).unwrap()).await.unwrap_or_else(|_| panic!("a redirect"));
    let wrong = text(nest.press(&page, "next", &[("code", "XXXXXXXXX")]).await);
    assert!(wrong.contains("didn&#39;t work"), "{wrong}");
    let page = nest.press(&page, "next", &[("code", user_code)]).await.unwrap_or_else(|_| panic!("a redirect"));
    let typed = [("login", ALICE), ("passwd", nest.sandbox.password())];
    let page = nest.press(&page, "signin", &typed).await.unwrap_or_else(|_| panic!("a redirect"));
    let page = text(nest.press(&page, "continue", &[]).await);
    assert!(page.contains("You have signed in"), "{page}");
    let answer = nest.poll("organizations", &device).await;
    assert_eq!(claims(&answer["access_token"])["upn"], ALICE);
    assert!(answer["refresh_token"].is_string());
    assert_eq!(number(&nest.poll("organizations", &device).await), 54_005);
}

#[tokio::test]
async fn a_device_is_refused() {
    let multiple = "audience = \"AzureADMultipleOrgs\"";
    let nest = Nest::app(multiple).await;
    let device = nest.device().await;
    let url = format!("{}?otc={}", device["verification_uri"].as_str().unwrap(), device["user_code"].as_str().unwrap());
    let page = nest.get(Url::parse(&url).unwrap()).await.unwrap_or_else(|_| panic!("a redirect"));
    assert!(text(nest.press(&page, "cancel", &[]).await).contains("AADSTS65004: "));
    assert_eq!(nest.poll("organizations", &device).await["error"], "authorization_declined");
    let unknown = serde_json::json!({ "device_code": "invented" });
    assert_eq!(nest.poll("organizations", &unknown).await["error"], "bad_verification_code");
    let late = Nest::new(&format!("[tenant.app]\n{multiple}\n[tenant.sign_in]\ndevice_lifetime = 0\n")).await;
    let device = late.device().await;
    assert_eq!(late.poll("organizations", &device).await["error"], "expired_token");
    let confidential = Nest::app(&format!("{multiple}\npublic_flows = false")).await;
    let device = confidential.device().await;
    assert_eq!(number(&confidential.poll("organizations", &device).await), 7_000_218);
    let blocked = Nest::new(&format!("[tenant.app]\n{multiple}\n[tenant.sign_in]\ndevice_flow_blocked = true\n")).await;
    let device = blocked.device().await;
    let url = format!("{}?otc={}", device["verification_uri"].as_str().unwrap(), device["user_code"].as_str().unwrap());
    let page = text(blocked.sign_in(Url::parse(&url).unwrap(), ALICE).await);
    assert!(page.contains("AADSTS53003: "), "{page}");
    assert_eq!(number(&blocked.poll("organizations", &device).await), 53_003);
    assert!(blocked.tokens("organizations", ALICE, SMTP).await["access_token"].is_string());
}
