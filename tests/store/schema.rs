//! The schema: made once, brought forward, never taken back.

use super::{Own, equal};
use crate::support::{Outcome, words};
use repackd::error::Error;
use repackd::store::{Place, Store};

/// Daemons of a fleet that start at the same moment.
pub async fn opened_by_many(own: &Own) -> Outcome {
    let all = futures_util::future::join_all((0..8).map(|_| own.open())).await;
    let stores = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    for store in &stores {
        equal("entries", store.entries().await.map_err(words)?.len(), 0)?;
    }
    if let Place::File(path) = &own.place {
        use std::os::unix::fs::PermissionsExt;
        let directory = std::fs::metadata(path.parent().ok_or("no directory")?).map_err(words)?;
        equal("mode", directory.permissions().mode() & 0o777, 0o700)?;
    }
    Ok(())
}

pub async fn newer_is_refused(own: &Own) -> Outcome {
    let store = own.open().await?;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'a table of tomorrow', true, ";
    match &own.place {
        Place::File(path) => {
            let url = format!(
                "sqlite://{}",
                path.display().to_string().replace('#', "%23").replace('?', "%3F")
            );
            let pool = sqlx::SqlitePool::connect(&url).await.map_err(words)?;
            let statement = sqlx::AssertSqlSafe(format!("{newer} x'00', 0)"));
            sqlx::query(statement).execute(&pool).await.map_err(words)?;
        }
        Place::Postgres(database) => {
            use secrecy::ExposeSecret;
            let client = crate::support::client(database.url()?.expose_secret()).await?;
            let newer = newer.replace("_sqlx", "repackd_store._sqlx");
            client.batch_execute(&format!("{newer} '', 0)")).await.map_err(words)?;
        }
    }
    store.close().await;
    match Store::open(&own.place).await {
        Err(error @ Error::StoreSchema { .. }) => {
            let text = error.to_string();
            for part in ["99", "a table of tomorrow", "newer repackd", &own.place.describe()] {
                if !text.contains(part) {
                    return Err(format!("\"{part}\" is not in: {text}"));
                }
            }
            equal("exit status", error.exit_status(), 78)
        }
        other => Err(format!("{other:?}")),
    }
}

/// What cannot be opened says so, without the password.
pub async fn unreachable(own: &Own) -> Outcome {
    let place = match &own.place {
        Place::File(path) => Place::File(
            std::path::Path::new("/proc/nowhere").join(path.file_name().ok_or("no name")?),
        ),
        Place::Postgres(_) => {
            let port = crate::support::cluster::free_port()?;
            Place::Postgres(format!("postgres://me:hunter2@127.0.0.1:{port}/fleet").into())
        }
    };
    match Store::open(&place).await {
        Err(error @ Error::Store { .. }) if !error.to_string().contains("hunter2") => {
            if !error.to_string().contains(&place.describe()) {
                return Err(format!("it does not say where: {error}"));
            }
            equal("exit status", error.exit_status(), 75)
        }
        other => Err(format!("{other:?}")),
    }
}

/// A store that lacks what version 2 brought is brought forward, with all that is in it.
pub async fn brought_forward(own: &Own) -> Outcome {
    use repackd::names::QualifiedName;
    use repackd::store::{Record, Scope};
    let store = own.open().await?;
    let (table, ended) = (
        QualifiedName::new("public", "t"),
        Record { ending: "failed".into(), ..Record::default() },
    );
    store.record("a", &table, "me", std::time::Duration::ZERO, &ended).await.map_err(words)?;
    store.close().await;
    let back = [
        "DROP TABLE reports",
        "DROP TABLE alerts",
        "ALTER TABLE attempts DROP COLUMN told",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
    ];
    match &own.place {
        Place::File(path) => {
            let path = path.display().to_string().replace('#', "%23").replace('?', "%3F");
            let pool =
                sqlx::SqlitePool::connect(&format!("sqlite://{path}")).await.map_err(words)?;
            for statement in back {
                sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.map_err(words)?;
            }
            pool.close().await;
        }
        Place::Postgres(database) => {
            use secrecy::ExposeSecret;
            let client = crate::support::client(database.url()?.expose_secret()).await?;
            let all = format!("SET search_path = repackd_store; {}", back.join("; "));
            client.batch_execute(&all).await.map_err(words)?;
        }
    }
    let store = own.open().await?;
    equal("attempts", store.attempts(&Scope::default(), 10).await.map_err(words)?.len(), 1)?;
    let ended = store.ended(0, i64::MAX).await.map_err(words)?;
    equal("nothing told", ended[0].told.clone(), None)?;
    equal("reports", store.reports(10).await.map_err(words)?.len(), 0)
}
