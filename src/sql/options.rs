//! Storage parameters: kept in order, with autovacuum held off the shadow until the cutover.

use crate::catalog::table::Relation;
use crate::names::{ident, literal};

/// `a = '1', b = '2'` from the `{a=1,b=2}` of the catalog, each name with a prefix.
pub fn list(options: &[String], prefix: &str) -> String {
    let item = |option: &String| {
        let (name, value) = option.split_once('=').unwrap_or((option, "true"));
        format!("{prefix}{} = {}", ident(name), literal(value))
    };
    options.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// The WITH clause for creating the shadow.
pub fn with_clause(relation: &Relation) -> String {
    let all = both(relation);
    if all.is_empty() { String::new() } else { format!(" WITH ({all})") }
}

/// Holds autovacuum off: it would take a lock that the exchange needs, at a moment of its choice.
pub fn quiet(shadow: &str) -> String {
    format!(
        "ALTER TABLE {shadow} SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)"
    )
}

/// Puts the options exactly as they were, in their order, which `pg_dump` shows.
pub fn restore(relation: &Relation, table: &str) -> String {
    let reset = names(&relation.reloptions, "autovacuum_enabled", "")
        + ", "
        + &names(&relation.toast_reloptions, "autovacuum_enabled", "toast.");
    let set = both(relation);
    let set = if set.is_empty() { set } else { format!(", SET ({set})") };
    format!("ALTER TABLE {table} RESET ({reset}){set}")
}

/// Row security, which would hide rows from the copy if it were on before.
pub fn row_security(relation: &Relation, table: &str) -> Vec<String> {
    let mut statements = Vec::new();
    if relation.row_security {
        statements.push(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
    }
    if relation.force_row_security {
        statements.push(format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"));
    }
    statements
}

fn both(relation: &Relation) -> String {
    let parts = [list(&relation.reloptions, ""), list(&relation.toast_reloptions, "toast.")];
    parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(", ")
}

fn names(options: &[String], also: &str, prefix: &str) -> String {
    let mut names: Vec<&str> =
        options.iter().map(|o| o.split_once('=').map_or(o.as_str(), |(n, _)| n)).collect();
    if !names.contains(&also) {
        names.push(also);
    }
    names.iter().map(|n| format!("{prefix}{}", ident(n))).collect::<Vec<_>>().join(", ")
}
