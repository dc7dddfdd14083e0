//! Estimates of bloat against what is really to gain: the size of a copy of the rows, made as a repack
//! makes it.

mod measured;
mod shapes;
mod shown;

use crate::bad_input::{Test, cases, ends, newest, trials};
use crate::support::{Database, Outcome, Server, servers, words};
use libtest_mimic::Trial;
use repackd::bloat::{self, Densities, Scope};
use repackd::pg::{Session, settings};
use shapes::SHAPES;
use std::fmt::Write;
use tokio_postgres::Client;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let every: Vec<(&'static str, Test)> = vec![("shapes", |server| Box::pin(every_shape(server)))];
    let mut all = trials("bloat", &servers(), every);
    let some = cases! {
        shown: as_text as_json explained never_analyzed not_readable;
        measured: density probes locked;
    };
    all.extend(trials("bloat", &ends(), some));
    all.extend(trials("bloat", &newest(), cases! { measured: many; }));
    all
}

/// What is estimated and what is true of one relation.
struct Comparison {
    shape: &'static str,
    bloated: bool,
    what: String,
    bytes: i64,
    expected: Option<i64>,
    tight: i64,
    /// What pgstattuple has to say: free and dead, in per cent; of an index, what its leaves miss of 90.
    pgstattuple: Option<f64>,
}

impl Comparison {
    fn percent(&self, of: i64) -> f64 {
        (1.0 - of as f64 / (self.bytes as f64).max(1.0)).max(0.0) * 100.0
    }

    fn error(&self) -> Option<f64> {
        Some(self.percent(self.expected?) - self.percent(self.tight))
    }
}

/// Makes a table of the same rows as a repack would, and says how large its heap, its TOAST table with
/// its index and its indexes are, these in the order of the names of the originals.
const COPY: &str = r"
CREATE FUNCTION tight(OUT heap int8, OUT toast int8, OUT indexes int8[]) LANGUAGE plpgsql AS $$
DECLARE columns text; i record;
BEGIN
  DROP TABLE IF EXISTS copy_of_t;
  CREATE TABLE copy_of_t (LIKE t INCLUDING ALL EXCLUDING INDEXES);
  EXECUTE 'ALTER TABLE copy_of_t SET (autovacuum_enabled = off' ||
    coalesce((SELECT ',' || string_agg(o, ',') FROM pg_class c, unnest(c.reloptions) o
              WHERE c.oid = 't'::regclass AND o NOT LIKE 'auto%'), '') || ')';
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
  WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('INSERT INTO copy_of_t (%s) SELECT %1$s FROM t', columns);
  indexes := '{}';
  FOR i IN SELECT regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* ON [^ ]*\.t USING ', ' INDEX built ON copy_of_t USING ') AS sql
           FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = 't'::regclass ORDER BY c.relname
  LOOP
    EXECUTE i.sql;
    indexes := indexes || pg_relation_size('built');
    DROP INDEX built;
  END LOOP;
  heap := pg_relation_size('copy_of_t');
  SELECT pg_total_relation_size(reltoastrelid) - pg_relation_size(reltoastrelid, 'vm') - pg_relation_size(reltoastrelid, 'fsm')
  INTO toast FROM pg_class WHERE oid = 'copy_of_t'::regclass AND reltoastrelid <> 0;
  DROP TABLE copy_of_t;
END $$;";

async fn every_shape(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let session = settings::open(&database.job("postgres").server, "test").await.map_err(words)?;
    let client = database.client().await?;
    client.batch_execute("CREATE EXTENSION pgstattuple").await.map_err(words)?;
    let within = async |number: usize, sql: &str| {
        let path = format!("SET search_path = s{number}, public");
        client.batch_execute(&path).await.map_err(words)?;
        for statement in sql.split(';').filter(|s| !s.trim().is_empty()) {
            let done = client.batch_execute(statement).await;
            done.map_err(|e| format!("{}: {statement}: {e:?}", SHAPES[number].name))?;
        }
        Ok::<(), String>(())
    };
    let mut all = Vec::new();
    for bloated in [false, true] {
        for (number, shape) in SHAPES.iter().enumerate() {
            if bloated {
                within(number, shape.bloat).await?;
                continue;
            }
            within(number, &format!("CREATE SCHEMA s{number}")).await?;
            client.batch_execute(COPY).await.map_err(words)?;
            within(number, shape.make).await?;
            let off =
                "ALTER TABLE t SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)";
            within(number, off).await?;
        }
        counted(&client, server.version).await?;
        for (number, shape) in SHAPES.iter().enumerate() {
            let clean = if bloated && shape.dead { "ANALYZE t" } else { "VACUUM ANALYZE t" };
            within(number, clean).await?;
        }
        counted(&client, server.version).await?;
        for (number, shape) in SHAPES.iter().enumerate() {
            within(number, "").await?;
            compare(&session, &client, shape.name, bloated, &mut all).await?;
        }
    }
    let text = report(&all, server.version);
    println!("{text}");
    let mut wrong = Vec::new();
    for (kind, most) in [("heap", 10.0), ("index", 10.0)] {
        let (median, worst) = summary(&all, kind);
        if median >= 3.0 || worst > most {
            wrong.push(format!("{kind}: median {median:.1}, worst {worst:.1} points"));
        }
    }
    database.drop().await?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{text}", wrong.join("; "))) }
}

