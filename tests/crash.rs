//! Killed anywhere: at every step of a run, in every way ([`repackd::failpoint`]). Whatever is left,
//! `resume` brings to its end and `abort` takes back; no row is lost, none is doubled.
//!
//! `make test` kills at every place, and tries some of the rest; `make torture` tries all of it, for as
//! long as one likes.

mod arena;
mod case;
mod lost;
mod play;
mod tally;
mod torture;
mod wired;

use crate::bad_input::ends;
use crate::support::program::start;
use crate::support::random::Random;
use crate::support::{Outcome, Server, block_on, servers};
use arena::{Arena, Damage};
use case::Case;
use libtest_mimic::Trial;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
pub use tally::print;

/// The cases of `make test` are spread over so many trials for each server.
const SHARDS: usize = 6;

/// How many of the cases other than kills each of them tries.
const OTHERS: usize = 2;

/// How many statements of a run are cut in `make test`.
const CUTS: usize = 8;

/// How many of the cases in which the server stops `make test` tries.
const LOST: usize = 2;

/// The seed of all trials of this module, in whatever processes they run: only together do they have
/// every kill. nextest gives its processes a common identifier.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let given = std::env::var("REPACKD_TEST_SEED").is_ok();
        match std::env::var("NEXTEST_RUN_ID") {
            Ok(id) if !given => {
                BuildHasherDefault::<DefaultHasher>::default().hash_one(id) % 1_000_000_000
            }
            _ => crate::support::random::seed(),
        }
    })
}

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    if let Some(budget) = torture::budget() {
        return servers().into_iter().map(|server| tortured(server, budget)).collect();
    }
    let (mut all, servers) = (Vec::new(), ends());
    for (at, server) in servers.iter().enumerate() {
        for shard in 0..SHARDS {
            let (server, of) = (server.clone(), servers.len() * SHARDS);
            let name = format!("crash::killed_anywhere::pg{}::{shard}", server.version);
            let number = at * SHARDS + shard;
            all.push(Trial::test(name, move || {
                let seed = seed();
                let work = sample(&server, seed, number, of);
                block_on(work).map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}").into())
            }));
        }
    }
    for server in servers {
        let here = server.clone();
        all.push(Trial::test(format!("crash::cut_anywhere::pg{}", server.version), move || {
            let seed = seed();
            block_on(cut(&here, seed)).map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}").into())
        }));
        let here = server.clone();
        all.push(Trial::test(format!("crash::did_not_happen::pg{}", server.version), move || {
            block_on(did_not_happen(&here)).map_err(Into::into)
        }));
        let version = server.version;
        all.push(Trial::test(format!("crash::begun_for_good::pg{version}"), move || {
            ["prepare-after", "capture-attach-commit"].into_iter().try_for_each(|point| {
                block_on(lost::begun(version, point)).map_err(|e| format!("{point}: {e}").into())
            })
        }));
        let here = server.clone();
        all.push(Trial::test(
            format!("crash::renamed_before_it_is_asked::pg{version}"),
            move || block_on(renamed_before_it_is_asked(&here)).map_err(Into::into),
        ));
        for (name, promote) in [("server_stopped", false), ("standby_promoted", true)] {
            all.push(Trial::test(format!("crash::{name}::pg{version}"), move || {
                let seed = seed();
                let work = server_lost(version, seed, promote);
                block_on(work).map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}").into())
            }));
        }
    }
    all
}

fn tortured(server: Server, budget: Duration) -> Trial {
    Trial::test(format!("crash::torture::pg{}", server.version), move || {
        let seed = seed();
        let work = torture::torture(&server, seed, budget);
        block_on(work).map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}").into())
    })
}

/// The `number`th of `of` parts of the kills, and some others. All parts together have every kill.
fn cases(seed: u64, number: usize, of: usize) -> Vec<Case> {
    let mut random = Random::new(seed, 0);
    let (mut kills, mut others): (Vec<_>, Vec<_>) = case::all()
        .into_iter()
        .filter(|c| c.action != "stop-server")
        .partition(|c| c.action == "kill");
    random.shuffle(&mut kills);
    random.shuffle(&mut others);
    let kills = kills.into_iter().skip(number).step_by(of);
    kills.chain(others.into_iter().skip(number * OTHERS).take(OTHERS)).collect()
}

