//! `consent-url`: the link for an administrator, and the reading of its answer.

use serde_json::Value;
use url::Url;

use crate::support::{CLIENT, Ended, Home, OTHER, TENANT};

fn links(words: &[&str]) -> Value {
    let args = [&["consent-url", "--format", "json", "--client-id", CLIENT], words].concat();
    Home::new().run(&args).ends(0).json()["facts"]["consent"]["links"].clone()
}

fn url(links: &Value, form: &str) -> Url {
    Url::parse(links[form].as_str().unwrap()).unwrap()
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn each_cloud_has_its_host_and_its_scope() {
    for (cloud, host, scope) in [
        ("worldwide", "login.microsoftonline.com", "https://outlook.office365.com/.default"),
        ("gcc-high", "login.microsoftonline.us", "https://outlook.office365.us/.default"),
        ("dod", "login.microsoftonline.us", "https://outlook-dod.office365.us/.default"),
        ("china", "login.partner.microsoftonline.cn", "https://partner.outlook.cn/.default"),
    ] {
        let links = links(&["--cloud", cloud]);
        let (v2, classic) = (url(&links, "v2"), url(&links, "classic"));
        assert_eq!(v2.host_str(), Some(host), "{cloud}");
        assert_eq!(v2.path(), "/organizations/v2.0/adminconsent");
        assert_eq!(query(&v2, "scope").as_deref(), Some(scope), "{cloud}");
        assert_eq!(query(&v2, "client_id").as_deref(), Some(CLIENT));
        assert_eq!(classic.host_str(), Some(host), "{cloud}");
        assert_eq!(classic.path(), "/common/adminconsent");
        assert_eq!(query(&classic, "scope"), None);
    }
}

#[test]
fn a_tenant_stands_in_the_path() {
    for tenant in [TENANT, "contoso.com"] {
        let links = links(&["--tenant", tenant]);
        assert_eq!(url(&links, "v2").path(), format!("/{tenant}/v2.0/adminconsent"));
        assert_eq!(url(&links, "classic").path(), format!("/{tenant}/adminconsent"));
    }
    assert_eq!(url(&links(&["--tenant", "common"]), "v2").path(), "/organizations/v2.0/adminconsent");
    assert_eq!(url(&links(&["--tenant", "organizations"]), "classic").path(), "/common/adminconsent");
}

#[test]
fn the_state_is_another_each_time() {
    let states: Vec<String> = (0..2).map(|_| query(&url(&links(&[]), "v2"), "state").unwrap()).collect();
    assert_ne!(states[0], states[1]);
    assert!(states[0].len() >= 20, "{}", states[0]);
    let links = links(&["--state", "a b&c=d"]);
    assert_eq!(query(&url(&links, "v2"), "state").as_deref(), Some("a b&c=d"));
    assert_eq!(query(&url(&links, "classic"), "state").as_deref(), Some("a b&c=d"));
}

#[test]
fn the_redirect_is_encoded_and_otherwise_as_typed() {
    let redirect = "https://localhost:8080/done?x=1&y=2";
    let links = links(&["--redirect-uri", redirect]);
    let v2 = links["v2"].as_str().unwrap();
    assert!(v2.contains("redirect_uri=https%3A%2F%2Flocalhost%3A8080%2Fdone%3Fx%3D1%26y%3D2&"), "{v2}");
    assert_eq!(query(&url(&links, "classic"), "redirect_uri").as_deref(), Some(redirect));
    let default = crate::consent::links(&[]);
    assert_eq!(query(&url(&default, "v2"), "redirect_uri").as_deref(), Some("https://localhost"));
    Home::new()
        .run(&["consent-url", "--client-id", CLIENT, "--redirect-uri", "no address"])
        .refused("--redirect-uri", None);
}

fn read(address: &str, state: Option<&str>) -> Ended {
    let state: Vec<&str> = state.iter().flat_map(|state| ["--state", state]).collect();
    let words = ["consent-url", "--format", "json", "--tenant", TENANT, "--client-id", CLIENT, "--read", address];
    Home::new().run(&[&words[..], &state].concat())
}

fn outcome(ended: &Ended, check: &str) -> (String, String) {
    ended.outcome(check)
}

fn pair(outcome: &str, cause: &str) -> (String, String) {
    (outcome.to_owned(), cause.to_owned())
}

#[test]
fn consent_that_was_given_passes() {
    for form in ["https://localhost/?", "https://localhost/#", "?", ""] {
        let address = format!("{form}admin_consent=True&tenant={TENANT}&state=s1");
        let ended = read(&address, Some("s1")).ends(0);
        for check in ["consent.given", "consent.state", "consent.tenant"] {
            assert_eq!(outcome(&ended, check), pair("pass", ""), "{address}");
        }
    }
}

#[test]
fn an_error_counts_even_beside_admin_consent() {
    let address = format!(
        "https://localhost/?error=access_denied&error_description=AADSTS65004%3A+User+declined+to+consent+to+access+\
         the+app.&admin_consent=True&tenant={TENANT}&state=s1"
    );
    let ended = read(&address, Some("s1")).ends(1);
    assert_eq!(outcome(&ended, "consent.given"), pair("fail", "consent-refused"));
    let address = "https://localhost/?error=permission_denied&error_description=x&admin_consent=True&state=s1";
    let ended = read(address, Some("s1")).ends(1);
    assert_eq!(outcome(&ended, "consent.given"), pair("fail", "consent-permission-denied"));
    let ended = read("https://localhost/?error=strange&state=s1", Some("s1")).ends(1);
    assert_eq!(outcome(&ended, "consent.given"), pair("fail", "consent-refused"));
}

#[test]
fn a_state_that_is_not_ours_fails_and_an_unchecked_one_is_unproven() {
    let good = format!("https://localhost/?admin_consent=True&tenant={TENANT}");
    let ended = read(&format!("{good}&state=other"), Some("s1")).ends(1);
    assert_eq!(outcome(&ended, "consent.state"), pair("fail", "consent-state-mismatch"));
    let ended = read(&good, Some("s1")).ends(1);
    assert_eq!(outcome(&ended, "consent.state"), pair("fail", "consent-state-mismatch"));
    let ended = read(&format!("{good}&state=s1"), None).ends(0);
    assert_eq!(outcome(&ended, "consent.state"), pair("unproven", "consent-state-unchecked"));
}

#[test]
fn another_tenant_fails_and_an_empty_address_is_unreadable() {
    let ended = read(&format!("https://localhost/?admin_consent=True&tenant={OTHER}&state=s"), Some("s")).ends(1);
    assert_eq!(outcome(&ended, "consent.tenant"), pair("fail", "consent-other-tenant"));
    let ended = read("https://localhost/", Some("s")).ends(1);
    assert_eq!(outcome(&ended, "consent.given"), pair("fail", "consent-address-unreadable"));
}
