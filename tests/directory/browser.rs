//! A browser that fills in the forms of the login service, and says yes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use o365doctor::observe::sign_in::Tell;
use o365doctor::sandbox::Sandbox;

/// A browser that fills in the forms of the login service, and says yes.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    user: String,
    password: &'static str,
    /// What it has shown.
    pub(crate) pages: Arc<Mutex<Vec<String>>>,
}

impl Browser {
    pub(crate) fn new(sandbox: &Sandbox, user: &str) -> Browser {
        let ca = reqwest::Certificate::from_pem(sandbox.ca_pem().as_bytes()).unwrap();
        let http =
            reqwest::Client::builder().tls_certs_only([ca]).redirect(reqwest::redirect::Policy::none()).no_proxy();
        let (user, password) = (user.to_owned(), sandbox.password());
        Browser { http: http.build().unwrap(), user, password, pages: Arc::default() }
    }

    pub(crate) fn told(&self, what: &Tell<'_>) {
        let (browser, url, code) = match what {
            Tell::Open(url) => (self.clone(), url.to_string(), String::new()),
            Tell::Type { page, code, .. } => (self.clone(), (*page).to_owned(), (*code).to_owned()),
        };
        tokio::spawn(async move { browser.walk(url, &code).await });
    }

    /// From page to page, and to where it is sent at last.
    async fn walk(&self, mut url: String, code: &str) {
        let mut request = self.http.get(&url);
        for _ in 0..8 {
            let response = request.send().await.unwrap();
            if let Some(to) = response.headers().get("location") {
                // The program's own port; it may turn away what it did not ask for.
                let _ = self.http.get(to.to_str().unwrap()).send().await;
                return;
            }
            url = response.url().to_string();
            let text = response.text().await.unwrap();
            self.pages.lock().unwrap().push(text.clone());
            let buttons = ["next", "signin", "approve", "accept", "continue", "back"];
            let Some(button) = buttons.into_iter().find(|button| text.contains(&format!("value=\"{button}\""))) else {
                return;
            };
            let hidden = text.split("<input type=\"hidden\" name=\"").skip(1).filter_map(|input| {
                let (name, rest) = input.split_once("\" value=\"")?;
                Some((name.to_owned(), rest.split_once('"')?.0.replace("&amp;", "&")))
            });
            let mut form: HashMap<String, String> = hidden.collect();
            form.insert("answer".to_owned(), button.to_owned());
            if button == "next" {
                form.insert("code".to_owned(), code.to_owned());
            }
            if button == "signin" {
                form.insert("login".to_owned(), self.user.clone());
                form.insert("passwd".to_owned(), self.password.to_owned());
            }
            request = self.http.post(&url).form(&form);
        }
    }
}
