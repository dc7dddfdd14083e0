//! Log lines: where they go and how many of them there are.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines are written.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Levels as in `RUST_LOG`; takes the place of `default`.
    pub filter: Option<&'a str>,
    /// Levels when nobody asked for others.
    pub default: &'a str,
    /// Whether each line begins with the time.
    pub time: bool,
    /// Whether levels are in colour.
    pub colour: bool,
}

/// Sends log lines to `writer` from here on. The error is the end of a sentence that begins with
/// the name of the variable the filter came from.
pub fn start<W>(style: Style<'_>, writer: W) -> Result<(), String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let levels = style.filter.unwrap_or(style.default);
    let mut filter = EnvFilter::try_new(levels).map_err(|e| format!("cannot be read: {e}"))?;
    // It writes the parameters of statements, which are the keys of somebody's rows.
    if let Ok(quiet) = "tokio_postgres=warn".parse() {
        filter = filter.add_directive(quiet);
    }
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(style.colour)
        .with_writer(writer);
    // The only way to fail is that a subscriber is set already, as in tests.
    let _ = if style.time { lines.try_init() } else { lines.without_time().try_init() };
    Ok(())
}
