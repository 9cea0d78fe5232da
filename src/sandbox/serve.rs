//! What the listeners share: a bounded number of connections, and the network that lies in between.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

/// A stream that a service talks over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Connections that one service holds at a time; more wait.
const MOST: usize = 512;

/// Takes the next connection, with the network in between, when one of the places is free.
pub(super) struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    rtt: Duration,
}

impl Door {
    pub(super) fn new(listener: TcpListener, rtt: Duration) -> Door {
        Door { listener, places: Arc::new(Semaphore::new(MOST)), rtt }
    }

    pub(super) async fn next(&self) -> (Box<dyn Wire>, std::net::SocketAddr, OwnedSemaphorePermit) {
        loop {
            let place = self.places.clone().acquire_owned().await.expect("the semaphore is never closed");
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Without it Nagle's delay adds 40 ms to each answer.
                    let _ = stream.set_nodelay(true);
                    return (across(stream, self.rtt), peer, place);
                }
                // Out of file descriptors, or the peer went away: neither ends the service.
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// Puts a network of this round trip in between: each direction takes half of it, and the handshake of TCP, which the
/// kernel answers at once, a whole one.
fn across(stream: TcpStream, rtt: Duration) -> Box<dyn Wire> {
    if rtt.is_zero() {
        return Box::new(stream);
    }
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        sleep(rtt).await;
        let (from_client, to_client) = stream.into_split();
        let (from_service, to_service) = tokio::io::split(far);
        tokio::join!(late(from_client, to_service, rtt / 2), late(from_service, to_client, rtt / 2));
    });
    Box::new(near) as Box<DuplexStream>
}

/// Copies octets, each this much later than it came, keeping their distances.
async fn late(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let reading = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length) = from.read(&mut buffer).await {
            if length == 0 || sender.send((Instant::now() + delay, buffer[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((due, octets)) = receiver.recv().await {
            sleep_until(due).await;
            if to.write_all(&octets).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reading, writing);
}
