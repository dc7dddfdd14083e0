//! Plan and check: what would happen, without doing any of it. The rehearsal is done and taken back.

use super::context::Job;
use super::space::Space;
use super::{begin, journal, prepare};
use crate::catalog::lookup::Found;
use crate::catalog::neighbours::{self, Neighbour};
use crate::catalog::table::Sequence;
use crate::error::{Error, Result};
use crate::job::Phase;
use crate::job::Sizes;
use crate::names::{QualifiedName, ident};
use crate::preflight;
use crate::sql::{Subject, exchange};
use serde::Serialize;

/// What a run of a table would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The table.
    pub table: String,
    /// The key, in words.
    pub key: Option<String>,
    /// Why it would be refused; empty if it would not.
    pub reasons: Vec<String>,
    /// Sizes now.
    pub before: Sizes,
    /// Expected size afterwards, from the planner's statistics.
    pub expected_bytes: Option<i64>,
    /// Disk space the copy is expected to take meanwhile; the key log comes to that.
    pub extra_bytes: i64,
    /// Phase by phase.
    pub phases: Vec<PlanPhase>,
    /// The statements of the exchange.
    pub cutover_sql: Vec<String>,
    /// What an operator should know before.
    pub warnings: Vec<String>,
}

/// One phase of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanPhase {
    /// Which.
    pub phase: Phase,
    /// What it does.
    pub what: String,
    /// What it locks.
    pub locks: String,
}

/// Plans the run of a table.
pub async fn plan(job: &Job, table: &Found) -> Result<Plan> {
    let session = begin::first_session(job, "repackd").await?;
    let mut preflight = preflight::look(&session, table, job.settings.trust_owner).await?;
    let space = Space::of(session.client(), table.oid).await?;
    preflight.reasons.extend(space.refusal(&job.settings.limits));
    let mut plan = Plan {
        table: table.name.to_string(),
        key: preflight.key.as_ref().map(|k| {
            format!(
                "{} by {} {}",
                k.readable(),
                if k.primary { "primary key" } else { "unique index" },
                k.index
            )
        }),
        reasons: preflight.reasons,
        before: space.before,
        expected_bytes: space.after.map(|_| space.expected()),
        extra_bytes: space.expected(),
        phases: Vec::new(),
        cutover_sql: Vec::new(),
        warnings: Vec::new(),
    };
    if space.after.is_none() {
        plan.warnings.push(
            "its size without bloat is unknown: the table was never analyzed, or its statistics cannot be \
             read; run ANALYZE as its owner"
                .into(),
        );
    }
    if let (true, Some(key)) = (plan.reasons.is_empty(), preflight.key) {
        let subject = Subject::new(table.oid, preflight.description, key);
        // An unfinished run has been through its rehearsal, and its schemas are in the way.
        if let Some(run) = journal::find(session.client(), Some(table.oid)).await?.first() {
            if let Some(reason) = run.in_the_way() {
                plan.reasons = vec![reason];
                return Ok(plan);
            }
            plan.warnings.push(format!(
                "a run of it was begun, and run-now leaves it alone: `repackd status {name}` says where it is, \
                 `repackd resume {name}` goes on with it, `repackd abort {name}` removes it",
                name = table.name
            ));
        } else {
            if let Some(reason) = journal::in_the_way(session.client(), table.oid).await? {
                plan.reasons = vec![reason];
                return Ok(plan);
            }
            match prepare::rehearse(&session, &subject).await {
                Err(Error::Refused { reasons, .. }) => {
                    plan.reasons = reasons;
                    return Ok(plan);
                }
                other => other?,
            }
        }
        let neighbours =
            neighbours::neighbours(session.client(), table.oid, preflight.keys_of_parent).await?;
        plan.phases = phases(job, &subject, &neighbours);
        plan.cutover_sql = cutover_sql(&subject);
    }
    Ok(plan)
}

/// The statements of the exchange, and those about the sequences of serial columns around it.
fn cutover_sql(subject: &Subject) -> Vec<String> {
    let description = &subject.description;
    let sequence = |s: &Sequence, when: &str, owner: &str| {
        let name = QualifiedName::new(&s.schema, &s.name).sql();
        format!("-- by itself, {when} the others\nALTER SEQUENCE {name} OWNED BY {owner}")
    };
    let (mut all, mut after) = (Vec::new(), Vec::new());
    for s in description.serials() {
        all.push(sequence(s, "ahead of", "NONE"));
        let column = format!("{}.{}", subject.table.sql(), ident(&s.column));
        after.push(sequence(s, "after", &column));
    }
    all.extend(exchange::swap(subject, description));
    all.extend(exchange::finish(subject, description));
    all.extend(after);
    all
}

