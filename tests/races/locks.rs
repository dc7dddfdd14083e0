//! Locks of every kind in the way of a repack: nobody else waits for long, nobody is failed, and the
//! run either comes through once they are gone or says who was in the way.

use super::load::{Load, One};
use crate::support::random::seed;
use crate::support::running::Running;
use crate::support::session::Failure;
use crate::support::{Database, Outcome, Server, client, expect, words};
use futures_util::future::BoxFuture;
use repackd::config::{Blockers, Settings};
use repackd::engine::Goal;
use repackd::job::{Ending, Phase, Report};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::{Client, error::SqlState};

/// The budget is a fifth of a second. The rest is for what a busy machine adds to it.
const LONGEST: Duration = Duration::from_secs(2);

const SETUP: &str = "
CREATE SCHEMA app AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE app.first (n int);
CREATE TABLE app.parent (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
CREATE TABLE app.l (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0, body text,
    parent_id bigint NOT NULL REFERENCES app.parent);
CREATE INDEX ON app.l (parent_id);
INSERT INTO app.parent SELECT generate_series(1, 50);
INSERT INTO app.l SELECT i, 0, repeat('x', 200), i % 50 + 1 FROM generate_series(1, 4000) i;
DELETE FROM app.l WHERE id > 2000;
RESET ROLE;
";

pub struct Scene {
    pub database: Arc<Database>,
    before: String,
    /// Whether clients try again what the server failed as a deadlock.
    patient: bool,
}

impl Scene {
    pub async fn create(server: &Server) -> Result<Self, String> {
        Self::with(server, "").await
    }

    /// The usual tables, and more.
    pub async fn with(server: &Server, more: &str) -> Result<Self, String> {
        let database = Database::create(server).await?;
        database.run(&format!("{SETUP}{more}")).await?;
        database.run(&format!("GRANT CREATE ON DATABASE {} TO shape_owner", database.name)).await?;
        let before = database.schema()?;
        Ok(Self { database: Arc::new(database), before, patient: false })
    }

    pub fn url(&self) -> String {
        self.database.url("shape_owner")
    }

    pub fn start(&self, table: &'static str, change: impl FnOnce(&mut Settings)) -> Running {
        let mut job = self.database.job("shape_owner");
        change(&mut job.settings);
        Running::start(self.database.clone(), job, table, Goal::RunNow)
    }

    pub fn load(&self, seed: u64, count: i64, pause: u64, work: super::load::Work) -> Load {
        Load::start(&self.url(), seed, count, self.patient, pause, work)
    }

    /// Somebody, in a transaction that stays open.
    async fn blocker(&self, sql: &str) -> Result<Client, String> {
        let client = client(&self.url()).await?;
        let begin = format!("BEGIN; {sql}");
        client.batch_execute(&begin).await.map_err(words)?;
        Ok(client)
    }

    /// Nobody has waited for long, and nothing has changed.
    pub async fn end(self, load: Load) -> Outcome {
        let (figures, _) = load.stop().await?;
        println!("{figures}");
        if figures.longest > LONGEST {
            return Err(format!("a client waited {} ms", figures.longest.as_millis()));
        }
        self.finish().await
    }

    pub async fn finish(self) -> Outcome {
        self.database.expect_no_remains().await?;
        crate::support::same("the schema", &self.before, &self.database.schema()?)?;
        self.database.expect_all_indexes_sound().await?;
        Arc::into_inner(self.database).ok_or("the database is still in use")?.drop().await
    }
}

/// Reads and updates at an even pace, but for the rows that the blockers hold.
fn paced(one: &mut One) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        let id = one.random.range(101, 2001);
        let sql = match one.random.percent(50) {
            true => format!("SELECT n FROM app.l WHERE id = {id}"),
            false => format!("UPDATE app.l SET n = n + 1 WHERE id = {id}"),
        };
        match one.run(&sql).await? {
            1 => Ok(()),
            rows => one.wrong(format!("{rows} rows: {sql}")),
        }
    })
}

