//! The spans of a run as a tree, and what must hold of every such tree.

use super::collector::{Received, attributes_of};
use crate::support::Outcome;
use opentelemetry_proto::tonic::trace::v1::Span;
use repackd::telemetry::names::{ATTRIBUTES, SPAN_PHASE, SPANS};
use std::collections::{BTreeMap, HashMap};

/// The spans of one trace.
pub struct Tree {
    /// All of them.
    pub spans: Vec<Span>,
}

impl Tree {
    /// The one trace there is. Every span is part of it and lies within its parent, names and attributes
    /// are those documented, and the only one whose parent is elsewhere is the table's.
    pub fn of(received: &Received) -> Result<Self, String> {
        let spans = received.spans.clone();
        let Some(first) = spans.first() else { return Err("no span came".into()) };
        let by_id: HashMap<&[u8], &Span> =
            spans.iter().map(|s| (s.span_id.as_slice(), s)).collect();
        let mut roots = 0;
        for span in &spans {
            if span.trace_id != first.trace_id {
                return Err(format!("more than one trace: {span:?}"));
            }
            if !is_known(&span.name) {
                return Err(format!("a span that is not documented: {}", span.name));
            }
            for key in attributes_of(&span.attributes).keys() {
                if !ATTRIBUTES.iter().any(|(name, _)| name == key) {
                    return Err(format!("an attribute that is not documented: {key} of {span:?}"));
                }
            }
            if !span.events.is_empty() {
                return Err(format!("events may quote rows: {span:?}"));
            }
            match by_id.get(span.parent_span_id.as_slice()) {
                Some(parent) => {
                    let within = parent.start_time_unix_nano <= span.start_time_unix_nano
                        && span.end_time_unix_nano <= parent.end_time_unix_nano;
                    if !within {
                        return Err(format!("{span:?} lies not within {parent:?}"));
                    }
                }
                None if span.name == "repackd.table" => roots += 1,
                None => return Err(format!("an orphan: {span:?}")),
            }
        }
        match roots {
            1 => Ok(Self { spans }),
            _ => Err(format!("{roots} roots")),
        }
    }

    /// Every span of this name.
    pub fn named<'t>(&'t self, name: &str) -> impl Iterator<Item = &'t Span> {
        self.spans.iter().filter(move |s| s.name == name)
    }

    /// The one span of this name.
    pub fn one(&self, name: &str) -> Result<&Span, String> {
        let mut all = self.named(name);
        match (all.next(), all.next()) {
            (Some(span), None) => Ok(span),
            (None, _) => Err(format!("no span {name} among {:?}", self.names())),
            _ => Err(format!("more than one span {name}")),
        }
    }

    /// The names of all spans.
    pub fn names(&self) -> Vec<&str> {
        self.spans.iter().map(|s| s.name.as_str()).collect()
    }

    /// The children of a span.
    pub fn below<'t>(&'t self, parent: &'t Span) -> impl Iterator<Item = &'t Span> {
        self.spans.iter().filter(|s| s.parent_span_id == parent.span_id)
    }

    /// Fails unless one of the spans of this name is below one of that.
    pub fn nests(&self, parent: &str, child: &str) -> Outcome {
        let nested = self.named(parent).any(|p| self.below(p).any(|c| c.name == child));
        match nested {
            true => Ok(()),
            false => Err(format!("no {child} below {parent}: {:?}", self.names())),
        }
    }
}

fn is_known(name: &str) -> bool {
    let phase = name.strip_prefix(SPAN_PHASE).and_then(|rest| rest.strip_prefix('.'));
    match phase {
        Some(phase) => repackd::job::Phase::parse(phase).is_some(),
        None => SPANS.iter().any(|(known, _)| *known == name),
    }
}

/// The attributes of a span.
pub fn of(span: &Span) -> BTreeMap<String, String> {
    attributes_of(&span.attributes)
}

/// Fails unless an attribute has this value.
pub fn has(span: &Span, name: &str, value: &str) -> Outcome {
    match of(span).get(name) {
        Some(found) if found == value => Ok(()),
        found => Err(format!("{name} of {} is {found:?}, not {value}", span.name)),
    }
}

/// How long a span lasted, in seconds.
pub fn seconds(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e9
}
