//! The directory's answers as values or refusals, and patience with what is new.

use std::time::Duration;

use serde_json::Value;

use super::error::Refused;
use crate::probes::{Answer, Directory};

/// The directory, and somebody who is told of waiting.
pub struct Graph<'a> {
    directory: Directory,
    /// The cloud by its name, and the directory by its id, where the sign-in named it.
    pub(super) cloud: String,
    pub(super) tenant: String,
    tell: &'a (dyn Fn(&str) + Sync),
}

/// How long something new is waited for: tries, and the pause between two of them.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries after the first one, over a whole run.
    pub tries: u32,
    /// The pause before each.
    pub pause: Duration,
}

/// Pages of a list that are read at most.
const PAGES: usize = 20;

impl Default for Patience {
    /// Two minutes: replication takes seconds as a rule (Microsoft Learn, "Best practices for working with the directory").
    fn default() -> Self {
        Patience { tries: 24, pause: Duration::from_secs(5) }
    }
}

impl Patience {
    /// Waits once more; false when there is no patience left.
    pub(super) async fn wait(&mut self) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        tokio::time::sleep(self.pause).await;
        true
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(directory: Directory, cloud: &str, tenant: &str, tell: &'a (dyn Fn(&str) + Sync)) -> Graph<'a> {
        Graph { directory, cloud: cloud.to_owned(), tenant: tenant.to_owned(), tell }
    }

    /// Whether it is this directory.
    pub(super) fn is_of(&self, cloud: &str, tenant: &str) -> bool {
        self.cloud == cloud && self.tenant.eq_ignore_ascii_case(tenant)
    }

    pub(super) fn say(&self, line: &str) {
        (self.tell)(line);
    }

    /// One object, with some of its fields.
    pub(super) async fn one(&self, doing: &str, path: &[&str], select: &str) -> Result<Value, Refused> {
        let answer = self.directory.read(path, &[("$select", select)]).await;
        read(doing, answer, false)
    }

    /// The whole of a list, whatever its pages; `filter` is OData's.
    pub(super) async fn all(
        &self,
        doing: &str,
        path: &[&str],
        filter: Option<&str>,
        select: Option<&str>,
    ) -> Result<Vec<Value>, Refused> {
        let filter = filter.map(|filter| ("$filter", filter));
        let query: Vec<_> = filter.into_iter().chain(select.map(|select| ("$select", select))).collect();
        let mut body = read(doing, self.directory.read(path, &query).await, false)?;
        let mut rows = Vec::new();
        for _ in 0..PAGES {
            if let Some(Value::Array(page)) = body.get_mut("value").map(Value::take) {
                rows.extend(page);
            }
            let Some(link) = body.get("@odata.nextLink").and_then(Value::as_str) else { return Ok(rows) };
            let more = self.directory.more(link).await;
            let more = more.ok_or_else(|| Refused::own(doing, "the next page of the list is on another host"))?;
            body = read(doing, more, false)?;
        }
        Err(Refused::own(doing, "the list has too many pages"))
    }

    pub(super) async fn post(&self, doing: &str, path: &[&str], body: &Value) -> Result<Value, Refused> {
        read(doing, self.directory.post(path, body).await, true)
    }

    pub(super) async fn patch(&self, doing: &str, path: &[&str], body: &Value) -> Result<(), Refused> {
        read(doing, self.directory.patch(path, body).await, true).map(drop)
    }

    pub(super) async fn delete(&self, doing: &str, path: &[&str]) -> Result<(), Refused> {
        read(doing, self.directory.delete(path).await, true).map(drop)
    }

    /// Asks until what it names shows. Only a refusal that says so is followed by another try: it had no effect.
    pub(super) async fn settled<T>(
        &self,
        patience: &mut Patience,
        ask: impl AsyncFn() -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        loop {
            let refused = match ask().await {
                Err(refused) if refused.late() => refused,
                other => return other,
            };
            self.say(&format!("waiting until the directory shows what is new, to {}", refused.doing));
            if !patience.wait().await {
                return Err(refused);
            }
        }
    }
}

/// A literal of OData's filters: in quotes, a quote within doubled (OData 4.01 part 2 section 5.1.1.14.1).
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text of an object.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The members of a list of an object.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn read(doing: &str, answer: Answer, writes: bool) -> Result<Value, Refused> {
    let good = answer.http.status.is_some_and(|status| (200..300).contains(&status));
    if !good || answer.http.fault.is_some() {
        return Err(Refused::of(doing, &answer, writes));
    }
    Ok(answer.body.unwrap_or_default())
}
