//! The command line: what a person asks for, and what is shown of it. Nothing below this module
//! knows clap, the environment or a terminal.

mod args;
mod bars;
mod bloat;
mod bloat_text;
mod console;
mod context;
mod daemon;
mod documents;
mod grid;
mod history;
mod inspect;
mod known;
mod leftover;
mod lines;
mod notify;
mod outcome;
mod overrides;
mod plan;
mod progress;
mod queue;
mod repack;
mod runs;
mod schedule;
mod signals;
mod summary;
#[cfg(test)]
mod summary_tests;
mod target;
#[cfg(test)]
mod tests;
mod watch;

use crate::config::{Environment, Format, Logging};
use crate::engine::Goal;
use crate::error::{Error, Result};
use crate::telemetry::{self, Form, Style, Telemetry};
use crate::units;
use args::{Cli, Command, Common, Names, Tables};
use clap::Parser;
use console::Console;
use context::Context;
use overrides::Overrides;
use signals::Signals;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Runs the command line of this process and returns its exit status.
pub fn main() -> ExitCode {
    no_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                let text = error.to_string();
                // Without a command at all it is the help.
                let text = text.replacen("error: ", "repackd: ", 1);
                Console::new(true).say(text.trim_end());
            } else {
                // Help and the version are no errors.
                let _ = error.print();
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let environment = Environment::process();
    // A daemon's output is a log, wherever it goes.
    let plain = cli.common.json || cli.common.debug || matches!(cli.command, Command::Daemon(_));
    let console = Console::new(plain);
    let status = match start(cli, &environment, &console) {
        Ok(status) => status,
        Err(error) => {
            console.close();
            console.say(&outcome::explain_error(&error, None));
            error.exit_status()
        }
    };
    ExitCode::from(status)
}

/// A core file would hold the passwords, and whatever rows pass through. Where it cannot be
/// prevented, nothing else is the worse for it.
fn no_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Sets up log lines, signals and the runtime, and does the command.
fn start(cli: Cli, environment: &Environment, console: &Console) -> Result<u8> {
    if let Some(done) = documents::write(&cli.command, console) {
        return done;
    }
    let targets = target::targets(&cli.common, overrides(&cli.command), environment)?;
    let logging = targets.config.logging.clone();
    let console = &match on_console(&cli.common, &logging) {
        true => console.clone(),
        false => console.clone().with_log_file(),
    };
    #[cfg(feature = "failpoints")]
    if let Some(point) = environment.var("REPACKD_FAILPOINT") {
        crate::failpoint::arm(point).map_err(Error::Usage)?;
    }
    let other = |what: &str, e: std::io::Error| Error::Other(format!("cannot {what}: {e}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| other("start the runtime", e))?;
    let status = runtime.block_on(async {
        let options = telemetry::Options::read(environment);
        let style = style(&cli.common, &logging, environment, console);
        let to_stderr = console.clone();
        let started = Telemetry::start(style, &logging, move || to_stderr.clone(), &options);
        let (telemetry, warnings) =
            started.map_err(|message| Error::Config { file: None, line: None, message })?;
        if let Some(file) = &targets.config.file {
            tracing::debug!(file = %file.display(), "configuration");
        }
        for warning in targets.warnings.iter().chain(&warnings) {
            console.warn(warning);
        }
        let signals = Signals::watch(console).map_err(|e| other("listen for signals", e))?;
        let place = daemon::place_of(&targets.config, environment)?;
        let (console, json) = (console.clone(), cli.common.json);
        let mut context = Context::new(console, signals, json, targets, place, telemetry.clone());
        let status = Box::pin(do_command(cli, environment, &mut context)).await;
        // Their spans end with them.
        drop(context);
        telemetry.flush().await;
        status
    });
    // Without waiting for anything a cancelled command left behind.
    runtime.shutdown_background();
    status
}

/// Whether log lines go to standard error, be it besides a file.
fn on_console(common: &Common, logging: &Logging) -> bool {
    !logging.to_file || common.debug
}

/// What log lines look like, and how many there are. The levels follow from the options and from
/// `log_level`; `RUST_LOG` takes their place, except beside `--debug`.
fn style<'e>(
    common: &Common,
    logging: &Logging,
    environment: &'e Environment,
    console: &Console,
) -> Style<'e> {
    let on_console = on_console(common, logging);
    let on_terminal = std::io::stderr().is_terminal() && on_console;
    let beside_bars = console.bars().is_some() && on_console;
    let default = match (common.debug, common.verbose, logging.level) {
        (true, _, _) => "warn,repackd=trace",
        (_, true, _) => "warn,repackd=debug",
        (_, _, Some("trace")) => "warn,repackd=trace",
        (_, _, Some("debug")) => "warn,repackd=debug",
        (_, _, Some("error")) => "error",
        (_, _, Some("warn")) => "warn",
        // The bars say it all.
        _ if beside_bars => "warn",
        _ => "warn,repackd=info",
    };
    let form = Form {
        format: logging.format.unwrap_or(match on_terminal {
            true => Format::Text,
            false => Format::Logfmt,
        }),
        time: !beside_bars,
        colour: on_terminal && environment.var("NO_COLOR").is_none(),
    };
    let filter = environment.var("RUST_LOG").filter(|_| !common.debug);
    Style { filter, default, form, on_console }
}

