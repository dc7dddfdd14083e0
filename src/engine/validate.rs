//! Validation of the foreign keys that the exchange added without a look at the rows.
//!
//! VALIDATE CONSTRAINT takes SHARE UPDATE EXCLUSIVE on the table that refers and ROW SHARE on the
//! other, which keep no reader and no writer waiting ("ALTER TABLE", PostgreSQL manual).

use super::context::{Run, interruptible};
use crate::catalog::{self, attached::ForeignKey};
use crate::error::Result;
use crate::failpoint::{At, VALIDATE};
use crate::names::ident;
use crate::pg::{READ_COMMITTED, run_all, settings, transaction};
use crate::sql::attached::foreign_keys as sql;
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// How often one is tried when somebody, say autovacuum or DDL, is in the way.
const TRIES: u32 = 60;

/// Validates those that were valid before. Which ones, the journal says; what they are, the
/// catalog.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    let Some(before) = run.journal.state.taken_over.clone() else { return Ok(()) };
    let was_valid = |key: &ForeignKey| {
        let same = |k: &&ForeignKey| k.table == key.table && k.name == key.name;
        before.attached.foreign_keys.iter().find(same).is_some_and(ForeignKey::is_to_validate)
    };
    let now = catalog::describe(run.sessions.worker.client(), run.journal.shadow_oid).await?;
    let Some(now) = now else { return Ok(()) };
    let keys = now.attached.foreign_keys.into_iter().filter(|k| !k.validated && was_valid(k));
    let keys: Vec<ForeignKey> = keys.collect();
    settings::lock_timeout(&run.sessions.worker, Duration::from_secs(2)).await?;
    for (i, key) in keys.iter().enumerate() {
        run.progress(i as u64, keys.len() as u64, 0, 0);
        one(run, key).await?;
    }
    Ok(())
}

async fn one(run: &mut Run<'_>, key: &ForeignKey) -> Result<()> {
    let what = format!("foreign key {} of {}", key.name, key.table);
    let role = if key.validates { ident(&key.owner) } else { "NONE".to_owned() };
    let statements = [format!("SET LOCAL ROLE {role}"), sql::validate(key)];
    for _ in 0..TRIES {
        run.check_stop()?;
        let worker = &run.sessions.worker;
        let work = transaction(worker, READ_COMMITTED, async |client| {
            run_all(client, &format!("validating {what}"), &statements).await
        })
        .at(VALIDATE);
        match interruptible(&run.control.stop, worker, work).await {
            Ok(()) => return Ok(()),
            // There before us: the table must not be made to look better than it was, nor the run
            // be held up for it.
            Err(e) if e.is(&SqlState::FOREIGN_KEY_VIOLATION) => {
                run.note(format!(
                    "{what} holds for new rows but could not be validated: there are old rows without a match in {}. They are found by {}; then run {}",
                    key.references,
                    sql::orphans(key),
                    sql::validate(key)
                ));
                return Ok(());
            }
            Err(e) if e.is_lock() => tokio::time::sleep(run.backoff.step()).await,
            Err(e) => return Err(e),
        }
    }
    run.note(format!(
        "{what} holds for new rows but is not validated yet, because somebody kept {} locked: run {}",
        key.table,
        sql::validate(key)
    ));
    Ok(())
}
