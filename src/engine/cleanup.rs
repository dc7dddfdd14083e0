//! Cleanup after the cutover, and abort before it. Both leave nothing behind.
//!
//! Nothing is dropped with CASCADE: should anything unforeseen hang on the old table, RESTRICT is
//! the last safety net.

use super::capture;
use super::context::Run;
use super::matviews;
use super::patience::persistently;
use super::sequences;
use crate::catalog::{self, lookup};
use crate::error::{Error, Result};
use crate::failpoint::{ABORT_DROP, At, CLEANUP_DROP};
use crate::names::{QualifiedName, ident};
use crate::pg::{run_all, settings};
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// How often a DROP is tried when somebody, say pg_dump, holds a lock on what is to go.
const TRIES: u32 = 30;

/// Drops the old table and the run's schemas; if it is the last there is, only if that is `known`.
pub async fn run(run: &mut Run<'_>, known: bool) -> Result<()> {
    report_late_grants(run).await?;
    sequences::restore(run).await?;
    let mut statements = matviews::drops(run).await?;
    statements.push(format!("DROP TABLE IF EXISTS {} RESTRICT", old_table(run).sql()));
    statements.extend(remains(run));
    // Much may have happened since it was looked at: validation alone takes hours.
    if !known {
        confirm(run).await?;
    }
    drop_all(run, &statements, !known).at(CLEANUP_DROP).await
}

/// Takes capture off the table and drops the shadow and the schemas. The triggers go first and by
/// themselves: were the log dropped under them, writers would fail.
///
/// That it was begun is written down before. Otherwise, should it die half-way, a resume would find
/// its triggers gone and blame somebody else.
pub async fn abort(run: &mut Run<'_>) -> Result<()> {
    run.sessions.announce(run.subject.oid, "abort").await;
    run.journal.state.given_up = true;
    let mut saved = run.journal.save(run.sessions.worker.client()).await;
    if saved.as_ref().is_err_and(|e| e.is(&SqlState::QUERY_CANCELED)) {
        // A request to cancel what was done before has come this late.
        saved = run.journal.save(run.sessions.worker.client()).await;
    }
    if let Err(e) = saved
        && !e.is_disk_full()
    {
        return Err(e);
    }
    capture::detach(run).await?;
    sequences::restore(run).await?;
    let mut statements = matviews::drops(run).await?;
    statements.push(format!("DROP TABLE IF EXISTS {} RESTRICT", run.subject.shadow().sql()));
    statements.extend(remains(run));
    drop_all(run, &statements, false).at(ABORT_DROP).await
}

/// What every run has, whatever its phase; in this order nothing depends on what goes before it.
fn remains(run: &Run<'_>) -> Vec<String> {
    let names = &run.subject.names;
    let mut statements = vec![
        format!("DROP FUNCTION IF EXISTS {}() RESTRICT", names.work_sql("capture")),
        format!("DROP FUNCTION IF EXISTS {}() RESTRICT", names.work_sql("closed")),
        format!(
            "DROP TABLE IF EXISTS {}, {}, {}, {} RESTRICT",
            names.stand_in(),
            names.work_sql("log"),
            names.work_sql("chunk"),
            names.work_sql("journal")
        ),
    ];
    statements
        .extend(names.all().iter().map(|s| format!("DROP SCHEMA IF EXISTS {} RESTRICT", ident(s))));
    statements
}

/// `if_new`: only if the new table is there when all this is to be committed. It may have waited for a
/// lock on the old one, while nothing kept anybody from dropping the new one.
async fn drop_all(run: &mut Run<'_>, statements: &[String], if_new: bool) -> Result<()> {
    let (new, table, old) = (run.journal.shadow_oid, run.subject.table.clone(), old_table(run));
    let worker = &run.sessions.worker;
    settings::lock_timeout(worker, Duration::from_secs(2)).await?;
    let pause = || Ok(run.backoff.step());
    persistently(worker, TRIES, pause, async |client| {
        run_all(client, "dropping what the run leaves", statements).await?;
        if if_new && lookup::by_oid(client, new).await?.is_none() {
            return Err(Error::Dropped { table: table.clone(), old: old.clone() });
        }
        Ok(())
    })
    .await
}

/// A GRANT on a column that began before the exchange and ended after it has gone to the old
/// table. It cannot be prevented, but it shall not be lost in silence.
async fn report_late_grants(run: &mut Run<'_>) -> Result<()> {
    let Some(taken) = run.journal.state.taken_over.clone() else { return Ok(()) };
    let Some(found) = lookup::by_oid(run.sessions.worker.client(), run.subject.oid).await? else {
        return Ok(());
    };
    let Some(old) = catalog::describe(run.sessions.worker.client(), found.oid).await? else {
        return Ok(());
    };
    type Privileges = Vec<(String, Option<Vec<catalog::Grant>>)>;
    let privileges = |d: &catalog::TableDescription| -> Privileges {
        let columns = d.columns.iter().map(|c| (c.name.clone(), c.acl.clone()));
        columns.chain([(String::new(), d.relation.acl.clone())]).collect()
    };
    if privileges(&old) != privileges(&taken) {
        run.note("privileges were changed at the very moment of the cutover and went to the old table: repeat the last GRANT or REVOKE");
    }
    for view in &taken.attached.matviews {
        let own = &view.description.relation.name;
        let mut others = old.attached.matviews.iter();
        let old = others.find(|o| o.description.relation.name == *own);
        if old.is_some_and(|o| privileges(&o.description) != privileges(&view.description)) {
            let name = view.name();
            run.note(format!("privileges on materialized view {name} were changed at the very moment of the cutover and went to the old one: repeat the last GRANT or REVOKE"));
        }
    }
    Ok(())
}

/// Fails unless what is about to be called done really is: the name belongs to the new table. If
/// that is gone, the old one may be the last copy there is, and only a person says that it can go.
pub async fn confirm(run: &Run<'_>) -> Result<()> {
    let found = lookup::by_oid(run.sessions.observer.client(), run.journal.shadow_oid).await?;
    let table = &run.subject.table;
    match found {
        Some(found) if found.name.schema != run.subject.names.new => Ok(()),
        Some(_) => Err(Error::Other(format!("the new table of {table} is not in its place"))),
        None => Err(Error::Dropped { table: table.clone(), old: old_table(run) }),
    }
}

/// Where the exchange puts the old table.
pub fn old_table(run: &Run<'_>) -> QualifiedName {
    QualifiedName::new(&run.subject.names.old, &run.subject.table.name)
}
