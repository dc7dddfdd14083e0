//! Session settings: whatever the role, the database or the URL says, these hold on every
//! connection repackd opens.

use super::{Server, Session, connect};
use crate::error::{Error, Result};
use crate::names::ident;
use std::time::Duration;

/// Settings that a default of the role or database must not decide ("Client Connection Defaults",
/// PostgreSQL manual 20.11). Those a server does not know are passed over.
const SETTINGS: &[(&str, &str)] = &[
    // Index builds and verification take as long as the table is large; each is bounded otherwise.
    ("statement_timeout", "0"),
    // Should this process freeze inside a transaction, its locks do not outlive it by much.
    ("idle_in_transaction_session_timeout", "60s"),
    ("idle_session_timeout", "0"),
    ("transaction_timeout", "0"),
    // No lock is waited for without a bound. Cutover and capture set shorter ones.
    ("lock_timeout", "10s"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // With an empty path, every name comes back from the catalog qualified and nobody's function
    // or operator can stand in for PostgreSQL's own.
    ("search_path", ""),
    ("default_tablespace", ""),
    ("temp_tablespaces", ""),
    ("default_table_access_method", "heap"),
    // Makes a policy that would filter our reads an error.
    ("row_security", "off"),
    ("session_replication_role", "origin"),
    ("check_function_bodies", "off"),
    // Text forms that are compared or hashed must be the same in all sessions.
    ("extra_float_digits", "1"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("escape_string_warning", "off"),
    ("client_min_messages", "warning"),
    ("synchronize_seqscans", "off"),
    ("jit", "off"),
    // A worker for every look at the catalog would use up the budget of the cutover. The same
    // setting, before and since PostgreSQL 16.
    ("force_parallel_mode", "off"),
    ("debug_parallel_query", "off"),
    // Failed statements are part of the work.
    ("exit_on_error", "off"),
    // Progress that a crash takes back is done again, together with its record: WAL is replayed in
    // order. What is told as a fact asks for more: that a run was begun, its phases, and the exchange.
    // That one was removed needs no asking, since a COMMIT that deletes files waits for the disk anyway.
    ("synchronous_commit", "off"),
    // A server whose client is gone should stop working for it.
    ("client_connection_check_interval", "5s"),
    // And let go of its locks: nobody else can go on with a run while a session that is only waiting for
    // its next statement has the advisory lock, which by the usual two hours of idleness it would. In
    // seconds; on a socket they mean nothing. The last, in milliseconds, is for a reply that nobody
    // acknowledges.
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60000"),
];

/// What a session of ours has a setting at.
pub fn ours(setting: &str) -> &'static str {
    SETTINGS.iter().find(|(name, _)| *name == setting).map_or("", |(_, value)| value)
}

/// Opens a session with these settings. `name` shows up as `application_name`.
pub async fn open(server: &Server, name: &str) -> Result<Session> {
    let session = connect(server, name).await?;
    apply(&session).await?;
    Ok(session)
}

/// Sets them on a connection just made.
///
/// `session_replication_role` and `client_connection_check_interval` may be refused (the first
/// wants a superuser, the second a Linux server), so each of these is tried by itself.
pub async fn apply(session: &Session) -> Result<()> {
    const OPTIONAL: &[&str] = &["session_replication_role", "client_connection_check_interval"];
    let (optional, required): (Vec<_>, Vec<_>) =
        SETTINGS.iter().partition(|(name, _)| OPTIONAL.contains(name));
    let (names, values): (Vec<&str>, Vec<&str>) = required.into_iter().copied().unzip();
    // First of all, or a path that the role or database has could put somebody's lower() before
    // PostgreSQL's own.
    session
        .batch_execute("SELECT pg_catalog.set_config('search_path', '', false)")
        .await
        .map_err(Error::sql("setting up the session"))?;
    session
        .query(
            "SELECT pg_catalog.set_config(v.name, v.value, false)
             FROM unnest($1::text[], $2::text[]) AS v(name, value)
             JOIN pg_catalog.pg_settings s ON lower(s.name) = lower(v.name)
             WHERE s.setting IS DISTINCT FROM v.value",
            &[&names, &values],
        )
        .await
        .map_err(Error::sql("setting up the session"))?;
    for (name, value) in optional {
        let set = session
            .execute(
                "SELECT pg_catalog.set_config($1, $2, false) FROM pg_catalog.pg_settings
                 WHERE name = $1 AND setting IS DISTINCT FROM $2",
                &[name, value],
            )
            .await;
        if let Err(error) = set
            && error.code().is_none()
        {
            return Err(Error::sql("setting up the session")(error));
        }
    }
    Ok(())
}

/// Works as `role` from here on.
pub async fn become_role(session: &Session, role: &str) -> Result<()> {
    session
        .batch_execute(&format!("SET ROLE {}", ident(role)))
        .await
        .map_err(Error::sql(format!("becoming role {role}")))
}

/// Sets how long this session waits for a lock.
pub async fn lock_timeout(session: &Session, timeout: Duration) -> Result<()> {
    session
        .batch_execute(&format!("SET lock_timeout = {}", timeout.as_millis().max(1)))
        .await
        .map_err(Error::sql("setting lock_timeout"))
}
