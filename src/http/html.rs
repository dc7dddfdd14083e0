//! The page: the same documents as the API has, as HTML. The templates escape whatever they are given.

use super::api::{HistoryAsked, Order, Problem, SamplesAsked, TablesAsked};
use super::app::App;
use super::chart::{self, Chart, Point};
use super::documents::{self, History, Queued, Run, RunDetail, Samples, Status, Tables, Windows};
use crate::store::{Scope, time};
use crate::units;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::sync::Arc;

/// Windows to come that the overview shows.
const WINDOWS: usize = 5;

/// Entries of the queue that it shows.
const QUEUE: usize = 50;

/// Rows of a page of tables or runs.
const ROWS: u32 = 50;

/// Repacks that are looked for, to be marked in a chart.
const MARKS: u32 = 200;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// What every page has.
struct Frame {
    /// Which part of the navigation this is.
    here: &'static str,
    /// The time by the daemon's clock.
    now: DateTime<Utc>,
    /// Whether anything can be changed here.
    acts: bool,
}

impl Frame {
    fn new(app: &App, here: &'static str) -> Self {
        Self { here, now: app.clock.now(), acts: app.token().is_some() }
    }

    fn now(&self) -> String {
        documents::moment(self.now)
    }

    fn exactly(&self) -> String {
        self.now.format("%F %H:%M:%S UTC").to_string()
    }

    fn ago(&self, at: &str) -> String {
        let Ok(at) = at.parse::<DateTime<Utc>>() else { return String::new() };
        let seconds = (self.now - at).num_seconds();
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let words = |seconds: i64| units::seconds(seconds as f64).replace(".0 s", " s");
        match seconds {
            0.. => format!("{} ago", words(seconds)),
            _ => format!("in {}", words(-seconds)),
        }
    }
}

/// A time for people; the exact one is in its markup.
fn clock(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ") + " UTC"
}

fn size(bytes: &i64) -> String {
    units::size(*bytes)
}

fn some_size(bytes: &Option<i64>) -> String {
    bytes.map_or_else(|| "unknown".into(), units::size)
}

fn seconds(seconds: &f64) -> String {
    units::seconds(*seconds)
}

fn some_seconds(seconds: &Option<f64>) -> String {
    seconds.map(units::seconds).unwrap_or_default()
}

fn percent(part: &f64) -> String {
    format!("{:.0}", (part * 100.0).clamp(0.0, 100.0))
}

/// What a run gave back.
fn gain(run: &Run) -> String {
    match (run.bytes_before, run.bytes_after) {
        (Some(before), Some(after)) => {
            format!("{} to {}", units::size(before), units::size(after))
        }
        (Some(before), None) => units::size(before),
        _ => String::new(),
    }
}

#[derive(Template)]
#[template(path = "overview.html", config = "src/http/askama.toml")]
struct Overview {
    frame: Frame,
    status: Status,
    queue: Vec<Queued>,
    more: usize,
    windows: Windows,
    last: Vec<Run>,
}

impl Overview {
    fn has_windows(&self) -> bool {
        self.windows.next.iter().any(|next| next.window.is_some())
    }

    /// What somebody who does not see the page is told when it changes: phases, not every per cent.
    fn told(&self) -> String {
        let one = |run: &documents::Running| {
            format!("{}: {}", run.table, run.phase.as_deref().unwrap_or("begins"))
        };
        match self.status.running.as_slice() {
            [] => "nothing is at work".into(),
            all => all.iter().map(one).collect::<Vec<_>>().join("; "),
        }
    }
}

#[derive(Template)]
#[template(path = "tables.html", config = "src/http/askama.toml")]
struct TablesPage {
    frame: Frame,
    tables: Tables,
    connection: String,
    search: String,
    due: bool,
    by: Order,
    offset: u32,
    connections: Vec<String>,
}

impl TablesPage {
    fn is_by(&self, by: &str) -> bool {
        matches!(
            (self.by, by),
            (Order::Bloat, "bloat") | (Order::Size, "size") | (Order::Name, "name")
        )
    }

    fn by_name(&self) -> &'static str {
        match self.by {
            Order::Bloat => "bloat",
            Order::Size => "size",
            Order::Name => "name",
        }
    }

    fn last(&self) -> i64 {
        i64::from(self.offset) + i64::try_from(self.tables.tables.len()).unwrap_or(0)
    }
}

