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

use crate::config::Environment;
use crate::engine::Goal;
use crate::error::{Error, Result};
use crate::{telemetry, units};
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
    log_lines(&cli.common, environment, console)?;
    #[cfg(feature = "failpoints")]
    if let Some(point) = environment.var("REPACKD_FAILPOINT") {
        crate::failpoint::arm(point).map_err(Error::Usage)?;
    }
    if let Some(done) = documents::write(&cli.command, console) {
        return done;
    }
    let other = |what: &str, e: std::io::Error| Error::Other(format!("cannot {what}: {e}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| other("start the runtime", e))?;
    let status = runtime.block_on(async {
        let signals = Signals::watch(console).map_err(|e| other("listen for signals", e))?;
        command(cli, environment, console, signals).await
    });
    // Without waiting for anything a cancelled command left behind.
    runtime.shutdown_background();
    status
}

/// The levels follow from the options; `RUST_LOG` takes their place, except beside `--debug`.
fn log_lines(common: &Common, environment: &Environment, console: &Console) -> Result<()> {
    let default = match (common.debug, common.verbose, console.bars().is_some()) {
        (true, _, _) => "warn,repackd=trace",
        (_, true, _) => "warn,repackd=debug",
        (_, _, true) => "warn",
        (_, _, false) => "warn,repackd=info",
    };
    let style = telemetry::Style {
        filter: environment.var("RUST_LOG").filter(|_| !common.debug),
        default,
        time: console.bars().is_none(),
        colour: std::io::stderr().is_terminal() && environment.var("NO_COLOR").is_none(),
    };
    let console = console.clone();
    telemetry::start(style, move || console.clone()).map_err(|e| Error::Config {
        file: None,
        line: None,
        message: format!("RUST_LOG {e}"),
    })
}

async fn command(
    cli: Cli,
    environment: &Environment,
    console: &Console,
    signals: Signals,
) -> Result<u8> {
    let targets = target::targets(&cli.common, overrides(&cli.command), environment)?;
    for warning in &targets.warnings {
        console.warn(warning);
    }
    let place = daemon::place_of(&targets.config, environment)?;
    let mut context = Context::new(console.clone(), signals, cli.common.json, targets, place);
    match cli.command {
        Command::RunNow(a) => repack::repack(&mut context, Goal::RunNow, &a.tables).await,
        Command::Prepare(a) => repack::repack(&mut context, Goal::Prepare, &a.tables).await,
        Command::Plan(a) => inspect::plan(&mut context, &a.tables).await,
        Command::Bloat(a) => bloat::bloat(&mut context, &a).await,
        Command::Resume(a) => {
            let deed = if a.catch_up { runs::Deed::CatchUp } else { runs::Deed::Resume };
            match queue::unpause(&mut context, &a.names.tables).await {
                Ok(true) => {}
                Ok(false) => return Ok(context.finish_tables()),
                // A run can be gone on with all the same.
                Err(error) => {
                    context.console.warn(&format!("{error}; whatever it holds is as it was"));
                    context.no_store();
                }
            }
            let tables = Tables { tables: a.names.tables, all: true };
            runs::each(&mut context, deed, &tables).await
        }
        Command::Abort(tables) => runs::each(&mut context, runs::Deed::Abort, &tables).await,
        Command::Cleanup => {
            let tables = Tables { tables: Vec::new(), all: true };
            runs::each(&mut context, runs::Deed::Cleanup, &tables).await
        }
        Command::Status(Names { tables }) => runs::status(&mut context, &tables).await,
        Command::Daemon(asked) => daemon::run(&context, &asked, &cli.common, environment).await,
        Command::History(asked) => history::show(&mut context, &asked).await,
        Command::Pause(Names { tables }) => queue::pause(&mut context, &tables).await,
        Command::Cancel(Names { tables }) => queue::cancel(&mut context, &tables).await,
        Command::Connections => Ok(inspect::connections(&context)),
        Command::Schedule(asked) => schedule::show(&mut context, &asked).await,
        Command::Init => inspect::init(&mut context).await,
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
