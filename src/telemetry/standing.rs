//! How things stand: gauges that are observed whenever metrics are collected, so that what is not so
//! any more is not told any more.

use super::names::{
    BLOAT, BUDGET, CONNECTION, DUE, EVALUATED, LAST_SUCCESS, LOG_ROWS, LONGEST, Metric, OLDEST,
    QUEUE, RULE, RULE_CLOSES, RULE_OPEN, RULE_OPENS, STATE, STORE_UP, TABLE, TABLE_BLOAT,
    TABLE_SIZE, TABLE_SUCCESS, TABLES,
};
use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many tables of one connection have figures of their own. A fleet with partitions has a hundred
/// thousand tables, and whoever keeps metrics pays for each.
pub const OF_ONE: usize = 50;

/// How many in all. The SDK puts what is beyond 2000 into one figure that means nothing.
const IN_ALL: usize = 1000;

/// For how long the wait of a cutover counts as the longest.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// What an evaluation found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// How many tables it looked at.
    pub tables: usize,
    /// How many qualify.
    pub due: usize,
    /// Bytes to gain in all of them.
    pub bloat: i64,
    /// Those with most to gain, most first.
    pub sizes: Vec<Size>,
    /// When tables were last repacked, in milliseconds of Unix time, the latest first.
    pub repacked: Vec<(String, i64)>,
}

/// A table's size.
#[derive(Debug, Clone)]
pub struct Size {
    /// The table.
    pub table: String,
    /// Bytes with indexes and TOAST.
    pub bytes: i64,
    /// Bytes to gain.
    pub bloat: i64,
}

/// What is known of the last evaluation of a connection, whoever did it.
#[derive(Debug, Clone)]
pub struct Known {
    /// The connection.
    pub connection: String,
    /// When it was, in milliseconds of Unix time.
    pub at: i64,
    /// Tables looked at, unless it failed.
    pub tables: Option<i64>,
    /// Tables that qualified, unless it failed.
    pub due: Option<i64>,
}

/// The queue of a connection.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// How many tables are in each state.
    pub states: BTreeMap<&'static str, i64>,
    /// When the one that has waited longest was queued, in milliseconds of Unix time.
    pub oldest: Option<i64>,
}

/// The windows of a rule.
#[derive(Debug, Clone)]
pub struct Windows {
    /// The rule.
    pub rule: String,
    /// Whether one is open.
    pub open: bool,
    /// When it opened, or the next one does.
    pub opens: Option<DateTime<Utc>>,
    /// When it ends.
    pub closes: Option<DateTime<Utc>>,
}

/// How things stand.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    connections: BTreeMap<String, Connection>,
    queues: BTreeMap<String, Queue>,
    rules: Vec<Windows>,
    store: Option<bool>,
}

#[derive(Debug, Default)]
struct Connection {
    evaluated: i64,
    /// When the last evaluation was that came through, as far as known here.
    succeeded: Option<i64>,
    tables: Option<i64>,
    due: Option<i64>,
    bloat: Option<i64>,
    /// Those with most to gain, most first.
    sizes: Vec<Size>,
    /// The latest first.
    repacked: Vec<(String, i64)>,
    /// When any table was last repacked, in seconds of Unix time.
    last: Option<f64>,
    budget: Option<f64>,
    /// Rows in the key log of the table at work; `None`: nobody counts them.
    log_rows: Option<u64>,
    waits: VecDeque<(Instant, f64)>,
}

impl Standing {
    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what an evaluation found at `at`; `None`: it failed, and nobody knows.
    pub fn found(&self, connection: &str, at: i64, found: Option<Found>) {
        let mut state = self.state();
        let known = state.connections.entry(connection.to_owned()).or_default();
        known.evaluated = at;
        let Some(Found { tables, due, bloat, mut sizes, mut repacked }) = found else {
            (known.tables, known.due, known.bloat) = (None, None, None);
            known.sizes.clear();
            return;
        };
        known.succeeded = Some(at);
        known.tables = i64::try_from(tables).ok();
        known.due = i64::try_from(due).ok();
        known.bloat = Some(bloat);
        sizes.truncate(OF_ONE);
        known.sizes = sizes;
        repacked.truncate(OF_ONE);
        let last = repacked.first().map(|(_, at)| seconds(*at));
        known.last = known.last.into_iter().chain(last).reduce(f64::max);
        known.repacked = repacked;
    }

