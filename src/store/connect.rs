//! Opening the store, and bringing its schema up to date.

use super::Place;
use crate::error::{Error, Result};
use secrecy::ExposeSecret;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, AssertSqlSafe, Executor, Row, SqlSafeStr, Transaction};
use std::str::FromStr;
use std::time::Duration;

/// The migrations, in order, each for PostgreSQL and for SQLite. Never changed once released: a store
/// that was made with one keeps its number and its checksum.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "the queue, its history and the daemons",
        include_str!("migrations/postgres_1.sql"),
        include_str!("migrations/sqlite_1.sql"),
    ),
    (
        2,
        "reports and their delivery",
        include_str!("migrations/postgres_2.sql"),
        include_str!("migrations/sqlite_2.sql"),
    ),
    (
        3,
        "sizes and bloat over time",
        include_str!("migrations/postgres_3.sql"),
        include_str!("migrations/sqlite_3.sql"),
    ),
];

/// The schema of our tables in PostgreSQL.
const SCHEMA: &str = "repackd_store";

/// Connections at most. Statements are short; more would only be more sockets.
const CONNECTIONS: u32 = 4;

/// How long one is waited for. Longer than a statement takes, shorter than a lease lasts.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long an answer is waited for: a session's own limits do not help if its server is gone without a
/// word.
const ANSWER: Duration = Duration::from_secs(20);

/// What every session of PostgreSQL's begins with, whatever the role or the database says. A store
/// that hangs shall be found out within a lease.
const MANNERS: &str = "SET search_path = repackd_store; SET statement_timeout = '8s';
    SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '8s';
    SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on";

/// How often opening is tried when another daemon is just making the same tables.
const TRIES: u32 = 5;

/// The dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Sqlite,
}

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) pool: AnyPool,
    dialect: Dialect,
    place: String,
}

impl Store {
    /// Opens it, making it or bringing it up to date if need be. A store of a newer repackd is refused.
    pub async fn open(place: &Place) -> Result<Self> {
        let mut tried = 1;
        loop {
            match Self::try_open(place).await {
                Err(error @ Error::StoreSchema { .. }) => return Err(error),
                Err(_) if tried < TRIES && place.exists() => {}
                other => return other,
            }
            tokio::time::sleep(Duration::from_millis(100) * tried).await;
            tried += 1;
        }
    }

