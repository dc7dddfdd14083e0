//! The full product, in an order that chance picks, until the time is over.

use super::arena::{Arena, Damage};
use super::case::{self, Case};
use super::play::play;
use super::{lost, tally};
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
            let told = one(server, &case, &mut random, &mut arena).await;
            if let Err(why) = told {
                println!("pg{} {case}: {why}", server.version);
                failures.push(format!("{case}: {}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    if let Some(arena) = arena {
        arena.end().await?;
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

async fn one(
    server: &Server,
    case: &Case,
    random: &mut Random,
    arena: &mut Option<Arena>,
) -> Outcome {
    let played = if case.action == "stop-server" {
        lost::stopped(server.version, case, random).await
    } else {
        let here = match arena.take() {
            Some(here) => here,
            None => Arena::build(server, random.range(0, i64::MAX).unsigned_abs(), true).await?,
        };
        let played = play(&here, case, random).await;
        *arena = Some(here);
        played
    };
    tally::count(case.action, played.as_ref().map_err(String::as_str));
    let bad = match &played {
        Ok(played) => played.damage != Damage::default(),
        Err(_) => true,
    };
    if bad && case.action != "stop-server" {
        *arena = None;
    }
    let played = played?;
    if bad { Err(format!("{:?}", played.damage)) } else { Ok(()) }
}
