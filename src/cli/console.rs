//! Standard output for results, standard error for everything else, and neither in the way of
//! progress bars.

use super::units;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, IsTerminal, Write};

/// The width to write for when nobody looks.
const PLAIN_WIDTH: usize = 100;

/// Where a command writes to.
#[derive(Debug, Clone)]
pub struct Console {
    /// Progress bars on standard error, if it is a terminal and nobody asked for plain lines.
    bars: Option<MultiProgress>,
    /// Whether log lines go to a file, so that what is said here is nowhere else.
    has_log_file: bool,
}

impl Console {
    /// The console of this process; `plain`: without bars, even on a terminal.
    pub fn new(plain: bool) -> Self {
        let bars = !plain && io::stderr().is_terminal();
        let bars = bars.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { bars, has_log_file: false }
    }

    /// The same, with log lines that go to a file.
    pub fn with_log_file(self) -> Self {
        Self { has_log_file: true, ..self }
    }

    /// Whether progress is wanted as log lines too, or only so.
    pub fn wants_lines(&self) -> bool {
        self.bars.is_none() || self.has_log_file
    }

    /// The progress bars, if there are any.
    pub fn bars(&self) -> Option<&MultiProgress> {
        self.bars.as_ref()
    }

    /// Writes lines to standard error, above the bars. On a terminal, those that are longer than
    /// it is wide are broken between words.
    pub fn say(&self, text: &str) {
        let width = console::Term::stderr().size_checked().map(|(_, columns)| usize::from(columns));
        let mut lines = String::new();
        for line in text.lines() {
            match width {
                Some(width) if line.chars().count() > width => {
                    let words = line.trim_start_matches(' ');
                    let lead = line.len() - words.len();
                    lines.push_str(&" ".repeat(lead));
                    lines.push_str(&units::wrap(words, width, lead + 2));
                }
                _ => lines.push_str(line),
            }
            lines.push('\n');
        }
        self.write_error(lines.as_bytes());
    }

    /// Writes a warning: as a line of its own on a terminal, as a log line elsewhere; both if log lines
    /// go to a file.
    pub fn warn(&self, text: &str) {
        if self.bars.is_some() || self.has_log_file {
            self.say(&format!("repackd: warning: {text}"));
        }
        if self.wants_lines() {
            tracing::warn!("{text}");
        }
    }

    /// Writes a result to standard output.
    pub fn result(&self, text: &str) {
        self.beside_bars(|| write_all(&mut io::stdout().lock(), text.as_bytes()));
    }

    /// Removes the bars for good: the process is about to end.
    pub fn close(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
            // What moves them would draw them once more.
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// The columns of standard output.
    pub fn result_width(&self) -> usize {
        width(&console::Term::stdout())
    }

    /// The columns of standard error.
    pub fn width(&self) -> usize {
        width(&console::Term::stderr())
    }

    fn write_error(&self, bytes: &[u8]) {
        self.beside_bars(|| write_all(&mut io::stderr().lock(), bytes));
    }

    fn beside_bars(&self, write: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }
}

/// Writes as far as someone reads: a closed pipe is no reason to stop a repack.
fn write_all(to: &mut impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

fn width(terminal: &console::Term) -> usize {
    terminal.size_checked().map_or(PLAIN_WIDTH, |(_, columns)| usize::from(columns).max(20))
}

/// Log lines go above the bars too.
impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_error(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
