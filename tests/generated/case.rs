//! One schema: made twice, repacked once, compared.

use super::features;
use super::matviews;
use super::scene::{Scene, Step};
use super::spec::Spec;
use super::workload::{self, Act, Effect};
use crate::support::random::Random;
use crate::support::{Database, Server, expect, quick, repack, same};
use repackd::config::Settings;
use repackd::engine::{self, Goal};
use repackd::job::{Ending, Report};
use repackd::names::ident;
use std::time::Duration;

/// What became of a case.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Tables that were refused, with the reasons that were to be expected.
    pub refused: u32,
    /// Tables that were repacked.
    pub repacked: u32,
    /// Statements of the schema.
    pub steps: u32,
    /// Those among them that the server did not take.
    pub left_out: u32,
    /// Statements of clients.
    pub acts: u32,
    /// Those among them that failed, on both sides.
    pub failed: u32,
}

/// Why a case failed. What comes before the first colon says where, so that shrinking does not end
/// at another failure.
pub type Failure = String;

/// A schema as SQL, with what is done to it.
pub struct Story {
    features: Vec<&'static str>,
    scene: Scene,
    acts: Vec<Act>,
}

impl Story {
    /// Tells a specification out.
    pub fn new(spec: &Spec, version: u32) -> Self {
        let mut scene = Scene::new(spec, version);
        features::make(&mut scene, &spec.features, spec.refused);
        let acts = workload::acts(&scene, &spec.workload);
        let on = spec.features.iter().filter(|f| f.on);
        let features = on.map(|f| features::KINDS[f.kind].name).collect();
        Self { features, scene, acts }
    }

    /// As a script for psql, with what a reader needs to know.
    pub fn script(&self) -> String {
        let table = self.scene.tables[self.scene.target].sql();
        let mut out = format!("-- table: {table}\n-- made of: {}\n", self.features.join(", "));
        for setting in &self.scene.settings {
            out.push_str(&format!("-- ALTER DATABASE … SET {setting}\n"));
        }
        let mut role = None;
        for step in &self.scene.steps {
            if step.role != role {
                let set = step.role.map_or("RESET ROLE".to_owned(), |r| format!("SET ROLE {r}"));
                out.push_str(&format!("{set};\n"));
                role = step.role;
            }
            out.push_str(&format!("{};\n", step.sql));
        }
        out.push_str("RESET ROLE;\n");
        for act in &self.acts {
            out.push_str(&format!("-- {act:?}\n"));
        }
        out
    }
}

/// Tries a schema.
pub async fn run(spec: &Spec, server: &Server) -> Result<Tally, Failure> {
    let story = Story::new(spec, server.version);
    let subject = Database::create(server).await.map_err(|e| format!("create: {e}"))?;
    let result = tried(spec, &story, &subject).await;
    subject.drop().await.map_err(|e| format!("drop: {e}"))?;
    result
}

async fn tried(spec: &Spec, story: &Story, subject: &Database) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let made = make(&story.scene.steps, subject, &mut tally).await?;
    let control = subject.copy().await.map_err(|e| format!("copy: {e}"))?;
    let result = compared(spec, story, &made, subject, &control, &mut tally).await;
    control.drop().await.map_err(|e| format!("drop: {e}"))?;
    result.map(|()| tally)
}

/// Runs what the server takes, and says what that was.
async fn make<'a>(
    steps: &'a [Step],
    database: &Database,
    tally: &mut Tally,
) -> Result<Vec<&'a Step>, Failure> {
    let mut made = Vec::new();
    let client = database.client().await.map_err(|e| format!("setup: {e}"))?;
    let verbose = std::env::var_os("REPACKD_TEST_VERBOSE").is_some();
    for step in steps {
        let role = step.role.map_or("RESET ROLE".to_owned(), |r| format!("SET ROLE {r}"));
        client.batch_execute(&role).await.map_err(|e| format!("setup: {e:?}"))?;
        tally.steps += 1;
        match client.batch_execute(&step.sql).await {
            Ok(()) => made.push(step),
            Err(e)
                if e.code().is_none()
                    || step.sql.starts_with("CREATE TABLE")
                    || step.sql.starts_with("CREATE UNLOGGED") =>
            {
                return Err(format!("setup: {e:?} at {}", step.sql));
            }
            Err(e) => {
                tally.left_out += 1;
                if verbose {
                    println!(
                        "left out: {} at {}",
                        e.as_db_error().map_or("", |d| d.message()),
                        step.sql
                    );
                }
            }
        }
    }
    Ok(made)
}

