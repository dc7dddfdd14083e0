//! The form of log lines: text, logfmt or JSON, one line each whatever is in them.

use super::names::{PHASE, TABLE};
use crate::config::Format;
use chrono::{SecondsFormat, Utc};
use opentelemetry::trace::TraceContextExt;
use serde_json::{Value, json};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// How lines are written.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The form.
    pub format: Format,
    /// Whether each line of text begins with the time; the other forms always have it.
    pub time: bool,
    /// Whether levels are in colour, in text.
    pub colour: bool,
}

/// Where in the work a span is, so that lines written in it can say so.
#[derive(Debug, Default)]
struct Place {
    table: Option<String>,
    phase: Option<String>,
}

impl Visit for Place {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            TABLE => self.table = Some(value.to_owned()),
            PHASE => self.phase = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Keeps the place of each span.
pub struct Places;

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Places {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        let mut place = Place::default();
        attributes.record(&mut place);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(place);
        }
    }
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    /// In the order they were given.
    others: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => self.message = plain(&value),
            // What the crate `log` adds about itself.
            name if name.starts_with("log.") => {}
            name => self.others.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

impl<S, N> FormatEvent<S, N> for Form
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in ctx.event_scope().into_iter().flatten() {
            if let Some(place) = span.extensions().get::<Place>() {
                for (name, value) in [("table", &place.table), ("phase", &place.phase)] {
                    if let Some(value) = value
                        && fields.others.iter().all(|(given, _)| given != name)
                    {
                        fields.others.push((name.into(), value.as_str().into()));
                    }
                }
            }
        }
        let level = *event.metadata().level();
        let time = || Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        if self.format == Format::Text {
            if self.time {
                write!(to, "{} ", time())?;
            }
            return text(&mut to, level, self.colour, &fields);
        }
        let mut line: Vec<(String, Value)> = vec![
            ("time".into(), time().into()),
            ("level".into(), level.as_str().to_lowercase().into()),
        ];
        if !fields.message.is_empty() {
            line.push(("msg".into(), fields.message.into()));
        }
        line.extend(fields.others);
        let current = opentelemetry::Context::current();
        let ids = current.span().span_context().clone();
        if ids.is_valid() {
            line.push(("trace_id".into(), ids.trace_id().to_string().into()));
            line.push(("span_id".into(), ids.span_id().to_string().into()));
        }
        match self.format {
            Format::Json => {
                // By hand, so that the fields stay in their order.
                let parts = line.iter().map(|(k, v)| format!("{}:{v}", json!(k)));
                writeln!(to, "{{{}}}", parts.collect::<Vec<_>>().join(","))
            }
            _ => {
                let words = line.iter().map(|(k, v)| format!("{k}={}", word(v)));
                writeln!(to, "{}", words.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

fn text(to: &mut Writer<'_>, level: Level, colour: bool, fields: &Fields) -> fmt::Result {
    let paint = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    };
    match colour {
        true => write!(to, "\u{1b}[{paint}m{level:>5}\u{1b}[0m")?,
        false => write!(to, "{level:>5}")?,
    }
    if !fields.message.is_empty() {
        write!(to, " {}", escaped(&fields.message))?;
    }
    for (name, value) in &fields.others {
        write!(to, " {name}={}", word(value))?;
    }
    writeln!(to)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of logfmt, in quotes if it would not be one word without.
fn word(value: &Value) -> String {
    let text = plain(value);
    let bare = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    match !text.is_empty() && text.chars().all(bare) {
        true => text,
        false => format!("\"{}\"", escaped(&text.replace('\\', "\\\\").replace('"', "\\\""))),
    }
}

/// Without anything that would end the line, or that a terminal would obey.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_logfmt_stay_words() {
        for (value, expected) in [
            (json!("copy"), "copy"),
            (json!(3), "3"),
            (json!(""), "\"\""),
            (json!("a b"), "\"a b\""),
            (json!("a=\"b\"\n"), "\"a=\\\"b\\\"\\n\""),
            (json!("\u{1b}[2J"), "\"\\u{1b}[2J\""),
        ] {
            assert_eq!(word(&value), expected);
        }
    }
}
