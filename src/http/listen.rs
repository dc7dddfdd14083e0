//! A listener of a bounded number of connections.
//!
//! A client that says nothing, or reads nothing, for a while is hung up on. When all places are taken, a
//! new client gets that of the one that was silent for longest: whoever opens connections and leaves them
//! keeps neither people nor probes out.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How long a client may be silent, or leave unread what it is sent.
const SILENCE: Duration = Duration::from_secs(30);

/// How long to wait after an error of `accept`, such as too many open files.
const BREATH: Duration = Duration::from_millis(200);

/// Where a client is.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

/// The listener.
pub struct Bounded {
    tcp: TcpListener,
    address: SocketAddr,
    places: Arc<Places>,
}

struct Places {
    most: usize,
    taken: Mutex<Vec<Arc<Place>>>,
}

struct Place {
    heard: Mutex<Instant>,
    leave: CancellationToken,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, Vec<Arc<Place>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new client.
    fn take(&self) -> Arc<Place> {
        let place =
            Arc::new(Place { heard: Mutex::new(Instant::now()), leave: CancellationToken::new() });
        let mut taken = self.taken();
        if taken.len() >= self.most
            && let Some(silent) = (0..taken.len()).min_by_key(|i| taken[*i].heard())
        {
            taken.swap_remove(silent).leave.cancel();
        }
        taken.push(Arc::clone(&place));
        place
    }
}

impl Place {
    fn heard(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, now: Instant) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Bounded {
    /// Listens, for so many clients at most.
    pub async fn bind(at: SocketAddr, most: usize) -> io::Result<Self> {
        let tcp = TcpListener::bind(at).await?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, places: Arc::new(Places { most, taken: Mutex::default() }) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for Bounded {
    type Io = Client;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Client, SocketAddr) {
        loop {
            match self.tcp.accept().await {
                Ok((tcp, from)) => {
                    let _ = tcp.set_nodelay(true);
                    let place = self.places.take();
                    let leave = Box::pin(place.leave.clone().cancelled_owned());
                    let patience = Box::pin(tokio::time::sleep(SILENCE));
                    let places = Arc::clone(&self.places);
                    return (Client { tcp, place, places, leave, patience }, from);
                }
                Err(e) => {
                    tracing::debug!("a client could not be let in: {e}");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection in its place.
pub struct Client {
    tcp: TcpStream,
    place: Arc<Place>,
    places: Arc<Places>,
    leave: Pin<Box<WaitForCancellationFutureOwned>>,
    patience: Pin<Box<Sleep>>,
}

impl Client {
    /// What came of reading or writing; an error if the client has to go.
    fn attend<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.leave.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if poll.is_ready() {
            let now = Instant::now();
            self.place.hear(now);
            self.patience.as_mut().reset(now + SILENCE);
            return poll;
        }
        ready!(self.patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.places.taken().retain(|place| !Arc::ptr_eq(place, &self.place));
    }
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.tcp).poll_read(context, into);
        self.attend(context, poll)
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.attend(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.tcp).poll_write_vectored(context, bytes);
        self.attend(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silent_one_makes_room() {
        let places = Places { most: 2, taken: Mutex::default() };
        let start = Instant::now();
        let [first, second] = [0, 1].map(|n| {
            let place = places.take();
            place.hear(start + Duration::from_millis(n));
            place
        });
        first.hear(start + Duration::from_millis(5));
        let third = places.take();
        assert!(second.leave.is_cancelled() && !first.leave.is_cancelled());
        assert!(!third.leave.is_cancelled());
        assert_eq!(places.taken().len(), 2);
    }
}
