//! The walk with a tenant that runs by itself, which tells the program no ids: it asks, and a person signs in on its pages.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::terminal::{Home, Terminal, read, write};

/// A tenant in a process of its own, ended with the test.
pub(crate) struct Tenant {
    child: Child,
    words: Value,
}

impl Tenant {
    pub(crate) fn start(home: &Home, words: &[&str]) -> Tenant {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        let folder = home.path("tenant").display().to_string();
        command.args(["sandbox", "--dir", &folder, "--format", "json"]).args(words).stdout(Stdio::piped());
        home.prepare(&mut command);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Tenant { child, words: serde_json::from_str(&line).unwrap() }
    }

    pub(crate) fn word(&self, name: &str) -> &str {
        self.words[name].as_str().unwrap()
    }

    fn client(&self) -> reqwest::Client {
        let authority = std::fs::read(self.word("ca_file")).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap()
    }

    /// Somebody signs in with the code that a terminal shows.
    pub(crate) fn sign_in_shown(&self, terminal: &mut Terminal, who: &str) {
        terminal.until("on any computer:");
        terminal.until("    ");
        let page = terminal.until("\r\n");
        terminal.until("minutes:");
        terminal.until("    ");
        let code = terminal.until("\r\n");
        tokio::runtime::Runtime::new().unwrap().block_on(self.sign_in(page.trim(), code.trim(), who));
    }

    /// Types a device's code on the page, signs in, and agrees.
    async fn sign_in(&self, page: &str, code: &str, who: &str) {
        let client = self.client();
        {
            let mut text = client.get(page).send().await.unwrap().text().await.unwrap();
            let mut url = page.to_owned();
            for (answer, typed) in [
                ("next", vec![("code", code)]),
                ("signin", vec![("login", who), ("passwd", self.word("password"))]),
                ("accept", vec![]),
                ("continue", vec![]),
            ] {
                if !text.contains(&format!("value=\"{answer}\"")) {
                    continue;
                }
                let fields = hidden(&text);
                let mut form: HashMap<&str, &str> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                form.extend(typed);
                form.insert("answer", answer);
                let response = client.post(&url).form(&form).send().await.unwrap();
                url = response.url().to_string();
                text = response.text().await.unwrap();
            }
        }
    }

    /// The registrations and service principals of its directory, as an administrator's program reads them.
    pub(crate) fn applications(&self) -> Vec<Value> {
        let client = self.client();
        let [login, graph] = ["login", "graph"].map(|word| self.word(word).trim_end_matches('/'));
        let client_id = o365doctor::directory::ADMIN_CLIENT_ID;
        let scope = "https://graph.microsoft.com/Application.ReadWrite.All";
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let ask = |end: &'static str, form: Vec<(&'static str, String)>| {
                let request = client.post(format!("{login}/organizations/oauth2/v2.0/{end}")).form(&form);
                async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
            };
            let own = ("client_id", client_id.to_owned());
            let device = ask("devicecode", vec![own.clone(), ("scope", scope.to_owned())]).await;
            let word = |name: &str| device[name].as_str().unwrap_or_else(|| panic!("{device}"));
            self.sign_in(word("verification_uri"), word("user_code"), "admin@contoso.test").await;
            let grant = "urn:ietf:params:oauth:grant-type:device_code".to_owned();
            let code = word("device_code").to_owned();
            let token = ask("token", vec![own, ("grant_type", grant), ("device_code", code)]).await;
            let token = token["access_token"].as_str().unwrap_or_else(|| panic!("{token}"));
            let mut rows = Vec::new();
            for list in ["applications", "servicePrincipals"] {
                let request = client.get(format!("{graph}/v1.0/{list}")).bearer_auth(token);
                let answer: Value = request.send().await.unwrap().json().await.unwrap();
                rows.extend(answer["value"].as_array().unwrap_or_else(|| panic!("{answer}")).clone());
            }
            rows
        })
    }
}