fn reading(one: &mut One) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        let id = one.random.range(1, 2001);
        match one.run(&format!("SELECT n FROM app.l WHERE id = {id}")).await? {
            1 => Ok(()),
            rows => one.wrong(format!("{rows} rows of {id}")),
        }
    })
}

/// Somebody holds a lock when the cutover is due: the run waits, says for whom when its time is
/// over, and goes through when it is resumed and they are gone.
async fn held(server: &Server, sql: &str, work: super::load::Work, says: &str) -> Outcome {
    let scene = Scene::create(server).await?;
    let load = scene.load(seed(), 3, 10, work);
    let mut run = scene.start("app.l", |s| s.cutover_wait = Duration::from_secs(2));
    run.reach(Phase::Verify).await?;
    let blocker = scene.blocker(sql).await?;
    let report = run.end(Duration::from_secs(30)).await?;
    named(&report, says)?;
    // Once more, and this time they leave.
    let mut job = scene.database.job("shape_owner");
    job.settings.cutover_wait = Duration::from_secs(60);
    let mut run = Running::start(scene.database.clone(), job, "app.l", Goal::Resume);
    run.reach(Phase::Cutover).await?;
    run.expect_none_for(Duration::from_millis(800)).await?;
    blocker.batch_execute("COMMIT").await.map_err(words)?;
    expect(&run.end(Duration::from_secs(30)).await?, Ending::Done)?;
    scene.end(load).await
}

/// The run is kept, and its reason says who was in the way.
fn named(report: &Report, says: &str) -> Outcome {
    let error = report.error.clone().unwrap_or_default();
    println!("{error}");
    let kept = report.state.as_ref().is_some_and(|s| s.contains("kept"));
    match report.ending == Ending::Failed && kept && error.contains(says) {
        true => Ok(()),
        false => Err(format!("\"{says}\" was expected of {report:#?}")),
    }
}

pub async fn idle_reader(server: Server) -> Outcome {
    held(&server, "SELECT FROM app.l LIMIT 1", paced, "holds AccessShareLock").await
}

pub async fn idle_row_lock(server: Server) -> Outcome {
    held(&server, "UPDATE app.l SET n = n WHERE id = 1", paced, "holds RowExclusiveLock").await
}

pub async fn idle_for_update(server: Server) -> Outcome {
    let sql = "SELECT FROM app.l WHERE id < 5 FOR UPDATE";
    held(&server, sql, paced, "holds RowShareLock").await
}

pub async fn idle_table_lock(server: Server) -> Outcome {
    held(&server, "LOCK TABLE app.l IN SHARE MODE", reading, "holds ShareLock").await
}

/// The other side of a foreign key is locked in the exchange, too.
pub async fn idle_in_a_neighbour(server: Server) -> Outcome {
    let sql = "UPDATE app.parent SET n = n WHERE id = 1";
    held(&server, sql, paced, "holds RowExclusiveLock").await
}

/// A prepared transaction has no session. It is waited for, said by its name, and when it is
/// committed the run goes on.
pub async fn prepared_transaction(server: Server) -> Outcome {
    let scene = Scene::create(&server).await?;
    let name = format!("the books of {}", scene.database.name);
    let load = scene.load(seed(), 3, 10, paced);
    let mut run = scene.start("app.l", |s| s.cutover_wait = Duration::from_secs(2));
    run.reach(Phase::Verify).await?;
    let sql = format!("UPDATE app.l SET n = n + 1 WHERE id = 1; PREPARE TRANSACTION '{name}'");
    let client = scene.blocker(&sql).await?;
    named(&run.end(Duration::from_secs(30)).await?, &name)?;
    let job = scene.database.job("shape_owner");
    let mut run = Running::start(scene.database.clone(), job, "app.l", Goal::Resume);
    run.reach(Phase::Cutover).await?;
    run.expect_none_for(Duration::from_millis(800)).await?;
    client.batch_execute(&format!("COMMIT PREPARED '{name}'")).await.map_err(words)?;
    expect(&run.end(Duration::from_secs(30)).await?, Ending::Done)?;
    let row = client.query_one("SELECT n FROM app.l WHERE id = 1", &[]).await.map_err(words)?;
    if row.get::<_, i64>(0) != 1 {
        return Err("what it wrote is lost".into());
    }
    scene.end(load).await
}

