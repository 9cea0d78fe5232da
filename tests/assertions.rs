//! How an application proves itself to the sandbox, seen by a client that is not ours: one claim or header is wrong at a
//! time, and the refusal has the number that the service gives to it.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use o365doctor::sandbox::{self, Sandbox, Scenario};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const OTHER: &str = "11111111-2222-3333-4444-555555555555";

/// A tenant, and an application that has a certificate.
struct Bench {
    sandbox: Sandbox,
    client: Client,
    login: String,
    der: Vec<u8>,
    key: EncodingKey,
}

/// The text of the first block of this kind.
fn block(pem: &str, kind: &str) -> String {
    let (begin, end) = (format!("-----BEGIN {kind}-----"), format!("-----END {kind}-----"));
    let from = pem.find(&begin).expect("it begins");
    let to = pem.find(&end).expect("it ends") + end.len();
    pem[from..to].to_owned()
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

async fn started(scenario: &str) -> (Sandbox, Client, String) {
    let scenario = Scenario::named(scenario).expect("a scenario");
    let sandbox = sandbox::start(scenario, &sandbox::Options::default()).await.expect("a free port");
    let ca = Certificate::from_pem(sandbox.ca_pem().as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([ca]).no_proxy().build().expect("a client");
    let login = format!("https://localhost:{}", sandbox.addresses().login.port());
    (sandbox, client, login)
}

/// The number of the refusal; 0 where a token was given.
async fn answer(client: &Client, end_point: &str, app: &str, more: &[(&str, &str)]) -> u64 {
    let scope = "https://outlook.office365.com/.default";
    let mut form = vec![("grant_type", "client_credentials"), ("scope", scope), ("client_id", app)];
    form.extend_from_slice(more);
    let response = client.post(end_point).form(&form).send().await.expect("an answer");
    let status = response.status();
    let body: Value = response.json().await.expect("JSON");
    let number = body["error_codes"][0].as_u64().unwrap_or_default();
    assert_eq!(status.is_success(), body["access_token"].is_string(), "{body}");
    assert_eq!(status.is_success(), number == 0, "{body}");
    let words = body["error_description"].as_str().unwrap_or_default();
    assert!(number == 0 || words.starts_with(&format!("AADSTS{number}: ")), "{body}");
    number
}

impl Bench {
    async fn of(scenario: &str) -> Bench {
        let (sandbox, client, login) = started(scenario).await;
        let pem = fs::read_to_string(sandbox.word("certificate")).expect("the file that it hands out");
        let lines = block(&pem, "CERTIFICATE");
        let base64: String = lines.lines().filter(|line| !line.starts_with('-')).collect();
        let key = EncodingKey::from_rsa_pem(block(&pem, "PRIVATE KEY").as_bytes()).expect("a key");
        Bench { sandbox, client, login, der: STANDARD.decode(base64).expect("base64"), key }
    }

    fn end_point(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.login)
    }

    fn tenant(&self) -> String {
        self.sandbox.word("tenant")
    }

    fn app(&self) -> String {
        self.sandbox.word("client_id")
    }

    /// Claims with nothing wrong, and these differences laid over them; null takes one away.
    fn claims(&self, differences: &Value) -> Value {
        let mut claims = json!({
            "aud": self.end_point(&self.tenant()), "iss": self.app(), "sub": self.app(), "jti": OTHER,
            "nbf": now(), "iat": now(), "exp": now() + 600,
        });
        let own = claims.as_object_mut().unwrap();
        for (name, value) in differences.as_object().unwrap() {
            own.insert(name.clone(), value.clone());
        }
        own.retain(|_, value| !value.is_null());
        claims
    }

    fn header(&self, algorithm: Algorithm) -> Header {
        let mut header = Header::new(algorithm);
        match algorithm {
            Algorithm::RS256 => header.x5t = Some(URL_SAFE_NO_PAD.encode(Sha1::digest(&self.der))),
            _ => header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.der))),
        }
        header
    }

    /// Signed by the application's key, with these differences.
    fn signed(&self, differences: &Value) -> String {
        jsonwebtoken::encode(&self.header(Algorithm::PS256), &self.claims(differences), &self.key).unwrap()
    }

    async fn answer(&self, more: &[(&str, &str)]) -> u64 {
        answer(&self.client, &self.end_point(&self.tenant()), &self.app(), more).await
    }

    async fn shown(&self, assertion: &str) -> u64 {
        self.answer(&[("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)]).await
    }
}

#[tokio::test]
async fn a_sound_assertion_is_taken_in_both_forms() {
    let bench = Bench::of("app-certificate").await;
    assert_eq!(bench.shown(&bench.signed(&json!({}))).await, 0);
    let older = jsonwebtoken::encode(&bench.header(Algorithm::RS256), &bench.claims(&json!({})), &bench.key).unwrap();
    assert_eq!(bench.shown(&older).await, 0);
}

#[tokio::test]
async fn each_wrong_claim_has_its_number() {
    let bench = Bench::of("app-certificate").await;
    let other_tenant = bench.end_point(OTHER);
    for (differences, number) in [
        (json!({ "iss": OTHER }), 700_021),
        (json!({ "sub": OTHER }), 700_021),
        (json!({ "iss": null }), 700_021),
        (json!({ "sub": null }), 700_022),
        (json!({ "aud": other_tenant }), 700_023),
        (json!({ "aud": "https://login.microsoftonline.us/common/oauth2/v2.0/token" }), 700_023),
        (json!({ "aud": null }), 700_023),
        (json!({ "exp": now() - 301 }), 700_024),
        (json!({ "exp": null }), 700_024),
        (json!({ "nbf": now() + 900, "exp": now() + 1500 }), 700_024),
    ] {
        assert_eq!(bench.shown(&bench.signed(&differences)).await, number, "{differences}");
    }
    // A clock may be off by some minutes.
    let late = json!({ "nbf": now() - 700, "iat": now() - 700, "exp": now() - 100 });
    assert_eq!(bench.shown(&bench.signed(&late)).await, 0);
    let early = json!({ "nbf": now() + 200, "iat": now() + 200, "exp": now() + 800 });
    assert_eq!(bench.shown(&bench.signed(&early)).await, 0);
}

#[tokio::test]
async fn a_thumbprint_of_another_certificate_is_not_found() {
    let bench = Bench::of("app-certificate").await;
    let claims = bench.claims(&json!({}));
    let mut header = bench.header(Algorithm::PS256);
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(b"another")));
    let wrong = jsonwebtoken::encode(&header, &claims, &bench.key).unwrap();
    assert_eq!(bench.shown(&wrong).await, 700_027);
    header.x5t_s256 = None;
    let none = jsonwebtoken::encode(&header, &claims, &bench.key).unwrap();
    assert_eq!(bench.shown(&none).await, 700_027);
    // The digest of the hexadecimal text is a usual slip of own code.
    let hex: String = Sha256::digest(&bench.der).iter().map(|octet| format!("{octet:02x}")).collect();
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(hex));
    let slip = jsonwebtoken::encode(&header, &claims, &bench.key).unwrap();
    assert_eq!(bench.shown(&slip).await, 700_027);
}