/// What the form of a page carries.
fn hidden(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input type=\"hidden\" name=\"").skip(1).filter_map(|input| {
        let (name, rest) = input.split_once("\" value=\"")?;
        Some((name.to_owned(), rest.split_once('"')?.0.replace("&amp;", "&")))
    });
    inputs.collect()
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_signs_in_by_a_code_and_the_mail_is_hers() {
    let home = Home::new();
    let tenant = Tenant::start(&home, &[]);
    let config = tenant.word("profile_file").to_owned();
    let before = read(std::path::Path::new(&config));
    let mut terminal = Terminal::start(
        &home,
        &[
            "--config",
            &config,
            "--cloud",
            "local-sandbox",
            "--client-id",
            tenant.word("client_id"),
            "--mailbox",
            "alice@contoso.test",
            "--account",
            "alice@contoso.test",
            "--to",
            "bob@contoso.test",
            "--auth",
            "delegated",
            "--roads",
            "smtp",
            "--style",
            "portal",
            "--send",
            "yes",
            "--save-as",
            "alice",
        ],
    );
    terminal.choose("App registration", "It is done");
    terminal.choose("Permission", "It is done");
    terminal.choose("Sign-in and consent", "Sign in now");
    terminal.choose("How to sign in", "with a short code");
    tenant.sign_in_shown(&mut terminal, "alice@contoso.test");
    terminal.end().whole("0").shows("+ Probe mail: 250 2.0.0 OK").shows("Signed in: alice@contoso.test");
    let after = read(std::path::Path::new(&config));
    assert!(after.starts_with(&before) && after.contains("[profile.alice]\ncloud = \"local-sandbox\""), "{after}");
}

#[test]
fn what_a_step_brings_forth_is_asked_for_at_that_step() {
    let home = Home::new();
    let tenant = Tenant::start(&home, &[]);
    let config = tenant.word("profile_file").to_owned();
    write(&home.path("app.secret"), tenant.word("client_secret"));
    let words = ["--config", &config, "--cloud", "local-sandbox", "--style", "graph", "--save-as", "app"];
    let mut terminal = Terminal::start(&home, &words);
    terminal.answer("Mailbox that sends", "app at contoso");
    terminal.until("x That can not be used");
    terminal.answer("Mailbox that sends", "app@contoso.test");
    terminal.answer("Who gets it", "bob@contoso.test");
    terminal.until("+ Tenant: ");
    terminal.yes("Does it send to outside?", true);
    terminal.yes("Does it also read mail?", true);
    terminal.yes("Is it a device or program without OAuth?", false);
    terminal.yes("Has it a fixed public address?", false);
    terminal.answer("Recipients a day, at most", "20");
    terminal.choose("Road to take", "smtp,imap");
    terminal.choose("How it shows who it is", "secret: ");
    terminal.until("New-MgApplication");
    terminal.choose("App registration", "It is done");
    terminal.answer("Application (client) ID", "mail app");
    terminal.until("x That can not be used");
    terminal.answer("Application (client) ID", tenant.word("client_id"));
    terminal.until("Add-MgApplicationPassword");
    terminal.choose("Credential", "It is done");
    terminal.choose("Where the program finds the secret", "a file");
    terminal.answer("File", "nowhere.secret");
    terminal.until("x That can not be used");
    terminal.answer("File", "app.secret");
    terminal.until("+ Admin consent: ");
    terminal.yes("Send one mail to bob@contoso.test now?", true);
    let seen = terminal.end().whole("0").shows("+ Probe mail: 250 2.0.0 OK").seen;
    assert!(!seen.contains(tenant.word("client_secret")), "{seen}");
    let after = read(std::path::Path::new(&config));
    let (_, profile) = after.split_once("[profile.app]").expect("a profile");
    for words in ["roads = \"smtp,imap\"", "mailbox = \"app@contoso.test\"", "auth = \"secret\"", "/app.secret\"\n"] {
        assert!(profile.contains(words), "{words}: {profile}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    command.args(["checkup", "--config", &config, "--profile", "app"]).stdin(Stdio::null());
    home.prepare(&mut command);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
