//! GET below `/api/v1`.

use super::app::App;
use super::documents::{
    self, History, PauseState, Queued, Run, RunDetail, SampleState, Samples, Status, TableState,
    Tables, Windows,
};
use crate::names::QualifiedName;
use crate::store::{By, Scope, TableFilter};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The most rows of one page.
const PAGE: u32 = 1000;

const DAY_MS: i64 = 86_400_000;

/// Why there is no answer.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    message: String,
    authenticate: Option<&'static str>,
}

impl Problem {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), authenticate: None }
    }

    /// Whoever asks has not shown the token.
    pub fn token(reads: bool) -> Self {
        let authenticate = match reads {
            true => "Basic realm=\"repackd: any name, the token as password\", charset=\"UTF-8\"",
            // A browser would ask for a password and then send it along unasked.
            false => "Bearer realm=\"repackd\"",
        };
        Self {
            authenticate: Some(authenticate),
            ..Self::new(StatusCode::UNAUTHORIZED, "this takes the token")
        }
    }

    pub fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub fn unavailable(message: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// For who does not read JSON.
    pub fn into_text(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        let text = format!("repackd: {}\n", self.message);
        self.with_headers((kind, text).into_response())
    }

    fn with_headers(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status;
        if let Some(authenticate) = self.authenticate {
            let value = HeaderValue::from_static(authenticate);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.with_headers(Json(json!({ "error": self.message })).into_response())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::wrong(rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::wrong(rejection.body_text())
    }
}

type Answer<T> = Result<Json<T>, Problem>;
type Asked<T> = Result<Query<T>, QueryRejection>;

pub async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    let (config, known) = app.known();
    let glance = app.glance().await;
    Json(Status::new(&app, &config, known.as_ref(), &glance))
}

pub async fn queue(State(app): State<Arc<App>>) -> Answer<Vec<Queued>> {
    let (config, known) = app.known();
    let glance = app.glance().await;
    if let Some(problem) = &glance.problem {
        return Err(Problem::unavailable(problem.clone()));
    }
    Ok(Json(documents::queue(&config, known.as_ref(), &glance, app.clock.now())))
}

pub async fn pauses(State(app): State<Arc<App>>) -> Answer<Vec<PauseState>> {
    let glance = app.glance().await;
    match &glance.problem {
        Some(problem) => Err(Problem::unavailable(problem.clone())),
        None => Ok(Json(glance.pauses.iter().map(PauseState::from).collect())),
    }
}

/// How many windows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsAsked {
    #[serde(default = "ten")]
    count: u16,
}

fn ten() -> u16 {
    10
}

pub async fn windows(State(app): State<Arc<App>>, asked: Asked<WindowsAsked>) -> Answer<Windows> {
    let Query(asked) = asked?;
    if !(1..=100).contains(&asked.count) {
        return Err(Problem::wrong("count has to be from 1 to 100"));
    }
    let (config, known) = app.known();
    let (now, count) = (app.clock.now(), usize::from(asked.count));
    // Dense windows take a while to look through.
    let work = move || documents::windows(&config, known.as_ref(), now, count);
    let windows = tokio::task::spawn_blocking(work).await;
    windows.map(Json).map_err(|_| Problem::unavailable("it is ending".into()))
}

/// Which runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryAsked {
    pub connection: String,
    pub schema: String,
    pub name: String,
    pub before: Option<i64>,
    pub limit: Option<u32>,
}

impl App {
    pub async fn history(&self, asked: HistoryAsked) -> Result<History, Problem> {
        let limit = within(asked.limit, 50)?;
        let scope = scope(asked.connection, asked.schema, asked.name)?;
        let before = asked.before.unwrap_or(i64::MAX);
        let attempts = self.ask(async |store| store.attempts_before(&scope, before, limit).await);
        let runs: Vec<Run> = attempts.await?.iter().map(Run::from).collect();
        let full = runs.len() == limit as usize;
        let before = runs.last().filter(|_| full).map(|run| run.id);
        Ok(History { runs, before })
    }

