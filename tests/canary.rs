//! Canaries: unique texts as secret, token and proxy password, from every source, over every scenario and against servers
//! that repeat what they were sent. Nothing that the program writes may hold one, in any form.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use o365doctor::facts::Visit;
use o365doctor::plan::{self, Slice};
use o365doctor::probes::{Client, Proof, TokenJob, request_token};
use o365doctor::render::style::{Style, printable, printable_lines};
use o365doctor::render::{self, Format};
use o365doctor::report::Report;
use o365doctor::road::Resource;
use o365doctor::sandbox::{self, Options, Sandbox, Scenario, scenarios};
use o365doctor::setup::secret::{Mask, Secret};
use o365doctor::setup::{Layers, Need, Setup, Wants};
use o365doctor::{observe, share};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use toml::{Table, Value};

/// Every character that one encoding or another changes.
const CANARY: &str = "cAnArY~+/&=%20 secret\"<'>\\end0123456789";
/// The token that the sandbox gives where its tokens are opaque.
const OPAQUE: &str = "EwBBwcHBwcHBwcHBwcHBwcHBwcH";
const GUARD: Duration = Duration::from_mins(1);
/// A piece of this length is more than a coincidence.
const PIECE: usize = 20;

// ---------------------------------------------------------------- what must not be seen

/// Texts that must not stand in any output.
struct Hidden {
    whole: Vec<String>,
    pieces: HashSet<Vec<u8>>,
}

impl Hidden {
    fn secret(value: &str) -> Hidden {
        let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let json = serde_json::to_string(value).unwrap();
        let whole = vec![
            value.to_owned(),
            form.replace('+', "%20"),
            form,
            json[1..json.len() - 1].to_owned(),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
        ];
        Hidden { pieces: whole.iter().flat_map(|form| pieces(form)).collect(), whole }
    }

    fn token(value: &str, user: &str) -> Hidden {
        let blob = STANDARD.encode(format!("user={user}\u{1}auth=Bearer {value}\u{1}\u{1}"));
        let whole = vec![value.to_owned(), blob, STANDARD.encode(value)];
        Hidden { pieces: whole.iter().flat_map(|form| pieces(form)).collect(), whole }
    }

    fn not_in(&self, name: &str, text: &str) {
        let whole = self.whole.iter().map(String::as_str);
        for hidden in whole.chain(["eyJ0eXAi", "eyJhbGci", "ZXlKM", "ZXlKh", OPAQUE]) {
            assert!(!text.contains(hidden), "{name} shows `{hidden}`:\n{}", around(text, hidden));
        }
        let found = text.as_bytes().windows(PIECE).find(|piece| self.pieces.contains(*piece));
        if let Some(found) = found.map(String::from_utf8_lossy) {
            panic!("{name} shows {found:?}:\n{}", around(text, &found));
        }
    }
}

fn pieces(text: &str) -> Vec<Vec<u8>> {
    text.as_bytes().windows(PIECE).map(<[u8]>::to_vec).collect()
}

fn around<'a>(text: &'a str, found: &str) -> &'a str {
    let at = text.find(found).unwrap_or(0);
    &text[text.floor_char_boundary(at.saturating_sub(100))..text.ceil_char_boundary((at + 200).min(text.len()))]
}

// ---------------------------------------------------------------- runs within this process

/// Stories at once: while some wait for a silent server, others go on.
const AT_ONCE: usize = 4;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn table(words: &[(&str, &str)]) -> Table {
    words.iter().map(|(word, value)| ((*word).to_owned(), Value::String((*value).to_owned()))).collect()
}

/// The text of a scenario's file, with more laid over it.
fn scenario(name: &str, change: impl FnOnce(&mut Table)) -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(format!("{name}.toml"));
    let mut story: Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    change(&mut story);
    story.try_into().unwrap()
}

fn within<'a>(table: &'a mut Table, name: &str) -> &'a mut Table {
    table.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut().unwrap()
}

/// The canary is the application's secret, unless the story is about another one.
fn plant(story: &mut Table) {
    let app = within(within(story, "tenant"), "app");
    app.entry("secret").or_insert_with(|| CANARY.into());
}

fn setup(sandbox: &Sandbox, flags: &[(&str, &str)]) -> Setup {
    let mut flags = table(flags);
    flags.insert("cloud".to_owned(), "sandbox".into());
    flags.entry("timeout").or_insert_with(|| "3s".into());
    let wants = Wants { credential: Need::Yes, mailbox: true, ..Wants::default() };
    let layers = Layers::gather(flags, None, None).unwrap();
    layers.load(wants, Some((sandbox.cloud(), sandbox.profile()))).unwrap()
}

async fn visit(setup: &Setup) -> Visit {
    let slice =
        Slice { command: "checkup", verify: true, token: true, talk: true, send: true, dns: true, ..Slice::default() };
    let plan = plan::make(setup, slice, Timestamp::now()).unwrap();
    observe::run(setup, &plan, &|_| ()).await
}

