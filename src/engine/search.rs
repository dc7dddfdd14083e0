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

/// What the configuration's lists mean, largest table first. A listed table that is not there is
/// an error: a list with a typing mistake should not look like a job well done.
pub async fn list(job: &Job, schemas: &[String], tables: &[String]) -> Result<Vec<Found>> {
    let session = begin::first_session(job, NAME).await?;
    let mut names = Vec::new();
    for table in tables {
        let arg = TableArg::parse(table).map_err(Error::Usage)?;
        names.push(QualifiedName::new(arg.schema.unwrap_or_else(|| "public".into()), arg.name));
    }
    let found = lookup::by_list(session.client(), schemas, &names).await?;
    if let Some(missing) = names.iter().find(|n| !found.iter().any(|f| f.name == **n))
        && lookup::by_full_name(session.client(), missing).await?.is_none()
    {
        return Err(Error::Other(format!(
            "connection {} lists table {missing}, which does not exist in {}",
            job.connection,
            job.server.describe()
        )));
    }
    Ok(found)
}

/// The OID of the unfinished run of a table, by the name the table has or had when it began.
pub async fn find_by_run(job: &Job, arg: &TableArg) -> Result<Option<u32>> {
    if let Some(found) = find(job, arg).await? {
        let session = settings::open(&job.server, NAME).await?;
        if !journal::find(session.client(), Some(found.oid)).await?.is_empty() {
            return Ok(Some(found.oid));
        }
    }
    let runs = super::status::status(job).await?;
    let matches = |name: &QualifiedName| {
        name.name == arg.name && arg.schema.as_ref().is_none_or(|s| *s == name.schema)
    };
    Ok(runs.iter().find(|r| r.table.as_ref().is_some_and(matches)).map(|r| r.oid))
}
