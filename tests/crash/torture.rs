//! The full product, in an order that chance picks, until the time is over.

use super::arena::{Arena, Damage};
use super::case::{self, Case};
use super::play::play;
use super::{lost, tally, wired};
use crate::support::random::Random;
use crate::support::{Outcome, Server};
use std::time::{Duration, Instant};

/// For how long: `TORTURE_SECONDS`. Without it there is no torture.
pub fn budget() -> Option<Duration> {
    let seconds = std::env::var("TORTURE_SECONDS").ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Tries one case after another; those in which the server stops on servers of their own. A case that
/// fails is told and counted, and the next begins with a new table.
pub async fn torture(server: &Server, seed: u64, budget: Duration) -> Outcome {
    let end = Instant::now() + budget;
    let mut random = Random::new(seed, u64::from(server.version));
    let mut failures = Vec::new();
    let mut arena = None;
    'all: loop {
        let mut cases = case::all();
        random.shuffle(&mut cases);
        for case in cases {
            if Instant::now() > end || failures.len() >= 20 {
                break 'all;
            }
            let case = case.varied(&mut random);
            let told = one(server, Some(&case), &mut random, &mut arena).await;
            let cut = one(server, None, &mut random, &mut arena).await;
            for why in [told, cut].into_iter().filter_map(Result::err) {
                println!("pg{} {case}: {why}", server.version);
                failures.push(format!("{case}: {}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    if let Some((arena, _)) = arena {
        arena.end().await?;
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// One case; without one, the wire is cut at any statement.
async fn one(
    server: &Server,
    case: Option<&Case>,
    random: &mut Random,
    arena: &mut Option<(Arena, [u64; 2])>,
) -> Outcome {
    let action = case.map_or("cut", |c| c.action);
    let played = if let Some(case) = case.filter(|_| action == "stop-server") {
        lost::stopped(server.version, case, random).await
    } else {
        let (here, statements) = match arena.take() {
            Some(here) => here,
            None => {
                let seed = random.range(0, i64::MAX).unsigned_abs();
                let here = Arena::build(server, seed, true).await?;
                let statements = wired::lengths(&here).await?;
                (here, statements)
            }
        };
        let played = match case {
            Some(case) => play(&here, case, random).await,
            None => wired::play(&here, statements, random).await,
        };
        let sound = played.as_ref().is_ok_and(|p| p.damage == Damage::default());
        *arena = sound.then_some((here, statements));
        played
    };
    tally::count(action, played.as_ref().map_err(String::as_str));
    let damage = played?.damage;
    if damage == Damage::default() { Ok(()) } else { Err(format!("{damage:?}")) }
}
