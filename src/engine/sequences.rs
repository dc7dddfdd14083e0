//! The sequences of serial columns: they stay where they are, with their OIDs and values.
//!
//! `ALTER TABLE … SET SCHEMA` carries owned sequences along and locks them. A client that called
//! nextval and now waits for the table would wait for us while we wait for its sequence: so the
//! table lets go of them ahead of the cutover, when no other lock is held, and the new table takes
//! them after it.

use super::context::Run;
use super::patience::patiently;
use crate::catalog::{Sequence, lookup};
use crate::error::{Error, Result};
use crate::names::{QualifiedName, TableArg, ident};
use crate::pg::lock::Mode;

/// Takes the sequences from the table. Whatever happens afterwards, [`restore`] puts it right.
pub async fn release(run: &mut Run<'_>) -> Result<()> {
    for sequence in serial(run) {
        let statement = format!("ALTER SEQUENCE {} OWNED BY NONE", name(&sequence).sql());
        alter(run, &sequence, statement, true).await?;
    }
    Ok(())
}

/// Gives the sequences to whichever table has the name now.
pub async fn restore(run: &mut Run<'_>) -> Result<()> {
    let table = run.subject.table.clone();
    let arg = TableArg { schema: Some(table.schema.clone()), name: table.name.clone() };
    for sequence in serial(run) {
        let gone = lookup::by_name(run.sessions.observer.client(), &arg, &[]).await?.is_none();
        if gone {
            run.note(format!("sequence {} is left of the dropped table: drop it", name(&sequence)));
            continue;
        }
        let statement = format!(
            "ALTER SEQUENCE {} OWNED BY {}.{}",
            name(&sequence).sql(),
            table.sql(),
            ident(&sequence.column)
        );
        alter(run, &sequence, statement, false).await?;
    }
    Ok(())
}

fn serial(run: &Run<'_>) -> Vec<Sequence> {
    run.subject.description.sequences.iter().filter(|s| !s.identity).cloned().collect()
}

fn name(sequence: &Sequence) -> QualifiedName {
    QualifiedName::new(&sequence.schema, &sequence.name)
}

/// Runs the statement unless the sequence is already owned, or not owned, as it shall be.
async fn alter(
    run: &mut Run<'_>,
    sequence: &Sequence,
    statement: String,
    owned: bool,
) -> Result<()> {
    let row = run
        .sessions
        .observer
        .query_opt(
            "SELECT c.oid, EXISTS (SELECT FROM pg_catalog.pg_depend d
                                   WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a')
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'S'",
            &[&sequence.schema, &sequence.name],
        )
        .await
        .map_err(Error::sql("looking for the table's sequences"))?;
    match row {
        Some(row) if row.get::<_, bool>(1) == owned => {
            let oid: u32 = row.get(0);
            let what = format!("sequence {}", name(sequence));
            patiently(run, &[oid], Mode::ShareRowExclusive, &what, async |worker, timeout| {
                let bound = format!("SET LOCAL lock_timeout = {}", timeout.as_millis().max(1));
                let both = format!("{bound}; {statement}");
                worker.batch_execute(&both).await.map_err(Error::sql("ALTER SEQUENCE … OWNED BY"))
            })
            .await
        }
        _ => Ok(()),
    }
}
