//! The demo: repacks a bloated table while clients write to it, and proves that nothing but its
//! size has changed. Started by `scripts/demo`, which provides a throw-away server.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod proof;
mod record;

use clap::Parser;
use client::{Client, Work};
use common::programs::{repackd, url, variable};
use common::session::{copy_database, run_in};
use common::waits::{Statement, Waits, ms};
use common::{Result, megabytes};
use proof::{Size, Verdict};
use serde_json::Value;
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_postgres::Config;

const CLIENTS: i64 = 4;
/// How long the clients write before repackd starts, and again after it has ended.
const ALONE: Duration = Duration::from_secs(2);
/// The longest that any client may have waited for any statement.
const PATIENCE: Duration = Duration::from_secs(1);

/// The phases of a run in their order.
const PHASES: [&str; 10] = [
    "preflight",
    "prepare",
    "capture",
    "copy",
    "purge",
    "index",
    "drain",
    "verify",
    "cutover",
    "cleanup",
];

/// Repacks a bloated table under load and proves that only its size has changed.
#[derive(Parser)]
struct Arguments {
    /// Rows to insert; two thirds of them are deleted again
    #[arg(long, default_value_t = 3_000_000)]
    rows: i64,
    /// Repeats the rows and the clients' choices of an earlier run
    #[arg(long)]
    seed: Option<u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is found out on the way to the verdict.
struct Findings {
    started: Instant,
    ended: Instant,
    output: Output,
    clients: Vec<Work>,
    before: Size,
    after: Size,
    full_copy: Size,
    full_copy_took: Duration,
    full_now: Size,
    schemas: (String, String),
    rows: std::result::Result<(usize, i64), String>,
}

async fn demo(arguments: &Arguments) -> Result<bool> {
    let servers = variable("REPACKD_TEST_SERVERS")?;
    let (version, server) = servers
        .split_whitespace()
        .next_back()
        .and_then(|server| server.split_once('='))
        .ok_or("REPACKD_TEST_SERVERS names no server")?;
    let server: Config = server.parse()?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seed = arguments.seed.unwrap_or(time.subsec_nanos());
    println!("PostgreSQL {version}, {} rows, seed {seed}\n", arguments.rows);
    let findings = work(&server, arguments.rows, seed).await?;
    report(&findings);
    Ok(judge(&findings))
}

async fn work(server: &Config, rows: i64, seed: u32) -> Result<Findings> {
    let began = Instant::now();
    let step = |what: &str| println!("{:>5.0} s  {what}", began.elapsed().as_secs_f64());

    step("make the table public.orders, with five indexes");
    run_in(server, "postgres", "CREATE DATABASE shop").await?;
    let roles = "CREATE ROLE demo_owner LOGIN; CREATE ROLE demo_writer LOGIN; CREATE ROLE demo_reader; \
                 GRANT CREATE ON DATABASE shop TO demo_owner; GRANT CREATE ON SCHEMA public TO demo_owner";
    run_in(server, "shop", roles).await?;
    let settings = format!(
        "SET demo.rows = {rows}; SET demo.seed = {seed}; SET maintenance_work_mem = '256MB';"
    );
    run_in(server, "shop", &(settings + include_str!("setup.sql"))).await?;
    run_in(server, "shop", "VACUUM (ANALYZE) public.orders").await?;
    let before = Size::of(server, "shop").await?;

    step("copy the database, bloat and all, and let VACUUM FULL work on the copy");
    copy_database(server, "shop", "shop_copy").await?;
    let full_copy_took = vacuum_full(server, "shop_copy").await?;
    let full_copy = Size::of(server, "shop_copy").await?;
    let schema_before = proof::schema(server, "shop").await?;

    step("start 4 clients, which insert, update, delete and change keys");
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let range = (1 + rows * number / CLIENTS, rows * (number + 1) / CLIENTS);
        let client = Client::start(server, "shop", number, range, seed.into()).await?;
        clients.push(tokio::spawn(client.run(Arc::clone(&stop))));
    }
    tokio::time::sleep(ALONE).await;

    step("repackd run-now public.orders");
    let started = Instant::now();
    let output = repackd(&url(server, "demo_owner", "shop")?, "public.orders")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|error| format!("repackd could not be started: {error}"))?;
    let ended = Instant::now();
    tokio::time::sleep(ALONE).await;
    stop.store(true, Ordering::Relaxed);
    let mut works = Vec::new();
    for client in clients {
        works.push(client.await?);
    }

    step("clients stopped; compare sizes, schema and every row");
    let after = Size::of(server, "shop").await?;
    let schema_after = proof::schema(server, "shop").await?;
    let rows = proof::rows(server, "shop", "shop_copy", &works).await?;
    copy_database(server, "shop", "shop_now").await?;
    vacuum_full(server, "shop_now").await?;
    let full_now = Size::of(server, "shop_now").await?;
    step("done\n");
    Ok(Findings {
        started,
        ended,
        output,
        clients: works,
        before,
        after,
        full_copy,
        full_copy_took,
        full_now,
        schemas: (schema_before, schema_after),
        rows,
    })
}

