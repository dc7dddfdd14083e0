//! The text of a plan.

use super::grid::{grid, sizes_row};
use super::units::{size, wrap};
use crate::engine::Plan;

/// A plan as people read it, within `width` columns where words allow.
pub fn render(plan: &Plan, width: usize) -> String {
    let mut text = String::new();
    let mut line = |lead: &str, content: &str| {
        let lead = format!("  {lead:<9} ");
        text.push_str(&lead);
        text.push_str(&wrap(content, width, lead.chars().count()));
        text.push('\n');
    };
    if plan.reasons.is_empty() {
        line("key", plan.key.as_deref().unwrap_or("none"));
        if let Some(expected) = plan.expected_bytes {
            let saved = super::units::saved(plan.before.total(), expected);
            line("expected", &format!("{} afterwards, {saved} less", size(expected)));
        }
        line("space", &format!("{} more while it works", size(plan.extra_bytes)));
        for warning in &plan.warnings {
            line("warning", warning);
        }
    } else {
        for reason in &plan.reasons {
            line("because", reason);
        }
    }
    let verdict = match plan.reasons.is_empty() {
        true => "can be repacked",
        false => "cannot be repacked",
    };
    let mut sizes = grid(&["", "heap", "indexes", "TOAST", "total"], width);
    sizes_row(&mut sizes, "now", &plan.before);
    let mut text = format!("{} {verdict}\n{}\n{text}", plan.table, sizes.trim_fmt());
    if plan.reasons.is_empty() {
        text.push_str("\nphases, and the locks they take\n");
        for phase in &plan.phases {
            let lead = format!("  {:<9} ", phase.phase.name());
            text.push_str(&format!("{lead}{}\n", wrap(&phase.what, width, lead.len())));
            if !phase.locks.is_empty() {
                let locks = format!("locks: {}", phase.locks);
                let indent = " ".repeat(lead.len());
                text.push_str(&format!("{indent}{}\n", wrap(&locks, width, lead.len())));
            }
        }
        text.push_str("\nthe cutover, in SQL\n");
        for statement in &plan.cutover_sql {
            let end = if statement.trim_end().ends_with(';') { "" } else { ";" };
            text.push_str(&format!("  {}{end}\n", statement.trim_end().replace('\n', "\n  ")));
        }
    }
    text
}