async fn compared(
    spec: &Spec,
    story: &Story,
    made: &[&Step],
    subject: &Database,
    control: &Database,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let scene = &story.scene;
    let mut random = Random::new(spec.seed, 6);
    let table = scene.tables[scene.target].sql();
    let user = if scene.mixed || random.percent(50) { "postgres" } else { "shape_owner" };
    for database in [subject, control] {
        let mut sql =
            format!("GRANT CREATE ON DATABASE {} TO shape_owner, shape_other;", database.name);
        for setting in &scene.settings {
            // Not every version knows every setting.
            let set = format!("ALTER DATABASE {} SET {setting}", database.name);
            sql.push_str(&format!(
                "DO $do$ BEGIN EXECUTE {}; EXCEPTION WHEN undefined_object OR cant_change_runtime_param OR invalid_parameter_value THEN NULL; END $do$;",
                repackd::names::literal(&set)
            ));
        }
        database.run(&sql).await.map_err(|e| format!("settings: {e}"))?;
    }
    let found = subject.find(&table).await.map_err(|e| format!("find: {e}"))?;
    let mut job = subject.job(user);
    job.settings = Settings {
        copy_jobs: random.range(1, 4) as u32,
        index_jobs: random.range(1, 3) as u32,
        // How long anybody waits is not the question here, and other tests keep the machine busy.
        cutover_budget: Duration::from_secs(5),
        max_replay_rows: [3, 40, 20_000][random.range(0, 3) as usize],
        ..quick()
    };
    let report = repack(&job, &found, Goal::Prepare).await;
    if judge(&report, scene, made)? {
        println!("refused: {}", report.error.unwrap_or_default());
        tally.refused += 1;
        return same("the dump after a refusal", &control.dump()?, &subject.dump()?)
            .map_err(|e| format!("refusal: {e}"));
    }
    expect(&report, Ending::Prepared).map_err(|e| format!("prepare: {e}"))?;
    if random.percent(25) {
        let (handle, _events) = crate::support::control();
        let report = engine::abort(&job, found.oid, &handle).await;
        expect(&report, Ending::Aborted).map_err(|e| format!("abort: {e}"))?;
        same("the dump after prepare and abort", &control.dump()?, &subject.dump()?)
            .map_err(|e| format!("abort: {e}"))?;
        let report = repack(&job, &found, Goal::Prepare).await;
        expect(&report, Ending::Prepared).map_err(|e| format!("prepare again: {e}"))?;
    }
    tally.repacked += 1;
    worked(story, &job, &found, subject, control, tally).await?;
    let report = "report";
    if subject.find(&table).await?.oid == found.oid {
        return Err(format!("{report}: the table is still the old one"));
    }
    same("the database after the repack", &control.dump()?, &subject.dump()?)
        .map_err(|e| format!("dump: {e}"))?;
    if random.percent(20) {
        let again = subject.find(&table).await?;
        expect(&repack(&job, &again, Goal::RunNow).await, Ending::Done)
            .map_err(|e| format!("a second time: {e}"))?;
        same("the database after a second repack", &control.dump()?, &subject.dump()?)
            .map_err(|e| format!("dump of the second time: {e}"))?;
    }
    subject.expect_no_remains().await.map_err(|e| format!("remains: {e}"))?;
    subject.expect_all_indexes_sound().await.map_err(|e| format!("indexes: {e}"))
}

/// The workload in three parts: between copy and cutover, during the cutover, and after it.
async fn worked(
    story: &Story,
    job: &engine::Job,
    found: &repackd::catalog::lookup::Found,
    subject: &Database,
    control: &Database,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let third = story.acts.len().div_ceil(3);
    let (one, rest) = story.acts.split_at(third.min(story.acts.len()));
    let (mut two, three) = rest.split_at(third.min(rest.len()));
    // What is materialized holds what there was at a moment that is only known if nothing changes.
    let still =
        story.scene.views.iter().any(|v| v.materialized) && story.acts.len().is_multiple_of(2);
    if still {
        two = &[];
    }
    let client = subject.client().await?;
    let other = control.client().await?;
    let early = matviews::refreshed(&other).await?;
    let effects = workload::run(&client, one, Duration::ZERO).await?;
    compare(
        one,
        &workload::run(&other, one, Duration::ZERO).await?,
        &effects,
        tally,
        "under capture",
    )?;
    let (report, effects) = tokio::join!(
        repack(job, found, Goal::Resume),
        workload::run(&client, two, Duration::from_millis(5))
    );
    expect(&report, Ending::Done).map_err(|e| format!("resume: {e}"))?;
    compare(
        two,
        &workload::run(&other, two, Duration::ZERO).await?,
        &effects?,
        tally,
        "during the cutover",
    )?;
    let held = if still { Some(&early) } else { None };
    matviews::settle(&client, &other, held, one)
        .await
        .map_err(|e| format!("materialized views: {e}"))?;
    let effects = workload::run(&client, three, Duration::ZERO).await?;
    compare(
        three,
        &workload::run(&other, three, Duration::ZERO).await?,
        &effects,
        tally,
        "after the cutover",
    )
}

fn compare(
    acts: &[Act],
    expected: &[Effect],
    found: &[Effect],
    tally: &mut Tally,
    when: &str,
) -> Result<(), Failure> {
    for ((act, expected), found) in acts.iter().zip(expected).zip(found) {
        tally.acts += 1;
        tally.failed += u32::from(expected.is_err());
        if let (true, Err(code)) = (std::env::var_os("REPACKD_TEST_VERBOSE").is_some(), expected) {
            println!("failed: {code} at {act:?}");
        }
        // What is materialized may be as of another moment meanwhile.
        let alike = act.aged && when == "during the cutover" && expected.is_ok() && found.is_ok();
        if expected != found && !alike {
            return Err(format!(
                "effect {when}: {expected:?} was expected and {found:?} found of {act:?}"
            ));
        }
    }
    Ok(())
}

/// Whether the table was refused, for reasons that were to be expected.
fn judge(report: &Report, scene: &Scene, made: &[&Step]) -> Result<bool, Failure> {
    let refusals = made.iter().flat_map(|s| &s.refusals);
    let mine: Vec<_> = refusals.filter(|r| r.tables.contains(&scene.target)).collect();
    if report.ending != Ending::Refused {
        return match mine.iter().find(|r| r.certain) {
            Some(r) => Err(format!("not refused: in spite of {}", r.word)),
            None => Ok(false),
        };
    }
    let error = report.error.clone().unwrap_or_default();
    let known = |reason: &str| mine.iter().any(|r| r.word.split('|').any(|w| reason.contains(w)));
    let surprising: Vec<&str> = error.split("; it").filter(|r| !known(r)).collect();
    if surprising.is_empty() {
        Ok(true)
    } else {
        Err(format!("refused: {surprising:?} of {error}, as {}", ident(&report.table)))
    }
}
