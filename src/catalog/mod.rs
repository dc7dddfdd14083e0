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
use tokio_postgres::{GenericClient, Statement, types::Type};

const RELATION: &str = include_str!("sql/relation.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const CONSTRAINTS: &str = include_str!("sql/constraints.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const STATISTICS: &str = include_str!("sql/statistics.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// The statements of a description, prepared on one session.
#[derive(Clone)]
pub struct Describer {
    statements: [Statement; 6],
}

impl Describer {
    /// Prepares them. The cutover does so ahead of its locks, under which planning would cost most
    /// of the time.
    pub async fn prepare(client: &impl GenericClient) -> Result<Self> {
        let one = async |sql: &str| {
            client
                .prepare_typed(sql, &[Type::OID])
                .await
                .map_err(Error::sql("preparing to read the catalog"))
        };
        let (a, b, c, d, e, f) = tokio::try_join!(
            one(RELATION),
            one(COLUMNS),
            one(CONSTRAINTS),
            one(INDEXES),
            one(STATISTICS),
            one(SEQUENCES)
        )?;
        Ok(Self { statements: [a, b, c, d, e, f] })
    }

    /// Describes the table with this OID, or `None` if there is no such relation. The statements
    /// are sent together, so it costs one round trip.
    pub async fn describe(
        &self,
        client: &impl GenericClient,
        oid: u32,
    ) -> Result<Option<TableDescription>> {
        let s = &self.statements;
        let (relation, columns, constraints, indexes, statistics, sequences) = tokio::try_join!(
            object::<Option<table::Relation>>(client, &s[0], oid),
            object(client, &s[1], oid),
            object(client, &s[2], oid),
            object(client, &s[3], oid),
            object(client, &s[4], oid),
            object(client, &s[5], oid),
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
}

/// Describes a table once.
pub async fn describe(client: &impl GenericClient, oid: u32) -> Result<Option<TableDescription>> {
    Describer::prepare(client).await?.describe(client, oid).await
}

async fn object<T: DeserializeOwned>(
    client: &impl GenericClient,
    statement: &Statement,
    oid: u32,
) -> Result<T> {
    let row =
        client.query_opt(statement, &[&oid]).await.map_err(Error::sql("reading the catalog"))?;
    let text: Option<String> = match row {
        Some(row) => row.try_get(0).map_err(Error::sql("reading the catalog"))?,
        None => None,
    };
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|e| Error::Other(format!("the catalog holds something repackd cannot read: {e}")))
}
