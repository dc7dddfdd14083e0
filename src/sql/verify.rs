//! Verification: counts and order-independent hashes of both tables.

use super::Subject;
use crate::names::ident;

/// Finds the columns whose values cannot be hashed as they are: $1 the table's OID. Arrays, ranges
/// and row types count among them, since whether they can depends on what they are made of.
pub const UNHASHABLE: &str = include_str!("unhashable.sql");

/// Has the log's keys looked up by hash, where their type has one. The planner believes the log empty,
/// as it mostly is, and would read it anew for each row of the table: on one that is not, that is
/// the number of rows times the length of the log.
pub const BY_HASH: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off";

/// Row count and sum of row hashes of a relation, leaving out rows whose key is in the log.
///
/// A sum, because an xor would cancel a row that is there twice.
pub fn checksum(subject: &Subject, relation: &str, as_text: &[String]) -> String {
    let columns: Vec<String> = subject
        .description
        .columns
        .iter()
        .filter(|c| c.generated != "v")
        .map(|c| {
            let column = format!("t.{}", ident(&c.name));
            if as_text.contains(&c.name) { format!("{column}::pg_catalog.text") } else { column }
        })
        .collect();
    format!(
        "SELECT count(*), coalesce(sum(pg_catalog.hash_record_extended(ROW({}), 0)), 0)::pg_catalog.text FROM ONLY {relation} t WHERE NOT EXISTS (SELECT FROM {} l WHERE l.kind = 'k' AND {})",
        columns.join(", "),
        subject.log(),
        subject.key_matches("t", "l"),
    )
}
