//! `/liveness`, `/readiness` and `/metrics`.

use super::app::App;
use crate::daemon::live::Health;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use std::sync::Arc;
use std::time::Duration;

/// A loop that has not turned for so long will not turn again. A store that does not answer holds up a
/// turn for less.
const STUCK: Duration = Duration::from_secs(5 * 60);

/// Whether there is any use in letting it run on. That a database or the store is out of reach says
/// nothing about that.
pub async fn liveness(State(app): State<Arc<App>>) -> impl IntoResponse {
    match app.live.idle() {
        Some(idle) if idle >= STUCK => (StatusCode::SERVICE_UNAVAILABLE, "stuck\n"),
        _ => (StatusCode::OK, "alive\n"),
    }
}

/// Whether it does its work.
pub async fn readiness(State(app): State<Arc<App>>) -> impl IntoResponse {
    match app.live.health() {
        Health::Working => (StatusCode::OK, "ready\n"),
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Health::WithoutStore(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store is out of reach\n"),
        Health::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

/// The metrics as Prometheus reads them.
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics())
}