#[tokio::test]
async fn claims_that_were_changed_after_signing_are_refused() {
    let bench = Bench::of("app-certificate").await;
    let signed = bench.signed(&json!({ "exp": now() - 3600 }));
    let parts: Vec<&str> = signed.split('.').collect();
    let longer = URL_SAFE_NO_PAD.encode(bench.claims(&json!({})).to_string());
    assert_eq!(bench.shown(&format!("{}.{longer}.{}", parts[0], parts[2])).await, 700_027);
}

/// What verifies a signature of RSA must not be taken for a shared secret, and a header can not ask for none at all.
#[tokio::test]
async fn no_header_talks_the_service_out_of_the_signature() {
    let bench = Bench::of("app-certificate").await;
    let claims = bench.claims(&json!({}));
    for known in [bench.der.as_slice(), b"", b"secret"] {
        let header = bench.header(Algorithm::HS256);
        let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(known)).unwrap();
        assert_eq!(bench.shown(&confused).await, 5_002_730);
    }
    let print = URL_SAFE_NO_PAD.encode(Sha256::digest(&bench.der));
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for name in ["none", "None", "nOnE", ""] {
        let header = json!({ "typ": "JWT", "alg": name, "x5t#S256": print });
        assert_eq!(bench.shown(&format!("{}.{}.", part(&header), part(&claims))).await, 5_002_730, "{name}");
    }
    // The right algorithm, and no signature.
    let header = json!({ "typ": "JWT", "alg": "PS256", "x5t#S256": print });
    assert_eq!(bench.shown(&format!("{}.{}.", part(&header), part(&claims))).await, 700_027);
    // The signature is one of RS256, and the header says PS256.
    let older = jsonwebtoken::encode(&bench.header(Algorithm::RS256), &claims, &bench.key).unwrap();
    let signature = older.rsplit('.').next().unwrap();
    assert_eq!(bench.shown(&format!("{}.{}.{signature}", part(&header), part(&claims))).await, 700_027);
}

