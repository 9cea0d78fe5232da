//! A sign-in that was made before the story begins, kept where its profile says.

use std::io;

use jiff::Timestamp;
use toml::Value;

use crate::sandbox::{Folder, Sandbox};
use crate::setup::secret::Secret;
use crate::sign_in::{Entry, Held, Key, Store};

impl Sandbox {
    /// Makes a store of its own, which is gone with the sandbox, and signs the story's person in.
    ///
    /// # Errors
    /// The store can not be written.
    pub(in crate::sandbox) async fn keep_sign_in(&mut self) -> io::Result<()> {
        let Some(person) = self.scenario.person.clone().filter(|person| person.stored) else { return Ok(()) };
        let whole = |name: &String| {
            if name.contains("://") { name.clone() } else { format!("{}/{name}", person.api.named_under()) }
        };
        let scopes: Vec<String> = person.scopes.iter().map(whole).collect();
        let folder = match &self.files {
            Some(folder) => folder,
            None => self.files.insert(Folder::temporary()?),
        };
        let store = Store::Folder(folder.path().join("sign-ins"));
        let place = folder.path().join("sign-ins").display().to_string();
        self.scenario.profile.insert("store".to_owned(), Value::String(place));
        let refresh = self.lock().signed_in(&person.user, &scopes);
        if refresh.is_empty() {
            // Of somebody whom nobody knows there is nothing to keep.
            return Ok(());
        }
        let entry = Entry {
            account: Some(person.user.clone()),
            directory: None,
            refresh: Secret::new(refresh),
            scopes,
            renewed_at: Timestamp::now(),
            access: Vec::new(),
        };
        let account = self.profile().get("account").and_then(Value::as_str).map(str::to_owned);
        let (tenant, client_id) = (self.word("tenant"), self.word("client_id"));
        let key = Key::new(&self.cloud().login, &tenant, &client_id, account.as_deref());
        let held = Held::of(&store, &key).await.map_err(io::Error::other)?;
        held.write(&entry).map_err(io::Error::other)
    }
}
