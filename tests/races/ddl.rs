//! Somebody alters the table, or what hangs on it, while it is repacked: it waits no longer than a
//! busy machine makes it wait, and stands afterwards, whether the run carries it over or gives up.

use super::statements::{CASES, Case, Ends, SETUP};
use crate::support::random::{Random, seed};
use crate::support::running::Running;
use crate::support::{Database, Outcome, Server, block_on, client, same, servers, words};
use libtest_mimic::Trial;
use repackd::engine::{self, Goal};
use repackd::job::{Ending, Phase, Report};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;

/// The longest a statement may take. A chunk of the copy and an index build of such a table take
/// about a second, an attempt at the cutover a fifth; the rest is what a busy machine needs.
const LONGEST: Duration = Duration::from_secs(5);

/// When it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// In the middle of a chunk.
    Copying,
    /// Between `prepare` and `resume`.
    Prepared,
    /// While a reader keeps the cutover back, which then goes on at the same time.
    Waiting,
    /// Just when a cutover may be attempted.
    Cutover,
    /// While the table is without the sequence of its serial column.
    Released,
}

const MOMENTS: [Moment; 4] = [Moment::Copying, Moment::Prepared, Moment::Waiting, Moment::Cutover];

/// Cases that PostgreSQL carries over to a table's own sequences: `Released` is for them.
const FOLLOWED: &[&str] =
    &["alter_owner", "set_schema", "rename_serial", "drop_serial", "drop_table", "drop_schema"];

/// One test for each statement, on one server.
pub fn tests() -> Vec<Trial> {
    let all = servers();
    let mut trials = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        for server in super::in_turn(&all, number) {
            let name = format!("races::ddl::{}::pg{}", case.name, server.version);
            trials.push(Trial::test(name, move || {
                let seed = seed();
                let met = block_on(at_every_moment(case, &server, seed));
                met.map_err(|e| format!("seed {seed}: {e}").into())
            }));
        }
    }
    trials
}

