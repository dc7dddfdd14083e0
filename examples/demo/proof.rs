//! What must be true afterwards.

use crate::client::Work;
use crate::common::Result;
use crate::common::programs::{url, variable};
use crate::common::session::connect;
use crate::record::{COLUMNS, Order};
use std::collections::HashMap;
use tokio::process::Command;
use tokio_postgres::{Client as Session, Config};

/// Counts and hashes all rows but those of the clients.
const REST: &str = "SELECT count(*), coalesce(sum(hashtextextended(o::text, 0)::numeric), 0)::text \
                    FROM public.orders o WHERE NOT EXISTS (SELECT FROM touched t WHERE t.id = o.id)";

/// The promises, each kept or not.
#[derive(Default)]
pub struct Verdict {
    failed: bool,
}

impl Verdict {
    /// Prints one promise and whether it was kept.
    pub fn check(&mut self, kept: bool, what: &str) {
        println!("  {}  {what}", if kept { "PASS" } else { "FAIL" });
        self.failed |= !kept;
    }

    /// Whether all were kept.
    pub fn all_kept(&self) -> bool {
        !self.failed
    }
}

/// The sizes of the table in bytes.
#[derive(Clone, Copy)]
pub struct Size {
    pub heap: i64,
    pub indexes: i64,
    pub toast: i64,
}

impl Size {
    /// Asks the server.
    pub async fn of(server: &Config, database: &str) -> Result<Self> {
        let sql = "SELECT pg_relation_size(t), pg_indexes_size(t), pg_table_size(t) - pg_relation_size(t) \
                   FROM (SELECT 'public.orders'::regclass) AS orders (t)";
        let row = connect(server, "postgres", database).await?.query_one(sql, &[]).await?;
        Ok(Self { heap: row.get(0), indexes: row.get(1), toast: row.get(2) })
    }

    /// All of it.
    pub fn total(&self) -> i64 {
        self.heap + self.indexes + self.toast
    }
}

/// `pg_dump --schema-only`, without the two lines that hold a random token.
pub async fn schema(server: &Config, database: &str) -> Result<String> {
    let program = format!("{}/pg_dump", variable("REPACKD_TEST_CLIENT_BIN")?);
    let output = Command::new(program)
        .args(["--schema-only", "--dbname", &url(server, "postgres", database)?])
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        return Err(format!("pg_dump: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let random = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    let dump = String::from_utf8(output.stdout)?;
    Ok(dump.lines().filter(|line| !random(line)).collect::<Vec<_>>().join("\n"))
}

/// The first line of two schemas that is not the same, to be shown.
pub fn difference(before: &str, after: &str) -> String {
    let (mut a, mut b) = (before.lines(), after.lines());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return String::new(),
            (a, b) if a == b => {}
            (a, b) => return format!(": {:?} is now {:?}", a.unwrap_or(""), b.unwrap_or("")),
        }
    }
}

/// Compares every row with what it must be: the clients' rows with the clients' records, all others
/// with the copy made before. The result is how many rows were compared each way, or what is wrong.
pub async fn rows(
    server: &Config,
    database: &str,
    copy: &str,
    clients: &[Work],
) -> Result<std::result::Result<(usize, i64), String>> {
    let keys: Vec<i64> = clients.iter().flat_map(|c| c.record.keys()).copied().collect();
    let now = connect(server, "postgres", database).await?;
    let then = connect(server, "postgres", copy).await?;
    for session in [&now, &then] {
        touch(session, &keys).await?;
    }

    let sql = format!("SELECT id, {COLUMNS} FROM public.orders JOIN touched USING (id)");
    let mut found: HashMap<i64, Order> = HashMap::new();
    for row in now.query(&sql, &[]).await? {
        if found.insert(row.get(0), Order::from_row(&row, 1)).is_some() {
            return Ok(Err(format!("order {} is there twice", row.get::<_, i64>(0))));
        }
    }
    let expected =
        clients.iter().flat_map(|c| c.record.keys().iter().map(|k| (*k, c.record.get(*k))));
    let wrong: Vec<_> = expected.filter(|(key, order)| found.get(key) != *order).collect();
    if let Some((key, order)) = wrong.first() {
        return Ok(Err(format!(
            "{} of the clients' rows, for example {key}: found {:?}, must be {order:?}",
            wrong.len(),
            found.get(key)
        )));
    }

    let (is, was) = (now.query_one(REST, &[]).await?, then.query_one(REST, &[]).await?);
    let (is, was): ((i64, String), (i64, String)) =
        ((is.get(0), is.get(1)), (was.get(0), was.get(1)));
    if is != was {
        return Ok(Err(format!("rows nobody touched: {is:?} (count, hash), before {was:?}")));
    }
    Ok(Ok((clients.iter().map(|c| c.record.live()).sum(), is.0)))
}

async fn touch(session: &Session, keys: &[i64]) -> Result<()> {
    session
        .batch_execute("SET timezone = 'UTC'; CREATE TEMP TABLE touched (id bigint PRIMARY KEY)")
        .await?;
    session.execute("INSERT INTO touched SELECT unnest($1::bigint[])", &[&keys]).await?;
    session.batch_execute("ANALYZE touched").await?;
    Ok(())
}
