//! The spans of a run, for whoever traces it. What is in them is for dashboards: names and figures,
//! never rows, statements or messages of the server, which may hold what is in rows.

use crate::error::{Error, Result};
use crate::job::Phase;
use crate::telemetry::names::{
    ATTEMPT, COUNT, DB_STATUS, DRAINED, ERROR_TYPE, INDEX, LOCK_COUNT, LOCK_MODE, OUTCOME, PAGES,
    PHASE, REASON, ROWS, SPAN_ATTEMPT, SPAN_CHUNKS, SPAN_DRAIN, SPAN_EXCHANGE, SPAN_HELD,
    SPAN_INDEX, SPAN_LOCK, SPAN_PHASE, SPAN_RANGES, TABLE,
};
use std::time::{Duration, Instant};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// A phase of the work on a table.
pub fn phase(table: &str, phase: Phase) -> Span {
    info_span!(
        SPAN_PHASE,
        otel.name = format!("{SPAN_PHASE}.{phase}"),
        { TABLE } = table,
        { PHASE } = phase.name(),
        { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty,
        otel.status_description = Empty
    )
}

/// The build of an index.
pub fn index(name: &str) -> Span {
    info_span!(
        SPAN_INDEX,
        { INDEX } = name,
        { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty,
        otel.status_description = Empty
    )
}

/// Drains until the log is short; [`drained`] says what they did.
pub fn drain() -> Span {
    info_span!(
        SPAN_DRAIN,
        { COUNT } = Empty,
        { DRAINED } = Empty,
        { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty,
        otel.status_description = Empty
    )
}

/// Says what drains did, on the span they are in.
pub fn drained(count: u64, rows: u64) {
    Span::current().record(COUNT, count).record(DRAINED, rows);
}

/// A time for which the work is held back.
pub fn held(by: &str) -> Span {
    info_span!(SPAN_HELD, { REASON } = by)
}

/// An attempt at the cutover; it [`came_through`] or not.
pub fn attempt(number: u32) -> Span {
    info_span!(SPAN_ATTEMPT, { ATTEMPT } = number, { OUTCOME } = Empty)
}

/// Says whether an attempt came through. That it did not is no error: there will be others.
pub fn came_through(attempt: &Span, success: bool) {
    attempt.record(OUTCOME, if success { "success" } else { "failure" });
}

/// Taking locks.
pub fn lock(mode: &str, count: usize) -> Span {
    info_span!(
        SPAN_LOCK,
        { LOCK_MODE } = mode,
        { LOCK_COUNT } = count,
        { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty,
        otel.status_description = Empty
    )
}

/// The exchange.
pub fn exchange() -> Span {
    info_span!(
        SPAN_EXCHANGE,
        { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty,
        otel.status_description = Empty
    )
}

/// Does work within a span, on which its failure is recorded.
pub async fn within<T>(span: Span, work: impl Future<Output = Result<T>>) -> Result<T> {
    let result = work.instrument(span.clone()).await;
    if let Err(error) = &result {
        failed(&span, error);
    }
    result
}

/// Records what went wrong.
pub fn failed(span: &Span, error: &Error) {
    span.record(ERROR_TYPE, error.kind());
    if let Some(state) = error.sqlstate() {
        span.record(DB_STATUS, state.code());
    }
    // Being stopped, and there being nothing to do, is no failure of anybody's.
    if !matches!(error, Error::Interrupted | Error::Refused { .. } | Error::Busy { .. }) {
        span.record("otel.status_description", error.brief());
    }
}

/// How long the first stretch lasts.
const FIRST: Duration = Duration::from_secs(5);

/// Pieces of work told as one span, stretch after stretch. Each stretch lasts twice as long as the
/// one before, so that a copy of days has some twenty spans and not a hundred thousand.
#[derive(Debug)]
pub struct Stretches {
    make: fn() -> Span,
    open: Option<(Span, Instant)>,
    length: Duration,
    count: u64,
    pages: u64,
    rows: u64,
}

impl Stretches {
    /// Of chunks of the copy.
    pub fn chunks() -> Self {
        Self::new(|| {
            info_span!(SPAN_CHUNKS, { COUNT } = Empty, { PAGES } = Empty, { ROWS } = Empty)
        })
    }

    /// Of page ranges of the purge.
    pub fn ranges() -> Self {
        Self::new(|| {
            info_span!(SPAN_RANGES, { COUNT } = Empty, { PAGES } = Empty, { ROWS } = Empty)
        })
    }

    fn new(make: fn() -> Span) -> Self {
        Self { make, open: None, length: FIRST, count: 0, pages: 0, rows: 0 }
    }

    /// The span for the next piece.
    pub fn span(&mut self) -> Span {
        if self.open.as_ref().is_some_and(|(_, since)| since.elapsed() >= self.length) {
            self.close();
            self.length *= 2;
        }
        let make = self.make;
        self.open.get_or_insert_with(|| (make(), Instant::now())).0.clone()
    }

    /// Counts a piece.
    pub fn add(&mut self, pages: u64, rows: u64) {
        self.count += 1;
        self.pages += pages;
        self.rows += rows;
    }

    fn close(&mut self) {
        let Some((span, _)) = self.open.take() else { return };
        span.record(COUNT, self.count).record(PAGES, self.pages).record(ROWS, self.rows);
        (self.count, self.pages, self.rows) = (0, 0, 0);
    }
}

impl Drop for Stretches {
    fn drop(&mut self) {
        self.close();
    }
}
