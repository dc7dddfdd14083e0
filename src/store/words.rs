//! The queue in words: the same on the command line and on the page.

use super::{Entry, State};
use crate::units;
use chrono::{DateTime, Utc};

impl Entry {
    /// What is being done with it.
    pub fn state_words(&self) -> String {
        match (self.state, &self.phase) {
            (State::Running, _) if self.expired => "left by its daemon".into(),
            (State::Running, Some(phase)) => match self.progress {
                Some(part) => format!("{phase} {:.0}%", part * 100.0),
                None => phase.clone(),
            },
            (State::Running, None) => "begins".into(),
            (State::Waiting, _) if self.begun => "begun, waits".into(),
            (State::Waiting, _) => "waits".into(),
            (State::Aside, _) => "set aside".into(),
        }
    }

    /// Why it is where it is, as far as the queue knows.
    pub fn why(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.wanted.is_some() {
            parts.push("to be given up".into());
        }
        parts.extend(self.reason.clone());
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        if self.state == State::Waiting && self.wait_ms > 0 {
            parts.push(format!("again in {}", units::seconds(self.wait_ms as f64 / 1000.0)));
        }
        if let (State::Running, Some(owner)) = (self.state, &self.owner) {
            parts.push(owner.clone());
        }
        parts.join("; ")
    }
}

/// A time of the store's, for people and programs.
pub fn time(millis: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(millis)
        .map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}
