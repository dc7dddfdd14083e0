//! What is printed at the end: tables of figures.

use super::grid::{grid, keep_whole, right, sizes_row};
use super::units::{count, plural, saved, seconds, size, together, wrap};
use crate::job::{Ending, Figures, Report};

/// What was done to tables: each one's figures, then all of them in short.
pub fn render(reports: &[Report], connections: bool, width: usize) -> String {
    let mut text = String::new();
    for report in reports.iter().filter(|r| r.figures != Figures::default()) {
        text.push_str(&one(report, width));
        if reports.len() > 1 {
            text.push('\n');
        }
    }
    match reports {
        [only] if only.figures == Figures::default() && only.error.is_none() => {
            text.push_str(&format!("{} {}\n", only.table, ending(only)));
            if let Some(state) = &only.state {
                text.push_str(&format!("  {}\n", wrap(state, width, 2)));
            }
        }
        [_, _, ..] => text.push_str(&overview(reports, connections, width)),
        _ => {}
    }
    text
}

/// The figures of one table.
fn one(report: &Report, width: usize) -> String {
    let figures = &report.figures;
    let mut sizes = grid(&["", "heap", "indexes", "TOAST", "total"], width);
    sizes_row(&mut sizes, "before", &figures.before);
    if let Some(after) = &figures.after {
        sizes_row(&mut sizes, "after", after);
        let before = &figures.before;
        sizes.add_row([
            "saved".to_owned(),
            saved(before.heap, after.heap),
            saved(before.indexes, after.indexes),
            saved(before.toast, after.toast),
            saved(before.total(), after.total()),
        ]);
    }
    let total: f64 = figures.seconds.values().sum();
    let after = if report.ending == Ending::Done { "in" } else { "after" };
    let mut text = format!("{} {} {after} {}\n", report.table, ending(report), seconds(total));
    text.push_str(&format!("{}\n", sizes.trim_fmt()));
    let mut line = |name: &str, content: String| {
        let content = wrap(&content, width, 11);
        text.push_str(&format!("  {name:<8} {content}\n"));
    };
    let phases: Vec<_> = figures
        .seconds
        .iter()
        .map(|(phase, s)| together(&format!("{phase} {}", seconds(*s))))
        .collect();
    if !phases.is_empty() {
        line("time", phases.join(", "));
    }
    if !figures.held.is_empty() {
        let held = figures.held.iter().map(|(by, s)| together(&format!("{by} {}", seconds(*s))));
        line("held", held.collect::<Vec<_>>().join(", "));
    }
    let mut rows = vec![
        format!("{} copied", count(figures.rows_copied)),
        format!("{} replayed", count(figures.rows_replayed)),
    ];
    rows.extend(figures.rows_verified.map(|n| format!("{} verified", count(n))));
    line("rows", rows.join(", "));
    if figures.attempts > 0 {
        let attempts = plural(figures.attempts.into(), "attempt");
        let wait = figures.longest_wait_ms;
        line("cutover", format!("{attempts}; nobody can have waited longer than {wait:.1} ms"));
    }
    for note in &figures.notes {
        line("note", note.clone());
    }
    // With an error these two were said along with it.
    if report.error.is_none() {
        if let Some(state) = &report.state {
            line("state", state.clone());
        }
        if let Some(next) = &report.next {
            line("next", next.clone());
        }
    }
    text
}

/// One row for each table.
fn overview(reports: &[Report], connections: bool, width: usize) -> String {
    let mut table = grid(&["table", "", "before", "after", "saved", "time"], width);
    for report in reports {
        let figures = &report.figures;
        let begun = *figures != Figures::default();
        let name = match connections {
            true => format!("{} {}", report.connection, report.table),
            false => report.table.clone(),
        };
        let (before, after) = (figures.before.total(), figures.after.map(|a| a.total()));
        let total: f64 = figures.seconds.values().sum();
        table.add_row([
            name,
            ending(report),
            if begun { size(before) } else { String::new() },
            after.map(size).unwrap_or_default(),
            after.map(|after| saved(before, after)).unwrap_or_default(),
            if begun { seconds(total) } else { String::new() },
        ]);
    }
    right(&mut table, 2..);
    keep_whole(&mut table, &[0, 2, 3, 4, 5]);
    format!("{}\n", table.trim_fmt())
}

/// How it ended, in words.
fn ending(report: &Report) -> String {
    let phase = report.phase;
    match report.ending {
        Ending::Done => "repacked".into(),
        Ending::Prepared => "prepared".into(),
        Ending::Aborted => "given up, nothing left".into(),
        Ending::Refused => "refused".into(),
        Ending::Busy => "busy".into(),
        Ending::Failed => format!("failed in {phase}"),
        Ending::Interrupted => format!("interrupted in {phase}"),
    }
}
