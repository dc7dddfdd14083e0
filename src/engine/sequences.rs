//! The sequences of serial columns: they stay where they are, with their OIDs and values.
//!
//! `ALTER TABLE … SET SCHEMA` carries owned sequences along and locks them. A client that called
//! nextval and now waits for the table would wait for us while we wait for its sequence: so the
//! table lets go of them ahead of the cutover, when no other lock is held, and the new table takes
//! them after it.

use super::cleanup;
use super::context::Run;
use super::patience::patiently;
use crate::error::{Error, Result};
use crate::failpoint::{At, SEQUENCE_RELEASE, SEQUENCE_RESTORE};
use crate::names::{QualifiedName, ident};
use crate::pg::lock::Mode;
use tokio_postgres::{error::SqlState, types::Type};

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

/// Gives the sequences to the table: the old one before the cutover, the new one after it. While the
/// table was without them, whatever was done to it passed them by; they follow it now: to another
/// owner, to another schema, or into nothing. What cannot be given back is said and left.
pub async fn restore(run: &mut Run<'_>) -> Result<()> {
    let past = run.journal.phase.is_past_cutover();
    let table = if past { run.journal.shadow_oid } else { run.journal.table_oid };
    for (oid, column) in run.journal.state.released.clone() {
        // Again with the login's own rights: the owner of the table may not be allowed to follow it.
        for rights in ["", "SET LOCAL ROLE NONE; "] {
            let Some(home) = Home::find(run, oid, table, &column).await? else { break };
            let statement = if past && home.is_lost() {
                // The old table still takes its values from it.
                format!(
                    "ALTER TABLE IF EXISTS {} ALTER COLUMN {} DROP DEFAULT; {}",
                    cleanup::old_table(run).sql(),
                    ident(&column),
                    home.statement()
                )
            } else {
                home.statement()
            };
            let all = format!("{rights}{statement}");
            // 2BP01: somebody else uses the sequence.
            let impossible =
                |e: &Error| e.is_impossible() || e.is(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST);
            match alter(run, oid, &home.sequence, &all, None).at(SEQUENCE_RESTORE).await {
                Err(e) if impossible(&e) => {
                    // The run's owner can write into the journal whatever he likes.
                    let vouched = home.reads && home.of_the_run;
                    if vouched && rights.is_empty() {
                        tracing::debug!("sequence {}: {e}", home.sequence);
                        continue;
                    }
                    let advice = match home.of_the_run {
                        true if vouched => format!(": do so with {statement}"),
                        true => format!(": if it belongs there, do so with {statement}"),
                        false => String::new(),
                    };
                    run.note(format!(
                        "sequence {} could not be given back to {} ({e}){advice}",
                        home.sequence,
                        home.owner()
                    ));
                    break;
                }
                other => {
                    other?;
                    break;
                }
            }
        }
    }
    run.journal.state.released.clear();
    Ok(())
}

/// A sequence that was taken from a table, and where it belongs now.
struct Home {
    sequence: QualifiedName,
    /// The table with its owner; `None`: it was dropped.
    table: Option<(QualifiedName, String)>,
    same_owner: bool,
    /// `None`: it was dropped.
    column: Option<String>,
    /// Whether the server, and not the journal alone, says that they belong together.
    reads: bool,
    /// Whether it is the run's owner's.
    of_the_run: bool,
}

impl Home {
    /// `None`: the sequence was dropped.
    async fn find(run: &Run<'_>, oid: u32, table: u32, column: &str) -> Result<Option<Self>> {
        let row = run
            .sessions
            .observer
            .query_typed_opt(
                include_str!("sequence_home.sql"),
                &[
                    (&oid, Type::OID),
                    (&table, Type::OID),
                    (&column, Type::NAME),
                    (&run.journal.owner, Type::TEXT),
                ],
            )
            .await
            .map_err(Error::sql("looking for the table's sequences"))?;
        let name = |row: &tokio_postgres::Row, at: usize| {
            QualifiedName::new(row.get::<_, &str>(at), row.get::<_, &str>(at + 1))
        };
        Ok(row.map(|row| Self {
            sequence: name(&row, 0),
            table: row.get::<_, Option<&str>>(2).map(|_| (name(&row, 2), row.get(4))),
            same_owner: row.get::<_, Option<bool>>(5).unwrap_or_default(),
            column: row.get(6),
            reads: row.get(7),
            of_the_run: row.get(8),
        }))
    }

    /// Whether it went with its column or its table.
    fn is_lost(&self) -> bool {
        self.table.is_none() || self.column.is_none()
    }

    /// Whose it is, for a person.
    fn owner(&self) -> String {
        match (&self.table, &self.column) {
            (Some((table, _)), Some(column)) => format!("{table}.{column}"),
            _ => "nobody, its column being dropped".to_owned(),
        }
    }

    /// What the server would have done itself, had the table had the sequence all the time. Without
    /// CASCADE: whoever else uses a sequence would have kept its table from being dropped.
    fn statement(&self) -> String {
        let (Some((table, owner)), Some(column)) = (&self.table, &self.column) else {
            return format!("DROP SEQUENCE {}", self.sequence.sql());
        };
        let mut sql = String::new();
        let mut sequence = self.sequence.clone();
        if !self.same_owner {
            sql += &format!("ALTER SEQUENCE {} OWNER TO {}; ", sequence.sql(), ident(owner));
        }
        if sequence.schema != table.schema {
            let schema = ident(&table.schema);
            sql += &format!("ALTER SEQUENCE {} SET SCHEMA {schema}; ", sequence.sql());
            sequence.schema.clone_from(&table.schema);
        }
        sql + &format!(
            "ALTER SEQUENCE {} OWNED BY {}.{}",
            sequence.sql(),
            table.sql(),
            ident(column)
        )
    }
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
