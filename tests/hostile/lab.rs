//! A laboratory on the loopback: a login service, a submission server and a resolver that misbehave as told, and the
//! program run against them through a `[cloud.lab]` table.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Nothing here takes that long unless the program hangs.
pub(crate) const GUARD: Duration = Duration::from_mins(1);
/// More than any report needs, and a hundredth of what a hostile server can send.
pub(crate) const MOST_OUTPUT: usize = 256 * 1024;
/// An access token of the opaque kind.
pub(crate) const TOKEN: &str = "EwBwA8l6BAAUopaquetokenofthelaboratoryEwBwA8l6BAAUopaquetokenofthelaboratory";

/// An inbox that opens.
const INBOX: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><m:GetFolderResponse \
     xmlns:m='http://schemas.microsoft.com/exchange/services/2006/messages'><m:ResponseMessages>\
     <m:GetFolderResponseMessage ResponseClass='Success'><m:ResponseCode>NoError</m:ResponseCode>\
     </m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse></s:Body></s:Envelope>";

/// How a server behaves where an answer is due.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Says nothing and holds the connection.
    Silent,
    /// Closes the connection.
    Close,
    /// Says this, then closes.
    Say(Vec<u8>),
    /// Says this, then nothing more.
    Hold(Vec<u8>),
    /// Says this, then goes on as a healthy server.
    Reply(Vec<u8>),
    /// Says the first, then the second one octet at a time, again and again.
    Drip(Vec<u8>, Vec<u8>),
    /// Says the first, then the second as fast as it can, again and again.
    Flood(Vec<u8>, Vec<u8>),
}

/// What answers a web request: its head and body to octets.
pub(crate) type Answer = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What the login service does.
#[derive(Clone)]
pub(crate) enum Web {
    /// Misbehaves where TLS is due.
    BeforeTls(Manner),
    /// Misbehaves in answer to every request.
    Misbehaves(Manner),
    /// Answers.
    Answers(Answer),
    /// An EWS that is there and whose inbox opens, and that misbehaves in answer to the operation of this name.
    Ews(&'static str, Manner),
}

/// Where the submission server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    Banner,
    Ehlo,
    Starttls,
    Handshake,
    SecondEhlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Message,
}

/// What answers a DNS question over UDP; an empty list: nothing.
pub(crate) type Names = Arc<dyn Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync>;

/// What the servers are to do.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) web: Web,
    pub(crate) smtp: Option<(At, Manner)>,
    /// What stands in the place of the second EHLO answer's AUTH line.
    pub(crate) auth_line: &'static str,
    /// What the server of IMAP and POP does under TLS.
    pub(crate) mailbox: Manner,
    pub(crate) names: Names,
    pub(crate) dns_tcp: Manner,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            web: Web::Misbehaves(Manner::Close),
            smtp: None,
            auth_line: "AUTH LOGIN XOAUTH2",
            mailbox: Manner::Close,
            names: Arc::new(|_| Vec::new()),
            dns_tcp: Manner::Close,
        }
    }
}

/// What the servers saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) web: AtomicUsize,
    pub(crate) elsewhere: AtomicUsize,
    pub(crate) smtp: AtomicUsize,
    pub(crate) auth: AtomicUsize,
    pub(crate) data: AtomicUsize,
    pub(crate) messages: AtomicUsize,
    pub(crate) requests: Mutex<Vec<String>>,
}

pub(crate) fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

