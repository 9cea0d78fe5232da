//! People sign in: the program, the pages of the sandbox, and a browser that is nobody's but this test's.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use o365doctor::facts::Visit;
use o365doctor::observe::sign_in::{Person, SignedIn, Tell, Way, sign_in};
use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use o365doctor::setup::secret::Secret;
use o365doctor::setup::{Credential, Layers, Need, Setup, Wants};
use o365doctor::sign_in::Held;
use tokio::runtime::Runtime;
use toml::{Table, Value};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn start(story: &str) -> Sandbox {
    let scenario: Scenario = toml::from_str(story).unwrap();
    sandbox::start(scenario, &Options::default()).await.unwrap()
}

fn setup_for(sandbox: &Sandbox, words: &[(&str, &str)], home: &tempfile::TempDir) -> Setup {
    let mut flags: Table =
        words.iter().map(|(word, value)| ((*word).to_owned(), Value::String((*value).to_owned()))).collect();
    flags.insert("cloud".to_owned(), "sandbox".into());
    flags.insert("timeout".to_owned(), "20s".into());
    flags.insert("store".to_owned(), home.path().join("kept").display().to_string().into());
    let wants = Wants { application: true, credential: Need::SignIn, any_tenant: true, ..Wants::default() };
    Layers::gather(flags, None, None).unwrap().load(wants, Some((sandbox.cloud(), sandbox.profile()))).unwrap()
}

/// A browser that fills in forms and follows where it is sent, but for addresses of a program.
struct Browser {
    client: reqwest::Client,
    password: &'static str,
}

/// Where a browser ended.
#[derive(Debug)]
enum End {
    /// On a page.
    Page(Page),
    /// It was sent to an address that is not the login service's.
    Sent(String),
}

/// A page: its text, and what its form carries.
#[derive(Debug)]
struct Page {
    url: String,
    text: String,
    form: Vec<(String, String)>,
}

impl Browser {
    fn new(sandbox: &Sandbox) -> Browser {
        let ca = reqwest::Certificate::from_pem(sandbox.ca_pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([ca])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Browser { client, password: sandbox.password() }
    }

    async fn get(&self, url: &str) -> End {
        self.end(self.client.get(url)).await
    }

    /// Presses a button, with fields filled in.
    async fn press(&self, page: &Page, answer: &str, typed: &[(&str, &str)]) -> End {
        let mut form: HashMap<&str, &str> =
            page.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.extend(typed.iter().copied());
        form.insert("answer", answer);
        self.end(self.client.post(&page.url).form(&form)).await
    }

    async fn end(&self, request: reqwest::RequestBuilder) -> End {
        let response = request.send().await.unwrap();
        if let Some(to) = response.headers().get("location") {
            return End::Sent(to.to_str().unwrap().to_owned());
        }
        let url = response.url().to_string();
        let text = response.text().await.unwrap();
        let inputs = text.split("<input type=\"hidden\" name=\"").skip(1).filter_map(|input| {
            let (name, rest) = input.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split_once('"')?.0.replace("&amp;", "&")))
        });
        let form = inputs.collect();
        End::Page(Page { url, text, form })
    }

    /// Signs in on the page, and presses what comes last.
    async fn sign_in(&self, url: &str, user: &str, last: &str) -> End {
        let End::Page(page) = self.get(url).await else { panic!("the page shows no form") };
        if !page.text.contains("name=\"passwd\"") {
            return End::Page(page);
        }
        match self.press(&page, "signin", &[("login", user), ("passwd", self.password)]).await {
            End::Page(page) if page.text.contains(&format!("value=\"{last}\"")) => self.press(&page, last, &[]).await,
            end => end,
        }
    }

    /// Types a device's code.
    async fn type_code(&self, page: &str, code: &str, user: &str, last: &str) {
        let End::Page(page) = self.get(page).await else { panic!("no page") };
        let End::Page(page) = self.press(&page, "next", &[("code", code)]).await else { panic!("no second page") };
        let typed = [("login", user), ("passwd", self.password)];
        let End::Page(page) = self.press(&page, "signin", &typed).await else { panic!("no third page") };
        self.press(&page, last, &[]).await;
    }
}

/// What happened, and where the browser ended.
struct Attempt {
    signed_in: SignedIn,
    end: Mutex<Option<End>>,
}

impl Attempt {
    fn visit(&self) -> &Visit {
        &self.signed_in.visit
    }

    fn code_of_refusal(&self) -> String {
        let refusal = self.visit().facts.tokens[0].refusal.as_ref();
        refusal.map(|refusal| refusal.description.clone()).unwrap_or_default()
    }
}