/// All that the program can make of a visit.
fn outputs(visit: &Visit) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let masked = share::masked(visit);
    for (kind, visit) in [("", visit), (" shared", &masked)] {
        all.push((format!("recording{kind}"), serde_json::to_string_pretty(&visit).unwrap()));
        for command in ["checkup", "check-token", "check-relay", "check-mailbox", "probe-send"] {
            let report = Report::of(Visit { command: command.to_owned(), ..visit.clone() }, true);
            for format in [Format::Text, Format::Json, Format::Markdown] {
                let text = render::report(&report, format, Style::default(), true);
                all.push((format!("{command} as {format:?}{kind}"), text));
            }
        }
    }
    all
}

fn nothing_shows(name: &str, hidden: &[&Hidden], visit: &Visit) {
    for (output, text) in outputs(visit) {
        for hidden in hidden {
            hidden.not_in(&format!("{name}, {output}"), &text);
        }
    }
}

/// A token of the sandbox, as a program would get it.
async fn token_of(sandbox: &Sandbox) -> String {
    let job = TokenJob {
        tenant: sandbox.word("tenant"),
        client_id: sandbox.word("client_id"),
        proof: Proof::Secret(Secret::new(sandbox.word("client_secret"))),
        resource: Resource::Outlook,
        scope: "https://outlook.office365.com/.default".to_owned(),
    };
    let client = Client::new(&sandbox.cloud(), Duration::from_secs(30), None, &Mask::default());
    let granted = request_token(&client, &sandbox.cloud(), &job, &Mask::default()).await;
    granted.token.unwrap_or_else(|| panic!("{:?}", granted.facts)).expose().to_owned()
}

