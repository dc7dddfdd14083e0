//! Ctrl-C and SIGTERM: the first stops at the next safe point, the second at once.

use super::console::Console;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What is known about signals.
#[derive(Debug, Clone)]
pub struct Signals {
    /// Cancelled by the first signal.
    pub stop: CancellationToken,
    /// The exit status of the signal that came; 0: none.
    status: Arc<AtomicU8>,
    /// The table being worked on.
    table: Arc<watch::Sender<Option<String>>>,
}

impl Signals {
    /// Listens from here on.
    pub fn watch(console: &Console) -> std::io::Result<Self> {
        let signals = Self {
            stop: CancellationToken::new(),
            status: Arc::new(AtomicU8::new(0)),
            table: Arc::new(watch::channel(None).0),
        };
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (mine, console) = (signals.clone(), console.clone());
        tokio::spawn(async move {
            loop {
                // 128 and the signal's number, as shells have it.
                let status = tokio::select! {
                    Some(()) = interrupt.recv() => 130,
                    Some(()) = terminate.recv() => 143,
                    else => return,
                };
                mine.came(status, &console);
            }
        });
        Ok(signals)
    }

    /// Sets the table being worked on, for what is said about it.
    pub fn working_on(&self, table: Option<String>) {
        self.table.send_replace(table);
    }

    /// The exit status of the signal that came, if one did.
    pub fn status(&self) -> Option<u8> {
        Some(self.status.load(Ordering::SeqCst)).filter(|s| *s > 0)
    }

    fn came(&self, status: u8, console: &Console) {
        let table = self.table.borrow().clone();
        if self.status.swap(status, Ordering::SeqCst) == 0 {
            if table.is_some() {
                console.say("repackd: stopping at the next chunk; again to stop at once");
            }
            self.stop.cancel();
            return;
        }
        console.close();
        console.say(&match table {
            Some(table) => format!(
                "repackd: stopped at once\n  state: {table} is in use; what was done of its run is \
                 kept in the database\n  next:  `repackd status` says what is left, `repackd resume \
                 {table}` goes on with it, `repackd abort {table}` gives it up"
            ),
            None => "repackd: stopped at once".into(),
        });
        // Bars are gone and the terminal's modes were never changed.
        std::process::exit(status.into());
    }
}
