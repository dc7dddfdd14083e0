//! What a table is: everything the catalog says about it, in a form that can be compared, stored
//! and rebuilt.
//!
//! [`describe`] reads it with one statement for each kind of object. Run it in one REPEATABLE READ
//! transaction, with an empty search path so that every name comes back qualified.

pub mod acl;
pub mod attached;
pub mod difference;
pub mod key;
pub mod lookup;
pub mod matviews;
pub mod neighbours;
pub mod table;

pub use acl::Grant;
pub use attached::{Attached, Matview};
pub use key::Key;
pub use matviews::Standing;
pub use table::{
    Column, Constraint, ConstraintKind, Family, Index, Label, Relative, Sequence, Statistics,
    TableDescription,
};

use crate::error::{Error, Result};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use tokio_postgres::error::SqlState;
use tokio_postgres::{GenericClient, Statement, types::Type};

const RELATION: &str = include_str!("sql/relation.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const CONSTRAINTS: &str = include_str!("sql/constraints.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const STATISTICS: &str = include_str!("sql/statistics.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");
const FAMILY: &str = include_str!("sql/family.sql");
const FOREIGN_KEYS: &str = include_str!("sql/foreign_keys.sql");
const TRIGGERS: &str = include_str!("sql/triggers.sql");
const RULES: &str = include_str!("sql/rules.sql");
const POLICIES: &str = include_str!("sql/policies.sql");
const VIEWS: &str = include_str!("sql/views.sql");
const FUNCTIONS: &str = include_str!("sql/functions.sql");
const MATVIEWS: &str = include_str!("sql/matviews.sql");
const PUBLICATIONS: &str = include_str!("sql/publications.sql");
const PUBLICATIONS_14: &str = include_str!("sql/publications_14.sql");

/// The statements of a description, prepared on one session.
#[derive(Clone)]
pub struct Describer {
    /// The server's `server_version_num`.
    pub server_version_num: i32,
    own: [Statement; 7],
    attached: [Statement; 7],
    matviews: Statement,
}

impl Describer {
    /// Prepares them. The cutover does so ahead of its locks, under which planning would cost most
    /// of the time.
    pub async fn prepare(client: &impl GenericClient) -> Result<Self> {
        let failed = || Error::sql("preparing to read the catalog");
        let row = client
            .query_one("SELECT pg_catalog.current_setting('server_version_num')::int", &[])
            .await
            .map_err(failed())?;
        let server_version_num: i32 = row.get(0);
        let publications =
            if server_version_num < 150_000 { PUBLICATIONS_14 } else { PUBLICATIONS };
        let one = async |sql: &str| client.prepare_typed(sql, &[Type::OID]).await.map_err(failed());
        let own = tokio::try_join!(
            one(RELATION),
            one(COLUMNS),
            one(CONSTRAINTS),
            one(INDEXES),
            one(STATISTICS),
            one(SEQUENCES),
            one(FAMILY)
        )?;
        let attached = tokio::try_join!(
            one(FOREIGN_KEYS),
            one(TRIGGERS),
            one(RULES),
            one(POLICIES),
            one(VIEWS),
            one(FUNCTIONS),
            one(publications)
        )?;
        let matviews = one(MATVIEWS).await?;
        Ok(Self { server_version_num, own: own.into(), attached: attached.into(), matviews })
    }

    /// Describes the table with this OID, or `None` if there is no such relation. The statements
    /// are sent together, so it costs one round trip, and another if there are materialized views.
    pub async fn describe(
        &self,
        client: &impl GenericClient,
        oid: u32,
    ) -> Result<Option<TableDescription>> {
        let (table, matviews) =
            tokio::try_join!(self.alone(client, oid), self.matviews(client, oid))?;
        Ok(table.map(|table| matviews::with(table, &matviews)))
    }

    /// The materialized views over a table, in the order in which they can be built.
    pub async fn matviews(&self, client: &impl GenericClient, oid: u32) -> Result<Vec<Standing>> {
        let rows = client
            .query(&self.matviews, &[&oid])
            .await
            .map_err(Error::sql("looking for materialized views"))?;
        let described = rows.iter().map(|row| self.matview(client, row.get("oid")));
        let described = try_join_all(described).await?;
        let pairs = rows.iter().zip(described);
        Ok(pairs.filter_map(|(row, description)| Some(Standing::new(row, description?))).collect())
    }

    /// Describes a relation without the materialized views over it.
    pub async fn alone(
        &self,
        client: &impl GenericClient,
        oid: u32,
    ) -> Result<Option<TableDescription>> {
        let [relation, columns, constraints, indexes, statistics, sequences, family] = &self.own;
        let (relation, columns, constraints, indexes, statistics, sequences, family, attached) = tokio::try_join!(
            object::<Option<table::Relation>>(client, relation, oid),
            object(client, columns, oid),
            object(client, constraints, oid),
            object(client, indexes, oid),
            object(client, statistics, oid),
            object(client, sequences, oid),
            object::<Option<Family>>(client, family, oid),
            self.attached(client, oid),
        )?;
        Ok(relation.map(|relation| TableDescription {
            relation,
            columns,
            constraints,
            indexes,
            statistics,
            sequences,
            family: family.unwrap_or_default(),
            attached,
        }))
    }

    /// Describes a materialized view. It cannot have the rest.
    pub async fn matview(
        &self,
        client: &impl GenericClient,
        oid: u32,
    ) -> Result<Option<TableDescription>> {
        let [relation, columns, _, indexes, statistics, ..] = &self.own;
        let [_, _, rules, policies, views, functions, _] = &self.attached;
        let (relation, columns, indexes, statistics, rules, policies, views, functions) = tokio::try_join!(
            object::<Option<table::Relation>>(client, relation, oid),
            object(client, columns, oid),
            object(client, indexes, oid),
            object(client, statistics, oid),
            object(client, rules, oid),
            object(client, policies, oid),
            object(client, views, oid),
            object(client, functions, oid),
        )?;
        Ok(relation.map(|relation| TableDescription {
            relation,
            columns,
            constraints: Vec::new(),
            indexes,
            statistics,
            sequences: Vec::new(),
            family: Family::default(),
            attached: Attached { rules, policies, views, functions, ..Attached::default() },
        }))
    }

    /// Gives a description the privileges that its relation has now. It is told whether that is
    /// still there.
    pub async fn renew_grants(
        &self,
        client: &impl GenericClient,
        oid: u32,
        description: &mut TableDescription,
    ) -> Result<bool> {
        let [relation, columns, _, _, _, sequences, _] = &self.own;
        let (relation, columns, sequences) = tokio::try_join!(
            object::<Option<table::Relation>>(client, relation, oid),
            object::<Vec<Column>>(client, columns, oid),
            object::<Vec<Sequence>>(client, sequences, oid),
        )?;
        let Some(relation) = relation else { return Ok(false) };
        description.relation.acl = relation.acl;
        for column in &mut description.columns {
            let now = columns.iter().find(|c| c.name == column.name);
            column.acl = now.and_then(|c| c.acl.clone());
        }
        for sequence in description.sequences.iter_mut().filter(|s| s.identity) {
            let now = sequences.iter().find(|s| s.name == sequence.name);
            sequence.acl = now.and_then(|s| s.acl.clone());
        }
        Ok(true)
    }

    async fn attached(&self, client: &impl GenericClient, oid: u32) -> Result<Attached> {
        let [foreign_keys, triggers, rules, policies, views, functions, publications] =
            &self.attached;
        let (foreign_keys, triggers, rules, policies, views, functions, publications) = tokio::try_join!(
            object(client, foreign_keys, oid),
            object(client, triggers, oid),
            object(client, rules, oid),
            object(client, policies, oid),
            object(client, views, oid),
            object(client, functions, oid),
            object(client, publications, oid),
        )?;
        let matviews = Vec::new();
        Ok(Attached {
            foreign_keys,
            triggers,
            rules,
            policies,
            views,
            functions,
            publications,
            matviews,
        })
    }
}

/// Describes a table once.
pub async fn describe(client: &impl GenericClient, oid: u32) -> Result<Option<TableDescription>> {
    Describer::prepare(client).await?.describe(client, oid).await
}

/// How often the catalog is read when an answer has holes.
const READINGS: u32 = 5;

/// Runs one of the statements. What a snapshot still shows may be gone for functions such as
/// `pg_get_indexdef`, which look at the catalog of now: they return NULL then, or fail with XX000. With the
/// next snapshot it is gone for both.
async fn object<T: DeserializeOwned>(
    client: &impl GenericClient,
    statement: &Statement,
    oid: u32,
) -> Result<T> {
    let ended = |e: &Error| e.is(&SqlState::IN_FAILED_SQL_TRANSACTION);
    let mut found = reading(client, statement, oid).await;
    for _ in 1..READINGS {
        match found {
            Err(Error::Other(_)) => {}
            // In a transaction of the caller's it is another of these statements that has failed: that one
            // shall be the first to say so.
            Err(ref e) if e.is(&SqlState::INTERNAL_ERROR) || ended(e) => {}
            done => return done,
        }
        found = match (reading(client, statement, oid).await, found) {
            (Err(now), Err(before)) if ended(&now) && !ended(&before) => return Err(before),
            (again, _) => again,
        };
    }
    found
}

async fn reading<T: DeserializeOwned>(
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
    serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|e| {
        Error::Other(format!(
            "the catalog holds something repackd cannot read, or somebody was changing it just then, in which case it is enough to try again: {e}"
        ))
    })
}
