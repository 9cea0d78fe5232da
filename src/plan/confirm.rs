//! What is planned to find the probe again.

use super::{Plan, Slice, Step};
use crate::facts::Folder;
use crate::message::ProbeMail;
use crate::reader::Reader;
use crate::setup::Setup;

/// What is left out where no mail leaves that could be found.
pub(crate) const FINDING: &str = "finding the probe again";

/// The readers that may be taken to find the probe again, if it leaves and that is wanted.
pub(super) fn readers(setup: &Setup, slice: Slice) -> Vec<Reader> {
    match &setup.confirm {
        Some(confirm) if slice.talk && super::kept(setup, slice).is_none() => {
            confirm.via.map_or(Reader::ALL.to_vec(), |via| vec![via])
        }
        _ => Vec::new(),
    }
}

impl Plan {
    /// Plans to look for the mail that leaves, where that is wanted.
    pub(super) fn confirm(&mut self, setup: &Setup, mail: Option<&ProbeMail>) {
        let Some(confirm) = &setup.confirm else { return };
        let Some((mail, to)) = mail.zip(setup.to.as_ref()) else {
            return self.leave_out(FINDING, "no probe mail leaves on this run");
        };
        let mailbox = confirm.mailbox.as_ref().unwrap_or(to);
        let same = |other: &Option<String>| other.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(mailbox));
        let own = !mailbox.eq_ignore_ascii_case(to) && (same(&setup.mailbox) || same(&setup.from));
        let folders = if own { vec![Folder::Sent] } else { vec![Folder::Inbox, Folder::Junk] };
        self.steps.push(Step::Confirm { mailbox: mailbox.clone(), folders, token: mail.mark().to_owned() });
    }
}

/// Where the token decides on the reader, nobody knows the host before it arrived.
pub(super) fn row(setup: &Setup, mailbox: &str, folders: &[Folder]) -> (String, Option<String>, bool) {
    let confirm = setup.confirm.as_ref();
    let (how, host) = match confirm.and_then(|confirm| confirm.via) {
        Some(Reader::Graph) => ("over Microsoft Graph", Some(host_of(&setup.cloud.graph))),
        Some(Reader::Imap) => ("over IMAP", Some(setup.cloud.imap.to_string())),
        Some(Reader::Ews) => ("over Exchange Web Services", Some(host_of(&setup.cloud.ews))),
        None => ("over the reader that the token opens", None),
    };
    let folders: Vec<&str> = folders.iter().map(|folder| folder.label()).collect();
    let within = confirm.map_or(0, |confirm| confirm.within.as_secs());
    let what = format!("look for the probe in {} of {mailbox} {how}, up to {within} s", folders.join(" and "));
    (what, host, false)
}

fn host_of(url: &url::Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443))
}
