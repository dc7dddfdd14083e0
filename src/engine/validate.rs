//! Validation of the foreign keys that the exchange added without a look at the rows.
//!
//! VALIDATE CONSTRAINT takes SHARE UPDATE EXCLUSIVE on the table that refers and ROW SHARE on the
//! other, which keep no reader and no writer waiting ("ALTER TABLE", PostgreSQL manual). On a partitioned
//! table it would look through all partitions in one transaction, whose snapshot holds vacuum back
//! everywhere: so they come one by one, and then there is nothing left to look at for the whole.

use super::context::{Run, interruptible};
use crate::catalog::{self, attached::ForeignKey};
use crate::error::{Error, Result};
use crate::failpoint::{At, VALIDATE};
use crate::names::{QualifiedName, ident};
use crate::pg::{READ_COMMITTED, run_all, settings, transaction};
use crate::sql::attached::foreign_keys as sql;
use std::time::Duration;
use tokio_postgres::{Row, error::SqlState, types::Type};

/// How often one is tried when somebody, say autovacuum or DDL, is in the way.
const TRIES: u32 = 60;

/// How often the catalog is asked for them when one was renamed or dropped between the look and its turn.
const LOOKS: u32 = 10;

/// What a statement fails with when that was so.
const GONE: [SqlState; 3] =
    [SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_OBJECT];

fn is_gone(error: &Error) -> bool {
    GONE.iter().any(|state| error.is(state))
}

/// Validates those that were valid before. Which ones, the journal says; what they are, the
/// catalog.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    for _ in 1..LOOKS {
        match all(run).await {
            Err(e) if is_gone(&e) => {}
            done => return done,
        }
    }
    all(run).await
}

async fn all(run: &mut Run<'_>) -> Result<()> {
    let Some(before) = run.journal.state.taken_over.clone() else { return Ok(()) };
    let now = catalog::describe(run.sessions.worker.client(), run.journal.shadow_oid).await?;
    let Some(now) = now else { return Ok(()) };
    let keys = to_validate(&before.attached.foreign_keys, &now.attached.foreign_keys);
    settings::lock_timeout(&run.sessions.worker, Duration::from_secs(2)).await?;
    for (i, key) in keys.iter().enumerate() {
        run.progress(i as u64, keys.len() as u64, 0, 0);
        let mut valid = true;
        for share in shares(run, key).await? {
            valid &= one(run, &share, key).await?;
        }
        // Of one that is not, the whole has been told about.
        if valid {
            one(run, key, key).await?;
        }
    }
    Ok(())
}

/// What each partition has of a partitioned table's foreign key, as keys of their own.
async fn shares(run: &Run<'_>, key: &ForeignKey) -> Result<Vec<ForeignKey>> {
    let rows = run
        .sessions
        .worker
        .query_typed(
            include_str!("../catalog/sql/shares.sql"),
            &[
                (&key.table.schema, Type::TEXT),
                (&key.table.name, Type::TEXT),
                (&key.name, Type::TEXT),
            ],
        )
        .await
        .map_err(Error::sql("looking for the partitions of a foreign key"))?;
    let share = |r: &Row| ForeignKey {
        table: QualifiedName::new(r.get::<_, &str>(0), r.get::<_, &str>(1)),
        name: r.get(2),
        owner: r.get(3),
        validates: r.get(4),
        ..key.clone()
    };
    Ok(rows.iter().map(share).collect())
}

/// Those of `now` that have not been validated and were valid before.
fn to_validate(before: &[ForeignKey], now: &[ForeignKey]) -> Vec<ForeignKey> {
    // The table at hand is the same by whatever name.
    let same = |a: &ForeignKey, b: &ForeignKey| {
        a.own == b.own && a.name == b.name && (a.own || a.table == b.table)
    };
    // Somebody may have renamed the key, or the table that refers, in the moment since: a key that
    // is looked for in vain would stay NOT VALID for good, and nobody would be told.
    let renamed = |a: &ForeignKey, b: &ForeignKey| {
        let unchanged = b.columns == a.columns && b.foreign_columns == a.foreign_columns;
        a.own == b.own && (a.name == b.name || a.table == b.table || a.own) && unchanged
    };
    let was_valid = |key: &&ForeignKey| {
        let gone = |k: &&ForeignKey| !now.iter().any(|n| same(n, k));
        let found = before.iter().find(|k| same(k, key));
        let found = found.or_else(|| before.iter().filter(gone).find(|k| renamed(k, key)));
        found.is_some_and(ForeignKey::is_to_validate)
    };
    now.iter().filter(|k| !k.validated).filter(was_valid).cloned().collect()
}

/// Validates one, which is `whole` or a partition's share in it. Returns whether `whole` can be valid
/// after that; if not, the report says why, and how it can be made so.
async fn one(run: &mut Run<'_>, key: &ForeignKey, whole: &ForeignKey) -> Result<bool> {
    let what = format!("foreign key {} of {}", whole.name, whole.table);
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
            Ok(()) => return Ok(true),
            // There before us: the table must not be made to look better than it was, nor the run
            // be held up for it.
            Err(e) if e.is(&SqlState::FOREIGN_KEY_VIOLATION) => {
                run.note(format!(
                    "{what} holds for new rows but could not be validated: there are old rows without a match in {}. They are found by {}; then run {}",
                    whole.references,
                    sql::orphans(whole),
                    sql::validate(whole)
                ));
                return Ok(false);
            }
            // The partition was dropped or detached a moment ago.
            Err(e) if key.table != whole.table && is_gone(&e) => return Ok(true),
            Err(e) if e.is_lock() => tokio::time::sleep(run.backoff.step()).await,
            Err(e) => return Err(e),
        }
    }
    run.note(format!(
        "{what} holds for new rows but is not validated yet, because somebody kept {} locked: run {}",
        key.table,
        sql::validate(whole)
    ));
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, table: &str, own: bool) -> ForeignKey {
        let named = |name: &str| QualifiedName::new("app", name);
        ForeignKey {
            name: name.into(),
            table: named(table),
            owner: "o".into(),
            own,
            inherited: false,
            of_parent: false,
            parts: None,
            references: named("p"),
            definition: String::new(),
            validated: false,
            enforced: true,
            full: false,
            columns: vec!["a".into()],
            foreign_columns: vec!["id".into()],
            able: true,
            validates: true,
            comment: None,
            turn: None,
        }
    }

    #[test]
    fn a_key_is_found_again_whatever_was_renamed_since() {
        let valid = |name, table, own| ForeignKey { validated: true, ..key(name, table, own) };
        let names = |before: &[ForeignKey], now: &[ForeignKey]| -> Vec<String> {
            to_validate(before, now).into_iter().map(|k| k.name).collect()
        };
        let before = [valid("f", "t", true), valid("g", "child", false), key("h", "kid", false)];
        let now = [key("f", "t", true), key("g", "child", false), key("h", "kid", false)];
        assert_eq!(names(&before, &now), ["f", "g"]);
        // The table itself, a table that refers, a key.
        assert_eq!(names(&before, &[key("f", "u", true)]), ["f"]);
        assert_eq!(names(&before, &[key("g", "other", false)]), ["g"]);
        assert_eq!(names(&before, &[key("z", "child", false)]), ["z"]);
        // What was not valid before is not made so, nor what somebody has added.
        assert_eq!(names(&before, &[key("h", "other", false)]), [""; 0]);
        let added = ForeignKey { columns: vec!["b".into()], ..key("n", "t", true) };
        assert_eq!(names(&before, &[key("f", "t", true), added]), ["f"]);
    }
}