async fn vacuum_full(server: &Config, database: &str) -> Result<Duration> {
    let began = Instant::now();
    run_in(server, database, "VACUUM (FULL, ANALYZE) public.orders").await?;
    Ok(began.elapsed())
}

fn report(findings: &Findings) {
    println!("Size in MB                               table  indexes    TOAST    total");
    for (what, size) in [
        ("before", findings.before),
        ("after", findings.after),
        ("VACUUM FULL of a copy made before", findings.full_copy),
        ("VACUUM FULL of a copy made after", findings.full_now),
    ] {
        let [heap, indexes, toast, total] =
            [size.heap, size.indexes, size.toast, size.total()].map(megabytes);
        println!("  {what:<36} {heap:>7.1} {indexes:>8.1} {toast:>8.1} {total:>8.1}");
    }

    println!("\nTime");
    let took = findings.ended - findings.started;
    println!("  repackd, beside the clients          {:>7.1} s", took.as_secs_f64());
    let full = findings.full_copy_took.as_secs_f64();
    println!("  VACUUM FULL of the copy, alone       {full:>7.1} s, all of it locked");
    if let Some(figures) = figures(&findings.output) {
        let seconds = |phase: &str| figures["seconds"][phase].as_f64();
        for (phase, seconds) in PHASES.iter().filter_map(|p| Some((p, seconds(p)?))) {
            println!("    {phase:<34} {seconds:>7.1} s");
        }
        println!(
            "  rows copied {}, replayed {}; attempts {}; longest wait repackd can have caused {:.0} ms",
            figures["rows_copied"],
            figures["rows_replayed"],
            figures["attempts"],
            figures["longest_wait_ms"].as_f64().unwrap_or(f64::NAN)
        );
    }

    let all: Vec<Statement> = statements(&findings.clients);
    println!("\nWaits of the clients in ms            statements      p99  longest");
    let (first, last) = (findings.started - ALONE, findings.ended + ALONE);
    for (when, from, to) in [
        ("before repackd started", first, findings.started),
        ("while it worked", findings.started, findings.ended),
        ("after it had ended", findings.ended, last),
    ] {
        let waits = Waits::between(&all, from, to);
        let (p99, max) = (ms(waits.p99), ms(waits.max()));
        println!("  {when:<36} {:>9} {p99:>8} {max:>8}", waits.count);
    }
    for (number, client) in findings.clients.iter().enumerate() {
        let waits = Waits::between(&client.statements, first, last);
        let Some(slowest) = waits.longest else { continue };
        println!(
            "  client {number}: {} committed, {} rolled back; longest: {} ms, {}, {:.1} s after the start of repackd",
            client.committed,
            client.rolled_back,
            ms(slowest.took),
            slowest.what,
            slowest.begun.saturating_duration_since(findings.started).as_secs_f64()
        );
    }
    println!();
}

fn judge(findings: &Findings) -> bool {
    let mut verdict = Verdict::default();
    let status = findings.output.status;
    let reason = match status.success() {
        true => String::new(),
        false => format!("\n{}", String::from_utf8_lossy(&findings.output.stdout)),
    };
    verdict.check(status.success(), &format!("repackd: {status}{reason}"));
    verdict.check(figures(&findings.output).is_some(), "repackd reported what it did");

    let full = findings.full_now.total();
    let ratio = findings.after.total() as f64 / full as f64;
    verdict.check(
        ratio < 1.1,
        &format!("smaller than 1.1 times what VACUUM FULL reaches with the same rows: {ratio:.2}"),
    );
    verdict.check(
        findings.after.total() < findings.before.total() / 2,
        "less than half of what it was",
    );
    match &findings.rows {
        Ok((own, rest)) => verdict.check(
            true,
            &format!("{own} rows are as the clients' record says, {rest} others as they were"),
        ),
        Err(wrong) => verdict.check(false, &format!("rows: {wrong}")),
    }
    let (before, after) = &findings.schemas;
    verdict.check(
        before == after,
        &format!("pg_dump --schema-only is the same{}", proof::difference(before, after)),
    );
    let errors: Vec<String> = findings
        .clients
        .iter()
        .filter_map(|c| c.error.as_ref())
        .map(|e| format!("; {e}"))
        .collect();
    verdict.check(
        errors.is_empty(),
        &format!("no client saw an error or a wrong row{}", errors.concat()),
    );
    let all = statements(&findings.clients);
    let waits = Waits::between(&all, findings.started, findings.ended);
    verdict.check(
        waits.max() < PATIENCE,
        &format!("no client waited a second; the longest waited {} ms", ms(waits.max())),
    );
    verdict.all_kept()
}

fn statements(clients: &[Work]) -> Vec<Statement> {
    clients.iter().flat_map(|c| &c.statements).copied().collect()
}

/// What repackd printed about the table, if it is what it should be.
fn figures(output: &Output) -> Option<Value> {
    let printed: Value = serde_json::from_slice(&output.stdout).ok()?;
    printed["tables"][0].get("figures").filter(|figures| figures.is_object()).cloned()
}