    /// Takes in what the store knows. Where another daemon has evaluated since, it is its turn to tell
    /// of tables: two that tell of one would contradict each other.
    pub fn known(&self, all: Vec<Known>) {
        let mut state = self.state();
        for Known { connection, at, tables, due } in all {
            let known = state.connections.entry(connection).or_default();
            if at != known.evaluated {
                known.bloat = None;
                known.sizes.clear();
                known.repacked.clear();
            }
            if tables.is_some() {
                known.succeeded = Some(at);
            }
            (known.evaluated, known.tables, known.due) = (at, tables, due);
        }
    }

    /// Forgets connections that are not in the configuration any more.
    pub fn keep(&self, names: &[&str]) {
        let mut state = self.state();
        state.connections.retain(|name, _| names.contains(&name.as_str()));
        state.queues.retain(|name, _| names.contains(&name.as_str()));
    }

    /// A table was repacked at `at`, in milliseconds of Unix time.
    pub fn repacked(&self, connection: &str, table: &str, at: i64) {
        let mut state = self.state();
        let known = state.connections.entry(connection.to_owned()).or_default();
        known.repacked.retain(|(other, _)| other != table);
        known.repacked.insert(0, (table.to_owned(), at));
        known.repacked.truncate(OF_ONE);
        known.last = Some(seconds(at));
    }

    /// Anybody can have waited so long for a cutover.
    pub fn waited(&self, connection: &str, wait: Duration) {
        let mut state = self.state();
        let known = state.connections.entry(connection.to_owned()).or_default();
        let wait = wait.as_secs_f64();
        // Whatever came before and was shorter will never be the longest again.
        while known.waits.back().is_some_and(|(_, other)| *other <= wait) {
            known.waits.pop_back();
        }
        known.waits.push_back((Instant::now(), wait));
    }

    /// So many rows wait in a key log; `None`: there may be more by now, and nobody counts them.
    pub fn log_rows(&self, connection: &str, rows: Option<u64>) {
        self.state().connections.entry(connection.to_owned()).or_default().log_rows = rows;
    }

    /// So long anybody may wait.
    pub fn budget(&self, connection: &str, budget: Duration) {
        let mut state = self.state();
        state.connections.entry(connection.to_owned()).or_default().budget =
            Some(budget.as_secs_f64());
    }

    /// The queue, by connection.
    pub fn queues(&self, queues: BTreeMap<String, Queue>) {
        self.state().queues = queues;
    }

    /// The rules and their windows.
    pub fn rules(&self, rules: Vec<Windows>) {
        self.state().rules = rules;
    }

    /// Whether the store can be reached.
    pub fn store(&self, up: bool) {
        self.state().store = Some(up);
    }

