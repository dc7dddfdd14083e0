//! What every command has at hand, and what it gathers on its way.

use super::console::Console;
use super::signals::Signals;
use super::target::{Target, Targets};
use super::{outcome, progress, summary};
use crate::config::Config;
use crate::engine::{Control, Job};
use crate::error::{Error, Result};
use crate::job::{Ending, Report};
use crate::names::{QualifiedName, TableArg};
use crate::store::{Place, Store};
use crate::telemetry::{TOLD, Telemetry, spans};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::OnceCell;
use tracing::Instrument;

/// What is to be done to a table.
pub struct Deed<'a> {
    /// Where, and how.
    pub job: &'a Job,
    /// To which.
    pub table: &'a QualifiedName,
    /// What people call it.
    pub label: String,
    /// What, as on the command line.
    pub command: &'static str,
}

/// A command at work.
pub struct Context {
    /// Where it writes to.
    pub console: Console,
    /// What may stop it.
    pub signals: Signals,
    /// Whether results are JSON.
    pub json: bool,
    /// Whether the databases come from a file, which may list tables.
    pub from_file: bool,
    /// The configuration.
    pub config: Arc<Config>,
    /// The databases.
    pub targets: Arc<[Target]>,
    /// Its traces and metrics.
    pub telemetry: Telemetry,
    /// Whether no connection was named, so that all are meant.
    pub everywhere: bool,
    /// Where the store is, or would be.
    pub place: Place,
    /// Runs that are a daemon's to go on with.
    pub left: Vec<(String, QualifiedName)>,
    store: OnceCell<Option<Store>>,
    also: serde_json::Map<String, Value>,
    reports: Vec<Report>,
    /// The same for whoever is told: with whether it counts as a failure, and how long it took.
    told: Vec<(Report, bool, Duration)>,
    errors: Vec<Value>,
    statuses: Vec<u8>,
}

impl Context {
    /// A command about these databases.
    pub fn new(
        console: Console,
        signals: Signals,
        json: bool,
        targets: Targets,
        place: Place,
        telemetry: Telemetry,
    ) -> Self {
        let Targets { all, from_file, everywhere, config, .. } = targets;
        Self {
            console,
            signals,
            json,
            from_file,
            config: Arc::new(config),
            targets: all.into(),
            telemetry,
            everywhere,
            place,
            left: Vec::new(),
            store: OnceCell::new(),
            also: serde_json::Map::new(),
            reports: Vec::new(),
            told: Vec::new(),
            errors: Vec::new(),
            statuses: Vec::new(),
        }
    }

    /// The store, if there is one: a file that is not there is not made.
    pub async fn store(&self) -> Result<Option<Store>> {
        let open = async || match self.place.exists() {
            true => Store::open(&self.place).await.map(Some),
            false => Ok(None),
        };
        self.store.get_or_try_init(open).await.cloned()
    }

    /// Does without the store from here on.
    pub fn no_store(&mut self) {
        self.store = OnceCell::new_with(Some(None));
    }

    /// Puts something besides the result into the JSON document.
    pub fn also(&mut self, key: &str, value: Value) {
        self.also.insert(key.to_owned(), value);
    }

    /// What was said last about a table.
    pub fn last_report(&self) -> Option<&Report> {
        self.reports.last()
    }

    /// A usage error if nobody said which tables are meant: neither on the command line nor in a
    /// configuration's lists.
    pub fn named_or_listed(&self, tables: &super::Tables) -> Result<()> {
        if tables.tables.is_empty() && !tables.all && !self.from_file {
            return Err(Error::Usage("name a table, or say --all".into()));
        }
        Ok(())
    }

