//! Where the new credential goes, and what the walk takes in of a run.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::directory::{self, Outcome, Patience, Wish};
use crate::probes::{Client, Proof, TokenJob};
use crate::report::Word;
use crate::setup::secret::Secret;
use crate::setup::{Credential, InputError, Need, Wants, files, shown_path};
use crate::wizard::ask::End;
use crate::wizard::walk::Walk;

/// Where the new credential goes: a file that is not there yet.
pub(super) async fn place(walk: &Walk, kind: &str) -> Result<PathBuf, End> {
    let folder = walk.wishes.config.parent().unwrap_or_else(|| Path::new(""));
    let default = folder.join(format!("mail.{kind}")).display().to_string();
    let asks = walk.asker.terminal && walk.wishes.credential_file.is_none();
    loop {
        let file = if asks {
            let question = "File for the new credential, for you alone";
            PathBuf::from(walk.asker.text("--credential-file", question, Some(default.clone())).await?)
        } else {
            walk.wishes.credential_file.clone().unwrap_or_else(|| PathBuf::from(&default))
        };
        let file = std::path::absolute(&file).unwrap_or(file);
        if !file.exists() {
            return Ok(file);
        }
        let words = format!("names {}, which is there already; it stays as it is", shown_path(&file));
        let fault = InputError::new("--credential-file", words);
        if !asks {
            return Err(fault.into());
        }
        walk.line(Word::Fail, "That can not be used", &fault.to_string());
    }
}

/// The file of a secret is made before the secret: one that can not be written would be lost.
pub(super) fn reserve(wish: &Wish, file: Option<PathBuf>) -> Result<Option<(File, PathBuf)>, InputError> {
    let Some(file) = file else { return Ok(None) };
    if let Some(folder) = file.parent() {
        files::create_private_folder(folder).map_err(|e| unwritable(&file, &e))?;
    }
    if !matches!(wish, Wish::Secret { .. }) {
        return Ok(None);
    }
    let new = files::create_new_private(&file).map_err(|e| unwritable(&file, &e))?;
    Ok(Some((new, file)))
}

/// Keeps what came of it: the credential in its file, its place and the ids in the words, what was made in the state.
pub(super) fn keep(walk: &mut Walk, reserved: Option<(File, PathBuf)>, outcome: &Outcome) -> Result<(), InputError> {
    let made = &outcome.made;
    for (word, id) in [("client_id", &made.client_id), ("object_id", &made.object_id)] {
        if !id.is_empty() {
            walk.ground.take(word, id);
        }
    }
    if !made.steps.is_empty() {
        walk.state.made.push(made.clone());
    }
    let written = reserved.map_or(Ok(()), |(new, file)| take_secret(walk, new, &file, outcome));
    if let Some(file) = &outcome.certificate {
        prove_with(walk, "certificate", "certificate", file);
    }
    walk.save()?;
    written
}

fn take_secret(walk: &mut Walk, mut new: File, file: &Path, outcome: &Outcome) -> Result<(), InputError> {
    let Some(secret) = &outcome.secret else {
        let _ = fs::remove_file(file);
        return Ok(());
    };
    let written = new.write_all(secret.expose().as_bytes()).and_then(|()| new.sync_all());
    written.map_err(|e| unwritable(file, &e))?;
    prove_with(walk, "secret", "client_secret_file", file);
    Ok(())
}

fn prove_with(walk: &mut Walk, auth: &str, word: &str, file: &Path) {
    walk.ground.prove_with(auth, word, &file.display().to_string());
    walk.line(Word::Pass, "Credential", &format!("a new {auth}, in {}, for its owner alone", shown_path(file)));
}

fn unwritable(file: &Path, error: &std::io::Error) -> InputError {
    let words = format!("names {}, which can not be written: {error}", shown_path(file));
    InputError::new("--credential-file", words).late()
}

/// Waits until the login service knows the application by its new credential: before that, a refusal is no fault.
pub(super) async fn until_known(walk: &Walk, tell: &(dyn Fn(&str) + Sync)) {
    let read = Wants { credential: Need::IfNamed, any_tenant: true, ..Wants::default() };
    let Ok(setup) = walk.ground.setup(read) else { return };
    let wanted = setup.roads.iter().find_map(|road| road.wants());
    let (Some(tenant), Some(client_id), Some(wanted)) = (&setup.tenant, &setup.client_id, wanted) else { return };
    let audience = setup.cloud.login_url(tenant, "oauth2/v2.0/token");
    let proof = || match &setup.credential {
        Some(Credential::Secret { value, .. }) => Some(Proof::Secret(value.clone())),
        Some(Credential::Certificate { material: Some(own), .. }) => {
            own.assertion(audience.as_str(), client_id, Timestamp::now()).ok().map(Proof::Assertion)
        }
        _ => None,
    };
    if proof().is_none() {
        return;
    }
    let job = || TokenJob {
        tenant: tenant.clone(),
        client_id: client_id.clone(),
        proof: proof().unwrap_or_else(|| Proof::Secret(Secret::new(""))),
        resource: wanted.resource,
        scope: format!("{}/.default", setup.cloud.resource_uri(wanted.resource)),
    };
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), &setup.mask);
    directory::first_token(&client, &setup.cloud, job, &setup.mask, Patience::default(), tell).await;
}