    /// Makes the gauges.
    pub fn observe(&self, meter: &Meter) {
        self.of_connections(meter, EVALUATED, |c| c.succeeded.map(seconds));
        self.of_connections(meter, TABLES, |c| c.tables.map(whole));
        self.of_connections(meter, DUE, |c| c.due.map(whole));
        self.of_connections(meter, BLOAT, |c| c.bloat.map(whole));
        self.of_connections(meter, LAST_SUCCESS, |c| c.last);
        self.of_connections(meter, BUDGET, |c| c.budget);
        self.of_connections(meter, LOG_ROWS, |c| c.log_rows.map(|rows| rows as f64));
        self.of_connections(meter, LONGEST, |c| {
            let longest = c.waits.iter().find(|(at, _)| at.elapsed() < REMEMBERED);
            longest.map(|(_, wait)| *wait)
        });
        self.of_tables(meter, TABLE_BLOAT, |c| {
            c.sizes.iter().map(|s| (s.table.clone(), s.bloat, whole(s.bloat))).collect()
        });
        self.of_tables(meter, TABLE_SIZE, |c| {
            c.sizes.iter().map(|s| (s.table.clone(), s.bloat, whole(s.bytes))).collect()
        });
        self.of_tables(meter, TABLE_SUCCESS, |c| {
            c.repacked.iter().map(|(table, at)| (table.clone(), *at, seconds(*at))).collect()
        });
        self.gauge(meter, QUEUE, |state, to| {
            for (connection, queue) in &state.queues {
                for (name, count) in &queue.states {
                    let at = KeyValue::new(CONNECTION, connection.clone());
                    to.observe(whole(*count), &[at, KeyValue::new(STATE, *name)]);
                }
            }
        });
        self.gauge(meter, OLDEST, |state, to| {
            for (connection, queue) in &state.queues {
                if let Some(oldest) = queue.oldest {
                    let at = KeyValue::new(CONNECTION, connection.clone());
                    to.observe(seconds(oldest), &[at]);
                }
            }
        });
        let moment = |at: Option<DateTime<Utc>>| at.map(|at| seconds(at.timestamp_millis()));
        self.of_rules(meter, RULE_OPEN, |w| Some(f64::from(u8::from(w.open))));
        self.of_rules(meter, RULE_OPENS, move |w| moment(w.opens));
        self.of_rules(meter, RULE_CLOSES, move |w| moment(w.closes));
        self.gauge(meter, STORE_UP, |state, to| {
            if let Some(up) = state.store {
                to.observe(f64::from(u8::from(up)), &[]);
            }
        });
    }

    fn gauge(
        &self,
        meter: &Meter,
        metric: Metric,
        tell: impl Fn(&State, &dyn AsyncInstrument<f64>) + Send + Sync + 'static,
    ) {
        let standing = self.clone();
        meter
            .f64_observable_gauge(metric.name)
            .with_description(metric.what)
            .with_unit(metric.unit)
            .with_callback(move |to| tell(&standing.state(), to))
            .build();
    }

    fn of_connections(
        &self,
        meter: &Meter,
        metric: Metric,
        value: impl Fn(&Connection) -> Option<f64> + Send + Sync + 'static,
    ) {
        self.gauge(meter, metric, move |state, to| {
            for (name, connection) in &state.connections {
                if let Some(value) = value(connection) {
                    to.observe(value, &[KeyValue::new(CONNECTION, name.clone())]);
                }
            }
        });
    }

    /// Of tables: name, by what those with most are chosen, and the value.
    fn of_tables(
        &self,
        meter: &Meter,
        metric: Metric,
        of: impl Fn(&Connection) -> Vec<(String, i64, f64)> + Send + Sync + 'static,
    ) {
        self.gauge(meter, metric, move |state, to| {
            let all = state.connections.iter();
            let mut all: Vec<_> = all
                .flat_map(|(name, c)| of(c).into_iter().map(move |table| (name, table)))
                .collect();
            all.sort_by_key(|(_, (_, most, _))| Reverse(*most));
            for (connection, (table, _, value)) in all.into_iter().take(IN_ALL) {
                let at = KeyValue::new(CONNECTION, connection.clone());
                to.observe(value, &[at, KeyValue::new(TABLE, table)]);
            }
        });
    }

    fn of_rules(
        &self,
        meter: &Meter,
        metric: Metric,
        value: impl Fn(&Windows) -> Option<f64> + Send + Sync + 'static,
    ) {
        self.gauge(meter, metric, move |state, to| {
            for windows in &state.rules {
                if let Some(value) = value(windows) {
                    to.observe(value, &[KeyValue::new(RULE, windows.rule.clone())]);
                }
            }
        });
    }
}

/// Milliseconds as seconds.
fn seconds(millis: i64) -> f64 {
    whole(millis) / 1000.0
}

