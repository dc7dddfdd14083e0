//! `completions` and `man`: what is printed about the command line, from its own definition.

use super::args::{Cli, Command};
use super::console::Console;
use crate::error::{Error, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::Path;

/// Prints or writes what is asked for, if it is that: neither needs a configuration, nor a database.
pub fn write(command: &Command, console: &Console) -> Option<Result<u8>> {
    match command {
        Command::Completions(asked) => Some(completions(asked.shell, console)),
        Command::Man(asked) => Some(man(&asked.directory, console)),
        _ => None,
    }
}

fn completions(shell: Shell, console: &Console) -> Result<u8> {
    // Not straight to standard output: it panics if nobody reads to the end.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "repackd", &mut script);
    console.result(&String::from_utf8_lossy(&script));
    Ok(0)
}

/// One page for the program and one for each command, as `git` has them.
fn man(directory: &Path, console: &Console) -> Result<u8> {
    let mut program = Cli::command();
    program.build();
    let mut pages = vec![program.clone()];
    pages.extend(program.get_subcommands().filter(|c| !c.is_hide_set()).cloned());
    let mut written = String::new();
    for page in pages {
        let page =
            Man::new(page).manual("repackd").source(concat!("repackd ", env!("CARGO_PKG_VERSION")));
        let path = page.generate_to(directory).map_err(|error| {
            Error::Other(format!(
                "cannot write {}: {error}; name a directory that is there and that you may write to",
                directory.join(page.get_filename()).display()
            ))
        })?;
        written.push_str(&format!("{}\n", path.display()));
    }
    console.result(&written);
    Ok(0)
}
