//! Finding tables by what a person or a list calls them.

use super::begin;
use super::context::Job;
use super::journal;
use crate::catalog::lookup::{self, Found};
use crate::error::{Error, Result};
use crate::names::{QualifiedName, TableArg};
use crate::pg::{connect, pooler, settings};

const NAME: &str = "repackd";

/// Finds a table named by a person. Without a schema, the role's own search path counts.
pub async fn find(job: &Job, arg: &TableArg) -> Result<Option<Found>> {
    pooler::refuse_transaction_pooling(&job.server).await?;
    let session = connect(&job.server, NAME).await?;
    // Under that path nothing can be left to it, not even what `text` is.
    let row = session
        .query_one("SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]", &[])
        .await
        .map_err(Error::sql("reading the search path"))?;
    let path: Vec<String> = row.get(0);
    settings::apply(&session).await?;
    lookup::by_name(session.client(), arg, &path).await
}

/// The tables meant by a name: of a partitioned table, its partitions, if there are any.
pub async fn find_all(job: &Job, arg: &TableArg) -> Result<Vec<Found>> {
    let Some(found) = find(job, arg).await? else { return Ok(Vec::new()) };
    let session = settings::open(&job.server, NAME).await?;
    lookup::meant_by(session.client(), found).await
}

/// What the configuration's lists mean, largest table first. A listed table or schema that is not
/// there is an error: a list with a typing mistake should not look like a job well done. What is no
/// ordinary table comes last, for its reason to be told.
pub async fn list(job: &Job, schemas: &[String], tables: &[String]) -> Result<Vec<Found>> {
    let session = begin::first_session(job, NAME).await?;
    let mut names = Vec::new();
    for table in tables {
        let arg = TableArg::parse(table).map_err(Error::Usage)?;
        names.push(QualifiedName::new(arg.schema.unwrap_or_else(|| "public".into()), arg.name));
    }
    let client = session.client();
    let missing = |what: String| {
        let (connection, server) = (&job.connection, job.server.describe());
        Err(Error::Other(format!(
            "connection {connection} lists {what}, which does not exist in {server}"
        )))
    };
    if let Some(schema) = lookup::missing_schema(client, schemas).await? {
        return missing(format!("schema {schema}"));
    }
    let mut found = lookup::by_list(client, schemas, &names).await?;
    for name in &names {
        if found.iter().any(|f| f.name == *name) {
            continue;
        }
        let Some(other) = lookup::by_full_name(client, name).await? else {
            return missing(format!("table {name}"));
        };
        // Of partitions, those that are no ordinary tables are missing.
        let mut meant = lookup::meant_by(client, other).await?;
        meant.retain(|table| !found.contains(table));
        found.extend(meant);
    }
    Ok(found)
}

/// The OIDs of the unfinished runs of a table, or of a partitioned table's partitions, by the name that
/// has or the table had when the run began.
pub async fn find_by_run(job: &Job, arg: &TableArg) -> Result<Vec<u32>> {
    let found = find_all(job, arg).await?;
    if !found.is_empty() {
        let session = settings::open(&job.server, NAME).await?;
        let mut runs = journal::find(session.client(), None).await?;
        runs.retain(|run| found.iter().any(|f| f.oid == run.oid));
        if !runs.is_empty() {
            return Ok(runs.iter().map(|run| run.oid).collect());
        }
    }
    let runs = super::status::status(job).await?;
    let matches = |name: &QualifiedName| {
        name.name == arg.name && arg.schema.as_ref().is_none_or(|s| *s == name.schema)
    };
    let run = runs.iter().find(|r| r.table.as_ref().is_some_and(matches));
    Ok(run.map(|r| r.oid).into_iter().collect())
}
