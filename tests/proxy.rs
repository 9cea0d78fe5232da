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

/// A SOCKS5 proxy (RFC 1928) for names and IPv4 addresses; with a login, whoever says none or another is turned away
/// (RFC 1929).
async fn socks_proxy(login: Option<(&'static str, &'static str)>) -> (SocketAddr, Seen) {
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
                if let Some((user, password)) = login {
                    if !methods.contains(&2) {
                        return client.write_all(&[5, 0xff]).await;
                    }
                    client.write_all(&[5, 2]).await?;
                    let _version = client.read_u8().await?;
                    let mut said = Vec::new();
                    for _ in 0..2 {
                        let mut text = vec![0; usize::from(client.read_u8().await?)];
                        client.read_exact(&mut text).await?;
                        said.push(String::from_utf8(text).unwrap());
                    }
                    let right = said == [user, password];
                    client.write_all(&[1, u8::from(!right)]).await?;
                    if !right {
                        return Ok(());
                    }
                } else {
                    client.write_all(&[5, 0]).await?;
                }
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
    for check in ["entra.reach", "smtp.reach"] {
        let seen = finding(&report, check)["evidence"].to_string();
        assert!(seen.contains("Negotiate, NTLM"), "{check}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_a_proxy_refuses_is_not_said_again_to_learn_its_offer() {
    let (address, seen) = connect_proxy(Some("Proxy-Authorization: never")).await;
    let output = checkup(&format!("http://someone:wrong-canary@{address}")).await;
    let report = report(&output);
    assert!(finding(&report, "entra.reach")["evidence"].to_string().contains("it offers: Negotiate, NTLM"));
    let asked = seen.lock().unwrap().len();
    assert!(asked >= 3, "{asked}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("wrong-canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn https_and_the_mail_port_go_through_a_socks_proxy() {
    let (address, seen) = socks_proxy(None).await;
    let output = checkup(&format!("socks5h://{address}")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let report = report(&output);
    let smtp = report["facts"]["smtp"]["server"].as_str().unwrap().to_owned();
    assert!(seen.lock().unwrap().contains(&smtp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_that_wants_a_login_gets_it_or_is_named() {
    let (address, seen) = socks_proxy(Some(("someone", "s0cks-canary"))).await;
    let output = checkup(&format!("socks5h://someone:s0cks-canary@{address}")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(seen.lock().unwrap().len() >= 2);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("s0cks-canary"));
    for login in ["", "someone:else@"] {
        let output = checkup(&format!("socks5h://{login}{address}")).await;
        assert_eq!(output.status.code(), Some(1));
        let report = report(&output);
        for check in ["entra.reach", "smtp.reach"] {
            let cause = &finding(&report, check)["cause"];
            assert_eq!(cause, "proxy-authentication-required", "{login} {check} {report:#}");
        }
    }
}

/// `check-token` of a cloud whose login service is behind the proxies that these variables name.
async fn with_environment(variables: &[(&str, &str)], more: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("lab.toml");
    std::fs::write(&config, "[cloud.lab]\nlogin = 'https://login.nowhere.invalid'\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    for (name, _) in std::env::vars() {
        let lower = name.to_lowercase();
        if lower.starts_with("o365doctor_") || lower.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    let app = "3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70";
    command.args(["check-token", "--cloud", "lab", "--tenant", "contoso.test", "--client-id", app, "--timeout", "20s"]);
    command.arg("--config").arg(config).args(more).env("O365DOCTOR_CLIENT_SECRET", "wYd8Q~invented.value-of.no-worth");
    command.envs(variables.iter().copied()).output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_named_when_it_refuses_and_shown_in_the_plan() {
    let json = ["--format", "json"];
    let (address, seen) = connect_proxy(Some("Proxy-Authorization: never")).await;
    let proxy = format!("http://{address}");
    let answer = report(&with_environment(&[("HTTPS_PROXY", &proxy)], &json).await);
    assert_eq!(finding(&answer, "entra.reach")["cause"], "proxy-authentication-required", "{answer:#}");
    assert!(finding(&answer, "entra.reach")["evidence"].to_string().contains("Negotiate, NTLM"));
    let heard = seen.lock().unwrap().len();

    let plan = with_environment(&[("HTTPS_PROXY", &proxy)], &["--plan"]).await;
    assert_eq!(plan.status.code(), Some(0));
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.contains(&format!("the proxy {address} of the environment")), "{plan}");

    // Whoever is excepted goes without it, and the name is not there.
    let around = [("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", "nowhere.invalid")];
    let answer = report(&with_environment(&around, &json).await);
    let cause = finding(&answer, "entra.reach")["cause"].as_str().unwrap().to_owned();
    assert!(["host-not-found", "resolver-failure"].contains(&cause.as_str()), "{cause}");
    let plan = with_environment(&around, &["--plan"]).await;
    assert!(!String::from_utf8_lossy(&plan.stdout).contains("of the environment"));
    assert_eq!(seen.lock().unwrap().len(), heard, "neither the plan nor the exception asked the proxy");

    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let proxy = format!("http://{}", held.local_addr().unwrap());
    let answer = report(&with_environment(&[("HTTPS_PROXY", &proxy)], &json).await);
    assert_eq!(finding(&answer, "entra.reach")["cause"], "proxy-refused", "{answer:#}");
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
