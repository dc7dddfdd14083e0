//! The fingerprint: whoever changes the table during a run wins.

use super::context::Run;
use crate::catalog::{TableDescription, difference::difference};
use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::preflight::dependents;
use tokio_postgres::Client;

/// Fails if the table is not what it was, privileges apart, which are read anew at the cutover.
pub fn compare(
    table: &QualifiedName,
    expected: &TableDescription,
    now: Option<&TableDescription>,
) -> Result<()> {
    let changed = |difference| Err(Error::Changed { table: table.clone(), difference });
    let Some(now) = now else { return changed("it was dropped".to_owned()) };
    match difference(&expected.without_grants(), &now.without_grants()) {
        Some(difference) => changed(difference),
        None => Ok(()),
    }
}

/// The same on the server, together with the key, and with what depends on the table. Returns the
/// description.
///
/// Whoever owns the table owns the journal too and may have written anything into it. So nothing of
/// a journal is put into SQL, a name apart, before this has found it equal to the catalog.
pub async fn check(run: &Run<'_>, client: &Client) -> Result<TableDescription> {
    let oid = run.subject.oid;
    let (now, key, dependents) = tokio::try_join!(
        crate::catalog::describe(client, oid),
        crate::catalog::key::choose(client, oid),
        dependents(client, oid)
    )?;
    compare(&run.subject.table, &run.subject.description, now.as_ref())?;
    let changed = |difference| Err(Error::Changed { table: run.subject.table.clone(), difference });
    if run.subject.table != run.subject.description.name() {
        return changed("its journal calls it by two names".to_owned());
    }
    if key.as_ref() != Some(&run.subject.key) {
        return changed("it has another key".to_owned());
    }
    if run.journal.owner != run.subject.description.relation.owner {
        return changed(format!(
            "its owner is {}, that of the run {}",
            run.subject.description.relation.owner, run.journal.owner
        ));
    }
    if let Some(first) = dependents.first() {
        return Err(Error::Changed {
            table: run.subject.table.clone(),
            difference: format!("it has {first} now"),
        });
    }
    now.ok_or_else(|| Error::Other("the table is gone".into()))
}
