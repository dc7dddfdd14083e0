//! What is to come, for people to look at.

use super::window::{Calendar, Span};
use super::{Schedule, Window};
use chrono::{DateTime, Utc};

/// A time of a window to come, and what blackouts leave of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<'a> {
    /// The window; `None` where there are none, so that it is always open but for blackouts.
    pub window: Option<&'a Window>,
    /// The window's own time.
    pub span: Span,
    /// What is left of it, in order.
    pub parts: Vec<Span>,
    /// The blackouts that take away from it.
    pub blackouts: Vec<&'a str>,
}

impl Schedule {
    /// The windows that are open at `from` and the next ones, `count` in all, by their beginning.
    pub fn listing(&self, from: DateTime<Utc>, count: usize) -> Vec<Listed<'_>> {
        if self.windows.is_empty() {
            let calendar = Calendar { windows: Vec::new(), blackouts: self.dark().collect() };
            let parts = spans(&calendar, from).take(count);
            let listed = |span| Listed { window: None, span, parts: vec![span], blackouts: vec![] };
            return parts.map(listed).collect();
        }
        let mut all: Vec<Listed<'_>> = Vec::new();
        for window in &self.windows {
            let own = self.alone(window, false);
            all.extend(spans(&own, from).take(count).map(|span| self.listed(window, span)));
        }
        all.sort_by_key(|listed| (listed.span.opens, listed.span.closes));
        all.truncate(count);
        all
    }

    fn listed<'a>(&'a self, window: &'a Window, span: Span) -> Listed<'a> {
        let left = self.alone(window, true);
        let parts = spans(&left, span.opens)
            .take_while(|part| part.opens < span.closes)
            .map(|part| Span { closes: part.closes.min(span.closes), ..part })
            .collect();
        let cuts = |at: &super::Recurrence| {
            at.span(span.opens).is_some_and(|dark| dark.opens < span.closes)
        };
        let blackouts = self.blackouts.iter().filter(|b| b.recurrences.iter().any(cuts));
        let blackouts = blackouts.map(|b| b.name.as_str()).collect();
        Listed { window: Some(window), span, parts, blackouts }
    }
}

/// The spans of a calendar from one that is open at `from` on.
fn spans(calendar: &Calendar<'_>, from: DateTime<Utc>) -> impl Iterator<Item = Span> {
    let mut at = from;
    std::iter::from_fn(move || {
        let span = calendar.span(at)?;
        at = span.closes;
        Some(span)
    })
}