async fn do_command(cli: Cli, environment: &Environment, context: &mut Context) -> Result<u8> {
    match cli.command {
        Command::RunNow(a) => repack::repack(context, Goal::RunNow, &a.tables).await,
        Command::Prepare(a) => repack::repack(context, Goal::Prepare, &a.tables).await,
        Command::Plan(a) => inspect::plan(context, &a.tables).await,
        Command::Bloat(a) => bloat::bloat(context, &a).await,
        Command::Resume(a) => {
            let deed = if a.catch_up { runs::Deed::CatchUp } else { runs::Deed::Resume };
            match queue::unpause(context, &a.names.tables).await {
                Ok(true) => {}
                Ok(false) => return Ok(context.finish_tables()),
                // A run can be gone on with all the same.
                Err(error) => {
                    context.console.warn(&format!("{error}; whatever it holds is as it was"));
                    context.no_store();
                }
            }
            let tables = Tables { tables: a.names.tables, all: true };
            runs::each(context, deed, &tables).await
        }
        Command::Abort(a) => {
            let tables = Tables { tables: a.tables, all: a.all };
            runs::each(context, runs::Deed::Abort, &tables).await
        }
        Command::Cleanup => {
            let tables = Tables { tables: Vec::new(), all: true };
            runs::each(context, runs::Deed::Cleanup, &tables).await
        }
        Command::Status(asked) if asked.watch && context.json => {
            Err(Error::Usage("--watch is for people; run status --json again and again".into()))
        }
        Command::Status(asked) if asked.watch => watch::watch(context, &asked.names.tables).await,
        Command::Status(asked) => runs::status(context, &asked.names.tables).await,
        Command::Daemon(asked) => daemon::run(context, &asked, &cli.common, environment).await,
        Command::History(asked) if asked.reports => notify::reports(context, asked.limit).await,
        Command::History(asked) => history::show(context, &asked).await,
        Command::Notify(asked) => notify::notify(context, &asked).await,
        Command::Pause(Names { tables }) => queue::pause(context, &tables).await,
        Command::Cancel(Names { tables }) => queue::cancel(context, &tables).await,
        Command::Connections => Ok(inspect::connections(context)),
        Command::Schedule(asked) => schedule::show(context, &asked).await,
        Command::Init => inspect::init(context).await,
        // Written before anything was looked for.
        Command::Completions(_) | Command::Man(_) => Ok(0),
    }
}

fn overrides(command: &Command) -> Option<&Overrides> {
    match command {
        Command::RunNow(a) | Command::Prepare(a) | Command::Plan(a) => Some(&a.overrides),
        Command::Resume(a) => Some(&a.overrides),
        _ => None,
    }
}