fn whole(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::super::meters::text;
    use super::*;
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    /// What is told, and who tells it.
    fn told() -> (Standing, prometheus::Registry, SdkMeterProvider) {
        let registry = prometheus::Registry::new();
        let reader =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let standing = Standing::default();
        standing.observe(&provider.meter("repackd"));
        (standing, registry, provider)
    }

    fn found(tables: usize) -> Found {
        let size = |i: usize| {
            let bloat = i64::try_from(i).unwrap();
            Size { table: format!("public.t{i}"), bytes: bloat * 2, bloat }
        };
        Found {
            tables,
            due: 1,
            bloat: (0..tables).map(|i| size(i).bloat).sum(),
            sizes: (0..tables).rev().map(size).collect(),
            repacked: vec![("public.t2".into(), 7000), ("public.t1".into(), 5000)],
        }
    }

    fn lines<'t>(text: &'t str, metric: &str) -> Vec<&'t str> {
        text.lines().filter(|l| l.starts_with(&format!("{metric}{{"))).collect()
    }

    #[test]
    fn tables_have_figures_of_their_own_up_to_a_number() {
        let (standing, registry, _provider) = told();
        for connection in 0..30 {
            standing.found(&format!("c{connection}"), 1000, Some(found(500)));
        }
        let text = text(&registry);
        let bloat = lines(&text, "repackd_table_bloat_bytes");
        assert_eq!(bloat.len(), IN_ALL);
        assert!(bloat.iter().any(|l| l.contains("public.t499") && l.ends_with(" 499")));
        assert!(!bloat.iter().any(|l| l.contains("public.t449\"")));
        assert_eq!(lines(&text, "repackd_table_size_bytes").len(), IN_ALL);
        let all = lines(&text, "repackd_bloat_bytes");
        assert!(all.len() == 30 && all[0].ends_with(&format!(" {}", 499 * 500 / 2)), "{all:?}");
    }

    #[test]
    fn what_is_gone_is_not_told_any_more() {
        let (standing, registry, _provider) = told();
        standing.found("shop", 1000, Some(found(3)));
        standing.found("shop", 2000, Some(found(2)));
        assert_eq!(lines(&text(&registry), "repackd_table_bloat_bytes").len(), 2);
        let known = |at| Known { connection: "shop".into(), at, tables: Some(7), due: Some(4) };
        standing.known(vec![known(2000)]);
        assert_eq!(lines(&text(&registry), "repackd_table_bloat_bytes").len(), 2);
        // Another daemon has evaluated it since.
        standing.known(vec![known(3000)]);
        let after = text(&registry);
        assert!(lines(&after, "repackd_table_bloat_bytes").is_empty());
        assert!(lines(&after, "repackd_tables_due")[0].ends_with(" 4"));
        assert!(lines(&after, "repackd_last_success_timestamp_seconds")[0].ends_with(" 7"));
        standing.found("shop", 4000, None);
        let failed = text(&registry);
        assert!(lines(&failed, "repackd_tables_due").is_empty());
        // Of the last that came through.
        let evaluated = lines(&failed, "repackd_evaluated_timestamp_seconds");
        assert!(evaluated[0].ends_with(" 3"), "{evaluated:?}");
        standing.known(vec![Known { tables: None, due: None, ..known(5000) }]);
        let failed = text(&registry);
        let evaluated = lines(&failed, "repackd_evaluated_timestamp_seconds");
        assert!(evaluated[0].ends_with(" 3"), "{evaluated:?}");
        standing.keep(&["crm"]);
        assert!(!text(&registry).contains("shop"));
    }

    #[test]
    fn the_longest_wait_is_the_longest() {
        let (standing, registry, _provider) = told();
        for millis in [40, 90, 10] {
            standing.waited("shop", Duration::from_millis(millis));
        }
        let text = text(&registry);
        assert!(lines(&text, "repackd_cutover_wait_max_seconds")[0].ends_with(" 0.09"), "{text}");
    }
}
