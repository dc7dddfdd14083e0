//! The sequences of serial columns: they stay where they are, with their OIDs and values.
//!
//! `ALTER TABLE … SET SCHEMA` carries owned sequences along and locks them. A client that called
//! nextval and now waits for the table would wait for us while we wait for its sequence: so the
//! table lets go of them ahead of the cutover, when no other lock is held, and the new table takes
//! them after it.

use super::context::Run;
use super::patience::patiently;
use crate::catalog::lookup;
use crate::error::{Error, Result};
use crate::failpoint::{At, SEQUENCE_RELEASE, SEQUENCE_RESTORE};
use crate::names::{QualifiedName, ident};
use crate::pg::lock::Mode;
use tokio_postgres::types::Type;

/// Takes the sequences from the table, with a record in the same transaction, so that [`restore`]
/// can put it right whatever happens. Says whether there were any left to take.
pub async fn release(run: &mut Run<'_>) -> Result<bool> {
    let mut any = false;
    for (oid, name, column) in owned(run).await? {
        any = true;
        let mut journal = run.journal.clone();
        journal.state.released.retain(|(o, _)| *o != oid);
        journal.state.released.push((oid, column));
        let statement = format!("ALTER SEQUENCE {} OWNED BY NONE", name.sql());
        alter(run, oid, &name, &statement, Some(&journal)).at(SEQUENCE_RELEASE).await?;
        run.journal = journal;
    }
    Ok(any)
}

/// Gives the sequences to the table: the old one before the cutover, the new one after it. What
/// cannot be given back, because somebody changed it meanwhile, is said and left.
pub async fn restore(run: &mut Run<'_>) -> Result<()> {
    let past = run.journal.phase.is_past_cutover();
    let table = if past { run.journal.shadow_oid } else { run.journal.table_oid };
    for (oid, column) in run.journal.state.released.clone() {
        let client = run.sessions.observer.client();
        let (sequence, table) =
            (lookup::by_oid(client, oid).await?, lookup::by_oid(client, table).await?);
        let Some(sequence) = sequence.map(|s| s.name) else { continue };
        let Some(table) = table.map(|t| t.name) else {
            run.note(format!("sequence {sequence} is left of the dropped table"));
            continue;
        };
        let statement = format!(
            "ALTER SEQUENCE {} OWNED BY {}.{}",
            sequence.sql(),
            table.sql(),
            ident(&column)
        );
        match alter(run, oid, &sequence, &statement, None).at(SEQUENCE_RESTORE).await {
            Err(e) if e.is_impossible() => {
                run.note(format!("sequence {sequence} could not be given back to {table}.{column} ({e}): do so with {statement}"));
            }
            other => other?,
        }
    }
    run.journal.state.released.clear();
    Ok(())
}

/// The sequences that belong to columns of the table as serial makes them: OID, name, column.
async fn owned(run: &Run<'_>) -> Result<Vec<(u32, QualifiedName, String)>> {
    let rows = run
        .sessions
        .observer
        .query_typed(
            "SELECT c.oid, n.nspname::text, c.relname::text, a.attname::text
             FROM pg_catalog.pg_depend d
             JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = d.classid
               AND d.refobjid = $1 AND d.deptype = 'a'
             ORDER BY c.oid",
            &[(&run.subject.oid, Type::OID)],
        )
        .await
        .map_err(Error::sql("looking for the table's sequences"))?;
    Ok(rows
        .iter()
        .map(|r| (r.get(0), QualifiedName::new(r.get::<_, &str>(1), r.get::<_, &str>(2)), r.get(3)))
        .collect())
}

async fn alter(
    run: &mut Run<'_>,
    oid: u32,
    name: &QualifiedName,
    statement: &str,
    journal: Option<&super::journal::Journal>,
) -> Result<()> {
    let what = format!("sequence {name}");
    patiently(run, &[oid], Mode::ShareRowExclusive, &what, async |worker, timeout| {
        let bound = format!("SET LOCAL lock_timeout = {}", timeout.as_millis().max(1));
        let both = format!("{bound}; {statement}");
        worker.batch_execute(&both).await.map_err(Error::sql("ALTER SEQUENCE … OWNED BY"))?;
        match journal {
            Some(journal) => journal.save(worker.client()).await,
            None => Ok(()),
        }
    })
    .await
}
