//! The spans around the engine's: the work on one table, and what caused it.

use super::names::{
    ATTEMPTS, BYTES_AFTER, BYTES_BEFORE, BYTES_RECLAIMED, COMMAND, CONNECTION, DB_COLLECTION,
    DB_NAMESPACE, DB_STATUS, DB_SYSTEM, ENDING, ERROR_TYPE, LONGEST_WAIT, OUTCOME, ROWS_COPIED,
    ROWS_REPLAYED, SERVER_ADDRESS, SERVER_PORT, SPAN_EVALUATE, SPAN_TABLE, TABLE,
};
use crate::engine::Job;
use crate::job::{Ending, Report};
use crate::names::QualifiedName;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A span elsewhere: in another process, another trace, or another task.
#[derive(Debug, Clone)]
pub struct Cause(opentelemetry::Context);

impl Cause {
    /// As `traceparent` and `tracestate` of W3C Trace Context have it.
    pub fn parse(parent: &str, state: &str) -> Option<Self> {
        let carrier: HashMap<String, String> = [("traceparent", parent), ("tracestate", state)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let context = TraceContextPropagator::new()
            .extract_with_context(&opentelemetry::Context::new(), &carrier);
        context.span().span_context().is_valid().then_some(Self(context))
    }

    /// A span of this process; nothing if nothing is traced.
    pub fn of(span: &Span) -> Option<Self> {
        // Not the span itself: it shall end with its work.
        let context = span.context().span().span_context().clone();
        let valid = context.is_valid();
        valid.then(|| Self(opentelemetry::Context::new().with_remote_span_context(context)))
    }

    /// As `traceparent`, to be kept until a run begins.
    pub fn traceparent(&self) -> String {
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut carrier);
        carrier.remove("traceparent").unwrap_or_default()
    }

    fn span_context(&self) -> SpanContext {
        self.0.span().span_context().clone()
    }
}

/// One look of the daemon at what is to be repacked in one database. A trace of its own.
pub fn evaluation(connection: &str) -> Span {
    info_span!(parent: None, SPAN_EVALUATE, { CONNECTION } = connection, { ERROR_TYPE } = Empty,
        { DB_STATUS } = Empty, otel.status_description = Empty)
}

/// The work on one table: `command` as the user would call it. The root of a trace, or below
/// `parent`; linked to what `caused` it. Let the engine work within it, then [`concluded`].
pub fn table(
    job: &Job,
    table: &QualifiedName,
    command: &str,
    parent: Option<&Cause>,
    caused: Option<&Cause>,
) -> Span {
    let host = job.server.hosts.first();
    let span = info_span!(
        parent: None, SPAN_TABLE, { TABLE } = %table, { COMMAND } = command,
        { CONNECTION } = job.connection, { DB_SYSTEM } = "postgresql",
        { DB_NAMESPACE } = format!("{}|{}", job.server.database, table.schema),
        { DB_COLLECTION } = table.name,
        { SERVER_ADDRESS } = host.map(|h| h.name.as_str()),
        { SERVER_PORT } = host.map(|h| h.port),
        { OUTCOME } = Empty, { ENDING } = Empty, { ERROR_TYPE } = Empty, { DB_STATUS } = Empty,
        { BYTES_BEFORE } = Empty, { BYTES_AFTER } = Empty, { BYTES_RECLAIMED } = Empty,
        { ROWS_COPIED } = Empty, { ROWS_REPLAYED } = Empty, { ATTEMPTS } = Empty,
        { LONGEST_WAIT } = Empty, otel.status_description = Empty,
    );
    if let Some(Cause(parent)) = parent {
        // Fails only if the span is disabled.
        let _ = span.set_parent(parent.clone());
    }
    if let Some(cause) = caused {
        span.add_link(cause.span_context());
    }
    span
}

/// Records on the span of a table how the work ended, in one of [`OUTCOMES`].
pub fn concluded(span: &Span, report: &Report, outcome: &'static str) {
    let figures = &report.figures;
    span.record(OUTCOME, outcome).record(ENDING, ending(report.ending));
    span.record(ROWS_COPIED, figures.rows_copied).record(ROWS_REPLAYED, figures.rows_replayed);
    span.record(ATTEMPTS, figures.attempts).record(LONGEST_WAIT, figures.longest_wait_ms);
    if figures.before.total() > 0 {
        span.record(BYTES_BEFORE, figures.before.total());
    }
    if let Some(after) = &figures.after {
        span.record(BYTES_AFTER, after.total());
        span.record(BYTES_RECLAIMED, figures.before.total() - after.total());
    }
}

/// It did what it was to do.
pub const SUCCESS: &str = "success";
/// It did not.
pub const FAILURE: &str = "failure";
const SKIP: &str = "skip";
/// It was told to stop, or to give up.
pub const CANCELLATION: &str = "cancellation";

/// Every way in which a run can end.
pub const OUTCOMES: &[&str] = &[SUCCESS, FAILURE, SKIP, CANCELLATION];

/// How a run ended, in the words of OpenTelemetry's CI/CD conventions.
pub fn outcome(report: &Report) -> &'static str {
    match report.ending {
        Ending::Done | Ending::Prepared => SUCCESS,
        Ending::Aborted if report.error.is_none() => SUCCESS,
        Ending::Aborted | Ending::Failed => FAILURE,
        Ending::Refused | Ending::Busy => SKIP,
        Ending::Interrupted => CANCELLATION,
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::Prepared => "prepared",
        Ending::Aborted => "aborted",
        Ending::Refused => "refused",
        Ending::Busy => "busy",
        Ending::Failed => "failed",
        Ending::Interrupted => "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_goes_through_its_text() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(Cause::parse(text, "").unwrap().traceparent(), text);
        assert!(Cause::parse("00-0-0-01", "").is_none());
        assert!(Cause::parse("", "").is_none());
    }
}
