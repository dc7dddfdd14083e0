//! Connecting: the hosts in their order, each address of a host in its order.

use super::attempt::{Failure, attempt};
use super::session::Session;
use super::{password, tls};
use crate::config::{Host, Server, SessionAttrs};
use crate::error::{Error, Result};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::Duration;
use tokio_postgres::SimpleQueryMessage;

/// Connects to a server.
///
/// `application_name` is what the session is called in `pg_stat_activity`.
pub async fn connect(server: &Server, application_name: &str) -> Result<Session> {
    // Sockets have no TLS, so nothing of it has to be in order for them.
    let encrypts = server.hosts.iter().any(|host| !host.is_socket());
    let tls = tls::prepare(&server.tls, encrypts).map_err(|message| Error::Config {
        file: None,
        line: None,
        message,
    })?;
    let mut hosts: Vec<_> = server.hosts.iter().collect();
    if server.load_balance {
        // A fresh hasher is all the randomness this needs.
        let random = RandomState::new();
        hosts.sort_by_cached_key(|host| random.hash_one((&host.name, host.port)));
    }
    let rounds = match server.target {
        SessionAttrs::PreferStandby => vec![SessionAttrs::Standby, SessionAttrs::Any],
        target => vec![target],
    };
    let mut reasons: Vec<String> = Vec::new();
    for wanted in rounds {
        reasons.clear();
        for host in &hosts {
            let reason = match host_session(server, host, application_name, &tls, wanted).await {
                Ok(session) => return Ok(session),
                Err(Failure::Final(reason)) => return Err(unreachable(server, reason)),
                Err(Failure::Next(reason)) => reason,
            };
            reasons.push(match hosts.len() {
                1 => reason,
                _ => format!("{host}: {reason}"),
            });
        }
    }
    Err(unreachable(server, reasons.join("; ")))
}

fn unreachable(server: &Server, reason: String) -> Error {
    Error::Unreachable { target: server.describe(), reason }
}

/// Connects to one host.
async fn host_session(
    server: &Server,
    host: &Host,
    application_name: &str,
    tls: &tls::Tls,
    wanted: SessionAttrs,
) -> Result<Session, Failure> {
    let addresses = addresses(host, server.connect_timeout).await.map_err(Failure::Next)?;
    let password = password::fetch(server, host).await.map_err(Failure::Final)?;
    let mut reasons = Vec::new();
    for address in addresses {
        let tried = async {
            let session = attempt(server, host, address, application_name, &password, tls).await?;
            suits(session, wanted).await
        };
        let tried = match server.connect_timeout {
            Some(time) => tokio::time::timeout(time, tried).await.unwrap_or_else(|_| {
                Err(Failure::Next(format!("no answer within {} s", time.as_secs())))
            }),
            None => tried.await,
        };
        match tried {
            Ok(session) => return Ok(session),
            Err(Failure::Final(reason)) => return Err(Failure::Final(reason)),
            Err(Failure::Next(reason)) if reasons.contains(&reason) => {}
            Err(Failure::Next(reason)) => reasons.push(reason),
        }
    }
    Err(Failure::Next(reasons.join("; ")))
}

/// The addresses to try for a host; `None` stands for its socket.
async fn addresses(host: &Host, time: Option<Duration>) -> Result<Vec<Option<IpAddr>>, String> {
    if host.is_socket() || host.address.is_some() {
        return Ok(vec![host.address]);
    }
    let lookup = tokio::net::lookup_host((host.name.as_str(), host.port));
    let found = match time {
        Some(time) => tokio::time::timeout(time, lookup)
            .await
            .map_err(|_| format!("looking up the address of {} took too long", host.name))?,
        None => lookup.await,
    };
    let found: Vec<_> = found
        .map_err(|e| format!("the address of {} is not to be had: {e}", host.name))?
        .map(|address| Some(address.ip()))
        .collect();
    match found.is_empty() {
        true => Err(format!("{} has no address", host.name)),
        false => Ok(found),
    }
}

/// Whether a session is of the kind that `target_session_attrs` asks for.
async fn suits(session: Session, wanted: SessionAttrs) -> Result<Session, Failure> {
    if wanted == SessionAttrs::Any {
        return Ok(session);
    }
    let query = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::boolean";
    let messages =
        session.simple_query(query).await.map_err(|e| Failure::Next(super::explain::chain(&e)))?;
    let state = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0) == Some("t"), row.get(1) == Some("t"))),
        _ => None,
    });
    let (standby, read_only) = state.unwrap_or_default();
    let problem = match wanted {
        SessionAttrs::ReadWrite if read_only => "the session is read-only",
        SessionAttrs::ReadOnly if !read_only => "the session is not read-only",
        SessionAttrs::Primary if standby => "the server is a standby",
        SessionAttrs::Standby if !standby => "the server is not a standby",
        _ => return Ok(session),
    };
    Err(Failure::Next(format!("{problem}, which target_session_attrs does not allow")))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Environment};

    #[test]
    fn connecting_can_be_spawned() {
        fn is_send<T: Send>(_: &T) {}
        let config = Config::from_url_in(Some("host=h user=u"), &Environment::default()).unwrap();
        is_send(&super::connect(&config.connections[0].server, "test"));
    }
}
