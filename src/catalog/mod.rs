//! What a table is: everything the catalog says about it, in a form that can be compared, stored
//! and rebuilt.
//!
//! [`describe`] reads it with one statement for each kind of object. Run it in one REPEATABLE READ
//! transaction, with an empty search path so that every name comes back qualified.

pub mod acl;
pub mod difference;
pub mod key;
pub mod lookup;
pub mod table;

pub use acl::Grant;
pub use key::Key;
pub use table::{
    Column, Constraint, ConstraintKind, Index, Sequence, Statistics, TableDescription,
};

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use table::Relation;
use tokio_postgres::GenericClient;

const RELATION: &str = include_str!("sql/relation.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const CONSTRAINTS: &str = include_str!("sql/constraints.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const STATISTICS: &str = include_str!("sql/statistics.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// Describes the table with this OID, or `None` if there is no such relation.
///
/// The six statements are sent together, so it costs one round trip: it also runs under the
/// cutover's locks.
pub async fn describe(client: &impl GenericClient, oid: u32) -> Result<Option<TableDescription>> {
    let (relation, columns, constraints, indexes, statistics, sequences) = tokio::try_join!(
        object::<Option<Relation>>(client, RELATION, oid),
        object(client, COLUMNS, oid),
        object(client, CONSTRAINTS, oid),
        object(client, INDEXES, oid),
        object(client, STATISTICS, oid),
        object(client, SEQUENCES, oid),
    )?;
    Ok(relation.map(|relation| TableDescription {
        relation,
        columns,
        constraints,
        indexes,
        statistics,
        sequences,
    }))
}

async fn object<T: DeserializeOwned>(
    client: &impl GenericClient,
    sql: &str,
    oid: u32,
) -> Result<T> {
    let row = client
        .query_typed_opt(sql, &[(&oid, tokio_postgres::types::Type::OID)])
        .await
        .map_err(Error::sql("reading the catalog"))?;
    let text: Option<String> = match row {
        Some(row) => row.try_get(0).map_err(Error::sql("reading the catalog"))?,
        None => None,
    };
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|e| Error::Other(format!("the catalog holds something repackd cannot read: {e}")))
}
