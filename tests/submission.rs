//! The limits of a mailbox that sends, met by a client that is not ours: sessions that are held open.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use o365doctor::sandbox::{self, Sandbox, Scenario};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const ALICE: &str = "alice@contoso.test";

/// A session that is logged in.
struct Session(BufReader<TlsStream<TcpStream>>);

/// Says a line, if there is one, and reads the whole reply: its last line.
async fn ask(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, line: &str) -> String {
    if !line.is_empty() {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("a connection");
        stream.flush().await.expect("a connection");
    }
    loop {
        let mut reply = String::new();
        assert!(stream.read_line(&mut reply).await.expect("a reply") > 0, "it closed the connection");
        if reply.as_bytes().get(3) != Some(&b'-') {
            return reply.trim_end().to_owned();
        }
    }
}

impl Session {
    async fn open(sandbox: &Sandbox) -> Session {
        let plain = TcpStream::connect(sandbox.addresses().smtp).await.expect("a server");
        let mut plain = BufReader::new(plain);
        ask(&mut plain, "").await;
        ask(&mut plain, "EHLO client.contoso.test").await;
        assert!(ask(&mut plain, "STARTTLS").await.starts_with("220 "));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().as_bytes()).expect("a certificate")).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions of TLS").with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let secured = TlsConnector::from(Arc::new(config)).connect(name, plain.into_inner()).await;
        let mut session = BufReader::new(secured.expect("TLS"));
        ask(&mut session, "EHLO client.contoso.test").await;
        let token = sandbox.word("token");
        let blob = STANDARD.encode(format!("user={ALICE}\u{1}auth=Bearer {token}\u{1}\u{1}"));
        let reply = ask(&mut session, &format!("AUTH XOAUTH2 {blob}")).await;
        assert!(reply.starts_with("235 "), "{reply}");
        Session(session)
    }

    async fn send(&mut self) -> String {
        for line in [format!("MAIL FROM:<{ALICE}>"), "RCPT TO:<bob@contoso.test>".to_owned()] {
            let reply = ask(&mut self.0, &line).await;
            assert!(reply.starts_with("250 "), "{line}: {reply}");
        }
        assert!(ask(&mut self.0, "DATA").await.starts_with("354 "));
        ask(&mut self.0, &format!("From: {ALICE}\r\nSubject: one of many\r\n\r\nHello\r\n.")).await
    }
}

#[tokio::test]
async fn the_fourth_session_at_a_time_is_put_off_and_goes_on_when_another_has_ended() {
    let scenario = Scenario::named("person-smtp-healthy").expect("a scenario");
    let sandbox = sandbox::start(scenario, &sandbox::Options::default()).await.expect("a free port");
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(Session::open(&sandbox).await);
    }
    let put_off = sessions[3].send().await;
    assert_eq!(put_off, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded");
    for session in &mut sessions[..3] {
        assert!(session.send().await.starts_with("250 "));
    }
    assert_eq!(sandbox.deliveries(), 3);
    let mut first = sessions.remove(0);
    assert!(ask(&mut first.0, "QUIT").await.starts_with("221 "));
    // The server has ended the session once it has closed the connection.
    let mut rest = String::new();
    let _ = first.0.read_line(&mut rest).await;
    let again = sessions[2].send().await;
    assert!(again.starts_with("250 "), "{again}");
    assert_eq!(sandbox.mailbox("bob@contoso.test").len(), 4);
}
