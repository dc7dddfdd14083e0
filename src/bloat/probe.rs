//! A look into the pages themselves, where an extension for that is installed and the login may use it:
//! `pgstattuple_approx`, which skips what the visibility map knows to be without dead rows, else
//! `pg_freespace`. It costs reads, so it is done table by table, by whoever wants to know better.
//!
//! What is found stands in where nothing else can tell, and where the formula and the pages are far
//! apart. A density is left alone: it was measured, too, and tells what the free space map rounds off.

use super::{Basis, Part, TableBloat};
use crate::error::{Error, Result};
use crate::names::ident;
use crate::pg::{READ_ONLY, Session, transaction};
use std::time::Duration;
use tokio_postgres::types::Type;

/// How far the formula may be from what is found, as a share of the size.
const APART: f64 = 0.1;

/// What a page keeps for itself, as far as it holds rows.
const PAGE: f64 = 24.0;

/// The longest a look at one relation may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is there to look with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// `pgstattuple_approx`, in this schema.
    Pgstattuple(String),
    /// `pg_freespace`, in this schema.
    Freespace(String),
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Found {
    bytes: f64,
    /// Free or dead.
    free: f64,
}

/// The pages of a relation.
#[derive(Debug, Clone, Copy)]
struct Pages {
    /// What they are filled to, in per cent.
    fillfactor: f64,
    /// Their size.
    block: f64,
}

impl Probe {
    /// Finds out; `None`: no such extension, or not for this login.
    pub async fn find(session: &Session) -> Result<Option<Self>> {
        let rows = session
            .query_typed(include_str!("sql/probes.sql"), &[])
            .await
            .map_err(Error::sql("looking for extensions that know of free space"))?;
        let schema = |function: &str| {
            let row = rows.iter().find(|row| row.get::<_, &str>(0) == function)?;
            Some(row.get::<_, String>(1))
        };
        Ok(schema("pgstattuple_approx")
            .map(Self::Pgstattuple)
            .or_else(|| schema("pg_freespace").map(Self::Freespace)))
    }

    /// Looks at a table and its TOAST table. That it may not, or does not get through, leaves what was
    /// known.
    pub async fn look(&self, session: &Session, table: &mut TableBloat) -> Result<()> {
        let rows = table.rows;
        let dead = table.dead_rows as f64;
        let pages = Pages { fillfactor: table.fillfactor, block: table.block };
        if let Some(found) = self.found(session, table.oid, rows, dead).await? {
            self.apply(&mut table.heap, found, pages, rows);
        }
        if let Some(toast) = &mut table.toast
            && let Some(found) = self.found(session, toast.oid, None, 0.0).await?
        {
            let pages = Pages { fillfactor: 100.0, ..pages };
            self.apply(&mut toast.part, found, pages, None);
        }
        Ok(())
    }

    fn apply(&self, part: &mut Part, found: Found, of: Pages, rows: Option<f64>) {
        if part.basis == Basis::Density || found.bytes <= 0.0 {
            return;
        }
        // Without its header, a page holds less than its share of the fillfactor by half a row.
        let used = (found.bytes - found.free).max(0.0);
        let half_row = rows.filter(|rows| *rows >= 1.0).map_or(0.0, |rows| used / rows / 2.0);
        let pages = found.bytes / of.block;
        let rows_bytes = (used - pages * PAGE).max(0.0);
        let room = of.block * of.fillfactor / 100.0 - PAGE - half_row.min(1000.0);
        let tight = (rows_bytes / room).ceil() * of.block;
        let share = (tight / found.bytes).min(1.0);
        let known = part.expected.map(|e| e as f64 / (part.bytes as f64).max(1.0));
        if known.is_some_and(|known| (known - share).abs() <= APART) {
            return;
        }
        part.expected = Some((share * part.bytes as f64).ceil() as i64);
        part.basis = match self {
            Self::Pgstattuple(_) => Basis::Pgstattuple,
            Self::Freespace(_) => Basis::Freespace,
        };
    }

    async fn found(
        &self,
        session: &Session,
        oid: u32,
        rows: Option<f64>,
        dead: f64,
    ) -> Result<Option<Found>> {
        let sql = match self {
            Self::Pgstattuple(schema) => format!(
                "SELECT s.table_len::float8, (s.approx_free_space + s.dead_tuple_len)::float8
                 FROM {}.pgstattuple_approx($1::pg_catalog.oid::pg_catalog.regclass) s",
                ident(schema)
            ),
            Self::Freespace(schema) => format!(
                "SELECT b.size * b.pages, coalesce(sum({}.pg_freespace(b.oid, page)), 0)::float8
                 FROM (SELECT $1::pg_catalog.oid::pg_catalog.regclass AS oid, size,
                              pg_catalog.pg_relation_size($1::pg_catalog.oid::pg_catalog.regclass) / size AS pages
                       FROM (SELECT pg_catalog.current_setting('block_size')::float8 AS size) s) b
                 LEFT JOIN LATERAL pg_catalog.generate_series(0::int8, b.pages::int8 - 1) AS page ON true
                 GROUP BY b.size, b.pages, b.oid",
                ident(schema)
            ),
        };
        let looked = transaction(session, READ_ONLY, async |client| {
            let set = format!(
                "SET LOCAL lock_timeout = 500; SET LOCAL statement_timeout = {}",
                PATIENCE.as_millis()
            );
            client.batch_execute(&set).await.map_err(Error::sql("setting statement_timeout"))?;
            client
                .query_typed_one(&sql, &[(&oid, Type::OID)])
                .await
                .map_err(Error::sql("looking for free space"))
        })
        .await;
        match looked {
            Ok(row) => {
                let mut found = Found { bytes: row.get(0), free: row.get(1) };
                if let (Self::Freespace(_), Some(rows)) = (self, rows) {
                    // The map is written by VACUUM. Empty, it may never have been; and it knows nothing
                    // of rows that died since.
                    if found.free <= 0.0 {
                        return Ok(None);
                    }
                    let used = found.bytes - found.free;
                    found.free += used * dead / (rows + dead).max(1.0);
                }
                Ok(Some(found))
            }
            Err(error) if error.sqlstate().is_some() && !error.is_shutdown() => {
                tracing::debug!(oid, "no look into its pages: {error}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bloat::Unknown;

    fn after(part: Part, free: f64) -> Part {
        let mut part = part;
        let found = Found { bytes: 8192.0 * 1000.0, free };
        let pages = Pages { fillfactor: 100.0, block: 8192.0 };
        Probe::Pgstattuple("x".into()).apply(&mut part, found, pages, Some(100_000.0));
        part
    }

    #[test]
    fn pages_outvote_a_formula_that_is_far_off_but_no_density() {
        let bytes = 8192 * 1000;
        let half = 8192.0 * 500.0;
        let known = |expected, basis| Part { bytes, expected, basis };
        let near = known(Some(bytes / 2), Basis::Statistics);
        assert_eq!(after(near.clone(), half), near);
        let density = known(Some(bytes), Basis::Density);
        assert_eq!(after(density.clone(), half), density);
        for part in [
            known(Some(bytes), Basis::Statistics),
            known(None, Basis::Unknown(Unknown::NeverAnalyzed)),
        ] {
            let found = after(part, half);
            assert_eq!(found.basis, Basis::Pgstattuple);
            let share = found.expected.unwrap() as f64 / bytes as f64;
            assert!((share - 0.5).abs() < 0.02, "{share}");
        }
    }
}