#[derive(Template)]
#[template(path = "table.html", config = "src/http/askama.toml")]
struct TablePage {
    frame: Frame,
    samples: Samples,
    days: u32,
    chart: Option<Chart>,
    from: String,
    runs: History,
}

impl TablePage {
    fn is_span(&self, days: &u32) -> bool {
        self.days == *days
    }
}

#[derive(Template)]
#[template(path = "history.html", config = "src/http/askama.toml")]
struct HistoryPage {
    frame: Frame,
    history: History,
    connection: String,
    schema: String,
    name: String,
    newer: bool,
}

#[derive(Template)]
#[template(path = "run.html", config = "src/http/askama.toml")]
struct RunPage {
    frame: Frame,
    detail: RunDetail,
    bars: Vec<Bar>,
}

/// A phase on the timeline.
struct Bar {
    phase: String,
    seconds: f64,
    /// Where it begins and how long it is, of a thousand.
    left: f64,
    width: f64,
}

#[derive(Template)]
#[template(path = "problem.html", config = "src/http/askama.toml")]
struct ProblemPage {
    frame: Frame,
    title: &'static str,
    message: String,
}

fn rendered(page: &impl Template, status: StatusCode) -> Response {
    match page.render() {
        Ok(text) => {
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
        }
        Err(error) => {
            tracing::error!("a page could not be made: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn problem(app: &App, problem: &Problem) -> Response {
    let title = match problem.status() {
        StatusCode::NOT_FOUND => "Not there",
        StatusCode::BAD_REQUEST => "Not understood",
        _ => "No answer",
    };
    let (frame, message) = (Frame::new(app, ""), problem.message().to_owned());
    rendered(&ProblemPage { frame, title, message }, problem.status())
}

type Asked<T> = Result<Query<T>, QueryRejection>;

pub async fn nowhere(State(app): State<Arc<App>>, uri: Uri) -> Response {
    problem(&app, &Problem::not_found(format!("there is no {}", uri.path())))
}

pub async fn overview(State(app): State<Arc<App>>) -> Response {
    let (config, known) = app.known();
    let glance = app.glance().await;
    let frame = Frame::new(&app, "now");
    let mut queue = documents::queue(&config, known.as_ref(), &glance, frame.now);
    queue.retain(|entry| entry.state != "running");
    let more = queue.len().saturating_sub(QUEUE);
    queue.truncate(QUEUE);
    let status = Status::new(&app, &config, known.as_ref(), &glance);
    let last = glance.last.iter().filter(|a| a.ended_at.is_some()).map(Run::from).collect();
    let now = frame.now;
    let windows = tokio::task::spawn_blocking(move || {
        documents::windows(&config, known.as_ref(), now, WINDOWS)
    });
    let Ok(windows) = windows.await else {
        return problem(&app, &Problem::unavailable("it is ending".into()));
    };
    rendered(&Overview { frame, status, queue, more, windows, last }, StatusCode::OK)
}

pub async fn tables(State(app): State<Arc<App>>, asked: Asked<TablesAsked>) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => TablesAsked { limit: Some(ROWS), ..asked },
        Err(wrong) => return problem(&app, &wrong.into()),
    };
    let (connection, search) = (asked.connection.clone(), asked.search.clone());
    let (due, by, offset) = (asked.due, asked.by, asked.offset);
    match app.tables(asked).await {
        Ok(tables) => {
            let (config, _) = app.known();
            let connections = config.connections.iter().map(|c| c.name.clone()).collect();
            let frame = Frame::new(&app, "tables");
            let page =
                TablesPage { frame, tables, connection, search, due, by, offset, connections };
            rendered(&page, StatusCode::OK)
        }
        Err(wrong) => problem(&app, &wrong),
    }
}

pub async fn table(State(app): State<Arc<App>>, asked: Asked<SamplesAsked>) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(wrong) => return problem(&app, &wrong.into()),
    };
    let days = asked.days;
    let of = HistoryAsked {
        connection: asked.connection.clone(),
        schema: asked.schema.clone(),
        name: asked.name.clone(),
        limit: Some(MARKS),
        before: None,
    };
    let samples = match app.samples(asked).await {
        Ok(samples) => samples,
        Err(wrong) => return problem(&app, &wrong),
    };
    let mut runs = match app.history(of).await {
        Ok(runs) => runs,
        Err(wrong) => return problem(&app, &wrong),
    };
    let frame = Frame::new(&app, "tables");
    let (chart, from) = draw(&samples, &runs, days, frame.now);
    runs.runs.truncate(10);
    rendered(&TablePage { frame, samples, days, chart, from, runs }, StatusCode::OK)
}