async fn at_every_moment(case: &'static Case, server: &Server, seed: u64) -> Outcome {
    let scene = Scene::create(server).await?;
    scene.alter(case).await?;
    let expected = scene.database.dump()?;
    scene.drop().await?;
    let mut tasks = Vec::new();
    // So often that it comes before the exchange sometimes, and sometimes after it.
    let released = if FOLLOWED.contains(&case.name) { 3 } else { 0 };
    for (number, moment) in
        MOMENTS.into_iter().chain(std::iter::repeat_n(Moment::Released, released)).enumerate()
    {
        let scene = Scene::create(server).await?;
        let expected = expected.clone();
        tasks.push(tokio::spawn(async move {
            let delay = Random::new(seed, number as u64).range(0, 350).cast_unsigned();
            let delay = Duration::from_millis(delay);
            let met = meet(case, moment, scene, &expected, delay).await;
            met.map_err(|e| format!("{moment:?}: {e}"))
        }));
    }
    let mut failures = Vec::new();
    for task in tasks {
        failures.extend(task.await.map_err(words)?.err());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

async fn meet(
    case: &'static Case,
    moment: Moment,
    scene: Scene,
    expected: &str,
    delay: Duration,
) -> Outcome {
    let writer = scene.write().await?;
    let old = scene.oid().await?;
    let (took, report) = match moment {
        Moment::Copying => scene.copying(case).await?,
        Moment::Prepared => scene.prepared(case).await?,
        Moment::Waiting => scene.cutover(case, Duration::from_millis(200), Duration::ZERO).await?,
        // A look at the locks comes every 100 ms or so, and takes 40 of them.
        Moment::Cutover => scene.cutover(case, Duration::ZERO, delay).await?,
        Moment::Released => scene.released(case, delay / 5).await?,
    };
    writer.stop().await?;
    println!(
        "{moment:?}: {} ms, then {:?}{}",
        took.as_millis(),
        report.ending,
        report.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default()
    );
    let told = |e: String| format!("{e}; the run: {report:#?}");
    scene.expect_ending(case, moment, &report, old).await.map_err(told)?;
    same("the database", expected, &scene.database.dump()?).map_err(told)?;
    scene.database.expect_all_indexes_sound().await.map_err(told)?;
    if took > LONGEST {
        return Err(format!("it took {} ms", took.as_millis()));
    }
    scene.drop().await
}

/// A database with the table in it.
struct Scene {
    database: Arc<Database>,
}

impl Scene {
    async fn create(server: &Server) -> Result<Self, String> {
        let database = Database::create(server).await?;
        database.run(&SETUP.replace("{database}", &database.name)).await?;
        // A role of these tests alone, since memberships are those of the whole server.
        let role = "DO $$ BEGIN CREATE ROLE race_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
            GRANT CREATE, USAGE ON SCHEMA app TO race_owner;";
        database.run(role).await?;
        grant(&database).await?;
        Ok(Self { database: Arc::new(database) })
    }

    async fn oid(&self) -> Result<u32, String> {
        Ok(self.database.find("app.t").await?.oid)
    }

    /// Does what the case is about; returns how long the longest statement took.
    async fn alter(&self, case: &Case) -> Result<Duration, String> {
        let client = client(&self.database.url("shape_owner")).await?;
        let mut longest = Duration::ZERO;
        for sql in case.sql {
            let sql = sql.replace("{name}", case.name);
            let began = Instant::now();
            client.batch_execute(&sql).await.map_err(|e| format!("{sql}: {}", words(e)))?;
            longest = longest.max(began.elapsed());
        }
        Ok(longest)
    }

    fn start(&self, goal: Goal) -> Running {
        Running::start(self.database.clone(), self.database.job("shape_owner"), "app.t", goal)
    }

    async fn copying(&self, case: &Case) -> Result<(Duration, Report), String> {
        let pace = format!("ALTER DATABASE {} SET scene.delay = '0.001'", self.database.name);
        self.database.run(&pace).await?;
        let mut run = self.start(Goal::RunNow);
        run.reach(Phase::Copy).await?;
        tokio::time::sleep(Duration::from_millis(150)).await;
        let took = self.alter(case).await?;
        let report = run.end(Duration::from_secs(60)).await?;
        let pace = format!("ALTER DATABASE {} RESET scene.delay", self.database.name);
        self.database.run(&pace).await?;
        Ok((took, report))
    }

    async fn prepared(&self, case: &Case) -> Result<(Duration, Report), String> {
        let found = self.database.find("app.t").await?;
        let report = self.start(Goal::Prepare).end(Duration::from_secs(60)).await?;
        crate::support::expect(&report, Ending::Prepared)?;
        let took = self.alter(case).await?;
        // The table may have another name by now, or none: a run is known by the OID.
        let (job, handle) = (self.database.job("shape_owner"), tokio::runtime::Handle::current());
        let resumed = tokio::task::spawn_blocking(move || {
            let (control, _events) = crate::support::control();
            handle.block_on(engine::run(&job, &found, Goal::Resume, &control))
        });
        Ok((took, resumed.await.map_err(words)?))
    }

    /// The reader leaves after `reading`, the statement comes after `delay`.
    async fn cutover(
        &self,
        case: &'static Case,
        reading: Duration,
        delay: Duration,
    ) -> Result<(Duration, Report), String> {
        let reader = self.database.client().await?;
        reader.batch_execute("BEGIN; SELECT FROM app.t LIMIT 1").await.map_err(words)?;
        let mut run = self.start(Goal::RunNow);
        run.reach(Phase::Cutover).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let waits = async {
            tokio::time::sleep(reading).await;
            reader.batch_execute("COMMIT").await.map_err(words)?;
            Ok::<_, String>(Instant::now())
        };
        let altered = async {
            tokio::time::sleep(delay).await;
            let took = self.alter(case).await?;
            Ok::<_, String>((took, Instant::now()))
        };
        let (released, (took, done)) = tokio::try_join!(waits, altered)?;
        let report = run.end(Duration::from_secs(60)).await?;
        // What it has waited for the reader is the reader's.
        Ok((took.min(done.saturating_duration_since(released)), report))
    }

    async fn released(
        &self,
        case: &'static Case,
        delay: Duration,
    ) -> Result<(Duration, Report), String> {
        let observer = self.database.client().await?;
        let mut run = self.start(Goal::RunNow);
        run.reach(Phase::Cutover).await?;
        let owned = "SELECT FROM pg_depend WHERE objid = 'app.t_q_seq'::regclass AND deptype = 'a'";
        let until = Instant::now() + Duration::from_secs(10);
        while !observer.query(owned, &[]).await.map_err(words)?.is_empty() {
            if Instant::now() > until {
                return Err("the sequence was never taken from the table".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(delay).await;
        let took = self.alter(case).await?;
        Ok((took, run.end(Duration::from_secs(60)).await?))
    }

    async fn expect_ending(
        &self,
        case: &Case,
        moment: Moment,
        report: &Report,
        old: u32,
    ) -> Outcome {
        let right = match (report.ending, case.ends) {
            (Ending::Done, Ends::Carried | Ends::Either) => true,
            // The statement came when all was over.
            (Ending::Done, Ends::Wins) => matches!(moment, Moment::Cutover | Moment::Released),
            (Ending::Aborted | Ending::Failed, Ends::Wins | Ends::Either) => report.error.is_some(),
            _ => false,
        };
        if !right {
            return Err(format!("{:?} was expected", case.ends));
        }
        if report.ending == Ending::Failed {
            let job = self.database.job("shape_owner");
            let handle = tokio::runtime::Handle::current();
            let aborted = tokio::task::spawn_blocking(move || {
                let (control, _events) = crate::support::control();
                handle.block_on(engine::abort(&job, old, &control))
            });
            let aborted = aborted.await.map_err(words)?;
            // Past the cutover there is nothing to take back.
            let after = matches!(moment, Moment::Cutover | Moment::Released);
            let there = report.phase.is_past_cutover() && report.kind.as_deref() != Some("dropped");
            let right = if there && after { Ending::Done } else { Ending::Aborted };
            crate::support::expect(&aborted, right)?;
        }
        self.database.expect_no_remains().await
    }

    /// Writes that change nothing in the end. Whoever alters the table may take it away from the
    /// writer, repackd may not.
    async fn write(&self) -> Result<Writer, String> {
        let client = client(&self.database.url("shape_owner")).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut id = 0;
            while !stopped.load(Ordering::Relaxed) {
                id = id % 900 + 1;
                let update = format!("UPDATE app.t SET v = v WHERE id = {id}");
                match client.batch_execute(&update).await.as_ref().map_err(|e| e.code()) {
                    Ok(()) => {}
                    Err(Some(c)) if GONE.contains(c) => {}
                    Err(code) => return Err(format!("a writer failed: {update}: {code:?}")),
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        });
        Ok(Writer { stop, task })
    }

    async fn drop(self) -> Outcome {
        let database = Arc::into_inner(self.database).ok_or("the database is still in use")?;
        database.drop().await
    }
}

/// What somebody hears whose table or column has another name now, or another owner.
const GONE: &[SqlState] = &[
    SqlState::UNDEFINED_TABLE,
    SqlState::UNDEFINED_COLUMN,
    SqlState::INVALID_SCHEMA_NAME,
    SqlState::INSUFFICIENT_PRIVILEGE,
];

struct Writer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Outcome>,
}

impl Writer {
    async fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.map_err(words)?
    }
}

/// Makes the owner a member of the next owner, once for a server: several tests may be at it.
async fn grant(database: &Database) -> Outcome {
    let client = database.client().await?;
    for _ in 0..20 {
        match client.batch_execute("DO $$ BEGIN IF NOT pg_has_role('shape_owner', 'race_owner', 'MEMBER') THEN GRANT race_owner TO shape_owner; END IF; END $$").await {
            Ok(()) => return Ok(()),
            // Two at once update one catalog row.
            Err(e) if matches!(e.code(), Some(c) if *c == SqlState::INTERNAL_ERROR || *c == SqlState::UNIQUE_VIOLATION) => {}
            Err(e) => return Err(words(e)),
        }
    }
    Err("shape_owner cannot be made a member of race_owner".into())
}