    /// Waits for something that leaves nothing behind when it is given up.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.signals.stop.cancelled() => Err(Error::Interrupted),
            result = work => result,
        }
    }

    /// Lets the engine work on a table, with its progress shown, and takes in the report.
    /// Returns whether the database can be gone on with.
    pub async fn work<F, R>(&mut self, deed: Deed<'_>, named: bool, engine: F) -> bool
    where
        F: FnOnce(Control) -> R,
        R: Future<Output = Report>,
    {
        let Deed { job, table, label, command } = deed;
        let span = spans::table(job, table, command, self.telemetry.parent(), None);
        let meters = self.telemetry.meters().clone();
        let (events, shown) =
            span.in_scope(|| progress::listen(&self.console, &meters, &job.connection));
        self.signals.working_on(Some(label));
        let control = Control { events, stop: self.signals.stop.clone(), seed: seed(), gate: None };
        let began = Instant::now();
        let report = engine(control).instrument(span.clone()).await;
        let took = began.elapsed();
        self.signals.working_on(None);
        // Ends with the engine's last sender; what it shows comes before what follows.
        let _ = shown.await;
        let outcome = spans::outcome(&report);
        spans::concluded(&span, &report, outcome);
        meters.report(&report, outcome);
        span.in_scope(|| self.report(report, named));
        if let Some(last) = self.told.last_mut() {
            last.2 = took;
        }
        !self.stopped() && self.statuses.last() != Some(&75)
    }

    /// Takes in what is said about a table.
    pub fn report(&mut self, report: Report, named: bool) {
        let status = outcome::status(&report, named);
        let interrupted = report.ending == Ending::Interrupted;
        let status = if interrupted { self.signals.status().unwrap_or(130) } else { status };
        if let Some(text) = outcome::explain(&report) {
            self.console.say(&text);
            let Report { connection, table, phase, error, state, next, .. } = &report;
            tracing::error!(target: TOLD, connection, table, %phase, state, next, status,
                "{}", error.as_deref().unwrap_or("it stopped"));
        } else if let Some(after) = &report.figures.after {
            let Report { connection, table, figures, .. } = &report;
            tracing::info!(
                connection,
                table,
                before = figures.before.total(),
                after = after.total(),
                attempts = figures.attempts,
                longest_wait_ms = figures.longest_wait_ms.round(),
                "repacked"
            );
        }
        self.statuses.push(status);
        let failed = status != 0 && !interrupted;
        self.told.push((report.clone(), failed, Duration::ZERO));
        self.reports.push(report);
    }

    /// What there is to tell of tables so far, once.
    pub fn take_told(&mut self) -> Vec<(Report, bool, Duration)> {
        std::mem::take(&mut self.told)
    }

    /// Takes in an error that concerns a whole database, and says it.
    pub fn failed(&mut self, target: &Target, error: &Error) {
        if matches!(error, Error::Interrupted) {
            return;
        }
        let connection = &target.job.connection;
        self.console.say(&outcome::explain_error(error, Some(connection)));
        tracing::error!(target: TOLD, connection, status = error.exit_status(), "{error}");
        self.statuses.push(error.exit_status());
        let error = error.to_string();
        self.errors.push(json!({ "connection": connection, "error": error }));
    }

    /// Adds an exit status.
    pub fn status(&mut self, status: u8) {
        self.statuses.push(status);
    }

    /// Says that there was nothing to do for a table.
    pub fn nothing(&self, target: &Target, table: &TableArg) {
        let server = target.job.server.describe();
        self.console.say(&format!("repackd: {table} has no unfinished run in {server}"));
    }

    /// Whether a signal came.
    pub fn stopped(&self) -> bool {
        self.signals.status().is_some()
    }

    /// Prints what was done to tables, and ends the command.
    pub fn finish_tables(&mut self) -> u8 {
        let reports = std::mem::take(&mut self.reports);
        let several = self.targets.len() > 1;
        let width = self.console.result_width();
        let mut text = summary::render(&reports, several, width);
        if reports.is_empty() && self.statuses.is_empty() && !self.stopped() {
            text.push_str("nothing to do\n");
        }
        self.finish("tables", json!(reports), &text)
    }

    /// Prints a result, as text or as JSON under `key`, and ends the command.
    pub fn finish(&mut self, key: &str, value: Value, text: &str) -> u8 {
        let errors = std::mem::take(&mut self.errors);
        if self.json {
            let mut document = json!({ "repackd": env!("CARGO_PKG_VERSION"), key: value });
            for (key, value) in std::mem::take(&mut self.also) {
                document[key] = value;
            }
            if !errors.is_empty() {
                document["errors"] = errors.into();
            }
            self.console.result(&format!("{document:#}\n"));
        } else {
            self.console.result(text);
        }
        if let Some(status) = self.signals.status()
            && !self.statuses.contains(&status)
        {
            self.console.say(
                "repackd: interrupted before it was done\n  state: what was not begun is untouched",
            );
            self.statuses.push(status);
        }
        outcome::worst(self.statuses.iter().copied())
    }
}

/// A seed for what the engine does at random; the log has it.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = (now.as_micros() as u64).rotate_left(20) ^ u64::from(std::process::id());
    tracing::debug!(seed, "random choices");
    seed
}
