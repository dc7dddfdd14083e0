//! Status: what runs there are in a database, and how far they are.

use super::context::Job;
use super::journal::Held;
use super::{begin, journal};
use crate::catalog::lookup;
use crate::error::{Error, Result};
use crate::job::Phase;
use crate::names::{QualifiedName, RunNames, literal};
use crate::pg::{Session, settings};
use serde::Serialize;

/// One unfinished run.
#[derive(Debug, Clone, Serialize)]
pub struct RunStatus {
    /// OID of the original.
    pub oid: u32,
    /// The table's name when the run began.
    pub table: Option<QualifiedName>,
    /// The phase it will go on with.
    pub phase: Option<Phase>,
    /// The owner of its schemas.
    pub owner: String,
    /// Why it cannot be used, if it cannot.
    pub problem: Option<String>,
    /// Whether a repackd is at work on it now.
    pub running: bool,
    /// Rows in the key log.
    pub log_rows: Option<u64>,
    /// Its size with its indexes, in bytes.
    pub log_bytes: Option<i64>,
    /// Size of the shadow, in bytes.
    pub shadow_bytes: Option<i64>,
    /// Pages to copy.
    pub pages: Option<u64>,
    /// Pages copied.
    pub pages_copied: Option<u64>,
    /// When it began.
    pub started: Option<String>,
    /// When the journal was last written.
    pub updated: Option<String>,
    /// Seconds since it began.
    pub age: Option<f64>,
    /// Seconds since the journal was last written.
    pub idle: Option<f64>,
    /// Whose it is.
    pub runner: Option<Runner>,
    /// Why it is held back, if it is.
    pub held: Option<Held>,
    /// Whether only cleaning up is left.
    pub cleanup_only: bool,
    /// Whether it was being given up.
    pub given_up: bool,
    /// Whether its shadow was found not to be equal to the table.
    pub mismatch: bool,
}

/// Who began a run, or went on with it last.
#[derive(Debug, Clone, Serialize)]
pub struct Runner {
    /// The login role.
    pub login: String,
    /// The host of that repackd.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// Its version.
    pub repackd: String,
}

/// Every unfinished run in the database.
pub async fn status(job: &Job) -> Result<Vec<RunStatus>> {
    let session = settings::open(&job.server, "repackd").await?;
    let mut all = Vec::new();
    for found in journal::find(session.client(), None).await? {
        let mut status = RunStatus {
            oid: found.oid,
            table: None,
            phase: None,
            owner: found.owner.clone(),
            problem: found.problem.clone(),
            running: begin::runner(&session, found.oid).await?.is_some(),
            log_rows: None,
            log_bytes: None,
            shadow_bytes: None,
            pages: None,
            pages_copied: None,
            started: None,
            updated: None,
            age: None,
            idle: None,
            runner: None,
            held: None,
            cleanup_only: false,
            given_up: false,
            mismatch: false,
        };
        if status.problem.is_none()
            && let Err(e) = fill(&session, &found, &mut status).await
        {
            if e.sqlstate().is_none() && session.is_closed() {
                return Err(e);
            }
            status.problem = Some(e.to_string());
        }
        session.batch_execute("RESET ROLE").await.map_err(Error::sql("RESET ROLE"))?;
        all.push(status);
    }
    Ok(all)
}

async fn fill(session: &Session, found: &journal::FoundRun, status: &mut RunStatus) -> Result<()> {
    settings::become_role(session, &found.owner).await?;
    let journal = journal::read(session.client(), found).await?;
    let names = RunNames::new(found.oid);
    let log = names.work_sql("log");
    let row = session
        .query_one(
            &format!(
                "SELECT (SELECT count(*) FROM {log}), (SELECT coalesce(sum(past - first), 0)::int8 FROM {}),
                        to_char(started, 'YYYY-MM-DD HH24:MI:SS TZ'), to_char(updated, 'YYYY-MM-DD HH24:MI:SS TZ'),
                        pg_catalog.pg_total_relation_size({}::pg_catalog.regclass),
                        extract(epoch FROM pg_catalog.clock_timestamp() - started)::float8,
                        extract(epoch FROM pg_catalog.clock_timestamp() - updated)::float8 FROM {}",
                names.work_sql("chunk"),
                literal(&log),
                names.work_sql("journal")
            ),
            &[],
        )
        .await
        .map_err(Error::sql("reading the state of the run"))?;
    let sizes = lookup::sizes(session.client(), journal.shadow_oid).await?;
    status.log_rows = u64::try_from(row.get::<_, i64>(0)).ok();
    status.pages_copied = u64::try_from(row.get::<_, i64>(1)).ok();
    status.started = row.get(2);
    status.updated = row.get(3);
    status.shadow_bytes = Some(sizes.total());
    status.log_bytes = row.get(4);
    (status.age, status.idle) = (row.get(5), row.get(6));
    status.pages = journal.state.pages;
    status.given_up = journal.state.given_up;
    status.mismatch = journal.state.mismatch.is_some();
    status.cleanup_only = journal.phase.is_past_cutover();
    status.held = journal.state.held;
    status.phase = Some(journal.phase);
    let journal::State { table, login, host, pid, repackd, .. } = journal.state;
    status.runner = Some(Runner { login, host, pid, repackd });
    status.table = Some(table);
    Ok(())
}
