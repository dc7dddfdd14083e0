//! Parents and children: the old table leaves them, the new one joins them.
//!
//! A column that comes to have no parent becomes the table's own for good, which a dump shows. So a
//! shadow that shall inherit is created below a stand-in, an empty table in the run's own schema with
//! all its columns in their order; it joins the parents first and leaves the stand-in last. Children
//! join the new table before they leave the old one. ATTACH PARTITION makes columns inherited again
//! by itself.

use super::script::Script;
use super::{Subject, attached::foreign_keys};
use crate::catalog::{Column, Constraint, ConstraintKind, Relative, TableDescription};
use crate::names::{QualifiedName, ident};

/// The stand-in parent: whatever the shadow is to inherit.
pub fn stand_in(subject: &Subject) -> Option<String> {
    let description = &subject.description;
    if !description.family.inherits() {
        return None;
    }
    let mut parts: Vec<String> = description.columns.iter().map(column).collect();
    for c in description.constraints.iter().filter(|c| c.inherited > 0 && !c.is_late()) {
        if matches!(c.kind, ConstraintKind::Check | ConstraintKind::NotNull) {
            parts.push(format!("CONSTRAINT {} {}", ident(&c.name), c.definition));
        }
    }
    let name = subject.names.stand_in();
    Some(format!("CREATE TABLE {name} (\n  {}\n) USING heap", parts.join(",\n  ")))
}

fn column(column: &Column) -> String {
    let mut text = format!("{} {}", ident(&column.name), column.r#type);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    // The shadow has it from here: a child may not say it again before PostgreSQL 16.
    text.push_str(&generated(column));
    text
}

/// ` GENERATED ALWAYS AS …`, or nothing.
pub fn generated(column: &Column) -> String {
    let how = if column.generated == "v" { "VIRTUAL" } else { "STORED" };
    let clause = |e: &String| format!(" GENERATED ALWAYS AS ({e}) {how}");
    column.expression.as_ref().map(clause).unwrap_or_default()
}

/// A CHECK that says of the shadow what its bound will, so that ATTACH PARTITION need not look.
pub fn bound_check(subject: &Subject) -> Option<String> {
    let constraint = subject.description.family.constraint.as_ref()?;
    Some(format!("CONSTRAINT {} CHECK ({constraint})", ident(&subject.names.bound_check())))
}

/// Runs a statement about two tables: as their owner, or in the place of both owners.
fn both<'a>(script: &mut Script<'a>, now: &TableDescription, other: &Relative, statement: String) {
    if other.owner == now.relation.owner {
        script.owner(statement);
    } else {
        script.login(statement);
    }
}

/// The old table, which still has its name, leaves its parents.
pub fn leave<'a>(script: &mut Script<'a>, now: &'a TableDescription) {
    let table = now.name().sql();
    for parent in &now.family.parents {
        let name = parent.name.sql();
        let statement = match now.family.bound {
            Some(_) => format!("ALTER TABLE {name} DETACH PARTITION {table}"),
            None => format!("ALTER TABLE {table} NO INHERIT {name}"),
        };
        both(script, now, parent, statement);
    }
    // It has kept a foreign key of its own for each that was its parent's.
    foreign_keys::off(
        script,
        now.attached.foreign_keys.iter().filter(|k| k.inherited && !k.of_parent),
    );
}

/// The new table, which has the name by now, joins them.
pub fn join<'a>(script: &mut Script<'a>, subject: &Subject, now: &'a TableDescription) {
    let table = now.name().sql();
    // Whatever ATTACH PARTITION finds an equal of it does not make anew, under another name.
    foreign_keys::on(
        script,
        now.attached.foreign_keys.iter().filter(|k| k.inherited && !k.of_parent),
    );
    for parent in &now.family.parents {
        let name = parent.name.sql();
        let statement = match &now.family.bound {
            Some(bound) => format!("ALTER TABLE {name} ATTACH PARTITION {table} {bound}"),
            None => format!("ALTER TABLE {table} INHERIT {name}"),
        };
        both(script, now, parent, statement);
    }
    if now.family.inherits() {
        script.owner(format!("ALTER TABLE {table} NO INHERIT {}", subject.names.stand_in()));
    }
    if now.family.constraint.is_some() {
        let check = ident(&subject.names.bound_check());
        script.owner(format!("ALTER TABLE {table} DROP CONSTRAINT {check}"));
    }
    // ATTACH PARTITION takes every constraint that the parent has, too, for the parent's alone.
    let both_have = |c: &&Constraint| {
        now.family.bound.is_some()
            && c.kind == ConstraintKind::NotNull
            && c.local
            && c.inherited > 0
    };
    for column in now.constraints.iter().filter(both_have).filter_map(|c| c.column.as_ref()) {
        let column = ident(column);
        script.owner(format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"));
    }
    let old = QualifiedName::new(&subject.names.old, &subject.table.name).sql();
    for child in &now.family.children {
        let name = child.name.sql();
        both(script, now, child, format!("ALTER TABLE {name} INHERIT {table}"));
        both(script, now, child, format!("ALTER TABLE {name} NO INHERIT {old}"));
    }
}
