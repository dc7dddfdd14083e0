//! The text of `status`.

use super::grid::{grid, keep_whole};
use super::runs::label;
use super::units::{count, plural, seconds, size, wrap};
use crate::engine::{RunStatus, Runner};

/// Below this many columns some are left out.
const WIDE: usize = 90;

/// What earlier runs left.
pub fn runs(runs: &[(String, RunStatus)], connections: bool, width: usize) -> String {
    if runs.is_empty() {
        return "nothing left behind\n".into();
    }
    let heads = ["table", "phase", "copied", "log rows", "shadow", "last written", "owner"];
    // A narrow terminal gets what matters most; JSON always has everything.
    let shown = if width < WIDE { 5 } else { heads.len() };
    let mut table = grid(&heads[..shown], width);
    let mut next = String::new();
    for (connection, run) in runs {
        let name = label(run);
        let with = if connections { format!(" --connection {connection}") } else { String::new() };
        let phase = match run.phase {
            _ if run.problem.is_some() => "?".to_owned(),
            Some(phase) if run.running => format!("{phase}, at work"),
            Some(phase) => phase.to_string(),
            None => "?".into(),
        };
        let copied = match (run.pages_copied, run.pages) {
            (Some(done), Some(all)) if all > 0 => format!("{}%", done.min(all) * 100 / all),
            _ => String::new(),
        };
        let cells = [
            if connections { format!("{connection} {name}") } else { name.clone() },
            phase,
            copied,
            run.log_rows.map(count).unwrap_or_default(),
            run.shadow_bytes.map(size).unwrap_or_default(),
            run.updated.clone().or_else(|| run.started.clone()).unwrap_or_default(),
            run.owner.clone(),
        ];
        table.add_row(cells.into_iter().take(shown));
        let advice = match run {
            RunStatus { problem: Some(problem), .. } => format!("{name}: {problem}"),
            RunStatus { running: true, held: Some(held), .. } => {
                format!("{name}: held back: {}", held.why)
            }
            RunStatus { running: true, .. } => continue,
            RunStatus { table: None, cleanup_only: true, .. } => {
                format!(
                    "{name}: `repackd cleanup{with}` finishes it; its table has its new form already"
                )
            }
            RunStatus { table: None, .. } => format!("{name}: `repackd cleanup{with}` removes it"),
            RunStatus { given_up: true, .. } => {
                format!("{name}: it was being given up; `repackd abort{with} {name}` finishes that")
            }
            RunStatus { mismatch: true, .. } => {
                format!(
                    "{name}: its shadow is not equal to the table; `repackd abort{with} {name}` removes it"
                )
            }
            RunStatus { cleanup_only: true, .. } => {
                format!("{name}: `repackd resume{with} {name}` finishes it; the new table is live")
            }
            _ => format!(
                "{name}: `repackd resume{with} {name}` goes on, `repackd abort{with} {name}` gives it up"
            ),
        };
        next.push_str(&format!("  {}\n", wrap(&advice, width, 4)));
        if let Some(origin) = origin(run) {
            next.push_str(&format!("    {}\n", wrap(&origin, width, 4)));
        }
    }
    keep_whole(&mut table, &[0, 2, 3, 4]);
    // Much of it is from journals, into which an owner may have written anything.
    let text = format!("{}\n{next}", table.trim_fmt());
    text.replace(|c: char| c.is_control() && c != '\n', "?")
}

/// Whose it is, for how long it has been there, and what it costs.
fn origin(run: &RunStatus) -> Option<String> {
    let Runner { login, host, pid, repackd } = run.runner.as_ref()?;
    let mut text = format!("left by {login}, repackd {repackd}");
    if !host.is_empty() {
        text.push_str(&format!(", process {pid} on {host}"));
    }
    if let (Some(age), Some(idle)) = (run.age, run.idle) {
        text.push_str(&format!("; begun {} ago, at work {} ago", seconds(age), seconds(idle)));
    }
    if let (Some(rows), Some(bytes), false) = (run.log_rows, run.log_bytes, run.cleanup_only) {
        let log = plural(rows, "row");
        text.push_str(&format!(
            "; its key log has {log} in {} and grows with every write",
            size(bytes)
        ));
    }
    // The journal is the table owner's, and this may be somebody else's terminal.
    Some(text)
}