/// Capture, too, waits for those who are there, and says so.
pub async fn before_capture(server: Server) -> Outcome {
    let scene = Scene::create(&server).await?;
    let blocker = scene.blocker("UPDATE app.l SET n = n WHERE id = 1").await?;
    let load = scene.load(seed(), 3, 10, paced);
    let run = scene.start("app.l", |s| s.cutover_wait = Duration::from_secs(2));
    let report = run.end(Duration::from_secs(30)).await?;
    println!("{:?}", report.error);
    if !report.error.as_ref().is_some_and(|e| e.contains("holds RowExclusiveLock")) {
        return Err(format!("nobody is named: {report:#?}"));
    }
    blocker.batch_execute("COMMIT").await.map_err(words)?;
    let job = scene.database.job("shape_owner");
    let run = Running::start(scene.database.clone(), job, "app.l", Goal::Resume);
    expect(&run.end(Duration::from_secs(30)).await?, Ending::Done)?;
    scene.end(load).await
}

/// Repacks both tables under clients that never pause. No moment may come in which none of them is
/// between reading and writing: then the run says so, and comes through when they have gone.
async fn saturated(server: &Server, patient: bool, count: i64, work: super::load::Work) -> Outcome {
    let scene = Scene { patient, ..Scene::create(server).await? };
    let seed = seed();
    let mut load = scene.load(seed, count, 0, work);
    for table in ["app.l", "app.parent"] {
        let run = scene.start(table, |s| s.cutover_wait = Duration::from_secs(15));
        let report = run.end(Duration::from_secs(70)).await?;
        let (ending, figures) = (report.ending, &report.figures);
        println!(
            "{table}: {ending:?}, {} attempts, {:.0} ms; {:?}",
            figures.attempts, figures.longest_wait_ms, report.error
        );
        if load.is_broken() {
            break;
        }
        if ending == Ending::Failed {
            if !report.error.as_ref().is_some_and(|e| e.contains("no quiet moment")) {
                return Err(format!("another reason was expected: {report:#?}"));
            }
            let (figures, _) = load.stop().await?;
            println!("{figures}");
            let job = scene.database.job("shape_owner");
            let run = Running::start(scene.database.clone(), job, table, Goal::Resume);
            expect(&run.end(Duration::from_secs(70)).await?, Ending::Done)?;
            load = scene.load(seed, count, 0, work);
        } else {
            expect(&report, Ending::Done)?;
        }
    }
    scene.end(load).await
}

/// They read first and write later: each of them holds what the cutover waits for, and waits for
/// what the cutover holds. Up to 16 the server leaves no way to ask without a moment in its queue.
pub async fn upgrades(server: Server) -> Outcome {
    saturated(&server, server.version < 17, 6, |one| {
        Box::pin(async move {
            let id = one.number * 200 + one.random.range(1, 201);
            one.run(&format!("BEGIN; SELECT n FROM app.l WHERE id = {id}")).await?;
            one.run(&format!("UPDATE app.l SET n = n + 1 WHERE id = {id}")).await?;
            one.run("COMMIT").await.map(drop)
        })
    })
    .await
}

