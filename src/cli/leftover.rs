//! The text of `status`.

use super::grid::{grid, keep_whole};
use super::runs::label;
use super::units::{count, size, wrap};
use crate::engine::RunStatus;

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
            RunStatus { cleanup_only: true, .. } => {
                format!("{name}: `repackd resume{with} {name}` finishes it; the new table is live")
            }
            _ => format!(
                "{name}: `repackd resume{with} {name}` goes on, `repackd abort{with} {name}` gives it up"
            ),
        };
        next.push_str(&format!("  {}\n", wrap(&advice, width, 4)));
    }
    keep_whole(&mut table, &[0, 2, 3, 4]);
    format!("{}\n{next}", table.trim_fmt())
}