#[tokio::test]
async fn what_is_no_assertion_is_called_malformed() {
    let bench = Bench::of("app-certificate").await;
    for text in ["x", "a.b.c", "..", "eyJhbGciOiJQUzI1NiJ9.e30"] {
        assert_eq!(bench.shown(text).await, 50_027, "{text}");
    }
    let sound = bench.signed(&json!({}));
    assert_eq!(bench.answer(&[("client_assertion", &sound)]).await, 900_144);
    let kind = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    assert_ne!(bench.answer(&[("client_assertion_type", kind), ("client_assertion", &sound)]).await, 0);
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let bench = Bench::of("app-certificate").await;
    let sound = bench.signed(&json!({}));
    let both = [("client_assertion_type", JWT_BEARER), ("client_assertion", sound.as_str()), ("client_secret", "x")];
    assert_eq!(bench.answer(&both).await, 9_002_324);
    assert_eq!(bench.answer(&[]).await, 7_000_218);
}

#[tokio::test]
async fn an_application_without_keys_and_one_that_wants_the_older_form() {
    let bench = Bench::of("app-certificate-not-registered").await;
    assert_eq!(bench.shown(&bench.signed(&json!({}))).await, 700_026);
    let bench = Bench::of("app-certificate-algorithm-refused").await;
    assert_eq!(bench.shown(&bench.signed(&json!({}))).await, 5_002_730);
    let older = jsonwebtoken::encode(&bench.header(Algorithm::RS256), &bench.claims(&json!({})), &bench.key).unwrap();
    assert_eq!(bench.shown(&older).await, 0);
}

/// An issuer's address in `iss` leads to the federated credentials, and the application's own key is none of theirs.
#[tokio::test]
async fn an_own_key_does_not_stand_for_an_issuer() {
    let bench = Bench::of("app-certificate").await;
    let issuer = format!("{}/oidc/github", bench.login);
    let claims =
        json!({ "iss": issuer, "sub": "repo:contoso/mail:ref:refs/heads/main", "aud": "api://AzureADTokenExchange" });
    assert_eq!(bench.shown(&bench.signed(&claims)).await, 70_021);
}

#[tokio::test]
async fn the_keys_of_an_issuer_are_no_shared_secret() {
    let (sandbox, client, login) = started("federated").await;
    let end_point = format!("{login}/{}/oauth2/v2.0/token", sandbox.word("tenant"));
    let app = sandbox.word("client_id");
    let shown = async |assertion: &str| {
        let form = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
        answer(&client, &end_point, &app, &form).await
    };
    let sound = fs::read_to_string(sandbox.word("assertion_file")).expect("the file that it hands out");
    assert_eq!(shown(sound.trim()).await, 0);
    let parts: Vec<&str> = sound.trim().split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let keys: Value = client.get(format!("{login}/oidc/github/keys")).send().await.unwrap().json().await.unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(keys["keys"][0]["n"].as_str().expect("a key of RSA")).unwrap();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = keys["keys"][0]["kid"].as_str().map(str::to_owned);
    let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&modulus)).unwrap();
    assert_eq!(shown(&confused).await, 50_027);
    let none = URL_SAFE_NO_PAD.encode(json!({ "typ": "JWT", "alg": "none", "kid": header.kid }).to_string());
    assert_eq!(shown(&format!("{none}.{}.", parts[1])).await, 50_027);
    assert_eq!(shown(&format!("{none}.{}.{}", parts[1], parts[2])).await, 50_027);
    for (name, value, number) in [
        ("iss", "https://issuer.example", 700_211),
        ("sub", "repo:contoso/mail:pull_request", 700_213),
        ("sub", "repo:Contoso/mail:ref:refs/heads/main", 700_213),
        ("aud", "https://gitlab.com", 700_212),
    ] {
        let mut other = claims.clone();
        other[name] = json!(value);
        let other = URL_SAFE_NO_PAD.encode(other.to_string());
        assert_eq!(shown(&format!("{}.{other}.{}", parts[0], parts[2])).await, number, "{name} {value}");
    }
}
