//! `--proxy` for HTTPS and for the mail port: CONNECT and SOCKS5, let through and refused.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Output;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

type Seen = Arc<Mutex<Vec<String>>>;

async fn checkup(proxy: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("O365DOCTOR_")) {
        command.env_remove(name);
    }
    let args = ["probe-send", "--cloud", "sandbox", "--format", "json", "--timeout", "20s", "--proxy", proxy];
    command.args(args).output().await.unwrap()
}

fn finding<'a>(report: &'a serde_json::Value, check: &str) -> &'a serde_json::Value {
    report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == check).unwrap()
}

fn report(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A proxy for CONNECT; with a login, it answers 407 to whoever does not say it.
async fn connect_proxy(login: Option<&'static str>) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let seen_there = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = seen_there.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                seen.lock().unwrap().push(head.lines().next().unwrap().to_owned());
                if login.is_some_and(|login| !head.contains(login)) {
                    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n\
                                   Proxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
                    return client.write_all(refusal.as_bytes()).await;
                }
                let mut server = TcpStream::connect(target).await?;
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                copy_bidirectional(&mut client, &mut server).await.map(|_| ())
            });
        }
    });
    (address, seen)
}

/// A SOCKS5 proxy without login (RFC 1928), for names and IPv4 addresses.
async fn socks_proxy() -> (SocketAddr, Seen) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let seen_there = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = seen_there.clone();
            tokio::spawn(async move {
                let mut hello = [0; 2];
                client.read_exact(&mut hello).await?;
                let mut methods = vec![0; usize::from(hello[1])];
                client.read_exact(&mut methods).await?;
                client.write_all(&[5, 0]).await?;
                let mut request = [0; 4];
                client.read_exact(&mut request).await?;
                let host = if request[3] == 3 {
                    let mut name = vec![0; usize::from(client.read_u8().await?)];
                    client.read_exact(&mut name).await?;
                    String::from_utf8(name).unwrap()
                } else {
                    let mut ip = [0; 4];
                    client.read_exact(&mut ip).await?;
                    Ipv4Addr::from(ip).to_string()
                };
                let port = client.read_u16().await?;
                seen.lock().unwrap().push(format!("{host}:{port}"));
                let mut server = TcpStream::connect((host.as_str(), port)).await?;
                client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await?;
                copy_bidirectional(&mut client, &mut server).await.map(|_| ())
            });
        }
    });
    (address, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn https_and_the_mail_port_go_through_a_connect_proxy() {
    let (address, seen) = connect_proxy(None).await;
    let output = checkup(&format!("http://{address}")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report = report(&output);
    let seen = seen.lock().unwrap().clone();
    let smtp = report["facts"]["smtp"]["server"].as_str().unwrap();
    assert!(seen.contains(&format!("CONNECT {smtp} HTTP/1.1")), "{seen:?}");
    assert!(seen.len() >= 2, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_a_proxy_is_said_and_never_shown() {
    // base64 of `someone:pr0xy-canary`
    let (address, _) = connect_proxy(Some("c29tZW9uZTpwcjB4eS1jYW5hcnk=")).await;
    let output = checkup(&format!("http://someone:pr0xy-canary@{address}")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        assert!(!text.contains("pr0xy-canary") && !text.contains("c29tZW9uZTpwcjB4eS1jYW5hcnk"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_a_login_is_named_with_what_it_offers() {
    let (address, _) = connect_proxy(Some("Proxy-Authorization: never")).await;
    let output = checkup(&format!("http://{address}")).await;
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    for check in ["entra.reach", "smtp.reach"] {
        assert_eq!(finding(&report, check)["cause"], "proxy-authentication-required", "{check}");
    }
    let seen = finding(&report, "smtp.reach")["evidence"].to_string();
    assert!(seen.contains("Negotiate, NTLM"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_and_the_mail_port_go_through_a_socks_proxy() {
    let (address, seen) = socks_proxy().await;
    let output = checkup(&format!("socks5h://{address}")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report = report(&output);
    let smtp = report["facts"]["smtp"]["server"].as_str().unwrap().to_owned();
    assert!(seen.lock().unwrap().contains(&smtp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there_is_a_finding() {
    // Bound and not listening: the port refuses, and nobody else can take it meanwhile.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = held.local_addr().unwrap();
    let output = checkup(&format!("http://{address}")).await;
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    assert_eq!(finding(&report, "smtp.reach")["cause"], "proxy-refused");
    assert_eq!(finding(&report, "entra.reach")["cause"], "proxy-refused");
}
