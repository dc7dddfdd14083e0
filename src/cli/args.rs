//! The command line as clap reads it.

use super::overrides::Overrides;
use crate::config::bytes;
use crate::names::TableArg;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// Said below `--help`.
const AFTER_HELP: &str = "\
Which database: --url, else --config, else a repackd.toml in the working directory, the user's
configuration folder or /etc/repackd, else the PG… variables as psql reads them.

Exit status: 0 done or nothing to do; 1 a table failed; 2 usage; 3 a table named here is refused
or busy; 75 server out of reach; 78 configuration; 130, 143 interrupted, the state is kept.";

/// Takes the bloat out of PostgreSQL tables while they are being used.
#[derive(Debug, Parser)]
#[command(name = "repackd", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command; they may stand before it or after it.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The database, as a URL or as key=value words
    #[arg(long, global = true, value_name = "URL", conflicts_with = "config")]
    pub url: Option<String>,
    /// The configuration, a file or a name to look up
    #[arg(long, global = true, value_name = "FILE|NAME")]
    pub config: Option<String>,
    /// A connection of the configuration; may be given again [default: all]
    #[arg(long = "connection", global = true, value_name = "NAME")]
    pub connections: Vec<String>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Write everything to the console, as log lines, and to the log file if there is one
    #[arg(long, global = true)]
    pub debug: bool,
}

/// The commands. The aliases are repcloud's names.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Repack tables: prepare, cut over, clean up
    #[command(alias = "run_now", aliases = ["repack_tables", "repack-tables"])]
    RunNow(Repack),
    /// Say what run-now would do to a table, or why it cannot
    Plan(Repack),
    /// Show how large tables are and how much of that is bloat
    Bloat(Bloat),
    /// Do everything up to the cutover, then stop
    #[command(aliases = ["prepare_repack", "prepare-repack"])]
    Prepare(Repack),
    /// Go on with prepared or interrupted runs
    Resume(Resume),
    /// Give up unfinished runs and remove what they made
    #[command(aliases = ["abort_repack", "abort-repack"])]
    Abort(Runs),
    /// Show unfinished runs, and what daemons have queued
    Status(Status),
    /// Measure, decide and repack by the configuration's windows and rules, for as long as it runs
    Daemon(Daemon),
    /// Show what was repacked or tried, by daemons and by hand
    History(History),
    /// Show who is told what was done, check their templates, or try whether it works
    Notify(Notify),
    /// Have daemons leave tables alone until `resume` [default: all]
    Pause(Names),
    /// Have daemons give tables up: what was done is removed [default: all]
    Cancel(Names),
    /// Show the connections of the configuration
    #[command(aliases = ["show_connections", "show-connections"])]
    Connections,
    /// Show when windows open next, and which rules decide about which tables
    Schedule(Schedule),
    /// Check what the roles need before any table is looked at; print the grants that are missing
    #[command(aliases = ["create_schema", "create-schema"])]
    Init,
    /// Remove every trace of repackd: finish runs past the cutover, abort the others
    #[command(aliases = ["drop_schema", "drop-schema"])]
    Cleanup,
    /// Print what makes a shell complete repackd's commands and options
    Completions(Completions),
    /// Write the manual pages
    Man(Manual),
}

/// Tables by name.
#[derive(Debug, Clone, Default, Args)]
pub struct Names {
    /// The tables, as table or schema.table; a partitioned table means its partitions
    #[arg(value_name = "TABLE", value_parser = TableArg::parse)]
    pub tables: Vec<TableArg>,
}

/// What to show, and for how long.
#[derive(Debug, Clone, Default, Args)]
pub struct Status {
    /// Of which tables; none named: all.
    #[command(flatten)]
    pub names: Names,
    /// Show it live: until `q` or Ctrl-C on a terminal, as lines elsewhere
    #[arg(long)]
    pub watch: bool,
}

/// How the daemon runs.
#[derive(Debug, Clone, Default, Args)]
pub struct Daemon {
    /// Measure everything now, repack what may be begun now, and end
    #[arg(long)]
    pub once: bool,
}

/// Which notifiers, and what about them.
#[derive(Debug, Clone, Default, Args)]
pub struct Notify {
    /// Notifiers of the configuration [default: all]
    #[arg(value_name = "NAME")]
    pub notifiers: Vec<String>,
    /// Send an example, marked as one, and say what was answered
    #[arg(long, conflicts_with = "again")]
    pub test: bool,
    /// Send now what waits, or was given up
    #[arg(long)]
    pub again: bool,
}

/// What to show of the history.
#[derive(Debug, Clone, Default, Args)]
pub struct History {
    /// Of which tables; none named: all.
    #[command(flatten)]
    pub names: Names,
    /// Show reports and what became of them instead
    #[arg(long, conflicts_with = "tables")]
    pub reports: bool,
    /// The most attempts or reports shown, the last ones first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

/// Tables by name, or all of them.
#[derive(Debug, Clone, Default, Args)]
pub struct Tables {
    /// The tables, as table or schema.table; a partitioned table means its partitions [default:
    /// what the configuration lists]
    #[arg(value_name = "TABLE", value_parser = TableArg::parse)]
    pub tables: Vec<TableArg>,
    /// All there are in the database, whatever the configuration lists
    #[arg(long, conflicts_with = "tables")]
    pub all: bool,
}

/// Unfinished runs, by their tables.
#[derive(Debug, Clone, Default, Args)]
pub struct Runs {
    /// The tables, as table or schema.table; a partitioned table means its partitions [default,
    /// with a configuration: every unfinished run, whatever it lists]
    #[arg(value_name = "TABLE", value_parser = TableArg::parse)]
    pub tables: Vec<TableArg>,
    /// Every unfinished run in the database; has to be said where there is no configuration
    #[arg(long, conflicts_with = "tables")]
    pub all: bool,
}

/// Which tables to repack, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct Repack {
    /// Which.
    #[command(flatten)]
    pub tables: Tables,
    /// How.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Which runs to go on with, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct Resume {
    /// Which; none named: all.
    #[command(flatten)]
    pub names: Names,
    /// Only drain the key log of runs whose copy is complete; no cutover
    #[arg(long)]
    pub catch_up: bool,
    /// How.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Which tables to estimate, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct Bloat {
    /// Which.
    #[command(flatten)]
    pub tables: Tables,
    /// Leave out tables that are smaller, indexes and all, unless they are named
    #[arg(long, value_name = "SIZE", default_value = "1MB", value_parser = bytes)]
    pub min_size: u64,
    /// First analyze the tables meant that never were
    #[arg(long)]
    pub analyze: bool,
    /// Say of the tables named which rule decides about each, and every condition
    #[arg(long, requires = "tables")]
    pub explain: bool,
}

/// What to show of the schedule.
#[derive(Debug, Clone, Args)]
pub struct Schedule {
    /// How many openings
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// As it will be at a date, or a date and time, of the configuration's time zone [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// List the tables of each rule as well, which takes a connection to the databases
    #[arg(long)]
    pub tables: bool,
    /// Only say what in the configuration is surely not meant; exit status 1 if there is anything
    #[arg(long, conflicts_with_all = ["tables", "count"])]
    pub check: bool,
}

/// For which shell.
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// Where to write the manual pages.
#[derive(Debug, Clone, Args)]
pub struct Manual {
    /// A directory, such as /usr/local/share/man/man1
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}
