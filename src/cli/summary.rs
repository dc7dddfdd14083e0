//! What is printed at the end: tables of figures.

use super::runs::label;
use super::units::{count, plural, saved, seconds, size, together, wrap};
use crate::catalog::lookup::Sizes;
use crate::engine::RunStatus;
use crate::job::{Ending, Figures, Report};
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle,
};
use comfy_table::{Table, TableStyle};

/// Lines between columns and below the heads, as psql draws them.
const LIKE_PSQL: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// An empty table with these heads, its figures to the right.
pub fn grid(heads: &[&str], width: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(LIKE_PSQL)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(heads);
    table
}

fn right(table: &mut Table, columns: std::ops::RangeFrom<usize>) {
    for column in table.column_iter_mut().skip(columns.start) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// Keeps what is in these columns on one line, however narrow the terminal.
fn keep_whole(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Adds sizes under the heads heap, indexes, TOAST and total.
pub fn sizes_row(table: &mut Table, name: &str, sizes: &Sizes) {
    let all = [sizes.heap, sizes.indexes, sizes.toast, sizes.total()].map(size);
    table.add_row(std::iter::once(name.to_owned()).chain(all));
    right(table, 1..);
}

/// What was done to tables: each one's figures, then all of them in short.
pub fn render(reports: &[Report], connections: bool, width: usize) -> String {
    let mut text = String::new();
    for report in reports.iter().filter(|r| r.figures != Figures::default()) {
        text.push_str(&one(report, width));
        text.push('\n');
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

/// What earlier runs left.
pub fn runs(runs: &[(String, RunStatus)], connections: bool, width: usize) -> String {
    if runs.is_empty() {
        return "nothing left behind\n".into();
    }
    let heads = ["table", "phase", "copied", "log rows", "shadow", "last written", "owner"];
    let mut table = grid(&heads, width);
    let mut next = String::new();
    for (connection, run) in runs {
        let name = label(run);
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
        table.add_row([
            if connections { format!("{connection} {name}") } else { name.clone() },
            phase,
            copied,
            run.log_rows.map(count).unwrap_or_default(),
            run.shadow_bytes.map(size).unwrap_or_default(),
            run.updated.clone().or_else(|| run.started.clone()).unwrap_or_default(),
            run.owner.clone(),
        ]);
        let advice = match run {
            RunStatus { problem: Some(problem), .. } => format!("{name}: {problem}"),
            RunStatus { running: true, .. } => continue,
            RunStatus { table: None, cleanup_only: true, .. } => {
                format!("{name}: `repackd cleanup` finishes it; its table has its new form already")
            }
            RunStatus { table: None, .. } => format!("{name}: `repackd cleanup` removes it"),
            RunStatus { cleanup_only: true, .. } => {
                format!("{name}: `repackd resume {name}` finishes it; the new table is live")
            }
            _ => format!(
                "{name}: `repackd resume {name}` goes on, `repackd abort {name}` gives it up"
            ),
        };
        next.push_str(&format!("  {}\n", wrap(&advice, width, 4)));
    }
    keep_whole(&mut table, &[0]);
    format!("{}\n{next}", table.trim_fmt())
}