#[test]
fn the_secret_shows_in_no_scenario() {
    let left = Mutex::new(scenarios().iter());
    let work = || {
        runtime().block_on(async {
            while let Some(known) = { left.lock().expect("a failure elsewhere").next() } {
                the_secret_does_not_show(known).await;
            }
        });
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
}

async fn the_secret_does_not_show(known: &Scenario) {
    let hidden = Hidden::secret(CANARY);
    for echoes in [false, true] {
        let mut own = false;
        let story = scenario(&known.name, |story| {
            own = story.contains_key("credential") || is_kept(story);
            plant(story);
            if echoes {
                within(story, "wire").insert("login_echoes".to_owned(), true.into());
            }
        });
        if own {
            // Its profile names another credential, which has a test of its own.
            return;
        }
        let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
        let setup = setup(&sandbox, &[("client_secret", CANARY)]);
        let name = format!("{}, echoes {echoes}", known.name);
        nothing_shows(&name, &[&hidden], &visit(&setup).await);
    }
}

// ---------------------------------------------------------------- credentials of other kinds

/// The base64 of a PEM file's private key, without its frame.
fn private_body(pem: &str) -> Option<String> {
    let (_, rest) = pem.split_once("PRIVATE KEY-----\n")?;
    let (body, _) = rest.split_once("-----END")?;
    Some(body.split_whitespace().collect())
}

/// What a scenario's own credential must not show: keys, passwords, assertions, and what the environment holds.
fn hidden_of(sandbox: &Sandbox) -> Vec<Hidden> {
    let read = |word: &str| std::fs::read(sandbox.word(word)).ok();
    let text = |word: &str| read(word).and_then(|octets| String::from_utf8(octets).ok());
    let keys = ["certificate", "key"].into_iter().filter_map(|word| private_body(&text(word)?));
    let files = ["key_password_file", "assertion_file"].into_iter().filter_map(text);
    let profile = sandbox.profile();
    let environment = profile.get("environment").and_then(Value::as_table).cloned().unwrap_or_default();
    let variables = environment.into_iter().filter(|(name, _)| !name.ends_with("URL") && !name.ends_with("ENDPOINT"));
    let variables = variables.filter(|(name, _)| name.contains("TOKEN_REQUEST") || name.contains("HEADER"));
    let variables = variables.filter_map(|(_, value)| Some(value.as_str()?.to_owned()));
    let mut all: Vec<Hidden> = keys.chain(files).chain(variables).map(|value| Hidden::secret(value.trim())).collect();
    // The key of a PKCS#12 file is that of the same program's PEM files, and so is hidden there; the file itself is here.
    all.extend(
        read("certificate").filter(|octets| octets[0] == 0x30).map(|octets| Hidden::secret(&STANDARD.encode(octets))),
    );
    all
}

#[test]
fn no_key_password_or_assertion_shows_in_any_scenario() {
    let mut kinds = std::collections::BTreeMap::new();
    runtime().block_on(async {
        for known in scenarios() {
            for echoes in [false, true] {
                let mut kind = None;
                let story = scenario(&known.name, |story| {
                    kind = story.get("credential").and_then(|own| own.get("kind")?.as_str()).map(str::to_owned);
                    if echoes {
                        within(story, "wire").insert("login_echoes".to_owned(), true.into());
                    }
                });
                let Some(kind) = kind else { continue };
                let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
                let hidden = hidden_of(&sandbox);
                let visit = visit(&setup(&sandbox, &[])).await;
                nothing_shows(&format!("{}, echoes {echoes}", known.name), &hidden.iter().collect::<Vec<_>>(), &visit);
                let refusals = visit.facts.tokens.iter().filter_map(|token| token.refusal.as_ref());
                let echoed = refusals.filter(|refusal| refusal.description.contains("[masked")).count();
                let (seen, repeated) = kinds.entry(kind).or_insert((0, 0));
                *seen += hidden.len();
                *repeated += usize::from(echoes && echoed > 0);
            }
        }
    });
    // Else this test proves nothing.
    for kind in KINDS {
        let (seen, repeated) = kinds.get(kind).copied().unwrap_or_default();
        assert!(seen > 0, "nothing was hidden of {kind}: {kinds:?}");
        assert!(repeated > 0, "no service repeated what it was sent of {kind}: {kinds:?}");
    }
}

/// Kinds of credential that a scenario may name.
const KINDS: [&str; 3] = ["certificate", "federated", "managed"];

/// What differs in the application.
type Change = fn(&mut Table);

/// Whether a story's profile holds what a sign-in left behind.
fn is_kept(story: &Table) -> bool {
    story.get("person").and_then(|person| person.get("stored")).and_then(Value::as_bool) == Some(true)
}

/// Every token that lies in the store of a sandbox's person, the renewed ones too.
fn kept_tokens(sandbox: &Sandbox) -> Vec<String> {
    let files = std::fs::read_dir(sandbox.word("store")).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
    let values = texts.filter_map(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    values
        .flat_map(|value| {
            let access = value["access"].as_array().cloned().unwrap_or_default();
            let access =
                access.iter().filter_map(|access| access["token"].as_str().map(str::to_owned)).collect::<Vec<_>>();
            access.into_iter().chain(value["refresh_token"].as_str().map(str::to_owned))
        })
        .collect()
}

#[test]
fn nothing_that_a_sign_in_left_behind_shows_in_any_scenario() {
    let (mut seen, mut repeated) = (0, 0);
    runtime().block_on(async {
        for known in scenarios() {
            for echoes in [false, true] {
                let mut kept = false;
                let story = scenario(&known.name, |story| {
                    kept = is_kept(story);
                    if echoes {
                        within(story, "wire").insert("login_echoes".to_owned(), true.into());
                    }
                });
                if !kept {
                    continue;
                }
                let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
                let before = kept_tokens(&sandbox);
                let visit = visit(&setup(&sandbox, &[])).await;
                let user = sandbox.word("mailbox");
                let tokens: Vec<String> = before.into_iter().chain(kept_tokens(&sandbox)).collect();
                let hidden: Vec<Hidden> = tokens.iter().map(|token| Hidden::token(token, &user)).collect();
                nothing_shows(&format!("{}, echoes {echoes}", known.name), &hidden.iter().collect::<Vec<_>>(), &visit);
                let refusals = visit.facts.tokens.iter().filter_map(|token| token.refusal.as_ref());
                repeated += refusals.filter(|refusal| refusal.description.contains("refresh_token=[masked")).count();
                seen += hidden.len();
            }
        }
    });
    // Else this test proves nothing.
    assert!(seen > 0 && repeated > 0, "{seen} tokens hidden, {repeated} repeated by the service");
}

#[test]
fn a_login_service_that_repeats_the_request_gives_nothing_away() {
    let hidden = Hidden::secret(CANARY);
    let refusals: [(&str, Change); 4] = [
        ("wrong secret", |app| drop(app.insert("secret".to_owned(), "another".into()))),
        ("expired", |app| drop(app.insert("secret_expired".to_owned(), true.into()))),
        ("no principal", |app| drop(app.insert("service_principal".to_owned(), false.into()))),
        ("unknown", |app| drop(app.insert("registered".to_owned(), false.into()))),
    ];
    runtime().block_on(async {
        for (name, refuse) in refusals {
            let story = scenario("healthy", |story| {
                within(story, "wire").insert("login_echoes".to_owned(), true.into());
                plant(story);
                refuse(within(within(story, "tenant"), "app"));
            });
            let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
            let setup = setup(&sandbox, &[("client_secret", CANARY)]);
            let visit = visit(&setup).await;
            let refusal = visit.facts.tokens[0].refusal.as_ref().expect("a refusal");
            // Else this test proves nothing.
            assert!(refusal.description.contains("client_secret=[masked]"), "{}", refusal.description);
            nothing_shows(name, &[&hidden], &visit);
        }
    });
}

/// Ways in which a submission server may repeat what it was sent.
fn echoes(token: &str, user: &str) -> Vec<(String, String)> {
    let blob = STANDARD.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let split = |text: &str, size: usize| {
        let characters: Vec<char> = text.chars().collect();
        let lines: Vec<String> = characters.chunks(size).map(|chunk| chunk.iter().collect()).collect();
        let most = lines.len().min(100);
        let mut reply: String = lines[..most - 1].iter().map(|line| format!("535-5.7.3 {line}\r\n")).collect();
        reply.push_str(&format!("535 5.7.3 {}", lines[most - 1]));
        reply
    };
    let mut all = vec![
        ("the line".to_owned(), format!("535 5.7.3 you sent: AUTH XOAUTH2 {blob}")),
        ("the token".to_owned(), format!("535 5.7.3 bad token <{token}>")),
        ("the signature".to_owned(), format!("535 5.7.3 {}", token.rsplit('.').next().unwrap_or(token))),
        ("no reply".to_owned(), format!("AUTH XOAUTH2 {blob}")),
        (
            "encoded".to_owned(),
            format!("535 5.7.3 {}", url::form_urlencoded::byte_serialize(blob.as_bytes()).collect::<String>()),
        ),
        ("a challenge".to_owned(), format!("334 {}", STANDARD.encode(format!("{{\"sent\":\"{token}\"}}")))),
        ("a challenge in clear".to_owned(), format!("334 {blob}")),
    ];
    for size in [20, 33, 59] {
        all.push((format!("the line by {size}"), split(&format!("AUTH XOAUTH2 {blob}"), size)));
        all.push((format!("the token by {size}"), split(token, size)));
        all.push((format!("its base64 by {size}"), split(&STANDARD.encode(token), size)));
    }
    all
}

#[test]
fn a_submission_server_that_repeats_the_login_gives_nothing_away() {
    runtime().block_on(async {
        for opaque in [false, true] {
            let opaque_tokens = |story: &mut Table| {
                let tokens = within(within(story, "tenant"), "tokens");
                tokens.insert("opaque".to_owned(), opaque.into());
            };
            let first = sandbox::start(scenario("healthy", opaque_tokens), &Options::default()).await.unwrap();
            let user = first.word("mailbox");
            let token = token_of(&first).await;
            let hidden = Hidden::token(&token, &user);
            for (name, says) in echoes(&token, &user) {
                // The sandbox knows no opaque token, so with one the dialogue never comes to the recipient.
                let stages = if opaque || !name.contains(" by ") { &["auth"][..] } else { &["auth", "rcpt"] };
                for stage in stages {
                    let story = scenario("healthy", |story| {
                        let wire = within(story, "wire");
                        wire.insert("smtp_says".to_owned(), says.clone().into());
                        wire.insert("smtp_says_at".to_owned(), (*stage).into());
                    });
                    let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
                    let setup = setup(&sandbox, &[("token", &token)]);
                    let visit = visit(&setup).await;
                    let transcript = serde_json::to_string(&visit.facts.smtp).unwrap();
                    assert!(transcript.contains("[masked"), "{name} at {stage} repeats nothing: {transcript}");
                    nothing_shows(&format!("{name} at {stage}"), &[&hidden], &visit);
                }
            }
        }
    });
}

// ---------------------------------------------------------------- runs of the program

/// A folder with the secrets, and a sandbox that the program is pointed to.
struct Nest {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    token: String,
    _runtime: Runtime,
}

impl Nest {
    fn new(change: impl FnOnce(&mut Table)) -> Nest {
        let runtime = runtime();
        let story = scenario("healthy", |story| {
            plant(story);
            change(story);
        });
        let (sandbox, token) = runtime.block_on(async {
            let sandbox = sandbox::start(story, &Options::default()).await.unwrap();
            let plain = sandbox::start(scenario("healthy", plant), &Options::default()).await.unwrap();
            let token = token_of(&plain).await;
            (sandbox, token)
        });
        let folder = tempfile::tempdir().unwrap();
        let at = sandbox.addresses();
        let config = format!(
            "default = 'nest'\n[cloud.nest]\nlogin = 'https://localhost:{}'\nsmtp = 'localhost:{}'\ndns = '{}'\n\
             ca_file = 'ca.pem'\n[profile.nest]\ncloud = 'nest'\nmailbox = '{}'\ntenant = '{}'\nclient_id = '{}'\n\
             probe.to = 'bob@contoso.test'\n",
            at.login.port(),
            at.smtp.port(),
            at.dns,
            sandbox.word("mailbox"),
            sandbox.word("tenant"),
            sandbox.word("client_id"),
        );
        let nest = Nest { folder, token, _runtime: runtime, sandbox };
        for (name, text) in [
            ("nest.toml", config.as_str()),
            ("ca.pem", nest.sandbox.ca_pem()),
            ("secret", CANARY),
            ("token", &nest.token),
        ] {
            nest.write(name, text);
        }
        nest
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(self.file(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn program(&self) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        for (name, _) in std::env::vars_os() {
            let lower = name.to_string_lossy().to_lowercase();
            if lower.starts_with("o365doctor_") || lower.ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        let home = self.folder.path();
        command.current_dir(home).env("HOME", home).env("XDG_CONFIG_HOME", home).env("APPDATA", home).timeout(GUARD);
        command
    }

    fn hidden(&self) -> [Hidden; 2] {
        [Hidden::secret(CANARY), Hidden::token(&self.token, &self.sandbox.word("mailbox"))]
    }

    /// Runs it and looks through all that it wrote.
    fn check(&self, name: &str, command: &mut assert_cmd::Command) -> std::process::Output {
        let output = command.output().expect("the program starts");
        let mut texts = vec![output.stdout.clone(), output.stderr.clone()];
        if let Ok(recorded) = std::fs::read(self.file("recording")) {
            texts.push(recorded);
            std::fs::remove_file(self.file("recording")).unwrap();
        }
        for text in texts {
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains("panicked"), "{name}: {text}");
            for hidden in self.hidden() {
                hidden.not_in(name, &text);
            }
        }
        output
    }
}

/// Each way in which a credential gets into the program.
const SOURCES: [&str; 9] = [
    "secret from the environment",
    "secret from a file",
    "secret from a file given as -",
    "secret from standard input",
    "secret from a command",
    "secret from the command line",
    "token from the environment",
    "token from a file",
    "token from a command",
];

fn give(nest: &Nest, command: &mut assert_cmd::Command, source: &str) {
    let print = if cfg!(windows) { "type" } else { "cat" };
    match source {
        "secret from the environment" => command.env("O365DOCTOR_CLIENT_SECRET", CANARY),
        "secret from a file" => command.args(["--client-secret-file", "secret"]),
        "secret from a file given as -" => command.args(["--client-secret-file", "-"]).write_stdin(CANARY),
        "secret from standard input" => command.arg("--client-secret-stdin").write_stdin(CANARY),
        "secret from a command" => command.args(["--client-secret-command", &format!("{print} secret")]),
        "secret from the command line" => command.args(["--client-secret", CANARY]),
        "token from the environment" => command.env("O365DOCTOR_TOKEN", &nest.token),
        "token from a file" => command.args(["--token-file", "token"]),
        _ => command.args(["--token-command", &format!("{print} token")]),
    };
}

#[test]
fn no_source_shows_in_what_the_program_writes() {
    let nest = Nest::new(|story| drop(within(story, "wire").insert("login_echoes".to_owned(), true.into())));
    for source in SOURCES {
        for arguments in
            ["checkup -v", "checkup --plan", "check-token --format json", "probe-send --share --format markdown"]
        {
            let mut command = nest.program();
            command.args(["--config", "nest.toml"]).args(arguments.split(' ')).args(["--record", "recording"]);
            give(&nest, &mut command, source);
            let name = format!("{arguments}, {source}");
            let output = nest.check(&name, &mut command);
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(output.status.code(), Some(0), "{name}: {shown}{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn a_refused_secret_does_not_show() {
    // The sandbox of the program itself has a secret of its own, so the canary is a wrong one.
    let nest = Nest::new(|_| ());
    for format in ["text", "json", "markdown"] {
        for more in [&["-v"][..], &["--share"], &["--plan"]] {
            let mut command = nest.program();
            command.args(["checkup", "--cloud", "sandbox", "--record", "recording", "--format", format]).args(more);
            give(&nest, &mut command, "secret from the environment");
            let output = nest.check(&format!("{format} {more:?}"), &mut command);
            assert_eq!(output.status.code(), Some(i32::from(more != ["--plan"])));
        }
    }
}

#[test]
fn a_complaint_repeats_no_secret() {
    let nest = Nest::new(|_| ());
    let swapped = format!("[profile.x]\nclient_id = {CANARY:?}\n");
    let files = [
        ("no-table.toml", format!("[profile]\nclient_secret = {CANARY:?}\n")),
        ("list.toml", format!("[profile.x]\nclient_secret = [{CANARY:?}, 5]\n")),
        ("inner.toml", format!("[profile.x.client_secret]\nvalue = {CANARY:?}\n")),
        ("cloud.toml", format!("[cloud]\nx = {CANARY:?}\n")),
        ("login.toml", format!("[cloud.x]\nlogin = {CANARY:?}\n")),
        ("unclosed.toml", format!("[profile.x]\nclient_secret = {}", &format!("{CANARY:?}")[..30])),
        ("switch.toml", format!("[profile.x]\nclient_secret_stdin = {CANARY:?}\n")),
        ("swapped.toml", swapped),
        ("unknown.toml", format!("[profile.x]\nsecret = {CANARY:?}\n")),
    ];
    for (name, text) in &files {
        nest.write(name, text);
    }
    let mut cases: Vec<Vec<&str>> = files.iter().map(|(name, _)| vec!["checkup", "--config", *name]).collect();
    let with_value = format!("--client-secret-stdin={CANARY}");
    let misspelt = format!("--client-secrt={CANARY}");
    let token_flag = format!("--token={}", nest.token);
    let failing = format!("echo {} ; exit 3", STANDARD.encode(CANARY));
    cases.extend([
        vec!["checkup", "--client-id", CANARY],
        vec!["checkup", "--tenant", CANARY],
        vec!["checkup", "--object-id", CANARY],
        vec!["checkup", "--mailbox", CANARY],
        vec!["checkup", "--to", CANARY],
        vec!["checkup", "--domain", CANARY],
        vec!["checkup", "--scope", CANARY],
        vec!["checkup", "--roads", CANARY],
        vec!["checkup", "--via", CANARY],
        vec!["checkup", "--helo", CANARY],
        vec!["checkup", "--auth", CANARY],
        vec!["checkup", "--stop-after", CANARY],
        vec!["checkup", "--timeout", CANARY],
        vec!["checkup", "--resolver", CANARY],
        vec!["checkup", "--proxy", CANARY],
        vec!["checkup", "--cloud", CANARY],
        vec!["checkup", "--ca-file", CANARY],
        vec!["checkup", "--client-secret-file", CANARY],
        vec!["checkup", "--token-file", CANARY],
        vec!["checkup", "--token-file", &nest.token],
        vec!["checkup", "--config", CANARY],
        vec!["checkup", "--profile", CANARY],
        vec!["checkup", "--format", CANARY],
        vec!["checkup", "--color", CANARY],
        vec!["checkup", "--replay", CANARY],
        vec!["checkup", CANARY],
        vec!["checkup", &with_value],
        vec!["checkup", &misspelt],
        vec!["checkup", &token_flag],
        vec!["checkup", "--client-secrt", CANARY],
        vec!["checkup", "--token", &nest.token],
        vec!["checkup", "--client-secret", CANARY, "--client-secret", CANARY],
        vec!["checkup", "--client-secret", CANARY, "--token-file", "token"],
        vec!["checkup", "--client-secret-command", &failing],
        vec!["checkup", "--client-secret", CANARY, "--auth", "token"],
        vec!["check-token", "--client-secret-stdin", "--jwks", CANARY],
        vec![CANARY],
    ]);
    for case in cases {
        let mut command = nest.program();
        if !case.contains(&"--config") {
            command.env("O365DOCTOR_CONFIG", nest.file("nest.toml"));
        }
        let output = nest.check(&format!("{case:?}"), command.args(&case));
        assert_eq!(output.status.code(), Some(2), "{case:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for variable in ["CLIENT_SECRET_STDIN", "TENANT", "CLIENT_ID", "TOKEN_FILE", "CLOUD", "FORMAT", "SEND", "STRICT"] {
        let mut command = nest.program();
        command.arg("checkup").env(format!("O365DOCTOR_{variable}"), CANARY);
        let output = nest.check(variable, &mut command);
        assert_eq!(output.status.code(), Some(2), "{variable}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let nest = Nest::new(|_| ());
    for arguments in
        [&["--help"][..], &["checkup", "--help"], &["check-token", "-h"], &["man"], &["completions", "bash"]]
    {
        let mut command = nest.program();
        command.env("O365DOCTOR_CLIENT_SECRET", CANARY).env("O365DOCTOR_TOKEN", &nest.token);
        let output = nest.check(&format!("{arguments:?}"), command.args(arguments));
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

/// The text of a key as it lies in a file: each of its lines is a secret, and so is its DER.
fn hidden_key(key: &rcgen::KeyPair) -> Hidden {
    let pem = key.serialize_pem();
    let mut whole: Vec<String> = pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned).collect();
    assert!(whole.iter().all(|line| line.len() >= PIECE), "{whole:?}");
    let der = key.serialize_der();
    whole.extend([STANDARD.encode(&der), URL_SAFE_NO_PAD.encode(&der), STANDARD.encode(&pem)]);
    whole.push(der.iter().map(|octet| format!("{octet:02x}")).collect());
    Hidden { pieces: whole.iter().flat_map(|form| pieces(form)).collect(), whole }
}

#[test]
fn the_key_of_a_connector_does_not_show() {
    let nest = Nest::new(|_| ());
    let pair = rcgen::generate_simple_self_signed(vec!["relay.contoso.test".to_owned()]).unwrap();
    let (key, certificate) = (pair.signing_key.serialize_pem(), pair.cert.pem());
    let hidden = hidden_key(&pair.signing_key);
    nest.write("key.pem", &key);
    nest.write("certificate.pem", &certificate);
    nest.write("both.pem", &(certificate + &key));
    nest.write("broken.pem", &key.replace("-----END PRIVATE KEY-----", ""));
    let apart = ["--relay-certificate", "certificate.pem", "--relay-key", "key.pem"];
    let mx = format!("localhost:{}", nest.sandbox.addresses().mx.port());
    // A port where a server talks HTTP under TLS: STARTTLS is never offered there.
    let (no_smtp, no_tls) = (format!("localhost:{}", nest.sandbox.addresses().login.port()), broken_tls());
    let cases: [(&[&str], &str, i32); 9] = [
        (&apart, &mx, 0),
        (&["--relay-certificate", "both.pem"], &mx, 0),
        (&apart, &no_tls, 1),
        (&["--relay-certificate", "both.pem", "--timeout", "2s"], &no_smtp, 1),
        (&["--relay-certificate", "key.pem"], &mx, 2),
        (&["--relay-certificate", "both.pem", "--relay-key", "broken.pem"], &mx, 2),
        (&["--relay-certificate", &key], &mx, 2),
        (&["--relay-certificate", "both.pem", "--relay-key", &key], &mx, 2),
        (&["--relay-key", &key], &mx, 2),
    ];
    for (words, host, code) in cases {
        for more in [&["-v"][..], &["--format", "json"], &["--format", "markdown", "--share"], &["--plan"]] {
            let mut command = nest.program();
            command.args(["probe-send", "--via", "relay", "--config", "nest.toml", "--smart-host", host]);
            command.args(words).args(more).args(["--timeout", "5s"].iter().filter(|_| !words.contains(&"--timeout")));
            if !more.contains(&"--plan") {
                command.args(["--record", "recording"]);
            }
            let output = command.output().expect("the program starts");
            let name = format!("{} {more:?} at {host}", words[1].lines().next().unwrap_or_default());
            let recorded = std::fs::read(nest.file("recording")).unwrap_or_default();
            let _ = std::fs::remove_file(nest.file("recording"));
            for text in [&output.stdout, &output.stderr, &recorded] {
                let text = String::from_utf8_lossy(text);
                assert!(!text.contains("panicked"), "{name}: {text}");
                hidden.not_in(&name, &text);
            }
            let wanted = if code == 2 || !more.contains(&"--plan") { code } else { 0 };
            let seen = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(wanted), "{name}: {seen}");
        }
    }
    // Typed where the name of a file belongs, or a domain: the complaint repeats none of it.
    for case in [["explain", &key], ["check-dns", &key], ["sandbox", &key]] {
        let output = nest.program().args(case).output().expect("the program starts");
        for text in [&output.stdout, &output.stderr] {
            hidden.not_in(case[0], &String::from_utf8_lossy(text));
        }
        assert_eq!(output.status.code(), Some(2), "{}", case[0]);
    }
}

/// A mail server that offers STARTTLS and then talks no TLS; it ends with the process.
fn broken_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut octets = [0; 4096];
            for says in ["220 a ESMTP\r\n", "250-a\r\n250 STARTTLS\r\n", "220 go\r\n", "500 no TLS here\r\n"] {
                if stream.write_all(says.as_bytes()).is_err() || !matches!(stream.read(&mut octets), Ok(1..)) {
                    break;
                }
            }
        }
    });
    format!("localhost:{}", at.port())
}

/// The process list is for everybody, so a secret stands there only where the user wrote it.
#[cfg(target_os = "linux")]
#[test]
fn the_process_list_shows_a_secret_only_where_it_was_typed() {
    let nest = Nest::new(|story| drop(within(story, "wire").insert("smtp_silent_at".to_owned(), "banner".into())));
    for source in SOURCES {
        let mut made = nest.program();
        made.args(["--config", "nest.toml", "checkup"]);
        give(&nest, &mut made, source);
        // assert_cmd waits for the end; here the program is looked at while it runs.
        let mut command = std::process::Command::new(made.get_program());
        command.args(made.get_args()).current_dir(nest.folder.path());
        for (name, value) in made.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(CANARY.as_bytes()).ok();
        // Its words stand there a moment after it began.
        while std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "{source}: it ended too soon");
        }
        let mut lines = Vec::new();
        for id in [child.id()].into_iter().chain(children(child.id())) {
            lines.push(std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let all = String::from_utf8_lossy(&lines.concat()).into_owned();
        assert!(all.contains("checkup"), "{source}: it ended too soon: {all}");
        let typed = source == "secret from the command line";
        assert_eq!(all.contains(CANARY), typed, "{source}: {all}");
        assert!(!all.contains(&nest.token), "{source}: {all}");
    }
}

#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// A proxy that says in its refusal what it was sent.
fn echoing_proxy(status: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut octet = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut octet).is_ok_and(|length| length == 1) {
                head.push(octet[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let login = head.lines().find_map(|line| line.split_once("Basic ")).map(|(_, login)| login.to_owned());
            let login =
                login.or_else(|| Some(head.to_lowercase().split_once("basic ")?.1.to_owned())).unwrap_or_default();
            let login = login.trim();
            let plain = STANDARD.decode(login).map(|octets| String::from_utf8_lossy(&octets).into_owned());
            let plain = plain.unwrap_or_default();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} you sent {login} and {plain}\r\nProxy-Authenticate: {plain} realm=\"{login}\"\r\n\
                 Content-Length: 0\r\n\r\n"
            );
        }
    });
    port
}

#[test]
fn the_password_of_a_proxy_does_not_show() {
    let nest = Nest::new(|_| ());
    let password = "pAsSwOrD~/&=+canary";
    let encoded: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let proxies = [
        format!("http://me:{encoded}@127.0.0.1:{}", echoing_proxy("407")),
        format!("http://me:{encoded}@127.0.0.1:{}", echoing_proxy("502")),
        format!("http://me:{encoded}@127.0.0.1:{closed}"),
        format!("socks5://me:{encoded}@127.0.0.1:{}", echoing_proxy("502")),
        format!("socks5://me:{encoded}@127.0.0.1:{closed}"),
        format!("ftp://me:{encoded}@127.0.0.1:{closed}"),
    ];
    let login = STANDARD.encode(format!("me:{password}"));
    for proxy in &proxies {
        for arguments in ["checkup -v", "checkup --format json", "checkup --plan", "probe-send --format markdown"] {
            let mut command = nest.program();
            command.args(["--config", "nest.toml", "--timeout", "10s", "--record", "recording"]);
            command.args(arguments.split(' ')).env("O365DOCTOR_PROXY", proxy);
            // A token that is at hand lets the dialogue begin without the login service.
            give(&nest, &mut command, "token from a file");
            let output = command.output().unwrap();
            let recorded = std::fs::read(nest.file("recording")).unwrap_or_default();
            let _ = std::fs::remove_file(nest.file("recording"));
            for text in [&output.stdout, &output.stderr, &recorded] {
                let text = String::from_utf8_lossy(text);
                for hidden in [password, &encoded, &login] {
                    assert!(!text.contains(hidden), "{arguments} through {proxy}: {}", around(&text, hidden));
                }
            }
        }
    }
}

#[test]
fn a_panic_message_holds_no_secret() {
    let read = || -> Result<(), Secret> { Err(Secret::new(CANARY)) };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let panicked = std::panic::catch_unwind(|| read().unwrap());
    std::panic::set_hook(hook);
    let message = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("[secret]") && !message.contains("cAnArY"), "{message}");
}

// ---------------------------------------------------------------- properties

/// A secret that is no part of the words that stand in its place.
fn secrets() -> impl Strategy<Value = String> {
    "[ -~é\u{1F600}]{4,60}".prop_filter("part of the mask's own words", |secret| {
        !"[masked] [masked 0123456789 octets]".contains(&secret.to_lowercase())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_of_a_secret_passes_the_mask(secret in secrets(), before in ".{0,40}", after in ".{0,40}") {
        let mut mask = Mask::default();
        mask.add(&Secret::new(secret.clone()));
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::to_string(&secret).unwrap();
        let json = json[1..json.len() - 1].to_owned();
        for form in [secret.clone(), form.clone(), form.replace('+', "%20"), form.to_lowercase(), json, STANDARD.encode(&secret)] {
            let shown = mask.apply(&format!("{before}{form}{after}"));
            prop_assert!(!shown.contains(&form), "{form} passes as {shown}");
        }
    }

    #[test]
    fn no_piece_of_a_token_passes_the_mask(token in "[A-Za-z0-9_-]{40,200}", from in 0_usize..30, more in 12_usize..40) {
        let mut mask = Mask::default();
        mask.add(&Secret::new(token.clone()));
        let piece = &token[from..(from + more).min(token.len())];
        prop_assume!(piece.len() >= 12);
        let shown = mask.apply(&format!("535-5.7.3 {piece}"));
        prop_assert!(!shown.contains(piece), "{piece} passes as {shown}");
        let blob = STANDARD.encode(format!("user=a@b\u{1}auth=Bearer {token}\u{1}\u{1}"));
        // In the middle of the blob, where all is the token's.
        let piece = &blob[40..60];
        let shown = mask.apply(piece);
        prop_assert!(!shown.contains(piece), "{piece} passes as {shown}");
    }

    #[test]
    fn what_is_no_secret_stays(text in "[a-z .,\n\u{e9}]{0,200}", secret in "[0-9]{12,40}") {
        let mut mask = Mask::default();
        mask.add(&Secret::new(secret));
        prop_assume!(text.split([' ', '.', ',', '\n', '\u{e9}']).all(|word| word.len() < 40));
        prop_assert_eq!(mask.apply(&text), text);
    }

    #[test]
    fn what_is_printable_steers_nothing(text in any::<String>(), marks in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}]{0,8}") {
        let text = format!("{text}{marks}{text}");
        let shown = printable(&text);
        let steering = |c: char| c.is_control() || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}".contains(c);
        prop_assert!(!shown.contains(steering));
        prop_assert_eq!(printable(&shown), shown.clone());
        let lines = printable_lines(&text);
        prop_assert_eq!(lines.matches('\n').count(), text.matches('\n').count());
        prop_assert!(!lines.contains(|c| steering(c) && c != '\n'));
        if !text.contains(steering) {
            prop_assert_eq!(shown, text);
        }
    }
}
