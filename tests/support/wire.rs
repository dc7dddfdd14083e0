//! A wire between repackd and its server that can be cut at any statement.
//!
//! It counts the statements of all connections together (what ends in `Query` or `Sync`, "Message
//! Formats", PostgreSQL manual 55.7). At the one that is meant it either does not pass the statement
//! on, or keeps the reply until the server has done its work.

use super::words;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// What happens at the statement that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing passes any more, on any connection; they close when the wire is dropped.
    All,
    /// The statement's own connection is closed.
    One,
}

/// Where.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The number of the statement, from 1; 0 means none.
    pub number: u64,
    /// Whether the server still does it.
    pub done: bool,
    /// And then.
    pub cut: Cut,
}

struct Shared {
    target: Target,
    port: u16,
    count: AtomicU64,
    reached: AtomicBool,
    /// Cancelled when nothing passes any more.
    cut: CancellationToken,
    /// Cancelled when all connections close.
    closed: CancellationToken,
}

/// The wire.
pub struct Wire {
    /// Where repackd is to connect to.
    pub port: u16,
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
}

impl Wire {
    /// One to a server on this machine.
    pub async fn start(port: u16, target: Target) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
        let here = listener.local_addr().map_err(words)?.port();
        let shared = Arc::new(Shared {
            target,
            port,
            count: AtomicU64::new(0),
            reached: AtomicBool::new(false),
            cut: CancellationToken::new(),
            closed: CancellationToken::new(),
        });
        let all = shared.clone();
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = all.clone();
                // Whichever side ends the connection, there is nobody to tell.
                tokio::spawn(async move {
                    let _ = connection(client, &shared).await;
                });
            }
        });
        Ok(Self { port: here, shared, listener })
    }

    /// Statements so far.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// Whether the statement that is meant has come by.
    pub fn is_reached(&self) -> bool {
        self.shared.reached.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listener.abort();
        self.shared.closed.cancel();
    }
}

async fn connection(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];
    let mut server = TcpStream::connect(("127.0.0.1", shared.port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    loop {
        let length = client.read_u32().await?;
        let code = client.read_u32().await?;
        if ENCRYPTION.contains(&code) {
            client.write_all(b"N").await?;
            continue;
        }
        let mut rest = vec![0; (length as usize).saturating_sub(8)];
        client.read_exact(&mut rest).await?;
        let head = [length.to_be_bytes(), code.to_be_bytes()].concat();
        server.write_all(&[head, rest].concat()).await?;
        break;
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let keep = AtomicBool::new(false);
    let target = shared.target;
    let mut there = async || -> std::io::Result<()> {
        loop {
            let message = message(&mut from_client).await?;
            if matches!(message[0], b'Q' | b'S')
                && shared.count.fetch_add(1, Ordering::Relaxed) + 1 == target.number
            {
                if !target.done {
                    return cut(shared);
                }
                keep.store(true, Ordering::Relaxed);
            }
            to_server.write_all(&message).await?;
        }
    };
    let mut back = async || -> std::io::Result<()> {
        loop {
            let message = message(&mut from_server).await?;
            if keep.load(Ordering::Relaxed) {
                if message[0] == b'Z' {
                    return cut(shared);
                }
                continue;
            }
            to_client.write_all(&message).await?;
        }
    };
    tokio::select! {
        ended = there() => ended?,
        ended = back() => ended?,
        () = shared.cut.cancelled() => {}
        () = shared.closed.cancelled() => {}
    }
    if shared.cut.is_cancelled() {
        shared.closed.cancelled().await;
    }
    Ok(())
}

/// Ends this connection, and all others if that is wanted.
fn cut(shared: &Shared) -> std::io::Result<()> {
    if shared.target.cut == Cut::All {
        shared.cut.cancel();
    }
    shared.reached.store(true, Ordering::Relaxed);
    Ok(())
}

/// One message, whole.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let kind = from.read_u8().await?;
    let length = from.read_u32().await?;
    let mut message = vec![kind];
    message.extend(length.to_be_bytes());
    let head = message.len();
    message.resize(head + (length as usize).saturating_sub(4), 0);
    from.read_exact(&mut message[head..]).await?;
    Ok(message)
}
