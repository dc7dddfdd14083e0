//! The materialized views over a table, as they are just now.

use super::attached::Matview;
use super::table::TableDescription;
use tokio_postgres::Row;

/// One of them.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its OID.
    pub oid: u32,
    /// Changes whenever somebody refreshes it, and sometimes for less.
    pub mark: String,
    /// What it is.
    pub view: Matview,
}

impl Standing {
    /// Reads a row of `matviews.sql`.
    pub(super) fn new(row: &Row, description: TableDescription) -> Self {
        Self {
            oid: row.get("oid"),
            mark: row.get("mark"),
            view: Matview {
                description,
                definition: row.get("definition"),
                populated: row.get("populated"),
                able: row.get("able"),
            },
        }
    }

    /// Whether it belongs to the run of another table, which is building it or about to drop it.
    pub fn is_of_a_run(&self) -> bool {
        let schema = &self.view.description.relation.schema;
        let middle = schema
            .strip_prefix("repackd_")
            .and_then(|s| s.strip_suffix("_new").or_else(|| s.strip_suffix("_old")));
        middle.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// The description of a table together with those over it.
pub fn with(mut table: TableDescription, standing: &[Standing]) -> TableDescription {
    table.attached.matviews = standing.iter().map(|s| s.view.clone()).collect();
    table
}