fn phases(job: &Job, subject: &Subject, neighbours: &[Neighbour]) -> Vec<PlanPhase> {
    let s = &job.settings;
    let none = "none";
    let share = "ACCESS SHARE on the table, as any reader";
    let names = &subject.names;
    let phase =
        |phase, what: String, locks: &str| PlanPhase { phase, what, locks: locks.to_owned() };
    let mut phases = vec![
        phase(
            Phase::Prepare,
            format!(
                "creates the schemas {}, {} and {}, an empty shadow and a key log; rehearses all indexes, constraints and privileges on it",
                names.work, names.new, names.old
            ),
            none,
        ),
        phase(
            Phase::Capture,
            "attaches two triggers that write the keys of changed rows to the key log".into(),
            &format!(
                "SHARE ROW EXCLUSIVE on the table, an instant, waited for at most {} ms at a time",
                s.lock_wait().as_millis()
            ),
        ),
        phase(
            Phase::Copy,
            format!(
                "copies the rows in ranges of pages, {} at a time, each in about {:.1} s",
                s.copy_jobs,
                s.chunk_time.as_secs_f64()
            ),
            share,
        ),
        phase(
            Phase::Purge,
            "removes the rows from the shadow that were touched meanwhile".into(),
            none,
        ),
        phase(
            Phase::Index,
            format!(
                "builds {} indexes, {} at a time, draining the key log in between",
                subject.description.indexes.len(),
                s.index_jobs
            ),
            none,
        ),
        phase(
            Phase::Drain,
            format!("drains the key log, at most {} keys at a time", s.max_replay_rows),
            share,
        ),
    ];
    if s.verify {
        phases.push(phase(
            Phase::Verify,
            "counts and hashes both tables in one snapshot".into(),
            share,
        ));
    }
    let views = &subject.description.attached.matviews;
    if !views.is_empty() {
        let names: Vec<_> = views.iter().map(|v| v.name().to_string()).collect();
        phases.push(phase(
            Phase::Matviews,
            format!(
                "builds {} a second time, from the shadow, which takes as long as a REFRESH",
                names.join(", ")
            ),
            "ACCESS SHARE on the tables they read, given up when somebody waits for it",
        ));
    }
    phases.push(phase(
        Phase::Cutover,
        format!("exchanges the tables with the statements below, within {} ms, and tries again until it fits, for at most {} s", s.cutover_budget.as_millis(), s.cutover_wait.as_secs()),
        &cutover_locks(subject, neighbours),
    ));
    if subject.description.attached.foreign_keys.iter().any(|k| k.is_to_validate()) {
        phases.push(phase(
            Phase::Validate,
            "validates the foreign keys that were added again without a look at the rows".into(),
            "SHARE UPDATE EXCLUSIVE on the tables that refer, ROW SHARE on the others",
        ));
    }
    phases.push(phase(Phase::Cleanup, "drops the old table and the three schemas".into(), none));
    phases
}

/// The locks of the cutover, in their order.
fn cutover_locks(subject: &Subject, neighbours: &[Neighbour]) -> String {
    let before = |keep: fn(&Neighbour) -> bool| -> String {
        neighbours.iter().filter(|n| keep(n)).map(|n| format!("{}, ", n.name)).collect()
    };
    let gates = before(|n| n.writes_through);
    let below: String =
        neighbours.iter().filter(|n| n.below).map(|n| format!(", {}", n.name)).collect();
    // The lock of ALTER SEQUENCE … OWNED BY, for which nextval waits.
    let serial: String = subject
        .description
        .serials()
        .map(|s| {
            format!(
                "; ahead of it and after it, an instant each, SHARE ROW EXCLUSIVE on {}",
                s.name
            )
        })
        .collect();
    format!(
        "SHARE ROW EXCLUSIVE on {gates}the table, then ACCESS EXCLUSIVE on {}the table{below}, all within that time{serial}",
        before(|n| !n.below)
    )
}

/// Whether repackd could work in a database at all.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Where.
    pub target: String,
    /// The server's version.
    pub server: String,
    /// Who logs in.
    pub login: String,
    /// What is missing.
    pub problems: Vec<String>,
    /// What an administrator should run.
    pub grants: Vec<String>,
}

/// Looks for what is missing in a database before any table is named.
pub async fn check(job: &Job) -> Result<Check> {
    let session = begin::first_session(job, "repackd").await?;
    let row = session
        .query_one(
            "SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int >= 160000, session_user::text, pg_catalog.current_database()::text,
                    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
                    ARRAY(SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c
                          WHERE c.relkind = 'r' AND c.relpersistence <> 't'
                            AND c.relnamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
                            AND NOT pg_catalog.pg_has_role(c.relowner, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                                                                            THEN 'SET' ELSE 'MEMBER' END))",
            &[],
        )
        .await
        .map_err(Error::sql("looking at privileges"))?;
    let (server, login, database): (String, String, String) = (row.get(0), row.get(2), row.get(3));
    // Since then a membership may go without the right to SET ROLE.
    let grants_set: bool = row.get(1);
    let (mut problems, mut grants) = (Vec::new(), Vec::new());
    if !row.get::<_, bool>(4) {
        problems.push(format!("role {login} may not create schemas in database {database}"));
        grants.push(format!("GRANT CREATE ON DATABASE {} TO {}", ident(&database), ident(&login)));
    }
    for owner in row.get::<_, Vec<String>>(5) {
        problems.push(format!("role {login} may not become {owner}, who owns tables here"));
        let with = if grants_set { " WITH SET TRUE" } else { "" };
        grants.push(format!("GRANT {} TO {}{with}", ident(&owner), ident(&login)));
    }
    let rows = session
        .query(
            "SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner)::text, n.nspname::text
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^(pg_|information_schema$)'
               AND NOT (pg_catalog.has_schema_privilege(c.relowner, n.oid, 'USAGE')
                        AND pg_catalog.has_schema_privilege(c.relowner, n.oid, 'CREATE'))
             ORDER BY 1, 2",
            &[],
        )
        .await
        .map_err(Error::sql("looking at the privileges on schemas"))?;
    for row in rows {
        let (owner, schema): (String, String) = (row.get(0), row.get(1));
        problems.push(format!(
            "role {owner} owns tables in schema {schema}, but may not create any there"
        ));
        let (schema, owner) = (ident(&schema), ident(&owner));
        grants.push(format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}"));
    }
    Ok(Check { target: job.server.describe(), server, login, problems, grants })
}
