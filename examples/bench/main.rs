//! The benchmark: repackd beside pg_repack and VACUUM FULL on identical copies of a bloated table,
//! alone and under load. Started by `scripts/bench`, which provides the server.

#[path = "../common/mod.rs"]
mod common;

mod candidate;
mod load;
mod outcome;

use candidate::Candidate;
use clap::Parser;
use common::programs::variable;
use common::session::{connect, copy_database, run_in};
use common::waits::{Waits, ms};
use common::{Result, megabytes};
use load::{Load, Scenario};
use outcome::{COLUMNS, Outcome, cell, figures, medians, ratio};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio_postgres::Config;

/// The database that is copied for each run, and the copy.
const ORIGINAL: &str = "bench_original";
const COPY: &str = "bench_copy";
/// How long the clients work before the candidate starts.
const WARM_UP: Duration = Duration::from_secs(2);

/// Measures repackd beside pg_repack and VACUUM FULL.
#[derive(Parser)]
struct Arguments {
    /// Rows to insert; seven tenths of them are deleted again
    #[arg(long, default_value_t = 3_000_000)]
    rows: i64,
    /// What goes on meanwhile; may be given several times [default: all]
    #[arg(long)]
    scenario: Vec<Scenario>,
    /// Runs of each candidate in each scenario; medians are printed
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Seconds after which a candidate is stopped and counts as failed
    #[arg(long, default_value_t = 600)]
    limit: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match bench(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> Result<bool> {
    let server: Config = variable("REPACKD_BENCH_SERVER")?.parse()?;
    let all = [Scenario::Idle, Scenario::Paced, Scenario::Saturated, Scenario::Reader];
    let scenarios = if arguments.scenario.is_empty() { &all[..] } else { &arguments.scenario[..] };
    prepare(&server, arguments.rows).await?;

    let mut outcomes = vec![vec![Vec::new(); Candidate::ALL.len()]; scenarios.len()];
    for round in 0..arguments.repeat {
        for (scenario, outcomes) in scenarios.iter().zip(&mut outcomes) {
            for turn in 0..Candidate::ALL.len() {
                // Interleaved, and another one first in each round: the machine changes with time.
                let number = (turn + round) % Candidate::ALL.len();
                let candidate = Candidate::ALL[number];
                eprintln!("round {}, {scenario:?}: {}", round + 1, candidate.name());
                outcomes[number].push(run(&server, *scenario, candidate, arguments).await?);
            }
        }
    }
    for (scenario, outcomes) in scenarios.iter().zip(&outcomes) {
        report(*scenario, outcomes);
    }
    Ok(outcomes.iter().flatten().flatten().all(Option::is_some))
}

/// Makes the table that every run gets a copy of.
async fn prepare(server: &Config, rows: i64) -> Result<()> {
    run_in(server, "postgres", &format!("CREATE DATABASE {ORIGINAL}")).await?;
    let settings = format!("SET bench.rows = {rows};");
    run_in(server, ORIGINAL, &(settings + include_str!("setup.sql"))).await?;
    run_in(server, ORIGINAL, "VACUUM (ANALYZE) public.orders").await?;
    let version: String = connect(server, "postgres", "postgres")
        .await?
        .query_one("SHOW server_version", &[])
        .await?
        .get(0);
    let (heap, indexes) = size(server, ORIGINAL).await?;
    let cores = std::thread::available_parallelism()?;
    println!(
        "PostgreSQL {version}, {cores} cores; {rows} rows inserted, 70 % deleted: \
         table {heap:.0} MB, three indexes {indexes:.0} MB"
    );
    println!(
        "p99 and max are of statements, from when they were sent; due: of transactions, from when \
         they were due,\nwhich is what a user waits for where a client is held up again and again"
    );
    Ok(())
}

/// One candidate on a fresh copy.
async fn run(
    server: &Config,
    scenario: Scenario,
    candidate: Candidate,
    arguments: &Arguments,
) -> Result<Outcome> {
    copy_database(server, ORIGINAL, COPY).await?;
    run_in(server, COPY, "CHECKPOINT").await?;
    // Or the first candidate shares the disk with what was written to prepare it.
    tokio::process::Command::new("sync").status().await?;
    let load = Load::start(server, COPY, scenario, arguments.rows);
    tokio::time::sleep(WARM_UP).await;
    let limit = Duration::from_secs(arguments.limit);
    let from = Instant::now();
    let result = tokio::time::timeout(limit, candidate.run(server, COPY)).await;
    let to = Instant::now();
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            eprintln!("{} failed: {error}", candidate.name());
            return Ok(None);
        }
        Err(_) => {
            eprintln!("{} was stopped after {} s", candidate.name(), arguments.limit);
            return Ok(None);
        }
    }
    let (heap, indexes) = size(server, COPY).await?;
    let seen = load.stop().await?;
    if let Some(slowest) = Waits::between(&seen.statements, from, to).longest {
        eprintln!("longest wait: {} ms, {}", ms(slowest.took), slowest.what);
    }
    Ok(Some(figures(&seen, (from, to), heap + indexes)))
}

/// The table and its indexes in MB.
async fn size(server: &Config, database: &str) -> Result<(f64, f64)> {
    let sql = "SELECT pg_table_size('public.orders'), pg_indexes_size('public.orders')";
    let row = connect(server, "postgres", database).await?.query_one(sql, &[]).await?;
    Ok((megabytes(row.get(0)), megabytes(row.get(1))))
}

fn report(scenario: Scenario, outcomes: &[Vec<Outcome>]) {
    let line = |name: &str, cells: &[String]| {
        println!("  {name:<26}{}", cells.iter().map(|c| format!("{c:>11}")).collect::<String>());
    };
    println!("\n{scenario:?}");
    line("", &COLUMNS.map(str::to_owned));
    let medians: Vec<Outcome> = outcomes.iter().map(|runs| medians(runs)).collect();
    for (candidate, outcome) in Candidate::ALL.iter().zip(&medians) {
        match outcome {
            Some(figures) => line(candidate.name(), &figures.map(cell)),
            None => line(candidate.name(), &["failed".to_owned()]),
        }
    }
    for (number, peer) in Candidate::ALL.iter().enumerate().skip(1) {
        if let (Some(own), Some(theirs)) = (&medians[0], &medians[number]) {
            let ratios: Vec<String> =
                own.iter().zip(theirs).map(|(own, theirs)| ratio(*own, *theirs)).collect();
            line(&format!("repackd / {}", peer.name()), &ratios);
        }
    }
}