    async fn try_open(place: &Place) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let name = place.describe();
        let failed = |reason: String| Error::Store { place: name.clone(), reason };
        let (dialect, url) = match place {
            Place::Postgres(database) => {
                let url = database.url().map_err(failed)?;
                (Dialect::Postgres, url.expose_secret().to_owned())
            }
            Place::File(path) => {
                if let Some(directory) = path.parent() {
                    make_directory(directory)
                        .map_err(|e| failed(format!("{}: {e}", directory.display())))?;
                }
                let path = path.to_str().ok_or_else(|| failed("its path is not UTF-8".into()))?;
                // What would end the path in a URL.
                let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                (Dialect::Sqlite, format!("sqlite://{path}?mode=rwc"))
            }
        };
        let options = AnyConnectOptions::from_str(&url).map_err(|e| failed(words(&e)))?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(Duration::from_secs(300))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let manners = match dialect {
                        Dialect::Postgres => MANNERS,
                        // Readers and the writer do not wait for each other.
                        Dialect::Sqlite => "PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 8000",
                    };
                    connection.execute(manners).await.map(drop)
                })
            })
            .connect_with(options)
            .await
            .map_err(|e| failed(words(&e)))?;
        let store = Self { pool, dialect, place: name };
        store.migrate().await?;
        Ok(store)
    }

    /// Refuses a schema that this program does not know, and adds what is missing to one it does.
    async fn migrate(&self) -> Result<()> {
        if self.dialect == Dialect::Postgres {
            // Not IF NOT EXISTS alone, which asks for CREATE on the database even if it is there.
            let there =
                "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'repackd_store'";
            let count: i64 = self.one(there).await?.get(0);
            if count == 0 {
                self.run(&format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}")).await?;
            }
        }
        if let Some((version, description)) = self.newest().await?
            && version > known()
        {
            return Err(Error::StoreSchema {
                place: self.place.clone(),
                version,
                description,
                known: known(),
            });
        }
        let migrations = MIGRATIONS.iter().map(|(version, name, postgres, sqlite)| {
            let sql = match self.dialect {
                Dialect::Postgres => *postgres,
                Dialect::Sqlite => *sqlite,
            };
            Migration::new(
                *version,
                (*name).into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        let migrator = Migrator::with_migrations(migrations.collect());
        let failed = |e: sqlx::migrate::MigrateError| Error::Store {
            place: self.place.clone(),
            reason: format!("its tables cannot be brought up to date: {e}"),
        };
        migrator.run(&self.pool).await.map_err(failed)
    }

    /// The newest migration that was applied.
    async fn newest(&self) -> Result<Option<(i64, String)>> {
        let there = match self.dialect {
            Dialect::Postgres => {
                "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'repackd_store' AND tablename = '_sqlx_migrations'"
            }
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
        };
        let count: i64 = self.one(there).await?.get(0);
        if count == 0 {
            return Ok(None);
        }
        let newest =
            "SELECT version, description FROM _sqlx_migrations ORDER BY version DESC LIMIT 1";
        let row = sqlx::query(newest).fetch_optional(&self.pool).await;
        Ok(row.map_err(self.failed())?.map(|row| (row.get(0), row.get(1))))
    }

    /// Where it is, without secrets.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Gives its connections back.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The statement in this store's dialect: `{now}` is its clock, `{skip}` ends a SELECT that claims.
    pub(super) fn sql(&self, statement: &str) -> AssertSqlSafe<String> {
        let (now, skip) = match self.dialect {
            Dialect::Postgres => (
                "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
                "FOR UPDATE OF q SKIP LOCKED",
            ),
            // There is one writer, and it has begun: nobody has anything locked.
            Dialect::Sqlite => ("CAST(unixepoch('subsec') * 1000 AS INTEGER)", ""),
        };
        AssertSqlSafe(statement.replace("{now}", now).replace("{skip}", skip))
    }

    /// A transaction that writes. SQLite takes its lock at once: one that began by reading could not
    /// be waited for later.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>> {
        let begin = match self.dialect {
            Dialect::Postgres => "BEGIN",
            Dialect::Sqlite => "BEGIN IMMEDIATE",
        };
        self.pool.begin_with(begin).await.map_err(self.failed())
    }

    async fn one(&self, statement: &'static str) -> Result<AnyRow> {
        sqlx::query(statement).fetch_one(&self.pool).await.map_err(self.failed())
    }

    async fn run(&self, statement: &str) -> Result<()> {
        let done = self.pool.execute(AssertSqlSafe(statement.to_owned())).await;
        done.map(drop).map_err(self.failed())
    }

    /// Turns what went wrong into ours.
    pub(super) fn failed(&self) -> impl Fn(sqlx::Error) -> Error {
        let place = self.place.clone();
        move |error| Error::Store { place: place.clone(), reason: words(&error) }
    }

    /// What is said of a store that gave no answer within this time.
    pub fn silent(&self, time: Duration) -> Error {
        let reason = format!("no answer within {} s", time.as_secs());
        Error::Store { place: self.place.clone(), reason }
    }

    /// Waits for an answer, but not for ever.
    pub async fn bounded<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(ANSWER, answer).await;
        answer.unwrap_or_else(|_| Err(self.silent(ANSWER)))
    }

    /// The time of the store, in milliseconds.
    pub async fn now(&self) -> Result<i64> {
        let row = sqlx::query(self.sql("SELECT {now}")).fetch_one(&self.pool).await;
        Ok(row.map_err(self.failed())?.get(0))
    }
}

/// The number of the last migration that this program has.
fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

/// Whether a statement failed because another transaction had the better claim: unique_violation,
/// serialization_failure, deadlock_detected, lock_not_available; and SQLite's for the first of them.
pub(super) fn is_contended(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|c| ["23505", "40001", "40P01", "55P03", "2067"].contains(&&*c))
}

fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(e) => match e.code() {
            Some(code) => format!("{} ({code})", e.message()),
            None => e.message().to_owned(),
        },
        sqlx::Error::PoolTimedOut => {
            format!("no connection within {} s", PATIENCE.as_secs())
        }
        other => other.to_string(),
    }
}

/// For its owner alone: the names of tables and what went wrong with them are nobody else's business.
fn make_directory(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
