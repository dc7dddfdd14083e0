//! What hangs on the table: off the old one, and on the new one.
//!
//! Both halves are part of the exchange. What is taken off is what would reach the old table, or
//! could not be there twice; what else hangs on the old table goes when that is dropped, after the
//! new one was found to have it.

pub mod foreign_keys;
mod functions;
mod policies;
mod publications;
pub mod rehearsal;
mod rules;
mod triggers;
mod views;

use super::script::Script;
use crate::catalog::attached::{Policy, Rule};
use crate::catalog::{Attached, TableDescription};
use crate::names::{QualifiedName, ident, literal};

/// Off the old table, which still has its name.
pub fn off<'a>(script: &mut Script<'a>, table: &'a TableDescription) {
    let attached = &table.attached;
    publications::off(script, &table.name(), &attached.publications);
    foreign_keys::off(script, attached.foreign_keys.iter().filter(|k| !k.inherited));
    triggers::off(script, &attached.triggers);
}

/// What hangs on the table and on the materialized views over it, each thing once. What belongs to
/// the table itself goes before: it is made anew.
pub fn all(table: &TableDescription) -> Attached {
    let mut all = table.attached.clone();
    for view in &table.attached.matviews {
        let more = &view.description.attached;
        for rule in &more.rules {
            let same = |r: &&mut Rule| r.relation == rule.relation && r.name == rule.name;
            match all.rules.iter_mut().find(same) {
                Some(known) => known.able &= rule.able,
                None => all.rules.push(rule.clone()),
            }
        }
        for policy in &more.policies {
            let same = |p: &&mut Policy| p.table == policy.table && p.name == policy.name;
            match all.policies.iter_mut().find(same) {
                Some(known) => known.able &= policy.able,
                None => all.policies.push(policy.clone()),
            }
        }
        for view in &more.views {
            match all.views.iter_mut().find(|v| v.name == view.name) {
                Some(known) => known.able &= view.able,
                None => all.views.push(view.clone()),
            }
        }
        for function in &more.functions {
            match all.functions.iter_mut().find(|f| f.name == function.name) {
                Some(known) => known.able &= function.able,
                None => all.functions.push(function.clone()),
            }
        }
    }
    all
}

/// On the new table, which has the name `table` by now, as have the materialized views. Foreign
/// keys first: from there on nobody could write what they forbid.
pub fn on<'a>(script: &mut Script<'a>, table: &QualifiedName, attached: &'a Attached) {
    // Those of the parent before any of its own that is equal: the server would take that for its part.
    let (parents, others): (Vec<_>, Vec<_>) =
        attached.foreign_keys.iter().filter(|k| !k.inherited).partition(|k| k.of_parent);
    foreign_keys::on(script, parents);
    foreign_keys::on(script, others);
    triggers::on(script, &attached.triggers);
    rules::on(script, &attached.rules);
    policies::on(script, &attached.policies);
    views::on(script, &attached.views);
    functions::on(script, &attached.functions);
    publications::on(script, table, &attached.publications);
}

/// The table as it is to be found right after the exchange: foreign keys are not valid yet.
pub fn expected(table: &TableDescription) -> TableDescription {
    let mut expected = table.clone();
    for key in expected.attached.foreign_keys.iter_mut().filter(|k| k.is_to_validate()) {
        key.validated = false;
        key.definition.push_str(foreign_keys::NOT_VALID);
        for part in key.parts.iter_mut().flatten() {
            part.definition.push_str(foreign_keys::NOT_VALID);
        }
    }
    // What a partition has of one that is taken off its parent.
    let keys = expected.attached.foreign_keys.iter_mut();
    for key in keys.filter(|k| k.inherited && k.of_parent && k.validated && k.enforced) {
        key.validated = false;
        key.definition.push_str(foreign_keys::NOT_VALID);
    }
    expected.attached.sort();
    expected
}

/// A comment on something that belongs to a table.
fn comment(kind: &str, name: &str, table: &QualifiedName, text: &str) -> String {
    format!("COMMENT ON {kind} {} ON {} IS {}", ident(name), table.sql(), literal(text))
}

/// ENABLE, DISABLE, … by the letter in the catalog; `None` for what is so from the start.
fn enabling(letter: &str) -> Option<&'static str> {
    match letter {
        "D" => Some("DISABLE"),
        "R" => Some("ENABLE REPLICA"),
        "A" => Some("ENABLE ALWAYS"),
        _ => None,
    }
}
