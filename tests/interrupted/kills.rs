//! repackd killed without warning, again and again, while clients write.

use crate::support::scene::Scene;
use crate::support::writers::{Random, Record, Writers};
use crate::support::{Outcome, Server, same, words};
use std::time::{Duration, Instant};

const ROWS: i64 = 40_000;

/// Kills for each version.
const KILLS: u32 = 8;

const TABLE: &str = "
CREATE TABLE public.t (id bigint PRIMARY KEY, v text NOT NULL, filler text DEFAULT repeat('x', 400));
ALTER TABLE public.t OWNER TO shape_owner;
INSERT INTO public.t SELECT i, i::text FROM generate_series(1, 40000) i;
CREATE INDEX t_v ON public.t (v);
CREATE INDEX t_filler ON public.t (filler, v);
CREATE UNIQUE INDEX t_both ON public.t (v, id);
";

/// What a command is given. The budget is not what is tested here, and on a machine that is busy
/// with other tests the exchange may not fit the usual one for minutes.
fn arguments(command: &str) -> Vec<&str> {
    match command {
        "abort" => vec![command, "t"],
        _ => vec![command, "--cutover-budget", "800ms", "t"],
    }
}

/// The seed of all randomness; REPACKD_TEST_SEED replays one.
fn seed() -> u64 {
    let given = std::env::var("REPACKD_TEST_SEED").ok().and_then(|s| s.parse().ok());
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    given.unwrap_or_else(|| clock.map_or(1, |t| t.as_nanos() as u64))
}

/// In the end every row is what the writers have written, nothing is left, and the schema is as it
/// was.
pub async fn rows_survive(server: Server) -> Outcome {
    let seed = seed();
    let result = survive(&server, seed).await;
    result.map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}"))
}

async fn survive(server: &Server, seed: u64) -> Outcome {
    let scene = Scene::of(server, TABLE).await?;
    let schema = scene.database.schema()?;
    // How long a run takes undisturbed, for killing all over it.
    let began = Instant::now();
    scene.repackd(&arguments("run-now"))?.status(0)?;
    let whole = began.elapsed().as_millis() as u64;

    let writers = Writers::start(&scene.database.url("shape_owner"), 3, ROWS, seed);
    let mut random = Random::new(seed);
    let (mut killed, mut story) = (0, Vec::new());
    while killed < KILLS {
        let left = !scene.runs()?.is_empty();
        let command = match random.below(4) {
            0 if left => "abort",
            _ if left => "resume",
            _ => "run-now",
        };
        let mut run = scene.start(&arguments(command))?;
        // Aborting is quick, so it would hardly ever be hit.
        let wait = random.below(if command == "abort" { whole / 6 } else { whole });
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if run.is_running() {
            run.signal("KILL")?;
            killed += 1;
            story.push(format!("{command} killed after {wait} ms"));
        } else {
            story.push(format!("{command} had ended after {wait} ms"));
        }
        let ended = run.wait()?;
        if ended.status.is_some_and(|status| status != 0) {
            return Err(format!("{story:?}: {ended}"));
        }
    }
    let told = |e: String| format!("{story:?}: {e}");
    let command = if random.below(2) == 0 { "abort" } else { "resume" };
    scene.repackd(&arguments(command))?.status(0).map_err(told)?;
    let told = |e: String| format!("{story:?}, then {command}: {e}");
    let record = writers.stop().await.map_err(told)?;
    compare(&scene, &record).await.map_err(told)?;
    same("the schema", &schema, &scene.database.schema()?).map_err(told)?;
    let remains = scene.database.remains().await?;
    if !remains.is_empty() {
        return Err(told(format!("left behind: {remains:?}")));
    }
    // And it can be repacked.
    scene.repackd(&arguments("run-now"))?.status(0).map_err(told)?;
    compare(&scene, &record).await.map_err(told)?;
    scene.drop().await
}

/// The table's rows against the record.
async fn compare(scene: &Scene, record: &Record) -> Outcome {
    let query = "SELECT id, v FROM public.t";
    let rows = scene.client.query(query, &[]).await.map_err(words)?;
    let found: Record = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    if rows.len() != found.len() {
        return Err(format!("{} rows are there twice", rows.len() - found.len()));
    }
    let differ = |a: &Record, b: &Record| {
        a.iter()
            .filter(|(id, v)| b.get(id) != Some(v))
            .take(5)
            .map(|(id, v)| (*id, v.clone()))
            .collect::<Vec<_>>()
    };
    match found == *record {
        true => Ok(()),
        false => Err(format!(
            "{} rows, {} on record; only in the table: {:?}, only on record: {:?}",
            found.len(),
            record.len(),
            differ(&found, record),
            differ(record, &found)
        )),
    }
}
