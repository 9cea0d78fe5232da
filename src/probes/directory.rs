//! The directory of Microsoft Graph: one request, one answer. What writes is asked once and never repeated by the library.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::graph::{address, refusal_in};
use super::http::Client;
use crate::cloud::Cloud;
use crate::facts::{GraphRefusal, HttpFacts};
use crate::setup::secret::{Mask, Secret};

/// Graph's own service principal names each of its several hundred permissions in a few sentences.
const LARGEST: usize = 8 * 1024 * 1024;

/// The directory of the tenant whose token it is.
pub struct Directory {
    reads: Client,
    writes: Client,
    graph: Url,
    token: Secret,
}

/// What an answer came to.
pub struct Answer {
    /// What was seen of it.
    pub http: HttpFacts,
    /// What it holds.
    pub body: Option<Value>,
    /// The refusal, when it was one.
    pub refusal: Option<GraphRefusal>,
    /// Whether the request surely never left.
    pub unsent: bool,
}

impl Directory {
    /// The token goes to the cloud's own host for Graph and nowhere else.
    pub fn new(cloud: &Cloud, timeout: Duration, proxy: Option<&Url>, mask: &Mask, token: Secret) -> Directory {
        let mut mask = mask.clone();
        mask.add(&token);
        Directory {
            reads: Client::new(cloud, timeout, proxy, &mask).reading(LARGEST),
            writes: Client::once(cloud, timeout, proxy, &mask),
            graph: cloud.graph.clone(),
            token,
        }
    }

    /// Reads. The path is below `v1.0`.
    pub async fn read(&self, path: &[&str], query: &[(&str, &str)]) -> Answer {
        let mut url = self.url(path);
        if !query.is_empty() {
            // Graph takes a blank as %20, and a plus sign for itself.
            let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            url.set_query(Some(&pairs.replace('+', "%20")));
        }
        self.ask(&self.reads, Method::GET, &url, None).await
    }

    /// Reads the next page of a list, where its address is Graph's own; none: it is not.
    pub async fn more(&self, link: &str) -> Option<Answer> {
        let url = Url::parse(link).ok().filter(|url| url.origin() == self.graph.origin())?;
        Some(self.ask(&self.reads, Method::GET, &url, None).await)
    }

    /// Creates, or does what the path says.
    pub async fn post(&self, path: &[&str], body: &Value) -> Answer {
        self.ask(&self.writes, Method::POST, &self.url(path), Some(body)).await
    }

    /// Changes the fields that are named.
    pub async fn patch(&self, path: &[&str], body: &Value) -> Answer {
        self.ask(&self.writes, Method::PATCH, &self.url(path), Some(body)).await
    }

    /// Removes.
    pub async fn delete(&self, path: &[&str]) -> Answer {
        self.ask(&self.writes, Method::DELETE, &self.url(path), None).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let whole: Vec<&str> = std::iter::once("v1.0").chain(path.iter().copied()).collect();
        address(&self.graph, &whole)
    }

    async fn ask(&self, client: &Client, method: Method, url: &Url, body: Option<&Value>) -> Answer {
        let (mut http, body, once) = client.with_json(method, url, &self.token, body).await;
        let refusal = body.as_ref().and_then(|body| refusal_in(body, |text| client.seen(text)));
        if http.status.is_some_and(|status| (200..300).contains(&status)) {
            // An answer that was understood in part may hold a secret that nobody knew before.
            http.words = None;
        }
        Answer { http, body, refusal, unsent: once.unsent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_token_follows_no_link_to_another_host() {
        let cloud = Cloud::named("worldwide").unwrap();
        let token = Secret::new("a token of the sandbox");
        let directory = Directory::new(&cloud, Duration::from_secs(1), None, &Mask::default(), token);
        for link in ["https://graph.example.com/v1.0/applications", "http://graph.microsoft.com/v1.0/x", "x"] {
            assert!(directory.more(link).await.is_none(), "{link}");
        }
    }
}
