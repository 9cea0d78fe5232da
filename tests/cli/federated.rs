//! The token of another issuer and the identity of a machine: where they come from, and what is refused before anything is
//! sent.

use crate::support::{CLIENT, Ended, Home, OTHER, TENANT};

const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// A JWT in form; nobody signed it.
const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

fn run(home: &Home, words: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = home.command(&[&["check-token", "--tenant", TENANT, "--client-id", CLIENT], words].concat());
    Ended::of(command.envs(variables.iter().copied()))
}

/// The plan, with nobody contacted.
fn plan(words: &[&str], variables: &[(&str, &str)]) -> String {
    let ended = run(&Home::new(), &[words, &["--plan"]].concat(), variables).ends(0);
    assert!(ended.out.ends_with("Nothing was contacted.\n"), "{ended:?}");
    ended.out
}

#[test]
fn the_service_of_github_is_asked_over_https_alone() {
    let home = Home::new();
    for url in ["http://pipelines.example/request", "pipelines.example", "https://", "file:///etc/passwd"] {
        let variables = [(GITHUB_URL, url), (GITHUB_TOKEN, "job-token-of-no-worth")];
        let ended = run(&home, &["--assertion-github"], &variables);
        ended.refused(GITHUB_URL, None);
        assert!(!ended.err.contains("job-token"), "{ended:?}");
    }
}

#[test]
fn outside_of_a_job_there_is_no_token_of_github() {
    let home = Home::new();
    let url = (GITHUB_URL, "https://pipelines.example/request");
    for variables in [&[][..], &[url], &[(GITHUB_TOKEN, "x")], &[url, (GITHUB_TOKEN, "")]] {
        let ended = run(&home, &["--assertion-github"], variables);
        ended.refused("--assertion-github", None);
        assert!(ended.err.contains("id-token: write"), "{ended:?}");
    }
}

#[test]
fn a_cluster_of_another_cloud_is_refused() {
    let home = Home::new();
    let file = home.write("assertion.jwt", ASSERTION).display().to_string();
    let refused = |authority: &str, words: &[&str]| {
        let variables = [("AZURE_AUTHORITY_HOST", authority), ("AZURE_FEDERATED_TOKEN_FILE", &file)];
        let ended = run(&home, &[&["--auth", "federated"], words].concat(), &variables);
        ended.refused("AZURE_AUTHORITY_HOST", None);
        assert!(ended.err.contains(authority) && ended.err.contains("--cloud"), "{ended:?}");
    };
    refused("https://login.microsoftonline.us/", &[]);
    refused("https://login.microsoftonline.com/", &["--cloud", "gcc-high"]);
    refused("https://login.microsoftonline.com.example/", &[]);
    refused("login.microsoftonline.com", &[]);
}

#[test]
fn what_is_no_assertion_is_not_sent() {
    let home = Home::new();
    for text in ["", "a secret of no worth", "abc.def.ghi", "eyJhbGciOiJSUzI1NiJ9.e30", "eyJh.e30.c2ln\neyJh.e30.c2ln"]
    {
        let file = home.write("assertion.jwt", text).display().to_string();
        let ended = run(&home, &["--assertion-file", &file], &[]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.starts_with("error: --assertion-file"), "{ended:?}");
        assert!(!ended.err.contains("of no worth"), "{ended:?}");
    }
    run(&home, &["--assertion-file", "nowhere.jwt"], &[]).refused("--assertion-file", None);
    run(&home, &["--auth", "federated"], &[]).refused("--auth", None);
}

#[test]
fn an_identity_has_one_of_four_forms() {
    let home = Home::new();
    let email = format!("client:{}", "app@contoso.test");
    for bad in ["", "bob", "System", "client:", "client:1234", &email, "object:x", "resource:/x", "user:1", CLIENT] {
        run(&home, &["--managed-identity", bad], &[]).refused("--managed-identity", None);
    }
    for good in ["system", &format!("client:{OTHER}"), &format!("object:{OTHER}"), "resource:/subscriptions/1/x"] {
        assert!(plan(&["--managed-identity", good], &[]).contains(&format!("({good})")), "{good}");
    }
}

#[test]
fn the_header_of_an_identity_stays_on_the_machine() {
    let home = Home::new();
    for url in
        ["http://identity.example/msi", "http://localhost.identity.example/msi", "nowhere", "ftp://localhost/msi"]
    {
        let variables = [("IDENTITY_ENDPOINT", url), ("IDENTITY_HEADER", "header-of-no-worth")];
        let ended = run(&home, &["--managed-identity", "system"], &variables);
        ended.refused("IDENTITY_ENDPOINT", None);
        assert!(!ended.err.contains("of-no-worth"), "{ended:?}");
    }
}

#[test]
fn the_plan_names_who_gives_the_token() {
    let machine = plan(&["--managed-identity", "system"], &[]);
    assert!(machine.contains("169.254.169.254:80: GET a token of the managed identity (system)"), "{machine}");
    assert!(!machine.contains("POST"), "the login service is not asked for it: {machine}");
    let variables = [("IDENTITY_ENDPOINT", "http://127.0.0.1:41000/msi"), ("IDENTITY_HEADER", "header-of-no-worth")];
    let service = plan(&["--managed-identity", "system"], &variables);
    assert!(service.contains("127.0.0.1:41000") && !service.contains("169.254"), "{service}");
    assert!(!service.contains("of-no-worth"), "{service}");
    let url = "https://pipelines.example/request?api-version=2.0";
    let variables = [(GITHUB_URL, url), (GITHUB_TOKEN, "job-token-of-no-worth")];
    let job = plan(&["--assertion-github"], &variables);
    assert!(job.contains("pipelines.example, login.microsoftonline.com:443: GET an assertion, then POST"), "{job}");
    assert!(!job.contains("of-no-worth"), "{job}");
}

#[test]
fn one_kind_of_credential_at_a_time() {
    let home = Home::new();
    let file = home.write("assertion.jwt", ASSERTION).display().to_string();
    let cause = Some("input-two-credentials");
    let sources: [&[&str]; 5] = [
        &["--managed-identity", "system"],
        &["--assertion-file", &file],
        &["--assertion-github"],
        &["--certificate", "app.pem"],
        &["--client-secret-file", "secret"],
    ];
    for (at, one) in sources.iter().enumerate() {
        for other in &sources[at + 1..] {
            let ended = run(&home, &[*one, *other].concat(), &[]);
            ended.refused(one[0], cause);
            assert!(ended.err.lines().next().unwrap_or_default().contains(other[0]), "{ended:?}");
        }
    }
    run(&home, &["--auth", "managed", "--assertion-file", &file], &[]).refused("--auth", cause);
    run(&home, &["--auth", "federated", "--managed-identity", "system"], &[]).refused("--auth", cause);
}