    pub async fn run(&self, id: i64) -> Result<RunDetail, Problem> {
        let found = self.ask(async |store| store.attempt(id).await).await?;
        let (attempt, phases, report) = found.ok_or_else(|| {
            Problem::not_found(format!("there is no run {id}; it may be older than what is kept"))
        })?;
        Ok(RunDetail::new(&attempt, &phases, report.as_deref()))
    }

    pub async fn tables(&self, asked: TablesAsked) -> Result<Tables, Problem> {
        let filter = TableFilter {
            connection: asked.connection,
            search: asked.search,
            due: asked.due,
            by: match asked.by {
                Order::Bloat => By::Bloat,
                Order::Size => By::Size,
                Order::Name => By::Name,
            },
            offset: asked.offset,
            limit: within(asked.limit, 50)?,
        };
        let (tables, count) = self.ask(async |store| store.measured_tables(&filter).await).await?;
        Ok(Tables { tables: tables.iter().map(TableState::from).collect(), count })
    }

    pub async fn samples(&self, asked: SamplesAsked) -> Result<Samples, Problem> {
        if !(1..=36_500).contains(&asked.days) {
            return Err(Problem::wrong("days has to be from 1 to 36500"));
        }
        let table = QualifiedName::new(asked.schema, asked.name);
        let since = self.clock.now().timestamp_millis() - i64::from(asked.days) * DAY_MS;
        let found = self
            .ask(async |store| {
                let Some(one) = store.measured_table(&asked.connection, &table).await? else {
                    return Ok(None);
                };
                let samples = store.samples(one.id, since).await?;
                Ok(Some((one, samples)))
            })
            .await?;
        let (one, samples) = found.ok_or_else(|| {
            Problem::not_found(format!(
                "{table} of connection {} has not been measured; the next evaluation may find it",
                asked.connection
            ))
        })?;
        let samples = samples.iter().map(SampleState::from).collect();
        Ok(Samples { table: TableState::from(&one), samples })
    }
}

/// How many rows.
fn within(limit: Option<u32>, usual: u32) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(usual);
    match (1..=PAGE).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::wrong(format!("limit has to be from 1 to {PAGE}"))),
    }
}

/// What is meant. A schema alone would silently mean everything.
pub fn scope(connection: String, schema: String, name: String) -> Result<Scope, Problem> {
    match (schema.is_empty(), name.is_empty()) {
        (false, true) => Err(Problem::wrong("a schema without the name of a table means nothing")),
        _ => Ok(Scope { connection, schema, table: name }),
    }
}

pub async fn history(State(app): State<Arc<App>>, asked: Asked<HistoryAsked>) -> Answer<History> {
    let Query(asked) = asked?;
    app.history(asked).await.map(Json)
}

pub async fn run(
    State(app): State<Arc<App>>,
    id: Result<Path<i64>, PathRejection>,
) -> Answer<RunDetail> {
    let Path(id) = id?;
    app.run(id).await.map(Json)
}

/// Which tables.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TablesAsked {
    pub connection: String,
    pub search: String,
    pub due: bool,
    pub by: Order,
    pub offset: u32,
    pub limit: Option<u32>,
}

/// By what tables are ordered.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    #[default]
    Bloat,
    Size,
    Name,
}

pub async fn tables(State(app): State<Arc<App>>, asked: Asked<TablesAsked>) -> Answer<Tables> {
    let Query(asked) = asked?;
    app.tables(asked).await.map(Json)
}

/// Which table, and how far back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesAsked {
    pub connection: String,
    pub schema: String,
    pub name: String,
    #[serde(default = "ninety")]
    pub days: u32,
}

fn ninety() -> u32 {
    90
}

pub async fn samples(State(app): State<Arc<App>>, asked: Asked<SamplesAsked>) -> Answer<Samples> {
    let Query(asked) = asked?;
    app.samples(asked).await.map(Json)
}
