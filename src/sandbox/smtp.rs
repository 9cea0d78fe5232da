//! SMTP submission as Exchange Online speaks it: banner, EHLO before and after STARTTLS, XOAUTH2 under TLS only.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::serve::Door;
use super::session::Session;

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, state: Shared, rtt: Duration) {
    let door = Door::new(listener, rtt);
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let (stream, peer, place) = door.next().await;
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::spawn(async move {
            let _place = place;
            Session::new(stream, peer, acceptor, state).run().await;
        });
    }
}
