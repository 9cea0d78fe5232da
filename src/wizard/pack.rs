//! The hand-over pack: for the usual case that whoever writes the program has no rights, and somebody else has to act.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::actions::{self, About};
use super::ask::End;
use super::document::{self, Block};
use super::script::{self, Script};
use super::steps::{Kind, Step};
use super::walk::Walk;
use crate::kb::Who;
use crate::report::Word;
use crate::scripts::Part;
use crate::setup::{InputError, Setup, files, shown_path};

/// The steps that somebody else does, in the order of the walk.
const THEIRS: [Step; 10] = [
    Step::Registration,
    Step::Credential,
    Step::Permission,
    Step::Consent,
    Step::ServicePrincipal,
    Step::MailboxRight,
    Step::Switch,
    Step::HighVolume,
    Step::Connector,
    Step::Records,
];

/// The scripts for Exchange, and what each does.
const SCRIPTS: [(Part, &str); 3] = [
    (Part::Setup, "prints the state before, then changes only what differs"),
    (Part::Verify, "reads all of it back, changes nothing, and prints one line of JSON"),
    (Part::Undo, "takes back what setup did, and only that; it wants the line that setup printed"),
];

/// Writes the pack: a folder, or one page by the end of its name.
pub(super) fn write(walk: &Walk, place: &Path) -> Result<(), End> {
    let setup = walk.described()?;
    let scripts = scripts(walk, &setup);
    let name = place.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
    let title = "Mail for an application: what is asked of you";
    let files: Vec<(PathBuf, String)> = match name.as_str() {
        "md" => vec![(place.to_path_buf(), document::markdown(title, &blocks(walk, &setup, &scripts, true)?))],
        "html" | "htm" => vec![(place.to_path_buf(), document::html(title, &blocks(walk, &setup, &scripts, true)?))],
        _ => {
            files::create_private_folder(place).map_err(|e| unwritable(place, &e))?;
            let page = document::markdown(title, &blocks(walk, &setup, &scripts, false)?);
            let scripts = scripts.into_iter().map(|(_, script)| (place.join(script.name), with_mark(script.text)));
            std::iter::once((place.join("README.md"), page)).chain(scripts).collect()
        }
    };
    if let Some((there, _)) = files.iter().find(|(file, _)| file.exists()) {
        let words = format!("names {}, which is there already; it stays as it is", shown_path(there));
        return Err(InputError::new("--hand-over", words).late().into());
    }
    for (file, text) in &files {
        let written = files::create_new_private(file).and_then(|mut new| new.write_all(text.as_bytes()));
        written.map_err(|e| unwritable(file, &e))?;
        walk.line(Word::Pass, "Written", &shown_path(file));
    }
    walk.say(&[Block::text("Nothing secret is in it. With what comes back:"), Block::Code("sh", go_on(walk))]);
    Ok(())
}

/// Who does it, as somebody else reads it.
fn by(who: Who) -> &'static str {
    match who {
        Who::Developer => "whoever manages applications",
        who => who.label(),
    }
}

fn unwritable(file: &Path, error: &std::io::Error) -> InputError {
    InputError::new("--hand-over", format!("names {}, which can not be written: {error}", shown_path(file))).late()
}

/// Windows PowerShell takes a file without a mark for one of the local code page.
fn with_mark(script: String) -> String {
    if script.is_ascii() { script } else { format!("\u{feff}{script}") }
}

fn go_on(walk: &Walk) -> String {
    let file = walk.wishes.state.display().to_string();
    let file = crate::scripts::sh(&file).unwrap_or(file);
    format!("o365doctor onboard \\\n  --state {file} \\\n  --answer address.txt --answer verify.json\n")
}

/// The scripts that can be made; undo wants what setup printed, so it is made with the verifying line's place open.
fn scripts(walk: &Walk, setup: &Setup) -> Vec<(&'static str, Script)> {
    let needed = walk.steps().unwrap_or_default().into_iter().any(Step::in_script);
    if !needed || matches!(walk.ground.kind(), Kind::Person { .. }) {
        return Vec::new();
    }
    let object_id = walk.object_id();
    let made = |(part, what)| {
        let made = script::exchange(part, setup, object_id.clone()).unwrap_or_default();
        made.into_iter().map(move |script| (what, script))
    };
    SCRIPTS.into_iter().flat_map(made).collect()
}

