//! A person signs in in the midst of the walk: with a code, on the pages of a tenant that runs by itself.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::terminal::{Home, Terminal, read};

/// A tenant in a process of its own, ended with the test.
struct Tenant {
    child: Child,
    words: Value,
}

impl Tenant {
    fn start(home: &Home) -> Tenant {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        let folder = home.path("tenant").display().to_string();
        command.args(["sandbox", "--dir", &folder, "--format", "json"]).stdout(Stdio::piped());
        home.prepare(&mut command);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Tenant { child, words: serde_json::from_str(&line).unwrap() }
    }

    fn word(&self, name: &str) -> &str {
        self.words[name].as_str().unwrap()
    }

    /// Types a device's code on the page, signs in, and agrees.
    fn sign_in(&self, page: &str, code: &str) {
        let authority = std::fs::read(self.word("ca_file")).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut text = client.get(page).send().await.unwrap().text().await.unwrap();
            let mut url = page.to_owned();
            for (answer, typed) in [
                ("next", vec![("code", code)]),
                ("signin", vec![("login", "alice@contoso.test"), ("passwd", self.word("password"))]),
                ("continue", vec![]),
            ] {
                let fields = hidden(&text);
                let mut form: HashMap<&str, &str> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                form.extend(typed);
                form.insert("answer", answer);
                let response = client.post(&url).form(&form).send().await.unwrap();
                url = response.url().to_string();
                text = response.text().await.unwrap();
            }
        });
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
    let tenant = Tenant::start(&home);
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
    terminal.until("on any computer:");
    terminal.until("    ");
    let page = terminal.until("\r\n");
    terminal.until("minutes:");
    terminal.until("    ");
    let code = terminal.until("\r\n");
    tenant.sign_in(page.trim(), code.trim());
    terminal.end().whole("0").shows("+ Probe mail: 250 2.0.0 OK").shows("Signed in: alice@contoso.test");
    let after = read(std::path::Path::new(&config));
    assert!(after.starts_with(&before) && after.contains("[profile.alice]\ncloud = \"local-sandbox\""), "{after}");
}