/// The program signs in by a code that is pasted: the browser's whole part lies in the test's hands.
async fn pasted(sandbox: &Sandbox, setup: &Setup, user: &str, pressed: &str) -> Result<Attempt, String> {
    let browser = Browser::new(sandbox);
    let shown: Mutex<Option<String>> = Mutex::default();
    let end: Mutex<Option<End>> = Mutex::default();
    let handle = tokio::runtime::Handle::current();
    let tell = |what: Tell<'_>| {
        if let Tell::Open(url) = what {
            *shown.lock().unwrap() = Some(url.to_string());
        }
    };
    let paste = || {
        let url = shown.lock().unwrap().clone().unwrap();
        let came = tokio::task::block_in_place(|| handle.block_on(browser.sign_in(&url, user, pressed)));
        let text = match &came {
            End::Sent(to) => to.clone(),
            End::Page(_) => url,
        };
        *end.lock().unwrap() = Some(came);
        Ok(Secret::new(text))
    };
    let signed_in = sign_in(setup, &setup.person_scopes(), Way::Paste, Person { tell: &tell, paste: &paste }).await;
    let reached = end.into_inner().unwrap();
    match signed_in {
        Ok(signed_in) => Ok(Attempt { signed_in, end: Mutex::new(reached) }),
        Err(_) => Err(match reached {
            Some(End::Page(page)) => page.text,
            other => format!("{other:?}"),
        }),
    }
}

async fn keep(setup: &Setup, attempt: &SignedIn) {
    let Some(Credential::Delegated { kept, .. }) = &setup.credential else { panic!("no place") };
    let held = Held::of(&kept.store, &kept.key).await.unwrap();
    held.write(attempt.entry.as_ref().expect("a refresh token")).unwrap();
}

/// The program's own sub-command, against a sandbox that runs.
fn program(sandbox: &Sandbox, home: &tempfile::TempDir) -> tokio::process::Command {
    let cloud = sandbox.cloud();
    let ca = home.path().join("ca.pem");
    if !ca.exists() {
        std::fs::write(&ca, sandbox.ca_pem()).unwrap();
    }
    let config = home.path().join("config.toml");
    let text = format!(
        "[cloud.here]\nbase = \"worldwide\"\nlogin = \"{}\"\nca_file = \"ca.pem\"\n\n[profile.alice]\ncloud = \"here\"\n\
         tenant = \"{}\"\nclient_id = \"{}\"\nmailbox = \"alice@contoso.test\"\nauth = \"delegated\"\nstore = \"kept\"\n",
        cloud.login,
        sandbox.word("tenant"),
        sandbox.word("client_id"),
    );
    // Programs of this test that run already must not find half of it.
    std::fs::write(home.path().join("config.new"), text).unwrap();
    std::fs::rename(home.path().join("config.new"), &config).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    command.env_clear().env("O365DOCTOR_CONFIG", config).env("HOME", home.path()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    command
}

#[test]
fn a_person_signs_in_by_the_pasted_address_and_both_apis_get_a_token() {
    runtime().block_on(async {
        let sandbox = start("").await;
        let home = tempfile::tempdir().unwrap();
        let setup = setup_for(&sandbox, &[("roads", "smtp,imap,graph"), ("mailbox", "alice@contoso.test")], &home);
        let attempt = pasted(&sandbox, &setup, "alice@contoso.test", "accept").await.unwrap();
        let tokens = &attempt.visit().facts.tokens;
        assert_eq!(tokens.len(), 2, "{tokens:?}");
        assert_eq!(tokens[0].text("upn"), Some("alice@contoso.test"));
        assert!(tokens[0].scopes().unwrap().contains(&"IMAP.AccessAsUser.All"), "{:?}", tokens[0].scopes());
        assert!(tokens[1].scopes().unwrap().contains(&"Mail.Send"), "{:?}", tokens[1].scopes());
        let entry = attempt.signed_in.entry.as_ref().unwrap();
        assert_eq!(entry.account.as_deref(), Some("alice@contoso.test"));
        assert_eq!(entry.access.len(), 2);
    });
}

#[test]
fn the_browser_comes_back_to_a_port_of_this_computer() {
    runtime().block_on(async {
        let sandbox = start("").await;
        let home = tempfile::tempdir().unwrap();
        let mut command = program(&sandbox, &home);
        let mut child = command.args(["login", "--no-browser", "--roads", "smtp"]).spawn().unwrap();
        let told = lines_until(child.stderr.as_mut().unwrap(), "https://localhost").await;
        let url = told.last().unwrap().clone();
        let browser = Browser::new(&sandbox);
        let End::Sent(back) = browser.sign_in(&url, "alice@contoso.test", "accept").await else {
            panic!("no way back")
        };
        // A stranger's answer is turned away, and the waiting goes on.
        let plain = reqwest::Client::builder().no_proxy().build().unwrap();
        let base = back.split('?').next().unwrap();
        let foreign = plain.get(format!("{base}?code=x&state=y")).send().await.unwrap();
        assert_eq!(foreign.status(), 400);
        assert_eq!(plain.get(format!("{base}favicon.ico")).send().await.unwrap().status(), 404);
        let page = plain.get(&back).send().await.unwrap();
        assert!(page.text().await.unwrap().contains("You have signed in"));
        let output = child.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let first = token(&sandbox, &home, &[]).await;
        assert_eq!(first.split('.').count(), 3);
        assert_eq!(token(&sandbox, &home, &[]).await, first, "it is taken from what is kept");
        let renewed = token(&sandbox, &home, &["--good-for", "80m"]).await;
        assert_ne!(renewed, first, "too little is left of it");
        let login = token(&sandbox, &home, &["--sasl", "alice@contoso.test"]).await;
        let plain = base64::engine::general_purpose::STANDARD.decode(login).unwrap();
        let plain = String::from_utf8(plain).unwrap();
        assert_eq!(plain, format!("user=alice@contoso.test\u{1}auth=Bearer {renewed}\u{1}\u{1}"));
        let gone = program(&sandbox, &home).arg("logout").output().await.unwrap();
        assert!(
            String::from_utf8_lossy(&gone.stdout).contains("Revoke-MgUserSignInSession -UserId 'alice@contoso.test'")
        );
        let output = program(&sandbox, &home).arg("token").output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("[sign-in-missing]"));
    });
}

