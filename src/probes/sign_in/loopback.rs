//! Waits on the loopback for the browser to come back (RFC 8252 section 7.3).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::code::{Authorization, Redirected};

/// A port of this computer that nobody else can reach.
pub struct Loopback {
    v4: TcpListener,
    /// Browsers that take `localhost` for `::1` first come here.
    v6: Option<TcpListener>,
}

/// A browser's request with its cookies; a longer one is none of ours.
const LONGEST_REQUEST: usize = 32 * 1024;
/// A browser writes its request at once.
const PATIENCE: Duration = Duration::from_secs(10);

impl Loopback {
    /// Takes a free port.
    ///
    /// # Errors
    /// As the system says.
    pub async fn bind() -> io::Result<Loopback> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, v4.local_addr()?.port())).await.ok();
        Ok(Loopback { v4, v6 })
    }

    /// The address to be sent back to. Of a loopback address the login service compares no port (Microsoft Learn, "Redirect
    /// URI restrictions and limitations").
    ///
    /// # Errors
    /// As the system says.
    pub fn redirect(&self) -> io::Result<String> {
        Ok(format!("http://localhost:{}", self.v4.local_addr()?.port()))
    }

    /// Waits for the answer to a question. What is no answer to it is turned away, and the waiting goes on.
    pub async fn answer(&self, asked: &Authorization) -> Redirected {
        loop {
            let Ok(stream) = self.accept().await else { continue };
            // Another program may hold its connection open; the browser's must not wait behind it for long.
            if let Ok(Some(answer)) = tokio::time::timeout(PATIENCE, attend(stream, asked)).await {
                return answer;
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let v6 = async {
            match &self.v6 {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let (stream, _) = tokio::select! {
            accepted = self.v4.accept() => accepted?,
            accepted = v6 => accepted?,
        };
        Ok(stream)
    }
}

async fn attend(mut stream: TcpStream, asked: &Authorization) -> Option<Redirected> {
    let head = read_head(&mut stream).await?;
    let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let answer = if path == "/" { asked.read(query) } else { Redirected::Nothing };
    let (status, words) = match &answer {
        Redirected::Code(_) => ("200 OK", "You have signed in. The program goes on; this page can be closed."),
        Redirected::Refused(_) => ("200 OK", "The sign-in was refused. The program says why; this page can be closed."),
        Redirected::Foreign => ("400 Bad Request", "This answers another question than the one that was asked."),
        Redirected::Nothing => ("404 Not Found", "There is nothing here."),
    };
    let page = page(words);
    let head = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
                Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n";
    let text = format!("HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\n\r\n{page}", page.len());
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
    matches!(answer, Redirected::Code(_) | Redirected::Refused(_)).then_some(answer)
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&part[..read]);
        if head.len() > LONGEST_REQUEST {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

fn page(words: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>o365doctor</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>:root{{color-scheme:light dark}}\
         body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem}}</style></head>\
         <body><h1>o365doctor</h1><p>{words}</p></body></html>"
    )
}
