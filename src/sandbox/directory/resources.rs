//! The two APIs as service principals: their application roles and their delegated permissions, with the ids that they have
//! everywhere (microsoft-facts C.2 to C.5; Microsoft Learn, "Microsoft Graph permissions reference").

use serde_json::{Value, json};

use crate::sandbox::state::Tenant;
use crate::sandbox::tokens::Api;

/// Application roles of Office 365 Exchange Online.
const OUTLOOK_ROLES: [(&str, &str); 8] = [
    ("full_access_as_app", "dc890d15-9560-4a4c-9b7f-a736ec74ec40"),
    ("SMTP.SendAsApp", "7146a1f0-8703-45b3-9eae-527a64c00995"),
    ("IMAP.AccessAsApp", "5e5addcd-3e8d-4e90-baf5-964efab2b20a"),
    ("POP.AccessAsApp", "cb842b43-da6e-4506-86fe-bb12199c656d"),
    ("Exchange.ManageAsApp", "dc50a0fb-09a3-484d-be87-e023b12c6440"),
    ("Mail.Send", "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    ("Mail.ReadWrite", "e2a3a72e-5f79-4c64-b1b1-878b674786c9"),
    ("Organization.Read.All", "15f260d6-f874-4366-8672-6b3658c5a09b"),
];
/// Its delegated permissions.
const OUTLOOK_SCOPES: [(&str, &str); 7] = [
    ("SMTP.Send", "76faac2a-0f20-42f1-928a-50de5b9dbe52"),
    ("IMAP.AccessAsUser.All", "195adc35-e27b-454b-a7ed-1ecdffa1c09f"),
    ("POP.AccessAsUser.All", "fb698133-92fa-453e-a9ed-688e10f2e5ac"),
    ("EWS.AccessAsUser.All", "3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5"),
    ("Mail.Send", "5eb43c10-865a-4259-960a-83946678f8dd"),
    ("Exchange.Manage", "ab4f2b77-0b06-4fc1-a9de-02113fc2ab7c"),
    ("User.Read", "6223a6d3-53ef-4f8f-982a-895b39483c61"),
];
/// Application roles of Microsoft Graph.
const GRAPH_ROLES: [(&str, &str); 10] = [
    ("Mail.Send", "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    ("Mail.Read", "810c84a8-4a9e-49e6-bf7d-12d183f40d01"),
    ("Mail.ReadWrite", "e2a3a72e-5f79-4c64-b1b1-878b674786c9"),
    ("Mail.ReadBasic", "6be147d2-ea4f-4b5a-a3fa-3eab6f3c140a"),
    ("Mail.ReadBasic.All", "693c5e45-0940-467d-9b8a-1022fb9d42ef"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    ("Application.Read.All", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
    ("Application.ReadWrite.All", "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
    ("AppRoleAssignment.ReadWrite.All", "06b708a9-e830-4db3-a914-8e69da51d44f"),
    ("DelegatedPermissionGrant.ReadWrite.All", "8e8e4742-1d95-4f68-9d56-6ee75648c72a"),
];
/// Its delegated permissions.
const GRAPH_SCOPES: [(&str, &str); 18] = [
    ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    ("Mail.Send", "e383f46e-2787-4529-855e-0e479a3ffac0"),
    ("Mail.Send.Shared", "a367ab51-6b49-43bf-a716-a1fb06d2a174"),
    ("Mail.Read", "570282fd-fa5c-430d-a7fd-fc8dc98a9dca"),
    ("Mail.Read.Shared", "7b9103a5-4610-446b-9670-80643382c1fa"),
    ("Mail.ReadBasic", "a4b8392a-d8d1-4954-a029-8e668a39a170"),
    ("Mail.ReadWrite", "024d486e-b451-40bb-833d-3e66d98c5c73"),
    ("SMTP.Send", "258f6531-6087-4cc4-bb90-092c5fb3ed3f"),
    ("IMAP.AccessAsUser.All", "652390e4-393a-48de-9484-05f9b1212954"),
    ("POP.AccessAsUser.All", "d7b7f2d9-0f45-4ea1-9d42-e50810c06991"),
    ("EWS.AccessAsUser.All", "9769c687-087d-48ac-9cb3-c37dde652038"),
    ("Application.Read.All", "c79f8feb-a9db-4090-85f9-90d820caa0eb"),
    ("Application.ReadWrite.All", "bdfbf15f-ee85-4955-8675-146e8e5296b5"),
    ("AppRoleAssignment.ReadWrite.All", "84bccea3-f856-4a8a-967b-dbe0a3d53a64"),
    ("DelegatedPermissionGrant.ReadWrite.All", "41ce6ca6-6826-4807-84f1-1c82854f7ee5"),
    ("offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
    ("openid", "37f7f235-527c-4136-accd-4a02d197296e"),
    ("profile", "14dad69e-099b-42c9-810b-d002981feec1"),
];

/// What a permission is for: the application itself, or a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    Scope,
}

pub(super) const APIS: [Api; 2] = [Api::Outlook, Api::Graph];

impl Api {
    pub(super) fn app_id(self) -> &'static str {
        match self {
            Api::Outlook => "00000002-0000-0ff1-ce00-000000000000",
            Api::Graph => "00000003-0000-0000-c000-000000000000",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Api::Outlook => "Office 365 Exchange Online",
            Api::Graph => "Microsoft Graph",
        }
    }

    /// Its permissions, by name and id.
    pub(super) fn permissions(self, kind: Kind) -> &'static [(&'static str, &'static str)] {
        match (self, kind) {
            (Api::Outlook, Kind::Role) => &OUTLOOK_ROLES,
            (Api::Outlook, Kind::Scope) => &OUTLOOK_SCOPES,
            (Api::Graph, Kind::Role) => &GRAPH_ROLES,
            (Api::Graph, Kind::Scope) => &GRAPH_SCOPES,
        }
    }
}

impl Tenant {
    /// The object id of an API's service principal: one of its own in each tenant.
    pub(super) fn resource_id(&self, api: Api) -> String {
        let digit = if api == Api::Graph { '3' } else { '2' };
        format!("{}-000{digit}-4000-8000-{}", &self.id[..8], &self.id[24..])
    }

    /// The API that a service principal stands for.
    pub(super) fn resource(&self, id: &str) -> Option<Api> {
        let there = |api: &Api| *api == Api::Graph || self.exchange;
        APIS.into_iter().filter(there).find(|api| self.resource_id(*api).eq_ignore_ascii_case(id))
    }

    /// The id of a permission in this tenant.
    pub(super) fn permission_id(&self, api: Api, kind: Kind, name: &str) -> Option<String> {
        let (_, id) = api.permissions(kind).iter().find(|(own, _)| *own == name)?;
        Some(self.id_here(id))
    }

    /// The name behind an id.
    pub(super) fn permission_name(&self, api: Api, kind: Kind, id: &str) -> Option<String> {
        let rows = api.permissions(kind).iter();
        let (name, _) = rows.into_iter().find(|(_, own)| self.id_here(own).eq_ignore_ascii_case(id))?;
        Some((*name).to_owned())
    }

    fn id_here(&self, id: &str) -> String {
        let (first, rest) = id.split_at(8);
        let first: String = if self.directory.other_ids { first.chars().rev().collect() } else { first.to_owned() };
        first + rest
    }

    /// The API as Graph describes its service principal.
    pub(super) fn described_resource(&self, api: Api) -> Value {
        let role = |(name, _): &(&str, &str)| {
            json!({
                "id": self.permission_id(api, Kind::Role, name), "value": name, "displayName": name, "isEnabled": true,
                "allowedMemberTypes": ["Application"], "origin": "Application",
            })
        };
        let scope = |(name, _): &(&str, &str)| {
            let kind = if name.contains("ReadWrite.All") { "Admin" } else { "User" };
            let id = self.permission_id(api, Kind::Scope, name);
            json!({ "id": id, "value": name, "type": kind, "isEnabled": true, "adminConsentDisplayName": name })
        };
        json!({
            "id": self.resource_id(api), "appId": api.app_id(), "displayName": api.title(),
            "appDisplayName": api.title(), "accountEnabled": true, "servicePrincipalType": "Application",
            "appOwnerOrganizationId": super::principals::MICROSOFT, "tags": [],
            "servicePrincipalNames": [api.app_id(), api.named_under()],
            "appRoles": api.permissions(Kind::Role).iter().map(role).collect::<Vec<_>>(),
            "oauth2PermissionScopes": api.permissions(Kind::Scope).iter().map(scope).collect::<Vec<_>>(),
        })
    }
}