/// The chart, and where it begins: where it is asked to, or with the first sample if that is later.
fn draw(
    samples: &Samples,
    runs: &History,
    days: u32,
    now: DateTime<Utc>,
) -> (Option<Chart>, String) {
    let millis = |at: &str| at.parse::<DateTime<Utc>>().map(|at| at.timestamp_millis()).ok();
    let mut points: Vec<Point> = samples
        .samples
        .iter()
        .filter_map(|s| Some(Point { at: millis(&s.at)?, bytes: s.bytes, bloat: s.bloat_bytes }))
        .collect();
    // To the minute, so that the picture is not another one each time.
    let now = (now.timestamp_millis() / MINUTE_MS + 1) * MINUTE_MS;
    let until = samples.table.gone.as_deref().and_then(millis).unwrap_or(now);
    let table = &samples.table;
    if points.is_empty()
        && let Some(at) = millis(&table.changed)
    {
        points.push(Point { at, bytes: table.bytes, bloat: table.bloat_bytes });
    }
    let repacks: Vec<i64> = runs
        .runs
        .iter()
        .filter(|run| run.ending.as_deref() == Some("done"))
        .filter_map(|run| millis(run.ended.as_deref()?))
        .collect();
    let asked = now - i64::from(days) * DAY_MS;
    let from = points.first().map_or(asked, |first| asked.max(first.at.min(until)));
    (chart::draw(&points, &repacks, from, until), time(from))
}

/// Which runs, as a form sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryForm {
    connection: String,
    schema: String,
    name: String,
    before: Option<i64>,
}

pub async fn history(State(app): State<Arc<App>>, asked: Asked<HistoryForm>) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(wrong) => return problem(&app, &wrong.into()),
    };
    let HistoryForm { connection, schema, name, before } = asked;
    let of = HistoryAsked {
        connection: connection.clone(),
        schema: schema.clone(),
        name: name.clone(),
        before,
        limit: Some(ROWS),
    };
    match app.history(of).await {
        Ok(history) => {
            let (frame, newer) = (Frame::new(&app, "history"), before.is_some());
            let page = HistoryPage { frame, history, connection, schema, name, newer };
            rendered(&page, StatusCode::OK)
        }
        Err(wrong) => problem(&app, &wrong),
    }
}

impl HistoryPage {
    fn about(&self) -> String {
        let scope = Scope {
            connection: self.connection.clone(),
            schema: self.schema.clone(),
            table: self.name.clone(),
        };
        scope.to_string()
    }
}

pub async fn run(State(app): State<Arc<App>>, id: Result<Path<i64>, PathRejection>) -> Response {
    let detail = match id {
        Ok(Path(id)) => app.run(id).await,
        Err(wrong) => Err(wrong.into()),
    };
    match detail {
        Ok(detail) => {
            let bars = bars(&detail);
            let frame = Frame::new(&app, "history");
            rendered(&RunPage { frame, detail, bars }, StatusCode::OK)
        }
        Err(wrong) => problem(&app, &wrong),
    }
}

/// The phases one after another, on a scale of a thousand. One that took no time worth mentioning can
/// still be seen.
fn bars(detail: &RunDetail) -> Vec<Bar> {
    let total: f64 = detail.phases.iter().map(|phase| phase.seconds).sum();
    let scale = if total > 0.0 { 1000.0 / total } else { 0.0 };
    let mut at = 0.0;
    let bar = |phase: &documents::PhaseState| {
        let width = (phase.seconds * scale).max(4.0);
        let left = (at * scale).min(1000.0 - width);
        at += phase.seconds;
        Bar { phase: phase.phase.clone(), seconds: phase.seconds, left, width }
    };
    detail.phases.iter().map(bar).collect()
}