fn blocks(
    walk: &Walk,
    setup: &Setup,
    scripts: &[(&'static str, Script)],
    whole: bool,
) -> Result<Vec<Block>, InputError> {
    let object_id = walk.object_id();
    let link = walk.consent_link(setup);
    let about = About {
        setup,
        kind: walk.ground.kind(),
        auth: &walk.auth(),
        style: walk.style(),
        object_id: object_id.as_deref(),
        consent_link: link.as_deref(),
    };
    let mut blocks = asked(&about);
    let steps = walk.steps()?;
    let (done, to_do): (Vec<Step>, Vec<Step>) =
        THEIRS.into_iter().filter(|step| steps.contains(step)).partition(|step| is_done(walk, *step));
    if !done.is_empty() {
        let titles: Vec<&str> = done.iter().map(|step| step.title()).collect();
        blocks.push(Block::Text(format!("Done already, and not asked here: {}.", titles.join(", "))));
    }
    for step in to_do {
        blocks.push(Block::Heading(step.title().to_owned()));
        blocks.push(Block::Text(format!("{} By {}.", actions::why(step, &about), by(step.who()))));
        if step.in_script() && !scripts.is_empty() {
            blocks.push(Block::text("The script for setup does this; by hand:"));
        }
        blocks.extend(actions::of(step, &about));
    }
    blocks.extend(script_blocks(&steps, &about, scripts, whole));
    if steps.iter().any(|step| matches!(step, Step::Consent | Step::SignIn)) {
        blocks.push(Block::Heading("Taking it back".to_owned()));
        blocks.extend(actions::revoke(&about));
    }
    blocks.push(Block::Heading("What to send back".to_owned()));
    blocks.push(back(&about, scripts.is_empty()));
    Ok(blocks)
}

/// Seen to be done; an application whose id is known is registered.
fn is_done(walk: &Walk, step: Step) -> bool {
    let registered = step == Step::Registration && walk.ground.known("client_id").is_some();
    registered || walk.state.done.contains_key(&step)
}

fn script_blocks(steps: &[Step], about: &About<'_>, scripts: &[(&'static str, Script)], whole: bool) -> Vec<Block> {
    let wanted = steps.iter().any(|step| step.in_script()) && !matches!(about.kind, Kind::Person { .. });
    if !wanted {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("Scripts for Exchange".to_owned())];
    if scripts.is_empty() {
        blocks.push(Block::text(
            "They name the application, so they can be made only when its client id is known. Please send it first.",
        ));
    }
    for (what, script) in scripts {
        blocks.push(Block::Text(format!("{} {what}.", script.name)));
        if whole {
            blocks.push(Block::Code("powershell", script.text.clone()));
        }
    }
    blocks
}

fn asked(about: &About<'_>) -> Vec<Block> {
    let unknown = || "not known yet".to_owned();
    let setup = about.setup;
    let rows = [
        format!("Tenant: {}", setup.tenant.clone().or_else(|| setup.domain.clone()).unwrap_or_else(unknown)),
        format!("Application (client) ID: {}", setup.client_id.clone().unwrap_or_else(unknown)),
        format!("Mailbox: {}", setup.mailbox.clone().or_else(|| setup.from.clone()).unwrap_or_else(unknown)),
        format!("Rights: {}", actions::asked_for(about)),
    ];
    let token = setup.wants_token();
    let rows = rows.into_iter().filter(|row| token || !row.starts_with("Application"));
    vec![
        Block::text(
            "An application is to send mail from one mailbox. This page says all that it needs, why, and nothing more.",
        ),
        Block::List(rows.collect()),
        Block::text("Each line is the least that works. What is not listed here is not needed, whatever a guide says."),
    ]
}

fn back(about: &About<'_>, no_scripts: bool) -> Block {
    let application = about.kind == Kind::Application && about.setup.wants_token();
    let rows = [
        (
            about.setup.client_id.is_none() && about.setup.wants_token(),
            "The Application (client) ID, and the Directory (tenant) ID.",
        ),
        (
            about.consent_link.is_some() && application,
            "The whole address that the browser ends at after consent, also if it is an error, as address.txt.",
        ),
        (!no_scripts, "The line of JSON that verify.ps1 prints, as verify.json. Nothing secret is in it."),
        (
            application,
            "If you make a secret: not by mail. Put it where the program finds it; better, take the public part of a \
             certificate.",
        ),
        (true, "What you could not do, in the words of the message that you saw."),
    ];
    let points = rows.into_iter().filter_map(|(wanted, point)| wanted.then_some(point.to_owned()));
    Block::List(points.collect())
}
