//! HTTPS connections for the web services: handshakes run side by side, so that a slow one holds up nobody.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::serve::{Door, Wire};

/// A handshake takes two round trips.
const HANDSHAKE: Duration = Duration::from_secs(20);

type Connection = TlsStream<Box<dyn Wire>>;

/// Connections whose handshake is done.
pub(super) struct TlsDoor {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
}

impl TlsDoor {
    pub(super) fn open(listener: TcpListener, tls: Arc<ServerConfig>, rtt: Duration) -> TlsDoor {
        let (sender, ready) = mpsc::channel(64);
        let door = Door::new(listener, rtt);
        let acceptor = TlsAcceptor::from(tls);
        tokio::spawn(async move {
            loop {
                let connection = tokio::select! {
                    connection = door.next() => connection,
                    () = sender.closed() => return,
                };
                let (stream, peer, place) = connection;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let _place = place;
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        TlsDoor { ready }
    }
}

impl axum::serve::Listener for TlsDoor {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The door is closed for good; the service is dropped, not ended.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, 0).into())
    }
}
