//! `[logging]`: where log lines go, how many of them, and in which form.

use std::path::PathBuf;

/// The keys. All but `format` are repcloud's.
pub const KEYS: &[&str] = &["log_dest", "log_dir", "log_level", "log_days_keep", "format"];

/// Where log lines go, how many of them, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Whether they go to a file instead of standard error.
    pub to_file: bool,
    /// The directory of that file.
    pub dir: Option<PathBuf>,
    /// The level, as `RUST_LOG` has it.
    pub level: Option<&'static str>,
    /// For how many days the files are kept.
    pub days_keep: usize,
    /// The form; `None`: text on a terminal, logfmt elsewhere.
    pub format: Option<Format>,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// `key=value`.
    Logfmt,
    /// A JSON object each.
    Json,
}

impl Default for Logging {
    fn default() -> Self {
        Self { to_file: false, dir: None, level: None, days_keep: 10, format: None }
    }
}

impl Logging {
    /// Sets a key, all but `log_dir`. The error is what would be right.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let lower = value.to_lowercase();
        match key {
            "log_dest" => {
                self.to_file = match lower.as_str() {
                    "file" => true,
                    // Standard output has the results. repcloud, whose word for it is "console", wrote
                    // both there.
                    "stderr" | "stdout" | "console" => false,
                    _ => return Err("it has to be stderr or file".into()),
                }
            }
            "log_level" => {
                self.level = Some(match lower.as_str() {
                    "trace" => "trace",
                    "debug" => "debug",
                    "info" => "info",
                    "warn" | "warning" => "warn",
                    "error" | "critical" => "error",
                    _ => {
                        return Err("it has to be error, warning, info, debug or trace".into());
                    }
                });
            }
            "log_days_keep" => {
                self.days_keep = lower
                    .parse()
                    .ok()
                    .filter(|n| (1..=3650).contains(n))
                    .ok_or("it has to be a number of days, from 1 to 3650")?;
            }
            "format" => {
                self.format = Some(match lower.as_str() {
                    "text" => Format::Text,
                    "logfmt" => Format::Logfmt,
                    "json" => Format::Json,
                    _ => return Err("it has to be text, logfmt or json".into()),
                });
            }
            _ => return Err(format!("there is no logging.{key}")),
        }
        Ok(())
    }
}
