//! Schemas that chance makes up, with all that repackd carries over in all combinations.
//!
//! Each is made twice. In one database a table of it is repacked while clients write; the other only
//! gets the writes. Every statement must come out the same, and so must the dumps. What chance has
//! found is shrunk by leaving out what does not matter, and printed as SQL.
//!
//! `REPACKD_TEST_SEED` repeats a run, `REPACKD_TEST_SCHEMAS` sets how many schemas each server gets,
//! and `REPACKD_TEST_VERBOSE` shows the statements of a schema that the server did not take.

mod case;
mod columns;
mod constraints;
mod expressions;
mod features;
mod foreign_keys;
mod functions;
mod grants;
mod indexes;
mod kin;
mod matviews;
mod names;
mod objects;
mod partitions;
mod policies;
mod scene;
mod spec;
mod triggers;
mod trimmings;
mod types;
mod views;
mod workload;

use crate::support::random::{Random, seed};
use crate::support::{Outcome, Server, block_on, servers};
use case::{Story, Tally};
use libtest_mimic::Trial;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// Trials for each server, so that they can run side by side.
const PARTS: u64 = 4;
/// Schemas for each server.
const SCHEMAS: u64 = 24;
/// How often a failing schema is made smaller, at most.
const SHRINKS: u32 = 120;
/// How long that may take.
const SHRINKING: Duration = Duration::from_secs(120);

/// Some tests for each server.
pub fn tests() -> Vec<Trial> {
    let given = std::env::var("REPACKD_TEST_SCHEMAS").ok().and_then(|n| n.parse().ok());
    let schemas: u64 = given.unwrap_or(SCHEMAS);
    let mut trials = Vec::new();
    for server in servers() {
        for part in 0..PARTS {
            let server = server.clone();
            let name = format!("generated::pg{}::part_{}", server.version, part + 1);
            let count = schemas / PARTS + u64::from(part < schemas % PARTS);
            trials.push(Trial::test(name, move || {
                let seed = seed();
                several(&server, part, count, seed).map_err(Into::into)
            }));
        }
    }
    trials
}

fn several(server: &Server, part: u64, count: u64, seed: u64) -> Outcome {
    let mut sum = Tally::default();
    for number in 0..count {
        let tally = one(server, part, number, seed)?;
        sum.refused += tally.refused;
        sum.repacked += tally.repacked;
        sum.steps += tally.steps;
        sum.left_out += tally.left_out;
        sum.acts += tally.acts;
        sum.failed += tally.failed;
    }
    println!(
        "{} tables repacked, {} refused; of {} statements {} left out; of {} by clients {} failed",
        sum.repacked, sum.refused, sum.steps, sum.left_out, sum.acts, sum.failed
    );
    // Otherwise it has gone blind. A few schemas say nothing about shares, and some not much.
    let most = if count >= 40 { sum.repacked / 3 } else { sum.repacked };
    let blind =
        sum.refused > most || sum.left_out * 10 > sum.steps || sum.failed * 10 > sum.acts * 7;
    if blind && count >= 8 {
        return Err(format!("seed {seed}: too little was tried: {sum:?}"));
    }
    Ok(())
}

/// One schema: tried, and shrunk if it fails.
fn one(server: &Server, part: u64, number: u64, seed: u64) -> Result<Tally, String> {
    let mut random =
        Random::new(seed, u64::from(server.version) * 1_000_000 + part * 100_000 + number);
    let mut bytes = [0; 32];
    bytes.iter_mut().for_each(|b| *b = random.range(0, 256) as u8);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: 1,
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let (tally, first) = (Cell::new(Tally::default()), RefCell::new(None::<(String, Instant)>));
    let attempt = |spec| {
        let late = |(_, at): &(String, Instant)| at.elapsed() > SHRINKING;
        if first.borrow().as_ref().is_some_and(late) {
            return Ok(());
        }
        let why = match block_on(case::run(&spec, server)) {
            Ok(found) => {
                tally.set(found);
                return Ok(());
            }
            Err(why) => why,
        };
        let kind = why.split(':').next().unwrap_or_default().to_owned();
        let mut first = first.borrow_mut();
        // Something smaller that fails elsewhere is another story.
        if first.get_or_insert_with(|| (kind.clone(), Instant::now())).0 == kind {
            Err(TestCaseError::fail(why))
        } else {
            Ok(())
        }
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&spec::spec(server.version), attempt);
    match result {
        Ok(()) => Ok(tally.get()),
        Err(TestError::Fail(why, spec)) => Err(format!(
            "seed {seed}, schema {number}: {why}\nas user {}:\n{}",
            if spec.mixed { "postgres" } else { "shape_owner or postgres" },
            Story::new(&spec, server.version).script()
        )),
        Err(other) => Err(other.to_string()),
    }
}