/// Some of the cases in which the server stops, and one at the COMMIT of the exchange.
async fn server_lost(version: u32, seed: u64, promote: bool) -> Outcome {
    let mut random = Random::new(seed, u64::from(version) + 100);
    let mut cases: Vec<_> = case::all().into_iter().filter(|c| c.action == "stop-server").collect();
    random.shuffle(&mut cases);
    let at_commit = cases.iter().find(|c| c.point() == "exchange-commit-after").cloned();
    let picked: Vec<_> = at_commit.into_iter().chain(cases.into_iter().take(LOST)).collect();
    for case in picked {
        let case = case.varied(&mut random);
        let played = match promote {
            true => lost::promoted(version, &case, &mut random).await,
            false => lost::stopped(version, &case, &mut random).await,
        };
        let played = played.map_err(|e| format!("{case}: {e}"))?;
        println!("{case}: {:?}", played.end);
        if played.damage != Damage::default() {
            return Err(format!("{case}: {:?}", played.damage));
        }
    }
    Ok(())
}

/// The session dies before the exchange is committed. What the server says when it is asked is told,
/// not that the dead session cannot roll back.
async fn did_not_happen(server: &Server) -> Outcome {
    let arena = Arena::build(server, 0, false).await?;
    let ended = arena.repackd("run-now", Some("exchange-commit-before=terminate-holder"))?;
    ended.status(75)?.says(&["the server says it did not happen", "when the server is back"])?;
    arena.repackd("resume", None)?.status(0)?;
    let damage = arena.damage().await?;
    arena.end().await?;
    if damage == Damage::default() { Ok(()) } else { Err(format!("{damage:?}")) }
}

/// The reply to the exchange's COMMIT is lost, and before anybody asks what became of it, the new table has
/// another name.
async fn renamed_before_it_is_asked(server: &Server) -> Outcome {
    let arena = Arena::build(server, 0, false).await?;
    let old = arena.scene.ask("'public.t'::regclass::oid").await?;
    let run = start(arena.command("run-now", Some("exchange-commit-after=lose-reply")))?;
    let end = Instant::now() + Duration::from_secs(60);
    while arena.scene.ask("'public.t'::regclass::oid").await? == old {
        if Instant::now() > end {
            return Err("it was not exchanged".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    arena.scene.run("ALTER TABLE public.t RENAME TO renamed").await?;
    run.wait()?.status(0)?;
    let sequence = arena.scene.ask("pg_get_serial_sequence('public.renamed', 'nr')").await?;
    if sequence != "public.t_nr_seq" {
        return Err(format!("its sequence is {sequence:?}"));
    }
    arena.scene.run("ALTER TABLE public.renamed RENAME TO t").await?;
    let damage = arena.damage().await?;
    arena.end().await?;
    if damage == Damage::default() { Ok(()) } else { Err(format!("{damage:?}")) }
}

async fn cut(server: &Server, seed: u64) -> Outcome {
    let mut random = Random::new(seed, u64::from(server.version) + 200);
    let arena = Arena::build(server, seed, true).await?;
    let all = wired::lengths(&arena).await?;
    println!("statements of a run and of an abort: {all:?}");
    for _ in 0..CUTS {
        let played = wired::play(&arena, all, &mut random).await?;
        if played.damage != Damage::default() {
            return Err(format!("{:?}", played.damage));
        }
    }
    arena.end().await
}

async fn sample(server: &Server, seed: u64, number: usize, of: usize) -> Outcome {
    let arena = Arena::build(server, seed, true).await?;
    let mut random = Random::new(seed, number as u64 + 1);
    for case in cases(seed, number, of) {
        let case = case.varied(&mut random);
        let began = Instant::now();
        let played = play::play(&arena, &case, &mut random).await?;
        println!("{case}: {:?}, {:?}", played.end, began.elapsed());
        if played.damage != Damage::default() {
            return Err(format!("{case}: {:?}", played.damage));
        }
    }
    arena.end().await
}
