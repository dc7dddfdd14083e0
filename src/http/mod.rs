//! The daemon seen through HTTP: probes, metrics, an API in JSON, and a page for people.
//!
//! | part | module |
//! |---|---|
//! | a bounded number of connections, none of which can hang | `listen` |
//! | who may do what | `guard` |
//! | what is asked of the daemon and the store | `app` |
//! | what is answered, as JSON; the page shows the same | [`documents`] |
//! | why an entry of the queue waits, pure | [`mod@waits`] |
//! | GET and POST below `/api/v1` | `api`, `act` |
//! | HTML, of the templates in `pages/` | `html` |
//! | curves, pure | [`chart`] |
//!
//! It is a guest in the daemon: it reads a snapshot that the loop leaves behind, asks the store one
//! question at a time, and changes nothing but rows that the command line could change, too. Whatever
//! becomes of a client, runs go on.

mod act;
mod api;
mod app;
pub mod chart;
pub mod documents;
mod guard;
mod html;
mod listen;
mod probes;
pub mod waits;

use crate::config::Config;
use crate::daemon::{Clock, Live};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::telemetry::Telemetry;
use app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use listen::{Bounded, Peer};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Connections at the same time; a new one takes the place of the one that was silent for longest.
const CLIENTS: usize = 64;

/// The largest body of a request.
const BODY: usize = 16 << 10;

/// The API's description of itself.
pub const OPENAPI: &str = include_str!("openapi.json");

/// What is needed to show a daemon.
pub struct Options {
    /// The configuration it starts with.
    pub config: Arc<Config>,
    /// The daemon.
    pub live: Live,
    /// Its clock.
    pub clock: Clock,
    /// Its metrics.
    pub telemetry: Telemetry,
}

/// A daemon that is being shown, until this is dropped.
pub struct Served {
    app: Arc<App>,
    task: JoinHandle<()>,
}

impl Served {
    /// From here on there is a store to ask.
    pub fn with_store(&self, store: Store) {
        self.app.set_store(store);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins to show a daemon, if the configuration says where.
pub async fn start(options: Options) -> Result<Option<Served>> {
    let settings = options.config.http.clone();
    let Some(at) = settings.listen else { return Ok(None) };
    let wrong = |message| Error::Config { file: options.config.file.clone(), line: None, message };
    if let Some(token) = &settings.token {
        token.read().map_err(wrong)?;
    }
    let listener = Bounded::bind(at, CLIENTS).await.map_err(|e| {
        wrong(format!(
            "http.listen: {at} cannot be listened to: {e}; no table was touched; choose another port, or stop what listens there"
        ))
    })?;
    tracing::info!(address = %listener.address(), "shows itself");
    let app = Arc::new(App::new(settings, options));
    let service = router(&app).into_make_service_with_connect_info::<Peer>();
    let task = tokio::spawn(async move {
        if let Err(e) = axum::serve(listener, service).await {
            tracing::error!("nothing is shown any more: {e}; the daemon goes on");
        }
    });
    Ok(Some(Served { app, task }))
}

fn router(app: &Arc<App>) -> Router {
    let api = Router::new()
        .route("/status", get(api::status))
        .route("/queue", get(api::queue))
        .route("/windows", get(api::windows))
        .route("/history", get(api::history))
        .route("/runs/{id}", get(api::run))
        .route("/tables", get(api::tables))
        .route("/samples", get(api::samples))
        .route("/pauses", get(api::pauses))
        .route("/pause", post(act::pause))
        .route("/resume", post(act::resume))
        .route("/cancel", post(act::cancel))
        .route("/evaluate", post(act::evaluate))
        .route("/openapi.json", get(async || json_text(OPENAPI)))
        .fallback(async |uri: Uri| api::Problem::not_found(format!("there is no {}", uri.path())));
    Router::new()
        .route("/", get(html::overview))
        .route("/tables", get(html::tables))
        .route("/table", get(html::table))
        .route("/history", get(html::history))
        .route("/runs/{id}", get(html::run))
        .route(
            "/page.css",
            get(async || asset("text/css; charset=utf-8", include_str!("pages/page.css"))),
        )
        .route(
            "/page.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("pages/page.js"))),
        )
        .route("/icon.svg", get(async || asset("image/svg+xml", include_str!("pages/icon.svg"))))
        .route("/liveness", get(probes::liveness))
        .route("/readiness", get(probes::readiness))
        .route("/metrics", get(probes::metrics))
        .nest("/api/v1", api)
        .fallback(html::nowhere)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(app), guard::guard))
        .with_state(Arc::clone(app))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

fn json_text(text: &'static str) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
