//! `status --watch`: what `status` says, again and again.
//!
//! On a terminal the screen is drawn anew, and `q` ends it; elsewhere the text is printed whenever it has
//! changed. What cannot be asked stays as it was last, with since when.

use super::context::Context;
use super::{leftover, queue};
use crate::engine::{self, RunStatus};
use crate::error::Result;
use crate::names::TableArg;
use crate::store::Store;
use chrono::{DateTime, Utc};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Between two looks at the store.
const EVERY: Duration = Duration::from_secs(2);

/// Databases that are looked at in that time; with more of them each is looked at less often.
const DATABASES: u32 = 4;

/// How long a database or the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that was asked for, and may have become out of reach.
#[derive(Default)]
struct Part {
    text: String,
    lost: Option<(DateTime<Utc>, String)>,
}

impl Part {
    fn take(&mut self, asked: Result<String>) {
        match asked {
            Ok(text) => *self = Self { text, lost: None },
            Err(error) => {
                let since = self.lost.take().map_or_else(Utc::now, |(since, _)| since);
                self.lost = Some((since, error.to_string()));
            }
        }
    }

    fn shown(&self) -> String {
        match &self.lost {
            None => self.text.clone(),
            Some((since, why)) => format!(
                "{why}; what follows is as of {}\n{}",
                since.format("%H:%M:%S UTC"),
                self.text
            ),
        }
    }
}

/// Shows until somebody has seen enough.
pub async fn watch(context: &Context, tables: &[TableArg]) -> Result<u8> {
    let mut screen = Screen::open();
    let mut keys = screen.as_ref().map(|_| keys());
    let stop = context.signals.stop.clone();
    let (mut runs, mut queued) = (Part::default(), Part::default());
    let mut store = None;
    let mut due = Instant::now();
    let mut printed = String::new();
    loop {
        let width = context.console.result_width();
        let look = async {
            if Instant::now() >= due {
                runs.take(in_time(leftovers(context, tables, width)).await);
                let all = u32::try_from(context.targets.len()).unwrap_or(u32::MAX);
                due = Instant::now() + EVERY * (all / DATABASES).max(1);
            }
            queued.take(in_time(queue_text(context, &mut store, tables, width)).await);
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = pressed(&mut keys) => break,
            () = look => {}
        }
        let text = format!("{}{}", runs.shown(), queued.shown());
        match &mut screen {
            Some(screen) => screen.draw(&text),
            None if text != printed => {
                let now = Utc::now().format("%Y-%m-%d %H:%M:%S UTC");
                context.console.result(&format!("{now}\n{text}\n"));
                printed = text;
            }
            None => {}
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = pressed(&mut keys) => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    Ok(0)
}

async fn in_time(work: impl Future<Output = Result<String>>) -> Result<String> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(crate::error::Error::Other(format!("no answer within {} s", PATIENCE.as_secs())))
    })
}

async fn leftovers(context: &Context, tables: &[TableArg], width: usize) -> Result<String> {
    let meant = |run: &RunStatus| {
        tables.is_empty()
            || run.table.as_ref().is_some_and(|name| tables.iter().any(|t| queue::is(t, name)))
    };
    let mut all = Vec::new();
    for target in context.targets.iter() {
        let runs = engine::status(&target.job).await?;
        all.extend(runs.into_iter().filter(meant).map(|r| (target.job.connection.clone(), r)));
    }
    Ok(leftover::runs(&all, context.targets.len() > 1, width))
}

/// The store is opened when it is first there: a daemon may make it any moment.
async fn queue_text(
    context: &Context,
    store: &mut Option<Store>,
    tables: &[TableArg],
    width: usize,
) -> Result<String> {
    if store.is_none() && context.place.exists() {
        *store = Some(Store::open(&context.place).await?);
    }
    match store {
        None => Ok(format!("there is no store at {}\n", context.place.describe())),
        Some(store) => Ok(queue::Seen::read(store, context, tables).await?.text(width)),
    }
}

/// The keys that are pressed. Its thread ends with the process.
fn keys() -> UnboundedReceiver<u8> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        for byte in stdin().lock().bytes() {
            let Ok(byte) = byte else { return };
            if sender.send(byte).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Waits until somebody has seen enough.
async fn pressed(keys: &mut Option<UnboundedReceiver<u8>>) {
    if let Some(receiver) = keys {
        while let Some(key) = receiver.recv().await {
            if matches!(key, b'q' | b'Q') {
                return;
            }
        }
        // Nobody can press anything any more.
        *keys = None;
    }
    std::future::pending().await
}

/// The whole terminal, given back when dropped.
struct Screen {
    modes: Option<Termios>,
}

impl Screen {
    fn open() -> Option<Self> {
        if !stdout().is_terminal() || !stdin().is_terminal() {
            return None;
        }
        let modes = termios::tcgetattr(stdin()).ok();
        if let Some(modes) = &modes {
            let mut quiet = modes.clone();
            // Keys as they are pressed, unseen; Ctrl-C is a signal as ever.
            quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &quiet);
        }
        write("\x1b[?1049h\x1b[?25l");
        Some(Self { modes })
    }

    fn draw(&mut self, text: &str) {
        let (rows, columns) = console::Term::stdout().size();
        let (rows, columns) = (usize::from(rows).max(3), usize::from(columns).max(20));
        let head = format!("repackd status  {}  q ends it", Utc::now().format("%H:%M:%S UTC"));
        let lines: Vec<&str> = std::iter::once(head.as_str()).chain(text.lines()).collect();
        let mut drawn = String::from("\x1b[H");
        let room = rows - 1;
        let shown = if lines.len() > room { room - 1 } else { lines.len() };
        for line in &lines[..shown] {
            // The names of tables may hold anything.
            let line = line.replace(char::is_control, "?");
            drawn.push_str(&console::truncate_str(&line, columns, "…"));
            drawn.push_str("\x1b[K\n");
        }
        if shown < lines.len() {
            drawn.push_str(&format!("… and {} more lines\x1b[K\n", lines.len() - shown));
        }
        drawn.push_str("\x1b[J");
        write(&drawn);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        write("\x1b[?25h\x1b[?1049l");
        if let Some(modes) = &self.modes {
            let _ = termios::tcsetattr(stdin(), OptionalActions::Now, modes);
        }
    }
}

/// A terminal that is gone is no mistake of anybody's.
fn write(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
