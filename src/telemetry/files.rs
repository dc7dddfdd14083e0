//! Log files: one a day, the oldest removed.

use std::path::Path;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};

/// Opens today's file in the directory, which is made if it is not there. Days are those of UTC.
pub fn open(dir: &Path, days_keep: usize) -> Result<RollingFileAppender, InitError> {
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("repackd")
        .filename_suffix("log")
        .max_log_files(days_keep)
        .build(dir)
}
