//! What a run tells, turned into bars on a terminal and into log lines elsewhere.

use super::bars::Bars;
use super::console::Console;
use super::lines::Lines;
use crate::job::Event;
pub use crate::pace::{Amount, Track};
use crate::telemetry::Meters;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tracing::Instrument;

/// Starts showing events. The task ends once every sender is gone.
pub fn listen(
    console: &Console,
    meters: &Meters,
    connection: &str,
) -> (UnboundedSender<Event>, JoinHandle<()>) {
    let (sender, receiver) = unbounded_channel();
    let show = show(receiver, console.clone(), meters.clone(), connection.to_owned());
    // Log lines belong to the table's trace.
    (sender, tokio::spawn(show.in_current_span()))
}

async fn show(
    mut events: UnboundedReceiver<Event>,
    console: Console,
    meters: Meters,
    connection: String,
) {
    let mut bars = Bars::new(&console);
    let mut lines = console.wants_lines().then(Lines::default);
    while let Some(event) = events.recv().await {
        meters.event(&connection, &event);
        if let Some(lines) = &mut lines {
            lines.take(event.clone());
        }
        if let Some(bars) = &mut bars {
            bars.take(event);
        }
    }
}
