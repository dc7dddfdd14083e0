//! What is answered, as JSON; the page shows the same. `openapi.json` describes it, and a test holds one
//! against the other.

mod now;
mod records;
mod windows;

pub use now::*;
pub use records::*;
pub use windows::*;

use chrono::{DateTime, SecondsFormat, Utc};

/// A time as everything here writes it.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
