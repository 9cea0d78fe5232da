//! A home without a past, a tenant in this process, and servers that nobody may talk to.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TENANT: &str = "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a10";
pub(crate) const CLIENT: &str = "3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70";
pub(crate) const OBJECT: &str = "9d41e7b2-5c08-4f63-a7d9-0b3e8f6c1a20";
pub(crate) const OTHER: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "wYd8Q~sandbox.secret_value-of.no-worth.xK3";
pub(crate) const MAILBOX: &str = "app@contoso.test";

/// A user's home that holds nothing but what a test puts there, and is gone afterwards.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path("work")).unwrap();
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that only its owner can touch.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// The program in an empty environment, in an empty folder, with nothing on standard input.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        command.env_clear();
        for name in ["PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.0.path()).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("USERPROFILE", self.0.path()).env("APPDATA", self.path("config"));
        command.current_dir(self.path("work")).args(args).write_stdin("");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&mut self.command(args))
    }
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) {}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(command: &mut Command) -> Ended {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Ended {
            code: status.code().expect("it ended by itself"),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The finding of a check.
    #[track_caller]
    pub(crate) fn finding(&self, check: &str) -> Value {
        let report = self.json();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("no {check} in {report:#}")).clone()
    }

    #[track_caller]
    pub(crate) fn outcome(&self, check: &str) -> (String, String) {
        let finding = self.finding(check);
        let word = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        (word("outcome"), word("cause"))
    }

    /// The run was refused: one message, on standard error, that names the place and the page.
    #[track_caller]
    pub(crate) fn refused(&self, place: &str, cause: Option<&str>) {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.out, "", "standard output is for the report");
        let first = self.err.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(place), "`{place}` is not named: {self:?}");
        assert_eq!(self.err.matches("error: ").count(), 1, "{self:?}");
        assert!(self.err.ends_with("Nothing was sent.\n"), "{self:?}");
        match cause {
            Some(cause) => assert!(self.err.contains(&format!("[{cause}]")), "{cause}: {self:?}"),
            None => assert!(!self.err.contains("  cause: "), "{self:?}"),
        }
    }
}

/// Servers that listen and must hear nothing.
pub(crate) struct Silent {
    tcp: TcpListener,
    udp: UdpSocket,
}

impl Silent {
    pub(crate) fn new() -> Silent {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_nonblocking(true).unwrap();
        Silent { tcp, udp }
    }

    /// `[cloud.lab]` whose every host is one of these.
    pub(crate) fn cloud(&self) -> String {
        let (tcp, udp) = (self.tcp.local_addr().unwrap(), self.udp.local_addr().unwrap());
        format!("[cloud.lab]\nlogin = 'https://{tcp}'\ngraph = 'https://{tcp}'\nsmtp = '{tcp}'\ndns = '{udp}'\n")
    }

    /// Whether anybody came.
    pub(crate) fn heard(&self) -> bool {
        let quiet = |e: &std::io::Error| e.kind() == ErrorKind::WouldBlock;
        let tcp = self.tcp.accept().map(|_| ());
        let udp = self.udp.recv(&mut [0; 64]).map(|_| ());
        ![tcp, udp].iter().all(|heard| heard.as_ref().is_err_and(quiet))
    }
}

/// A profile with every word that a checkup needs.
pub(crate) fn profile(name: &str, more: &str) -> String {
    format!(
        "[profile.{name}]\ncloud = 'lab'\ntenant = '{TENANT}'\nclient_id = '{CLIENT}'\nmailbox = '{MAILBOX}'\n{more}\n"
    )
}

/// A tenant that runs in this process, so that a test can look into its mailboxes.
pub(crate) struct Lab {
    runtime: tokio::runtime::Runtime,
    pub(crate) sandbox: Sandbox,
    pub(crate) home: Home,
}

impl Lab {
    pub(crate) fn healthy() -> Lab {
        Lab::with("")
    }

    /// A tenant with differences, in the words of a scenario; its cloud is `lab` in the file `lab.toml`.
    pub(crate) fn with(differences: &str) -> Lab {
        let scenario: Scenario = toml::from_str(differences).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(sandbox::start(scenario, &Options::default())).unwrap();
        let home = Home::new();
        home.write("ca.pem", sandbox.ca_pem());
        let lab = Lab { runtime, sandbox, home };
        lab.configure(&format!("client_secret = '{SECRET}'"));
        lab
    }

    /// Writes the configuration anew, with these words in the profile.
    pub(crate) fn configure(&self, words: &str) {
        let addresses = self.sandbox.addresses();
        let cloud = format!(
            "default = 'main'\n[cloud.lab]\nlogin = 'https://localhost:{}'\nsmtp = 'localhost:{}'\ndns = '{}'\n\
             ca_file = 'ca.pem'\nmx_suffixes = ['.mail.protection.outlook.test']\n\
             spf_include = 'spf.protection.outlook.test'\nautodiscover = 'autodiscover.outlook.test'\n\
             dkim_suffixes = ['.dkim.mail.microsoft.test']\nmta_sts_port = {}\nname_server_port = {}\n",
            addresses.login.port(),
            addresses.smtp.port(),
            addresses.dns,
            addresses.login.port(),
            self.sandbox.name_servers().first().map_or(0, std::net::SocketAddr::port)
        );
        self.home.write("lab.toml", &(cloud + &profile("main", words)));
    }

    /// The program with this tenant's configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.arg("--config").arg(self.home.path("lab.toml"));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&mut self.command(args))
    }

    /// A token for Exchange, as any program would get it.
    pub(crate) fn token(&self) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("scope", "https://outlook.office365.com/.default"),
        ];
        let answer = self.ask(|client, base| client.post(format!("{base}/{TENANT}/oauth2/v2.0/token")).form(&form));
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The tenant's signing keys.
    pub(crate) fn keys(&self) -> Value {
        self.ask(|client, base| client.get(format!("{base}/{TENANT}/discovery/v2.0/keys")))
    }

    fn ask(&self, make: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder) -> Value {
        let ca = reqwest::Certificate::from_pem(self.sandbox.ca_pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        let base = format!("https://localhost:{}", self.sandbox.addresses().login.port());
        let request = make(&client, &base);
        self.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A JWT with this header and these claims, and a signature that nobody made.
pub(crate) fn jwt(header: &Value, claims: &Value) -> String {
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}

/// The claims of an app-only token for Exchange that opens SMTP, valid until the year 2100.
pub(crate) fn app_claims() -> Value {
    json!({
        "aud": "https://outlook.office365.com", "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT,
        "appid": CLIENT, "idtyp": "app", "oid": OBJECT, "sub": OBJECT, "roles": ["SMTP.SendAsApp"], "ver": "1.0",
        "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 4_102_444_800_i64,
    })
}

/// The claims of a person's token for the same API.
pub(crate) fn delegated_claims() -> Value {
    let mut claims = app_claims();
    let fields = claims.as_object_mut().unwrap();
    fields.remove("roles");
    fields.insert("idtyp".to_owned(), json!("user"));
    fields.insert("scp".to_owned(), json!("SMTP.Send"));
    fields.insert("upn".to_owned(), json!(MAILBOX));
    claims
}

/// `claims` with another value in one place.
pub(crate) fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

/// A token that decodes and is signed by nobody.
pub(crate) fn signed(claims: &Value) -> String {
    jwt(&json!({"typ": "JWT", "alg": "RS256", "kid": "k"}), claims)
}