/// They queue for the same few rows.
pub async fn row_queues(server: Server) -> Outcome {
    saturated(&server, false, 6, |one| {
        Box::pin(async move {
            let id = one.random.range(1, 3);
            one.run(&format!("BEGIN; SELECT n FROM app.l WHERE id = {id} FOR UPDATE")).await?;
            one.run(&format!("UPDATE app.l SET n = n + 1 WHERE id = {id}")).await?;
            one.run("COMMIT").await.map(drop)
        })
    })
    .await
}

/// They lock the child before the parent; the exchange touches both.
pub async fn child_before_parent(server: Server) -> Outcome {
    saturated(&server, false, 6, |one| {
        Box::pin(async move {
            let child = one.number * 300 + one.random.range(1, 301);
            let parent = one.number * 8 + one.random.range(1, 9);
            one.run(&format!(
                "BEGIN; UPDATE app.l SET n = n + 1, parent_id = {parent} WHERE id = {child}"
            ))
            .await?;
            one.run(&format!("UPDATE app.parent SET n = n + 1 WHERE id = {parent}")).await?;
            one.run("COMMIT").await.map(drop)
        })
    })
    .await
}

/// Who is told to leave is in the report. `idle` in a transaction there is nothing to cancel.
async fn told_to_leave(server: &Server, how: Blockers, idle: bool, note: &str) -> Outcome {
    let scene = Scene::create(server).await?;
    let load = scene.load(seed(), 3, 10, paced);
    let mut run = scene.start("app.l", |s| s.blockers = how);
    run.reach(Phase::Index).await?;
    let blocker = scene.blocker("SELECT FROM app.l LIMIT 1").await?;
    let row = blocker.query_one("SELECT pg_backend_pid()", &[]).await.map_err(words)?;
    let pid: i32 = row.get(0);
    let statement = if idle { "SELECT" } else { "SELECT pg_sleep(60)" };
    let slept = blocker.batch_execute(statement).await;
    let report = run.end(Duration::from_secs(40)).await?;
    expect(&report, Ending::Done)?;
    let note = format!("{note}({pid})");
    if !report.figures.notes.iter().any(|n| n.contains(&note)) {
        return Err(format!("{note} is not in {:?}", report.figures.notes));
    }
    println!("{:?}", report.figures.notes);
    let after = blocker.batch_execute("SELECT").await;
    let met = slept.err().or(after.err());
    let expected = match how {
        Blockers::CancelQuery => SqlState::QUERY_CANCELED,
        _ => SqlState::ADMIN_SHUTDOWN,
    };
    // The connection may be closed before the reason has come.
    match met {
        Some(e) if e.is_closed() || e.code() == Some(&expected) => {}
        other => return Err(format!("the blocker heard {other:?}")),
    }
    scene.end(load).await
}

pub async fn cancelled(server: Server) -> Outcome {
    told_to_leave(&server, Blockers::CancelQuery, false, "pg_cancel_backend").await
}

pub async fn terminated(server: Server) -> Outcome {
    told_to_leave(&server, Blockers::KillQuery, true, "pg_terminate_backend").await
}

/// Somebody whom the run's role may not touch stays, and the refusal is in the report.
pub async fn may_not_be_cancelled(server: Server) -> Outcome {
    let scene = Scene::create(&server).await?;
    let blocker = scene.database.client().await?;
    let load = scene.load(seed(), 3, 10, paced);
    let mut run = scene.start("app.l", |s| s.blockers = Blockers::KillQuery);
    run.reach(Phase::Index).await?;
    blocker.batch_execute("BEGIN; SELECT FROM app.l LIMIT 1").await.map_err(words)?;
    run.reach(Phase::Cutover).await?;
    run.expect_none_for(Duration::from_millis(2500)).await?;
    blocker.batch_execute("COMMIT").await.map_err(words)?;
    let report = run.end(Duration::from_secs(30)).await?;
    expect(&report, Ending::Done)?;
    if !report.figures.notes.iter().any(|n| n.contains("was refused")) {
        return Err(format!("no note of the refusal: {:?}", report.figures.notes));
    }
    scene.end(load).await
}