/// What the program says beside its report, up to a line that starts like this.
async fn lines_until(stderr: &mut tokio::process::ChildStderr, last: &str) -> Vec<String> {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut lines = BufReader::new(stderr).lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        told.push(line.trim().to_owned());
        if line.trim().starts_with(last) {
            return told;
        }
    }
    panic!("it says no line that starts with {last}, but {told:?}")
}

async fn token(sandbox: &Sandbox, home: &tempfile::TempDir, more: &[&str]) -> String {
    let output = program(sandbox, home).arg("token").args(more).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "the token and nothing else");
    text.trim().to_owned()
}

#[test]
fn many_programs_ask_at_once_and_all_get_the_same_token() {
    runtime().block_on(async {
        let sandbox = start("").await;
        let home = tempfile::tempdir().unwrap();
        let setup = setup_for(&sandbox, &[("roads", "smtp")], &home);
        let attempt = pasted(&sandbox, &setup, "alice@contoso.test", "accept").await.unwrap();
        keep(&setup, &attempt.signed_in).await;
        let first = attempt.signed_in.entry.unwrap().access[0].token.expose().to_owned();
        let children: Vec<_> =
            (0..6).map(|_| program(&sandbox, &home).args(["token", "--good-for", "80m"]).spawn().unwrap()).collect();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for child in children {
            let output = child.wait_with_output().await.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            *seen.entry(String::from_utf8(output.stdout).unwrap()).or_default() += 1;
        }
        // None is good for that long, so each asks anew, one after the other, with what the one before was given.
        assert!(!seen.contains_key(&first) && seen.len() == 6, "{} different ones", seen.len());
    });
}

