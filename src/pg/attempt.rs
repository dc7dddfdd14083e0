//! One attempt to connect to one address.

use super::explain::{self, Context};
use super::password::Password;
use super::session::Session;
use super::tls::Tls;
use crate::config::{Host, Server, SslMode};
use secrecy::ExposeSecret;
use std::net::IpAddr;
use tokio_postgres::config::{SslMode as Encryption, SslNegotiation};

/// Why an attempt failed, and whether another host or address is worth trying.
#[derive(Debug)]
pub(super) enum Failure {
    /// The next may do.
    Next(String),
    /// The next would say the same.
    Final(String),
}

/// Connects to one address of a host; `None` is the host's socket.
pub(super) async fn attempt(
    server: &Server,
    host: &Host,
    address: Option<IpAddr>,
    application_name: &str,
    password: &Password,
    tls: &Tls,
) -> Result<Session, Failure> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&host.name)
        .port(host.port)
        .user(&server.user)
        .dbname(&server.database)
        .application_name(application_name)
        .channel_binding(server.channel_binding);
    if let Some(address) = address {
        config.hostaddr(address);
    }
    if let Some(secret) = &password.secret {
        config.password(secret.expose_secret());
    }
    if let Some(options) = &server.options {
        config.options(options);
    }
    if let Some(time) = server.connect_timeout {
        config.connect_timeout(time);
    }
    if let Some(time) = server.tcp_user_timeout {
        config.tcp_user_timeout(time);
    }
    match server.keepalives {
        Some(keepalives) => config
            .keepalives(true)
            .keepalives_idle(keepalives.idle)
            .keepalives_interval(keepalives.interval)
            .keepalives_retries(keepalives.count),
        None => config.keepalives(false),
    };
    if server.tls.direct && !host.is_socket() {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    config.ssl_mode(match server.tls.mode {
        // There is no TLS on sockets, whatever sslmode says.
        _ if host.is_socket() => Encryption::Disable,
        SslMode::Disable => Encryption::Disable,
        SslMode::Prefer => Encryption::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Encryption::Require,
    });
    let context = Context { server, host, password, roots: &tls.roots };
    let error = match open(&config, server, tls).await {
        Ok(session) => return Ok(session),
        Err(error) => error,
    };
    // As libpq: prefer goes on without TLS where TLS is what failed or what is not let in.
    if config.get_ssl_mode() == Encryption::Prefer && explain::tls_may_be_the_cause(&error) {
        config.ssl_mode(Encryption::Disable);
        match open(&config, server, tls).await {
            Ok(session) => return Ok(session),
            Err(plain) => {
                let (with, without) = (context.reason(&error), context.reason(&plain));
                return Err(context.failure(&plain, format!("{with}; without TLS: {without}")));
            }
        }
    }
    Err(context.failure(&error, context.reason(&error)))
}

async fn open(
    config: &tokio_postgres::Config,
    server: &Server,
    tls: &Tls,
) -> Result<Session, tokio_postgres::Error> {
    let (client, connection) = config.connect(tls.connector.clone()).await?;
    Session::start(client, connection, tls.connector.clone(), server).await
}