fn up(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

/// The running servers.
pub(crate) struct Lab {
    runtime: Option<Runtime>,
    folder: tempfile::TempDir,
    pub(crate) elsewhere: SocketAddr,
    pub(crate) seen: Arc<Seen>,
}

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Lab {
    pub(crate) fn start(plan: &Plan) -> Lab {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let seen = Arc::new(Seen::default());
        let (pem, acceptor) = authority();
        let (login, smtp, dns, elsewhere) = runtime.block_on(listen(plan, &acceptor, &seen));
        let mailbox = runtime.block_on(listen_for_mailboxes(plan, &acceptor)).port();
        let config = format!(
            "default = 'lab'\n[cloud.lab]\nlogin = 'https://localhost:{0}'\ngraph = 'https://localhost:{0}'\news = 'https://localhost:{0}/EWS/Exchange.asmx'\nsmtp = 'localhost:{1}'\ndns = '{dns}'\n\
             imap = 'localhost:{mailbox}'\npop = 'localhost:{mailbox}'\n\
             ca_file = 'ca.pem'\nmx_suffixes = ['.mail.test']\nspf_include = 'spf.mail.test'\n\
             [profile.lab]\ncloud = 'lab'\nmailbox = 'app@contoso.test'\n",
            login.port(),
            smtp.port(),
        );
        for (name, text) in [("ca.pem", pem), ("lab.toml", config), ("token", TOKEN.to_owned())] {
            write_private(&folder.path().join(name), &text);
        }
        Lab { runtime: Some(runtime), folder, elsewhere, seen }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program against the servers.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = program(self.folder.path());
        command.arg("--config").arg(self.file("lab.toml")).args(arguments);
        ended(&mut command)
    }

    /// Sends the probe with a token that is at hand, so that nobody asks the login service.
    pub(crate) fn probe(&self, timeout: &str, more: &[&str]) -> Ended {
        let token = self.file("token");
        let mut arguments = vec!["probe-send", "--to", "bob@contoso.test", "--helo", "client.test", "--token-file"];
        arguments.extend([token.to_str().unwrap(), "--timeout", timeout]);
        arguments.extend(more);
        self.run(&arguments)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The program, with nothing of the user's own environment or configuration.
pub(crate) fn program(home: &std::path::Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    for (name, _) in std::env::vars_os() {
        let lower = name.to_string_lossy().to_lowercase();
        if lower.starts_with("o365doctor_") || lower.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).env("XDG_CONFIG_HOME", home).env("APPDATA", home).timeout(GUARD);
    command
}

/// Runs it to its end, which must come before the guard's.
pub(crate) fn ended(command: &mut assert_cmd::Command) -> Ended {
    let output = command.output().expect("the program starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("the report is UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn write_private(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).expect("sound parameters");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn listen(
    plan: &Plan,
    acceptor: &TlsAcceptor,
    seen: &Arc<Seen>,
) -> (SocketAddr, SocketAddr, SocketAddr, SocketAddr) {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (login, smtp, elsewhere) = (bind().await.unwrap(), bind().await.unwrap(), bind().await.unwrap());
    let (udp, tcp) = dns_sockets().await;
    let addresses = [login.local_addr(), smtp.local_addr(), udp.local_addr(), elsewhere.local_addr()];
    let [login_at, smtp_at, dns_at, elsewhere_at] = addresses.map(Result::unwrap);
    let (tls, web, noted) = (acceptor.clone(), plan.web.clone(), seen.clone());
    serve(login, move |stream| serve_web(stream, tls.clone(), web.clone(), noted.clone()));
    let (tls, plan_of_smtp, noted) = (acceptor.clone(), plan.clone(), seen.clone());
    serve(smtp, move |stream| serve_smtp(stream, tls.clone(), plan_of_smtp.clone(), noted.clone()));
    let noted = seen.clone();
    serve(elsewhere, move |stream| {
        up(&noted.elsewhere);
        perform(stream, Manner::Close)
    });
    let manner = plan.dns_tcp.clone();
    serve(tcp, move |stream| perform(stream, manner.clone()));
    tokio::spawn(serve_names(udp, plan.names.clone()));
    (login_at, smtp_at, dns_at, elsewhere_at)
}

async fn listen_for_mailboxes(plan: &Plan, acceptor: &TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tls, manner) = (acceptor.clone(), plan.mailbox.clone());
    serve(listener, move |stream| {
        let (tls, manner) = (tls.clone(), manner.clone());
        async move {
            if let Ok(stream) = tls.accept(stream).await {
                perform(stream, manner).await;
            }
        }
    });
    address
}

async fn dns_sockets() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

fn serve<F, W>(listener: TcpListener, work: F)
where
    F: Fn(TcpStream) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(work(stream));
        }
    });
}

