//! What is measured rather than computed, and what measuring costs others.

use crate::support::wire::{Cut, Target, Wire};
use crate::support::{Database, Outcome, Server, words};
use repackd::bloat::probe::Probe;
use repackd::bloat::{self, Basis, Densities, Scope, TableBloat, Unknown};
use repackd::pg::{Session, settings};
use std::time::{Duration, Instant};

/// With indexes of which there is no formula.
const TABLE: &str = "
CREATE TABLE t (id bigint PRIMARY KEY, words text[], v text, place point) WITH (autovacuum_enabled = off);
INSERT INTO t SELECT i, ARRAY['a' || i % 500, 'b' || i % 70], repeat('v', i % 90), point(i, i % 300) FROM generate_series(1, 30000) i;
CREATE INDEX t_gin ON t USING gin (words);
CREATE INDEX t_hash ON t USING hash (id);
";
const HALF: &str = "DELETE FROM t WHERE id % 2 = 0";

async fn open(database: &Database, user: &str) -> Result<Session, String> {
    settings::open(&database.job(user).server, "test").await.map_err(words)
}

async fn look(
    session: &Session,
    database: &Database,
    densities: &Densities,
) -> Result<TableBloat, String> {
    if database.server.version < 15 {
        // There a process of its own collects the counters, and has them half a second later.
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    let oid = database.find("t").await?.oid;
    let scope = Scope { oids: vec![oid], least: 0 };
    let found = bloat::measure(session, &scope, densities).await.map_err(words)?;
    found.into_iter().next().ok_or_else(|| "t is not there".into())
}

/// Once measured, a table is held against that, its indexes of whatever kind, too.
pub async fn density(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    database.run("VACUUM ANALYZE t").await?;
    let session = open(&database, "postgres").await?;
    let table = database.find("t").await?;
    let measured = bloat::density(&session, table.oid).await.map_err(words)?;
    let measured = measured.ok_or("it is large enough to be measured")?;
    // As the daemon keeps it.
    let kept = serde_json::to_string(&measured).map_err(words)?;
    let mut densities = Densities::new();
    densities.insert(table.name.clone(), serde_json::from_str(&kept).map_err(words)?);
    database.run(HALF).await?;
    database.run("VACUUM ANALYZE t").await?;
    let found = look(&session, &database, &densities).await?;
    if found.heap.basis != Basis::Density
        || found.indexes.iter().any(|i| i.part.basis != Basis::Density)
    {
        return Err(format!("a density was measured: {found:#?}"));
    }
    for part in found.parts().filter(|part| part.bytes > 100_000) {
        let share = part.expected.unwrap_or(0) as f64 / part.bytes as f64;
        if (share - 0.5).abs() > 0.03 {
            return Err(format!("half of it is to gain: {part:?}"));
        }
    }
    // It says nothing of a table that has changed since.
    database.run("ALTER TABLE t ADD more int; ALTER INDEX t_pkey SET (fillfactor = 70)").await?;
    database.run("ANALYZE t").await?;
    let found = look(&session, &database, &densities).await?;
    let pkey = found.indexes.iter().find(|i| i.name == "t_pkey").ok_or("no t_pkey")?;
    if found.heap.basis != Basis::Statistics || pkey.part.basis != Basis::Statistics {
        return Err(format!("the density is of another table: {found:#?}"));
    }
    database.drop().await
}

/// Extensions are used if they are there and the login may use them.
pub async fn probes(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    database.run("ALTER TABLE t OWNER TO shape_owner").await?;
    let (admin, owner) =
        (open(&database, "postgres").await?, open(&database, "shape_owner").await?);
    if Probe::find(&admin).await.map_err(words)?.is_some() {
        return Err("there is no extension".into());
    }
    database
        .run("CREATE SCHEMA \"Ext \"; CREATE EXTENSION pg_freespacemap SCHEMA \"Ext \"; GRANT USAGE ON SCHEMA \"Ext \" TO PUBLIC")
        .await?;
    if Probe::find(&owner).await.map_err(words)?.is_some() {
        return Err("pg_freespace is not for everybody".into());
    }
    // Counters but no statistics, so that the formula has nothing to go by.
    database.run(HALF).await?;
    database.run("VACUUM t").await?;
    let unknown = look(&admin, &database, &Densities::new()).await?;
    if unknown.heap.basis != Basis::Unknown(Unknown::NeverAnalyzed) {
        return Err(format!("there are no statistics: {unknown:#?}"));
    }
    for (create, basis) in [
        ("SELECT 1", Basis::Freespace),
        ("CREATE EXTENSION pgstattuple SCHEMA \"Ext \"", Basis::Pgstattuple),
    ] {
        database.run(create).await?;
        let probe = Probe::find(&admin).await.map_err(words)?.ok_or("it is there")?;
        let mut found = unknown.clone();
        probe.look(&admin, &mut found).await.map_err(words)?;
        let ratio = found.heap.bloat().unwrap_or(0) as f64 / found.heap.bytes as f64;
        if found.heap.basis != basis || (ratio - 0.5).abs() > 0.1 {
            return Err(format!("{basis:?} has {ratio}: {found:#?}"));
        }
        // One that is locked is left as it was.
        let holder = database.client().await?;
        holder.batch_execute("BEGIN; LOCK TABLE t").await.map_err(words)?;
        let mut left = unknown.clone();
        probe.look(&admin, &mut left).await.map_err(words)?;
        holder.batch_execute("COMMIT").await.map_err(words)?;
        if left != unknown {
            return Err(format!("nobody could look: {left:#?}"));
        }
    }
    database.drop().await
}

/// A table that somebody has for himself is not waited for.
pub async fn locked(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    database.run(HALF).await?;
    database.run("VACUUM ANALYZE t").await?;
    let session = open(&database, "postgres").await?;
    let free = look(&session, &database, &Densities::new()).await?;
    let holder = database.client().await?;
    let oid = database.find("t").await?.oid;
    holder.batch_execute("BEGIN; LOCK TABLE t").await.map_err(words)?;
    let begun = Instant::now();
    let scope = Scope { oids: vec![oid], least: 0 };
    let found = bloat::measure(&session, &scope, &Densities::new()).await.map_err(words)?;
    let took = begun.elapsed();
    holder.batch_execute("COMMIT").await.map_err(words)?;
    if found.first().and_then(TableBloat::bloat) != free.bloat() || took > Duration::from_secs(5) {
        return Err(format!("after {took:?}: {found:#?}, not {free:#?}"));
    }
    database.drop().await
}

/// Has a session tell the server what it has counted.
async fn flush(client: &tokio_postgres::Client, version: u32) -> Outcome {
    if version >= 15 {
        client.batch_execute("SELECT pg_stat_force_next_flush()").await.map_err(words)?;
    }
    Ok(())
}

/// Milliseconds for which statements of a database were at work; 0 where a session cannot be made to tell.
async fn server_time(client: &tokio_postgres::Client, version: u32) -> Result<f64, String> {
    if version < 15 {
        return Ok(0.0);
    }
    let statement = "SELECT active_time FROM pg_stat_database WHERE datname = current_database()";
    client.query_one(statement, &[]).await.map(|row| row.get(0)).map_err(words)
}

/// Ten thousand tables are looked at with as many statements as one.
pub async fn many(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database
        .run(
            "DO $$ BEGIN FOR i IN 1..10000 LOOP
               EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off)', i);
               IF i % 200 = 1 THEN EXECUTE format('INSERT INTO t%s SELECT g, repeat(md5(g::text), 3) FROM generate_series(1, 10000) g', i); END IF;
               IF i % 100 = 0 THEN COMMIT; END IF;
             END LOOP; END $$",
        )
        .await?;
    database.run("ANALYZE").await?;
    let port = server.url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/'));
    let port: u16 = port.ok_or("no port")?.0.parse().map_err(words)?;
    let wire = Wire::start(port, Target { number: 0, done: false, cut: Cut::One }).await?;
    let url = database.url("postgres").replace(&format!(":{port}/"), &format!(":{}/", wire.port));
    let config = repackd::config::Config::from_url(Some(&url)).map_err(words)?;
    let session = settings::open(&config.connections[0].server, "test").await.map_err(words)?;
    let client = database.client().await?;
    let mut statements = Vec::new();
    for (least, expected) in [(1 << 40, 0), (1 << 20, 50), (0, 10_000)] {
        let (before, begun) = (wire.count(), Instant::now());
        let worked = server_time(&client, server.version).await?;
        let scope = Scope { oids: Vec::new(), least };
        let found = bloat::measure(&session, &scope, &Densities::new()).await.map_err(words)?;
        let took = begun.elapsed();
        flush(session.client(), server.version).await?;
        let worked = server_time(&client, server.version).await? - worked;
        let count = found.len();
        println!(
            "{count} of 10,000 tables evaluated in {took:?}, {worked:.0} ms of it the server's"
        );
        statements.push(wire.count() - before);
        if found.len() != expected {
            return Err(format!(
                "{} tables of at least {least} bytes, not {expected}",
                found.len()
            ));
        }
    }
    // Twice as many if a lock on the catalog was not to be had in time: autovacuum is at work on it.
    if statements.iter().any(|count| *count > 25) {
        return Err(format!("the statements go by the tables: {statements:?}"));
    }
    drop(session);
    database.drop().await
}
