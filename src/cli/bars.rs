//! Progress on a terminal: a bar for the phase at work, a line for each that ended.

use super::console::Console;
use super::progress::{Amount, Track};
use super::units;
use crate::job::{Event, Phase};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::time::Duration;

/// Terminals below this many columns get fewer figures.
const WIDE: usize = 90;

/// The bars of the tables being worked on.
pub struct Bars {
    console: Console,
    multi: MultiProgress,
    at_work: HashMap<String, Bar>,
}

/// The phase of one table.
struct Bar {
    phase: Phase,
    bar: ProgressBar,
    track: Track,
}

impl Bars {
    /// Bars on this console, if it has any.
    pub fn new(console: &Console) -> Option<Self> {
        let multi = console.bars()?.clone();
        Some(Self { console: console.clone(), multi, at_work: HashMap::new() })
    }

    /// Shows an event.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Started { table, before } => {
                self.console.say(&format!(
                    "{table}: {} (heap {}, indexes {}, TOAST {})",
                    units::size(before.total()),
                    units::size(before.heap),
                    units::size(before.indexes),
                    units::size(before.toast),
                ));
            }
            Event::Phase { table, phase } => self.begin(table, phase),
            Event::Progress { table, phase, done, total, rows, bytes } => {
                if self.at_work.get(&table).is_none_or(|b| b.phase != phase) {
                    self.begin(table.clone(), phase);
                }
                if let Some(bar) = self.at_work.get_mut(&table) {
                    bar.progress(Amount { done, total, rows, bytes }, self.console.width());
                }
            }
            Event::Note { table, text } => {
                let text = format!("  note: {table}: {text}");
                let text = text.replace(&format!("{table}: {table}"), &table);
                self.console.say(&text);
            }
            Event::Held { table, reason } => {
                if let (Some(reason), Some(bar)) = (reason, self.at_work.get(&table)) {
                    bar.bar.set_message(format!("held back: {reason}"));
                }
            }
            Event::Measured { .. } => {}
            Event::PhaseDone { table, phase, took } => self.done(&table, phase, took),
        }
    }

    fn begin(&mut self, table: String, phase: Phase) {
        self.clear(&table);
        let bar = self.multi.add(ProgressBar::no_length());
        bar.set_style(style("  {spinner} {prefix} {elapsed} {msg}"));
        bar.set_prefix(format!("{:<9}", phase.name()));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.at_work.insert(table, Bar { phase, bar, track: Track::new() });
    }

    fn done(&mut self, table: &str, phase: Phase, took: Duration) {
        let track = self.clear(table).filter(|(p, _)| *p == phase).map(|(_, t)| t);
        let figures = track.map(|t| t.summary(took)).unwrap_or_default();
        let took = units::seconds(took.as_secs_f64());
        let lead = format!("  {:<9} {took:>12}   ", phase.name());
        let figures = units::wrap(&figures, self.console.width(), lead.len());
        self.console.say(format!("{lead}{figures}").trim_end());
    }

    /// Takes the bar of a table off the screen.
    fn clear(&mut self, table: &str) -> Option<(Phase, Track)> {
        let old = self.at_work.remove(table)?;
        old.bar.finish_and_clear();
        self.multi.remove(&old.bar);
        Some((old.phase, old.track))
    }
}

impl Bar {
    fn progress(&mut self, amount: Amount, width: usize) {
        self.track.update(amount);
        let narrow = width < WIDE;
        if amount.total > 0 {
            let template = if narrow {
                "  {prefix} {percent:>3}% {wide_bar} {msg}"
            } else {
                "  {prefix} {percent:>3}% [{wide_bar}] {msg}"
            };
            // A total that is an estimate may fall behind what is done.
            self.bar.set_length(amount.total.max(amount.done));
            self.bar.set_position(amount.done);
            self.bar.set_style(style(template));
        }
        self.bar.set_message(self.track.describe(self.track.since.elapsed(), narrow));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let tables: Vec<_> = self.at_work.keys().cloned().collect();
        for table in tables {
            self.clear(&table);
        }
    }
}

/// Templates are constants; the default stands in for one that cannot be read.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
        .tick_chars("|/-\\ ")
}