async fn perform(stream: impl AsyncRead + AsyncWrite + Unpin, manner: Manner) {
    let mut stream = stream;
    let mut nothing = [0; 1024];
    match manner {
        Manner::Silent => while matches!(stream.read(&mut nothing).await, Ok(1..)) {},
        Manner::Close => {}
        Manner::Say(octets) | Manner::Reply(octets) => {
            let _ = stream.write_all(&octets).await;
            let _ = stream.shutdown().await;
        }
        Manner::Hold(octets) => {
            let _ = stream.write_all(&octets).await;
            let _ = stream.flush().await;
            while matches!(stream.read(&mut nothing).await, Ok(1..)) {}
        }
        Manner::Drip(first, again) => {
            let _ = stream.write_all(&first).await;
            for octet in again.iter().cycle() {
                if stream.write_all(&[*octet]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Manner::Flood(first, again) => {
            let _ = stream.write_all(&first).await;
            while stream.write_all(&again).await.is_ok() {}
        }
    }
}

async fn serve_web(stream: TcpStream, tls: TlsAcceptor, web: Web, seen: Arc<Seen>) {
    up(&seen.web);
    if let Web::BeforeTls(manner) = web {
        return perform(stream, manner).await;
    }
    let Ok(stream) = tls.accept(stream).await else { return };
    let mut stream = BufReader::new(stream);
    while let Some(request) = request(&mut stream).await {
        seen.requests.lock().unwrap().push(request.clone());
        match &web {
            Web::Answers(answer) => {
                let octets = answer(&request);
                if stream.write_all(&octets).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Web::Ews(operation, manner) if request.contains(&format!("<m:{operation}")) => {
                return perform(stream, manner.clone()).await;
            }
            Web::Ews(..) => {
                let body = if request.contains("<m:GetFolder") { INBOX } else { "" };
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
                if stream.write_all((head + body).as_bytes()).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Web::Misbehaves(manner) | Web::BeforeTls(manner) => return perform(stream, manner.clone()).await,
        }
    }
}

/// Head and body of a request.
async fn request(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

async fn serve_smtp(stream: TcpStream, tls: TlsAcceptor, plan: Plan, seen: Arc<Seen>) {
    up(&seen.smtp);
    let mut talk = Talk { stream: BufReader::new(stream), plan: plan.clone(), seen: seen.clone() };
    if talk.answer(At::Banner, "220 mail.test ready\r\n").await.is_none() {
        return;
    }
    while let Some(line) = talk.line().await {
        let going_on = match verb(&line) {
            "EHLO" => talk.answer(At::Ehlo, "250-mail.test\r\n250 STARTTLS\r\n").await,
            "STARTTLS" => {
                if talk.answer(At::Starttls, "220 go ahead\r\n").await.is_none() {
                    return;
                }
                break;
            }
            _ => talk.say(b"221 bye\r\n").await,
        };
        if going_on.is_none() {
            return;
        }
    }
    let stream = talk.stream.into_inner();
    if let Some((At::Handshake, manner)) = plan.smtp {
        return perform(stream, manner).await;
    }
    let Ok(stream) = tls.accept(stream).await else { return };
    let mut talk = Talk { stream: BufReader::new(stream), plan, seen };
    while let Some(line) = talk.line().await {
        if talk.under_tls(&line).await.is_none() {
            return;
        }
    }
}

fn verb(line: &str) -> &str {
    line.split([' ', '\r', '\n']).next().unwrap_or_default()
}

struct Talk<S> {
    stream: BufReader<S>,
    plan: Plan,
    seen: Arc<Seen>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn under_tls(&mut self, line: &str) -> Option<()> {
        match verb(line) {
            "EHLO" => {
                let lines = format!("250-mail.test\r\n250 {}\r\n", self.plan.auth_line);
                self.answer(At::SecondEhlo, &lines).await
            }
            "AUTH" => {
                up(&self.seen.auth);
                self.answer(At::Auth, "235 2.7.0 ok\r\n").await
            }
            "MAIL" => self.answer(At::Mail, "250 2.1.0 ok\r\n").await,
            "RCPT" => self.answer(At::Rcpt, "250 2.1.5 ok\r\n").await,
            "DATA" => {
                up(&self.seen.data);
                self.answer(At::Data, "354 go ahead\r\n").await?;
                if matches!(self.plan.smtp, Some((At::Data, _))) {
                    return Some(());
                }
                while self.line().await? != ".\r\n" {}
                up(&self.seen.messages);
                self.answer(At::Message, "250 2.0.0 taken\r\n").await
            }
            "QUIT" => {
                self.say(b"221 2.0.0 bye\r\n").await;
                None
            }
            _ => self.say(b"250 2.0.0 ok\r\n").await,
        }
    }

    async fn answer(&mut self, at: At, healthy: &str) -> Option<()> {
        let manner = self.plan.smtp.as_ref().filter(|(place, _)| *place == at).map(|(_, manner)| manner.clone());
        match manner {
            None => self.say(healthy.as_bytes()).await,
            Some(Manner::Reply(octets)) => self.say(&octets).await,
            Some(manner) => {
                perform(&mut self.stream, manner).await;
                None
            }
        }
    }

    async fn say(&mut self, octets: &[u8]) -> Option<()> {
        self.stream.write_all(octets).await.ok()?;
        self.stream.flush().await.ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        (self.stream.read_until(b'\n', &mut line).await.ok()? > 0).then(|| String::from_utf8_lossy(&line).into_owned())
    }
}

async fn serve_names(udp: UdpSocket, names: Names) {
    let mut question = [0; 4096];
    while let Ok((length, peer)) = udp.recv_from(&mut question).await {
        for answer in names(&question[..length]) {
            let _ = udp.send_to(&answer, peer).await;
        }
    }
}
