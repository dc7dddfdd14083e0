//! The systemd unit.

use super::{directory, known, patient, run, seconds, succeeded, text};
use crate::support::{Outcome, words};
use repackd::config::DaemonSettings;
use std::process::Command;

const UNIT: &str = "docker/systemd/repackd.service";

/// Where the unit expects the program.
const PROGRAM: &str = "/usr/local/bin/repackd";

/// The value of a setting of the unit; empty unless it is there exactly once.
fn value(unit: &str, key: &str) -> String {
    let mut values = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_owned(),
        _ => String::new(),
    }
}

/// Runs `systemd-analyze`, or nothing where there is none.
fn analyze(
    arguments: &[&str],
    unit: &str,
) -> Result<Option<(Command, std::process::Output)>, String> {
    let file = directory("unit")?.join("repackd.service");
    // What verify looks for is the program, which is not installed here.
    std::fs::write(&file, unit.replace(PROGRAM, env!("CARGO_BIN_EXE_repackd"))).map_err(words)?;
    let mut command = Command::new("systemd-analyze");
    let output = run(command.args(arguments).arg("--no-pager").arg(&file))?;
    std::fs::remove_dir_all(directory("unit")?).map_err(words)?;
    Ok(output.map(|output| (command, output)))
}

pub fn verified() -> Outcome {
    let unit = text(UNIT)?;
    let verify = ["verify", "--man=no"];
    let security = ["security", "--offline=true", "--threshold=15"];
    let Some((command, output)) = analyze(&verify, &unit)? else { return Ok(()) };
    succeeded(&command, &output)?;
    // A setting it does not know is only worth a message to it.
    if !output.stderr.is_empty() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    if let Some((command, output)) = analyze(&security, &unit)? {
        succeeded(&command, &output)?;
    }
    // These have to be found, or nothing was checked.
    let misspelt = unit.replace("ProtectHome=", "ProtectHomes=");
    if let Some((_, output)) = analyze(&verify, &misspelt)?
        && output.stderr.is_empty()
    {
        return Err("systemd-analyze verify does not see a misspelt setting".into());
    }
    let open = unit.replace("SystemCallFilter", "#").replace("DynamicUser=yes", "");
    match analyze(&security, &open)? {
        Some((_, output)) if output.status.success() => {
            Err("systemd-analyze security thinks well of an open unit".into())
        }
        _ => Ok(()),
    }
}

pub fn agrees() -> Outcome {
    let unit = text(UNIT)?;
    let start = value(&unit, "ExecStart");
    let arguments = start.strip_prefix(PROGRAM).ok_or(format!("ExecStart is {start}"))?;
    known(&arguments.split_whitespace().collect::<Vec<_>>())?;
    patient(
        "TimeoutStopSec",
        seconds(&value(&unit, "TimeoutStopSec"))?,
        DaemonSettings::default().stop_within,
    )?;
    for (key, expected) in [
        ("Type", "notify"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("StateDirectory", "repackd"),
        ("RestartPreventExitStatus", "2 78"),
        ("LoadCredential", "pgpass:/etc/repackd/pgpass"),
        ("Environment", "PGPASSFILE=%d/pgpass"),
    ] {
        if value(&unit, key) != expected {
            return Err(format!("{key} is {}", value(&unit, key)));
        }
    }
    Ok(())
}
