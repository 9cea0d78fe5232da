//! What a browser shows: plain pages, without scripts.

use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::Fields;
use crate::sandbox::refusal::Refusal;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;background:#f2f2f2;color:#1b1b1b;margin:0}\
    main{max-width:26rem;margin:4rem auto;padding:2rem;background:#fff;box-shadow:0 2px 6px #0003}\
    h1{font-size:1.4rem;margin-top:0}label{display:block;margin:.8rem 0}\
    input[type=text],input[type=password]{display:block;width:100%;box-sizing:border-box;padding:.4rem;font:inherit}\
    button{font:inherit;padding:.3rem 1.4rem;margin:.8rem .6rem 0 0}.refusal{color:#a80000}\
    footer{margin-top:2rem;font-size:.8rem;color:#555}";

/// A page that asks something.
pub(super) struct Question<'a> {
    pub(super) title: &'a str,
    /// Paragraphs above the form.
    pub(super) says: Vec<String>,
    /// What was wrong with the answer before.
    pub(super) refusal: Option<String>,
    /// Name, label, kind and value of each field to fill in.
    pub(super) inputs: Vec<(&'a str, &'a str, &'a str, &'a str)>,
    /// What the form carries along.
    pub(super) hidden: Vec<(&'a str, &'a str)>,
    /// The buttons: the value of `answer` and the label.
    pub(super) buttons: Vec<(&'a str, &'a str)>,
}

impl Question<'_> {
    pub(super) fn page(&self) -> Response {
        let mut body: String = self.says.iter().map(|text| format!("<p>{}</p>", escape(text))).collect();
        if let Some(refusal) = &self.refusal {
            body.push_str(&format!("<p class=\"refusal\">{}</p>", escape(refusal)));
        }
        body.push_str("<form method=\"post\">");
        for (name, value) in &self.hidden {
            body.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
        }
        for (name, label, kind, value) in &self.inputs {
            body.push_str(&format!(
                "<label>{label}<input type=\"{kind}\" name=\"{name}\" value=\"{}\"></label>",
                escape(value)
            ));
        }
        for (answer, label) in &self.buttons {
            body.push_str(&format!("<button name=\"answer\" value=\"{answer}\">{label}</button>"));
        }
        body.push_str("</form>");
        shown(StatusCode::OK, self.title, &body)
    }
}

/// A page that only says something.
pub(super) fn says(title: &str, text: &str) -> Response {
    shown(StatusCode::OK, title, &format!("<p>{}</p>", escape(text)))
}

/// The page of a refusal that no redirect may carry.
pub(in crate::sandbox) fn refused(refusal: &Refusal) -> Response {
    let body = format!("<p class=\"refusal\">{}</p>", escape(&refusal.sentence()));
    shown(refusal.status(), "Sorry, but we're having trouble signing you in.", &body)
}

/// A form that carries the answer to the application (OAuth 2.0 Form Post Response Mode). Without scripts it takes a press.
pub(super) fn carried(to: &str, pairs: &[(&str, String)]) -> Response {
    let mut body = format!("<p>You are signed in.</p><form method=\"post\" action=\"{}\">", escape(to));
    for (name, value) in pairs {
        body.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
    }
    body.push_str("<button>Continue</button></form>");
    shown(StatusCode::OK, "Working…", &body)
}

/// A whole page, as all of the login service look.
pub(in crate::sandbox) fn shown(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escape(title);
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}<footer>This is the o365doctor sandbox on this computer, not Microsoft. Type no \
         password of a real account here.</footer></main></body></html>"
    );
    let mut response = (status, Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// Where the answer of a native client ends: its address is what the client reads.
pub(super) async fn landing(Query(query): Query<Fields>) -> Response {
    match query.get("error_description").or(query.get("error")) {
        Some(words) => says("You are not signed in", words),
        None => says("You are signed in", "Go back to your program, or give it the address of this page."),
    }
}

pub(super) async fn signed_out() -> Response {
    let mut response = says("You signed out of your account", "It's a good idea to close all browser windows.");
    let gone = HeaderValue::from_static("SANDBOXSESSION=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    response
}

/// Text as HTML takes it, also between quotes.
pub(in crate::sandbox) fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
