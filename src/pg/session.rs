//! An open connection.

use crate::config::Server;
use crate::error::{Error, Result, Verdict};
use crate::failpoint::Role;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// An open connection, driven in the background until it is dropped or lost.
///
/// Dereferences to the [`Client`].
pub struct Session {
    client: Arc<Client>,
    #[cfg_attr(not(feature = "failpoints"), expect(dead_code, reason = "for failpoints"))]
    driver: tokio::task::AbortHandle,
    pid: i32,
    server_started: Option<String>,
    tls: MakeRustlsConnect,
    target: String,
    timeout: Option<Duration>,
}

impl Session {
    /// Takes over a connection that has just been made.
    pub(super) async fn start(
        client: Client,
        connection: Connection<Socket, TlsStream>,
        tls: MakeRustlsConnect,
        server: &Server,
    ) -> Result<Self, tokio_postgres::Error> {
        let target = server.describe();
        let driver = drive(connection, target.clone());
        let messages = client
            .simple_query(
                "SELECT pg_catalog.pg_backend_pid(), extract(epoch FROM pg_catalog.pg_postmaster_start_time())",
            )
            .await?;
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let pid = row.and_then(|row| row.get(0)?.parse().ok());
        Ok(Self {
            client: Arc::new(client),
            driver,
            pid: pid.unwrap_or_default(),
            server_started: row.and_then(|row| row.get(1)).map(str::to_owned),
            tls,
            target,
            timeout: server.connect_timeout,
        })
    }

    /// Fails unless both are sessions of one server. Where a connection names several, or balances its
    /// load, one may have led to a standby: the locks and snapshots seen there are not those that count.
    pub async fn is_beside(&self, other: &Self) -> Result<()> {
        if self.server_started == other.server_started {
            return Ok(());
        }
        // Or the server was started anew since, which this session may not have noticed yet.
        let there = self.client.simple_query("").await;
        if let Err(e) = there.map_err(Error::sql("looking whether the server is still there"))
            && e.verdict() == Verdict::Resume
        {
            return Err(e);
        }
        Err(Error::Other(format!(
            "{} leads to more than one server, and what a session sees on one says nothing about another: name one host, or set target_session_attrs = read-write",
            self.target
        )))
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks the server to cancel what this session is doing, over a connection of the same kind.
    /// That it was asked does not mean that anything was cancelled.
    pub async fn cancel(&self) -> Result<()> {
        let failed = |reason: String| Error::Unreachable {
            target: self.target.clone(),
            reason: format!("the cancel request failed: {reason}"),
        };
        let token = self.client.cancel_token();
        let request = token.cancel_query(self.tls.clone());
        let done = match self.timeout {
            Some(time) => tokio::time::timeout(time, request)
                .await
                .map_err(|_| failed(format!("no answer within {} s", time.as_secs())))?,
            None => request.await,
        };
        done.map_err(|error| failed(super::explain::chain(&error)))
    }

    /// Whether the connection is known to be gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The process id of the server's side, as in `pg_stat_activity`.
    pub fn backend_pid(&self) -> i32 {
        self.pid
    }

    /// Lets failpoints act on this session under this role.
    #[cfg(feature = "failpoints")]
    pub fn expose(&self, role: Role) {
        let (client, driver) = (Arc::downgrade(&self.client), self.driver.clone());
        crate::failpoint::register(
            role,
            crate::failpoint::Handle { client, driver, pid: self.pid },
        );
    }

    /// Nothing, in a release.
    #[cfg(not(feature = "failpoints"))]
    pub fn expose(&self, _: Role) {}

    /// Host, port, database and user, without secrets.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, pid {})", self.target, self.pid)
    }
}

/// The encrypted stream of a [`MakeRustlsConnect`], whose own name for it is private.
pub(super) type TlsStream =
    <<MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect as TlsConnect<Socket>>::Stream;

/// Does the reading and writing of a connection until the client is dropped or the server gone.
fn drive(
    mut connection: Connection<Socket, TlsStream>,
    target: String,
) -> tokio::task::AbortHandle {
    let driver = tokio::spawn(async move {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    tracing::debug!(%target, severity = notice.severity(), "{}", notice.message());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    tracing::debug!(%target, "connection lost: {}", super::explain::chain(&error));
                    break;
                }
                None => break,
            }
        }
    });
    driver.abort_handle()
}
