//! Settings on the command line.

use crate::config::Settings;
use clap::Args;

/// Checks a value as the configuration file would.
fn setting(key: &'static str) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |value| Settings::default().set(key, value).map(|()| value.to_owned())
}

/// Settings that take the place of the configuration's.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings (instead of the configuration's)")]
pub struct Overrides {
    /// Connections that copy [default: 1]
    #[arg(long, value_name = "N", value_parser = setting("copy_jobs"))]
    pub copy_jobs: Option<String>,
    /// Connections that build indexes [default: 2]
    #[arg(long, value_name = "N", value_parser = setting("index_jobs"))]
    pub index_jobs: Option<String>,
    /// Do not compare the copy with the table before the cutover
    #[arg(long)]
    pub no_verify: bool,
    /// The longest anyone may have to wait at the cutover [default: 200ms]
    #[arg(long, value_name = "TIME", value_parser = setting("cutover_budget"))]
    pub cutover_budget: Option<String>,
    /// How long to keep trying for a cutover [default: 30min]
    #[arg(long, value_name = "TIME", value_parser = setting("cutover_wait"))]
    pub cutover_wait: Option<String>,
    /// The longest wait for a lock at the cutover [default: the budget]
    #[arg(long, value_name = "TIME", value_parser = setting("lock_timeout"))]
    pub lock_timeout: Option<String>,
    /// Snapshots older than the copy: wait for them or proceed without [default: wait]
    #[arg(long, value_name = "wait|proceed", value_parser = setting("old_snapshots"))]
    pub old_snapshots: Option<String>,
    /// Let functions that the table's owner wrote run as the present user
    #[arg(long)]
    pub trust_owner: bool,
    /// Do not analyze the repacked table
    #[arg(long)]
    pub no_analyze: bool,
    /// Any setting of the configuration file; may be given again
    #[arg(long, value_name = "KEY=VALUE", value_parser = any_setting)]
    pub set: Vec<(String, String)>,
}

fn any_setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is KEY=VALUE")?;
    let (key, value) = (key.trim(), value.trim());
    Settings::default().set(key, value).map_err(|e| format!("{key}: {e}"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Overrides {
    /// Puts them into `settings`.
    pub fn apply(&self, settings: &mut Settings) -> Result<(), String> {
        let given = [
            ("copy_jobs", self.copy_jobs.as_deref()),
            ("index_jobs", self.index_jobs.as_deref()),
            ("verify", self.no_verify.then_some("no")),
            ("cutover_budget", self.cutover_budget.as_deref()),
            ("cutover_wait", self.cutover_wait.as_deref()),
            ("lock_timeout", self.lock_timeout.as_deref()),
            ("old_snapshots", self.old_snapshots.as_deref()),
            ("trust_owner", self.trust_owner.then_some("yes")),
            ("analyze_tables", self.no_analyze.then_some("no")),
        ];
        let any = self.set.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
        for (key, value) in given.into_iter().chain(any) {
            if let Some(value) = value {
                settings.set(key, value).map_err(|e| format!("{key}: {e}"))?;
            }
        }
        Ok(())
    }
}
