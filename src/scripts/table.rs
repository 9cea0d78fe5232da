//! Which script there is: by road, style, part and way.

use super::{Need, Part, Style, Target, Way};

/// A row: the scripts that several roads share.
pub(super) struct Row {
    pub(super) style: Style,
    pub(super) targets: &'static [Target],
    pub(super) ways: &'static [Way],
    /// For an application by itself, and for one that a person signs in to.
    pub(super) who: &'static [bool],
    pub(super) parts: &'static [(Part, &'static str, &'static [Need])],
}

const APP: &[bool] = &[false];
const PERSON: &[bool] = &[true];
const ANYBODY: &[bool] = &[false, true];
const OF_MAILBOX: &[Need] = &[Need::ClientId, Need::Mailbox];
const SETUP: &str = "exchange-setup.ps1";
const VERIFY: &str = "exchange-verify.ps1";
const UNDO: &str = "exchange-undo.ps1";
const WITH_TOKEN: &[Target] = &[Target::Smtp, Target::Imap, Target::Pop, Target::Graph, Target::Ews, Target::Hve];

/// Every script there is. For one road and style the first way is the usual one.
pub(super) const ROWS: &[Row] = &[
    Row {
        style: Style::Exchange,
        targets: &[Target::Smtp, Target::Imap, Target::Pop, Target::Ews],
        ways: &[Way::Classic],
        who: ANYBODY,
        parts: &[(Part::Setup, SETUP, OF_MAILBOX), (Part::Verify, VERIFY, OF_MAILBOX), (Part::Undo, UNDO, OF_MAILBOX)],
    },
    Row {
        style: Style::Exchange,
        targets: &[Target::Graph, Target::Smtp, Target::Ews],
        ways: &[Way::Rbac],
        who: APP,
        parts: &[(Part::Setup, SETUP, OF_MAILBOX), (Part::Verify, VERIFY, OF_MAILBOX), (Part::Undo, UNDO, OF_MAILBOX)],
    },
    Row {
        style: Style::Exchange,
        targets: &[Target::Graph, Target::Ews],
        ways: &[Way::Policy],
        who: APP,
        parts: &[
            (Part::Setup, "policy-setup.ps1", OF_MAILBOX),
            (Part::Verify, VERIFY, OF_MAILBOX),
            (Part::Undo, "policy-undo.ps1", OF_MAILBOX),
        ],
    },
    Row {
        style: Style::Exchange,
        targets: &[Target::Relay],
        ways: &[Way::Classic],
        who: ANYBODY,
        parts: &[
            (Part::Setup, "relay-setup.ps1", &[Need::Connector]),
            (Part::Verify, VERIFY, &[]),
            (Part::Undo, "relay-undo.ps1", &[]),
        ],
    },
    Row {
        style: Style::Exchange,
        targets: &[Target::Hve],
        ways: &[Way::Classic],
        who: APP,
        parts: &[
            (Part::Setup, "hve-setup.ps1", &[Need::ClientId, Need::Account]),
            (Part::Verify, VERIFY, &[Need::ClientId, Need::Account]),
            (Part::Undo, "hve-undo.ps1", &[Need::Account]),
        ],
    },
    Row {
        style: Style::Exchange,
        targets: &[Target::All],
        ways: &[Way::Classic],
        who: ANYBODY,
        parts: &[(Part::Verify, VERIFY, OF_MAILBOX)],
    },
    Row {
        style: Style::Graph,
        targets: WITH_TOKEN,
        ways: &[Way::Classic],
        who: APP,
        parts: &[
            (Part::Setup, "graph-setup.ps1", &[]),
            (Part::Verify, "graph-verify.ps1", &[Need::ClientId]),
            (Part::Undo, "graph-undo.ps1", &[]),
        ],
    },
    Row {
        style: Style::Graph,
        targets: &[Target::Smtp, Target::Imap, Target::Pop, Target::Graph, Target::Ews],
        ways: &[Way::Classic],
        who: PERSON,
        parts: &[
            (Part::Setup, "graph-setup.ps1", &[]),
            (Part::Verify, "graph-verify.ps1", &[Need::ClientId]),
            (Part::Undo, "graph-undo.ps1", &[]),
        ],
    },
    Row {
        style: Style::Az,
        targets: WITH_TOKEN,
        ways: &[Way::Classic],
        who: APP,
        parts: &[
            (Part::Setup, "az-setup.sh", &[]),
            (Part::Verify, "az-verify.sh", &[Need::ClientId]),
            (Part::Undo, "az-undo.sh", &[]),
        ],
    },
    Row {
        style: Style::Az,
        targets: &[Target::Smtp, Target::Imap, Target::Pop, Target::Graph, Target::Ews],
        ways: &[Way::Classic],
        who: PERSON,
        parts: &[
            (Part::Setup, "az-setup.sh", &[]),
            (Part::Verify, "az-verify.sh", &[Need::ClientId]),
            (Part::Undo, "az-undo.sh", &[]),
        ],
    },
    Row {
        style: Style::Manifest,
        targets: WITH_TOKEN,
        ways: &[Way::Classic],
        who: APP,
        parts: &[(Part::Setup, MANIFEST, &[])],
    },
    Row {
        style: Style::Manifest,
        targets: &[Target::Smtp, Target::Imap, Target::Pop, Target::Graph, Target::Ews],
        ways: &[Way::Classic],
        who: PERSON,
        parts: &[(Part::Setup, MANIFEST, &[])],
    },
];

/// The one script that is no template: a piece of JSON.
pub(super) const MANIFEST: &str = "manifest.json";
