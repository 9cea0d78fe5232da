//! Folders: `GetFolder`, and the folder that a request names.

use super::gate::{Admitted, NOT_PRIMARY};
use super::soap::{self, Outcome};
use crate::sandbox::state::{Delivered, Mailbox, Place, State};
use crate::xml::{Element, escaped};

/// Name, and the name that is shown.
const FOLDERS: [(&str, &str); 5] = [
    ("inbox", "Inbox"),
    ("sentitems", "Sent Items"),
    ("junkemail", "Junk Email"),
    ("msgfolderroot", "Top of Information Store"),
    ("root", "Root"),
];

/// A folder of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) mailbox: String,
    pub(super) name: &'static str,
}

impl Folder {
    /// The folder that an element names, if the caller may see it.
    pub(super) fn named(admitted: &Admitted, element: &Element) -> Result<Folder, (&'static str, String)> {
        let not_found = || ("ErrorFolderNotFound", "The specified folder could not be found in the store.".to_owned());
        let id = element.attribute("Id").ok_or_else(not_found)?;
        let (mailbox, name) = match element.name.as_str() {
            "DistinguishedFolderId" => {
                let named = element.at(&["Mailbox", "EmailAddress"]).map(Element::trimmed);
                (named.unwrap_or(&admitted.address).to_owned(), id)
            }
            "FolderId" => id.split_once('/').map(|(mailbox, name)| (mailbox.to_owned(), name)).ok_or_else(not_found)?,
            _ => return Err(not_found()),
        };
        let (name, _) = FOLDERS.iter().find(|(own, _)| *own == name).ok_or_else(not_found)?;
        if admitted.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&mailbox)) {
            return Err((NOT_PRIMARY.0, NOT_PRIMARY.1.to_owned()));
        }
        let reached = admitted.reach.iter().find(|address| address.eq_ignore_ascii_case(&mailbox));
        let denied = || ("ErrorAccessDenied", "Access is denied. Check credentials and try again.".to_owned());
        Ok(Folder { mailbox: reached.ok_or_else(denied)?.clone(), name })
    }

    /// The mails in it, the oldest first.
    pub(super) fn mails<'a>(&self, state: &'a State) -> &'a [Delivered] {
        let of = |mailbox: &'a Mailbox| match self.name {
            "inbox" => mailbox.inbox.as_slice(),
            "sentitems" => mailbox.sent.as_slice(),
            "junkemail" => mailbox.junk.as_slice(),
            _ => &[],
        };
        let mut mailboxes = state.tenants.iter().flat_map(|tenant| &tenant.mailboxes);
        mailboxes.find(|mailbox| mailbox.has(&self.mailbox)).map_or(&[], of)
    }

    /// Notes that somebody looked into it.
    pub(super) fn looked_into(&self, state: &mut State) {
        let place = match self.name {
            "inbox" => Place::Inbox,
            "sentitems" => Place::Sent,
            "junkemail" => Place::Junk,
            _ => return,
        };
        if let Some(mailbox) = state.find_mailbox(&self.mailbox) {
            mailbox.looked_into(place);
        }
    }

    /// Its id, as `FolderId` takes it again.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.mailbox, self.name)
    }
}

pub(super) fn get_folder(state: &State, admitted: &Admitted, operation: &Element) -> String {
    let ids = operation.child("FolderIds").map(|ids| ids.children.as_slice()).unwrap_or_default();
    let bare = operation.at(&["FolderShape", "BaseShape"]).is_some_and(|shape| shape.trimmed() == "IdOnly");
    let outcomes: Vec<Outcome> = ids
        .iter()
        .map(|id| {
            let folder = Folder::named(admitted, id)?;
            store(state, &folder.mailbox)?;
            Ok(format!("<m:Folders>{}</m:Folders>", described(state, &folder, bare)))
        })
        .collect();
    soap::response("GetFolder", &outcomes)
}

/// Whether the database of a mailbox answers.
pub(super) fn store(state: &State, address: &str) -> Result<(), (&'static str, String)> {
    let mut mailboxes = state.tenants.iter().flat_map(|tenant| &tenant.mailboxes);
    if mailboxes.any(|mailbox| mailbox.logon_fails && mailbox.has(address)) {
        return Err(("ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable.".to_owned()));
    }
    Ok(())
}

fn described(state: &State, folder: &Folder, bare: bool) -> String {
    let id = format!("<t:FolderId Id=\"{}\" ChangeKey=\"AQAAABYAAAA\"/>", escaped(&folder.id()));
    if bare {
        return format!("<t:Folder>{id}</t:Folder>");
    }
    let shown = FOLDERS.iter().find(|(name, _)| *name == folder.name).map_or("", |(_, shown)| shown);
    let count = folder.mails(state).len();
    format!(
        "<t:Folder>{id}<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>{shown}</t:DisplayName>\
         <t:TotalCount>{count}</t:TotalCount><t:ChildFolderCount>0</t:ChildFolderCount>\
         <t:UnreadCount>{count}</t:UnreadCount></t:Folder>"
    )
}
