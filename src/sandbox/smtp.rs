//! The three services that speak SMTP as Exchange Online does: submission, High Volume Email, and the mail exchanger.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::serve::Door;
use super::session::{Manner, Session};

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, state: Shared, rtt: Duration, manner: Manner) {
    let door = Door::new(listener, rtt);
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let (stream, peer, place) = door.next().await;
        let (acceptor, state, manner) = (acceptor.clone(), state.clone(), manner.clone());
        tokio::spawn(async move {
            let _place = place;
            Session::new(stream, peer, acceptor, state, manner).run().await;
        });
    }
}
