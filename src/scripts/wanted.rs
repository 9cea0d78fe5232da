//! What can be asked for: a road, a style, a part, a way. The table (`table.rs`) has what there is.

use std::fmt;

use super::Refused;
use super::table::ROWS;
use crate::road::Road;

/// What a script is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// SMTP submission.
    Smtp,
    /// IMAP.
    Imap,
    /// POP.
    Pop,
    /// Microsoft Graph.
    Graph,
    /// Exchange Web Services.
    Ews,
    /// Port 25 through a connector.
    Relay,
    /// High Volume Email.
    Hve,
    /// Everything that Exchange knows, in one reading.
    All,
}

/// In what the script is written, and where it is pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Exchange Online PowerShell.
    Exchange,
    /// Microsoft Graph PowerShell.
    Graph,
    /// Azure CLI in bash.
    Az,
    /// A piece of the registration's manifest.
    Manifest,
}

/// Which of the three scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Tells the state before, and changes what differs.
    Setup,
    /// Reads all of it back and changes nothing.
    Verify,
    /// Takes back what setup did, and only that.
    Undo,
}

/// How the application gets its right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A permission of Entra, and a right on the mailbox where the road asks for one.
    Classic,
    /// RBAC for Applications: a role within Exchange, with a scope; no permission of Entra.
    Rbac,
    /// A permission of Entra, limited by an Application Access Policy. Microsoft replaces these by RBAC.
    Policy,
}

/// One script of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The road.
    pub target: Target,
    /// In what it is written.
    pub style: Style,
    /// Setup, verify or undo.
    pub part: Part,
    /// How the application gets its right; none: as is usual for road and style.
    pub way: Option<Way>,
    /// Whether a person signs in, and the application has no right of its own.
    pub person: bool,
}

/// A value that a script can not do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The application (client) id.
    ClientId,
    /// The mailbox.
    Mailbox,
    /// The account of High Volume Email.
    Account,
    /// What the connector knows its host by.
    Connector,
}

/// What the table says of a script.
pub(super) struct Found {
    pub(super) template: &'static str,
    pub(super) way: Way,
    pub(super) needs: &'static [Need],
}

impl Wanted {
    /// What the script can not do without, or why there is none.
    ///
    /// # Errors
    /// [`Refused::NoScript`] with the scripts that there are.
    pub fn needs(&self) -> Result<&'static [Need], Refused> {
        self.found().map(|found| found.needs)
    }

    /// The way that the script takes.
    ///
    /// # Errors
    /// [`Refused::NoScript`] with the scripts that there are.
    pub fn way(&self) -> Result<Way, Refused> {
        self.found().map(|found| found.way)
    }

    pub(super) fn found(&self) -> Result<Found, Refused> {
        let rows = ROWS.iter().filter(|row| row.style == self.style && row.targets.contains(&self.target));
        for row in rows.filter(|row| row.who.contains(&self.person)) {
            let Some(way) = self.way.or(row.ways.first().copied()).filter(|way| row.ways.contains(way)) else {
                continue;
            };
            if let Some((_, template, needs)) = row.parts.iter().find(|(part, ..)| *part == self.part) {
                return Ok(Found { template, way, needs });
            }
        }
        Err(Refused::NoScript { wanted: self.to_string(), there_is: self.there_is() })
    }

    /// The scripts of this road.
    fn there_is(&self) -> String {
        let rows = ROWS.iter().filter(|row| row.targets.contains(&self.target));
        let words = rows.map(|row| {
            let parts: Vec<String> = row.parts.iter().map(|(part, ..)| part.to_string()).collect();
            let way = if row.ways[0] == Way::Classic { String::new() } else { format!(" --way {}", row.ways[0]) };
            let who = match row.who {
                [false] => " (for an application by itself)",
                [true] => " (with --auth delegated)",
                _ => "",
            };
            format!("--style {}{way} --part {}{who}", row.style, parts.join("|"))
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

impl Target {
    /// The road of the script; none where it is about all.
    pub fn road(self) -> Option<Road> {
        Some(match self {
            Target::Smtp => Road::Smtp,
            Target::Imap => Road::Imap,
            Target::Pop => Road::Pop,
            Target::Graph => Road::Graph,
            Target::Ews => Road::Ews,
            Target::Relay => Road::Relay,
            Target::Hve => Road::Hve,
            Target::All => return None,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.road() {
            Some(road) => road.fmt(f),
            None => f.pad("all"),
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Style::Exchange => "exchange",
            Style::Graph => "graph",
            Style::Az => "az",
            Style::Manifest => "manifest",
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Part::Setup => "setup",
            Part::Verify => "verify",
            Part::Undo => "undo",
        })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Way::Classic => "classic",
            Way::Rbac => "rbac",
            Way::Policy => "policy",
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--for {} --style {} --part {}", self.target, self.style, self.part)?;
        if let Some(way) = self.way {
            write!(f, " --way {way}")?;
        }
        if self.person { f.write_str(" with --auth delegated") } else { Ok(()) }
    }
}