/// Waits until what a session did has arrived at the server's counters: what comes after a VACUUM is
/// taken to have happened after it.
async fn counted(client: &Client, version: u32) -> Outcome {
    if version >= 15 {
        client.batch_execute("SELECT pg_stat_force_next_flush()").await.map_err(words)
    } else {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        client.batch_execute("SELECT 1").await.map_err(words)?;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok(())
    }
}

/// The median and the worst error.
fn summary(all: &[Comparison], kind: &str) -> (f64, f64) {
    let errors = all.iter().filter(|c| c.what.starts_with(kind));
    let mut errors: Vec<f64> = errors.map(|c| c.error().map_or(100.0, f64::abs)).collect();
    errors.sort_by(f64::total_cmp);
    (errors.get(errors.len() / 2).copied().unwrap_or(0.0), errors.last().copied().unwrap_or(0.0))
}

async fn compare(
    session: &Session,
    client: &Client,
    shape: &'static str,
    bloated: bool,
    all: &mut Vec<Comparison>,
) -> Outcome {
    let row = client.query_one("SELECT 't'::regclass::oid", &[]).await.map_err(words)?;
    let scope = Scope { oids: vec![row.get(0)], least: 0 };
    let found = bloat::measure(session, &scope, &Densities::new()).await.map_err(words)?;
    let [found] = &found[..] else { return Err(format!("{shape}: {} tables", found.len())) };
    let row = client.query_one("SELECT * FROM tight()", &[]).await.map_err(words)?;
    let (heap, toast, indexes): (i64, Option<i64>, Vec<i64>) = (row.get(0), row.get(1), row.get(2));
    let query = "SELECT free_percent + dead_tuple_percent FROM pgstattuple('t')";
    let free = client.query_one(query, &[]).await.map_err(words)?.get(0);
    let mut add = |what: String, part: &bloat::Part, tight, pgstattuple| {
        let (bytes, expected) = (part.bytes, part.expected);
        all.push(Comparison { shape, bloated, what, bytes, expected, tight, pgstattuple });
    };
    add("heap".into(), &found.heap, heap, Some(free));
    if let (Some(part), Some(tight)) = (&found.toast, toast)
        && part.part.bytes > 100_000
    {
        add("toast".into(), &part.part, tight, None);
    }
    for (index, tight) in found.indexes.iter().zip(indexes) {
        let query = format!(
            "SELECT greatest(0, 100 - avg_leaf_density / 0.9) FROM pgstatindex('{}')",
            index.name
        );
        let free: Option<f64> = client.query_one(&query, &[]).await.map_err(words)?.get(0);
        add(format!("index {}", index.name), &index.part, tight, free.filter(|f| !f.is_nan()));
    }
    Ok(())
}

fn report(all: &[Comparison], version: u32) -> String {
    let mut text = format!(
        "PostgreSQL {version}\n{:<32} {:>4} {:<22} {:>9} {:>9} {:>9} {:>6} {:>6} {:>6} {:>6}\n",
        "shape", "", "relation", "bytes", "tight", "expected", "true", "est.", "pgst.", "error"
    );
    for c in all {
        let shown = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.1}"));
        let _ = writeln!(
            text,
            "{:<32} {:>4} {:<22} {:>9} {:>9} {:>9} {:>6.1} {:>6} {:>6} {:>6}",
            c.shape,
            if c.bloated { "yes" } else { "no" },
            c.what,
            c.bytes,
            c.tight,
            c.expected.map_or("-".into(), |e| e.to_string()),
            c.percent(c.tight),
            shown(c.expected.map(|e| c.percent(e))),
            shown(c.pgstattuple),
            shown(c.error()),
        );
    }
    for kind in ["heap", "index", "toast"] {
        let (median, worst) = summary(all, kind);
        let number = all.iter().filter(|c| c.what.starts_with(kind)).count();
        let _ = writeln!(text, "{kind}: {number} of them, median {median:.2}, worst {worst:.2}");
    }
    text
}