#[test]
fn strict_rotation_loses_nobody() {
    runtime().block_on(async {
        let sandbox = start("[tenant.sign_in]\nreuse_refused = true").await;
        let home = tempfile::tempdir().unwrap();
        let setup = setup_for(&sandbox, &[("roads", "smtp")], &home);
        let attempt = pasted(&sandbox, &setup, "alice@contoso.test", "accept").await.unwrap();
        keep(&setup, &attempt.signed_in).await;
        let children: Vec<_> =
            (0..6).map(|_| program(&sandbox, &home).args(["token", "--good-for", "80m"]).spawn().unwrap()).collect();
        for child in children {
            let output = child.wait_with_output().await.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    });
}

#[test]
fn a_code_is_typed_on_another_computer() {
    runtime().block_on(async {
        let sandbox = start("[tenant.sign_in]\ndevice_interval = 1").await;
        let home = tempfile::tempdir().unwrap();
        for (answer, end) in [("continue", None), ("cancel", Some("declined"))] {
            let mut child = program(&sandbox, &home).args(["login", "--device-code"]).spawn().unwrap();
            let told = lines_until(child.stderr.as_mut().unwrap(), "within ").await;
            let page = told.iter().find(|line| line.starts_with("https://")).unwrap();
            let code = &told[told.iter().position(|line| line == "and type the code").unwrap() + 2];
            Browser::new(&sandbox).type_code(page, code, "alice@contoso.test", answer).await;
            let output = child.wait_with_output().await.unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            match end {
                None => assert!(output.status.success(), "{text}"),
                Some(words) => assert!(output.status.code() == Some(1) && text.contains(words), "{text}"),
            }
        }
        token(&sandbox, &home, &[]).await;
    });
}

/// Story, person, what is pressed, and the number of the refusal that the program is told.
const TOLD: [(&str, &str, &str, &str); 3] = [
    ("[tenant.app]\nscopes_consented = 'asked'", "alice@contoso.test", "cancel", "AADSTS65004"),
    ("[tenant.app]\nscopes_consented = 'admin'", "alice@contoso.test", "back", "AADSTS90094"),
    ("[tenant.app]\nscopes_consented = 'asked'", "alice@contoso.test", "accept", ""),
];

#[test]
fn what_the_person_decides_reaches_the_program() {
    runtime().block_on(async {
        for (story, user, pressed, number) in TOLD {
            let sandbox = start(story).await;
            let home = tempfile::tempdir().unwrap();
            let setup = setup_for(&sandbox, &[("roads", "smtp")], &home);
            let attempt = pasted(&sandbox, &setup, user, pressed).await.unwrap();
            assert!(attempt.code_of_refusal().starts_with(number), "{story}: {}", attempt.code_of_refusal());
            assert_eq!(attempt.signed_in.entry.is_some(), number.is_empty(), "{story}");
            let end = attempt.end.lock().unwrap();
            assert!(matches!(*end, Some(End::Sent(_))), "{end:?}");
        }
    });
}

#[test]
fn each_kind_of_application_lets_in_whom_it_is_for() {
    runtime().block_on(async {
        for (audience, tenant, user) in [
            ("AzureADMyOrg", "contoso.test", "alice@contoso.test"),
            ("AzureADMultipleOrgs", "organizations", "alice@contoso.test"),
            ("AzureADandPersonalMicrosoftAccount", "common", "alice@contoso.test"),
            ("AzureADandPersonalMicrosoftAccount", "common", "carol@outlook.test"),
            ("AzureADandPersonalMicrosoftAccount", "consumers", "carol@outlook.test"),
            ("PersonalMicrosoftAccount", "consumers", "carol@outlook.test"),
        ] {
            let sandbox = start(&format!("[tenant.app]\naudience = '{audience}'")).await;
            let home = tempfile::tempdir().unwrap();
            let setup = setup_for(&sandbox, &[("roads", "smtp"), ("tenant", tenant), ("mailbox", user)], &home);
            let attempt = pasted(&sandbox, &setup, user, "accept").await;
            let attempt = attempt.unwrap_or_else(|page| panic!("{audience} over {tenant}: {page}"));
            let entry = attempt.signed_in.entry.as_ref().expect("a sign-in");
            assert_eq!(entry.account.as_deref(), Some(user), "{audience} over {tenant}");
        }
    });
}

/// What a service repeats of a request, and the programs that were refused so.
const REPEATED: [(&str, &str, Way); 3] = [
    ("[tenant.sign_in]\ncode_lifetime = 0", "code=", Way::Paste),
    ("[tenant.sign_in]\ncode_lifetime = 0", "code_verifier=", Way::Paste),
    ("[tenant.app]\npublic_flows = false\n[tenant.sign_in]\ndevice_interval = 1", "device_code=", Way::Code),
];

#[test]
fn a_service_that_repeats_the_request_gives_no_code_away() {
    runtime().block_on(async {
        for (story, field, way) in REPEATED {
            let sandbox = start(&format!("{story}\n[wire]\nlogin_echoes = true")).await;
            let home = tempfile::tempdir().unwrap();
            let setup = setup_for(&sandbox, &[("roads", "smtp")], &home);
            let visit = if way == Way::Paste {
                pasted(&sandbox, &setup, "alice@contoso.test", "accept").await.unwrap().signed_in.visit
            } else {
                let paste = || unreachable!("nothing is pasted");
                let person = Person { tell: &|_| (), paste: &paste };
                sign_in(&setup, &setup.person_scopes(), way, person).await.unwrap().visit
            };
            let text = serde_json::to_string(&visit).unwrap();
            let (_, after) = text.split_once(field).unwrap_or_else(|| panic!("{field} was not repeated: {text}"));
            assert!(after.starts_with("[masked"), "{field} shows: {after}");
            for mark in ["sandbox-code", "sandbox-device", "sandbox-refresh"] {
                assert!(!text.contains(mark), "{mark} shows: {text}");
            }
        }
    });
}

#[test]
fn a_program_that_is_stopped_while_it_waits_leaves_nothing() {
    runtime().block_on(async {
        let sandbox = start("").await;
        let home = tempfile::tempdir().unwrap();
        let mut child = program(&sandbox, &home).args(["login", "--device-code"]).spawn().unwrap();
        lines_until(child.stderr.as_mut().unwrap(), "within ").await;
        tokio::time::timeout(Duration::from_secs(30), child.kill()).await.unwrap().unwrap();
        assert!(!home.path().join("kept").exists());
    });
}
