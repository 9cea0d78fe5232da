//! A port that answers nobody, as where a firewall drops the packets: a listener that nobody serves, its queue full.
//! Linux drops the first packet of whoever comes then; other systems may refuse it.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// The queue of the smallest backlog holds one or two, by system; more than enough are tried.
const MOST: usize = 16;
/// On the loopback a handshake takes far less; whatever takes longer was dropped.
const PATIENCE: Duration = Duration::from_millis(200);

/// The port, as long as it is held.
pub(super) struct Filtered {
    listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Filtered {
    pub(super) async fn start(bind: Ipv4Addr) -> std::io::Result<Filtered> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((bind, 0).into())?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        for _ in 0..MOST {
            match timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => queued.push(stream),
                _ => break,
            }
        }
        Ok(Filtered { listener, _queued: queued })
    }

    pub(super) fn port(&self) -> u16 {
        self.listener.local_addr().map(|address| address.port()).unwrap_or_default()
    }
}
