//! Indexes, the constraints on them, and what else is put on the filled shadow.

use super::{Subject, respell};
use crate::catalog::{Constraint, ConstraintKind, Index, Label, TableDescription};
use crate::error::{Error, Result};
use crate::names::{QualifiedName, ident, literal};

/// The helper index for keys whose own index is not a btree; gone before the cutover.
pub const HELPER: &str = "repackd_key";

/// The statements that build one index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The index's name.
    pub name: String,
    /// Run in order, in one transaction, as the owner.
    pub statements: Vec<String>,
    /// Those with a higher one are built after all with a lower one: ATTACH PARTITION takes the older
    /// of two equal indexes.
    pub turn: i64,
}

/// How to build each index on the shadow; the key's index comes first.
pub fn builds(subject: &Subject) -> Result<Vec<Build>> {
    let description = &subject.description;
    let mut builds = Vec::new();
    if !subject.key.btree {
        let columns: Vec<_> = subject.key.columns.iter().map(|c| ident(&c.name)).collect();
        builds.push(Build {
            name: HELPER.to_owned(),
            statements: vec![format!(
                "CREATE INDEX {} ON {} USING btree ({})",
                ident(HELPER),
                subject.shadow().sql(),
                columns.join(", ")
            )],
            turn: 0,
        });
    }
    let (key, rest): (Vec<_>, Vec<_>) =
        description.indexes.iter().partition(|i| i.name == subject.key.index);
    for index in key.into_iter().chain(rest) {
        let statements = build(description, &subject.shadow(), index)?;
        builds.push(Build { name: index.name.clone(), statements, turn: index.turn });
    }
    Ok(builds)
}

/// How to build one index of what is described on its copy at `place`.
pub fn build(
    description: &TableDescription,
    place: &QualifiedName,
    index: &Index,
) -> Result<Vec<String>> {
    let shadow = place.sql();
    let name = ident(&index.name);
    let constraint =
        description.constraints.iter().find(|c| c.index.as_deref() == Some(&index.name));
    // ALTER TABLE … ADD CONSTRAINT has no place for the tablespace of an EXCLUDE written by
    // pg_get_constraintdef, so the setting carries it for all.
    let tablespace = index.tablespace.as_deref().unwrap_or("");
    let mut statements = vec![format!("SET LOCAL default_tablespace = {}", literal(tablespace))];
    match constraint {
        Some(c) if c.kind == ConstraintKind::Exclusion || c.period => statements.push(format!(
            "ALTER TABLE {shadow} ADD CONSTRAINT {} {}",
            ident(&c.name),
            c.definition
        )),
        _ => {
            let tail = index.tail().ok_or_else(|| {
                Error::Other(format!(
                    "cannot read the definition of index {name}: {}",
                    index.definition
                ))
            })?;
            let unique = if index.unique { "UNIQUE " } else { "" };
            statements.push(format!("CREATE {unique}INDEX {name} ON {shadow} {tail}"));
        }
    }
    let qualified = format!("{}.{name}", ident(&place.schema));
    for target in &index.statistics {
        statements.push(format!(
            "ALTER INDEX {qualified} ALTER COLUMN {} SET STATISTICS {}",
            target.column, target.target
        ));
    }
    if let Some(comment) = &index.comment {
        statements.push(format!("COMMENT ON INDEX {qualified} IS {}", literal(comment)));
    }
    Ok(respell::all(statements))
}

fn deferral(c: &Constraint) -> &'static str {
    match (c.deferrable, c.deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        _ => "",
    }
}

/// Whether the index comes with its constraint, whose ACCESS EXCLUSIVE lock no other build can
/// hold out beside.
pub fn is_alone(subject: &Subject, name: &str) -> bool {
    let mut constraints = subject.description.constraints.iter();
    constraints.any(|c| {
        c.index.as_deref() == Some(name) && (c.kind == ConstraintKind::Exclusion || c.period)
    })
}

/// Constraints on the indexes that are there, marks on them, statistics objects, comments and security labels.
/// Run once all indexes are there.
pub fn finish(description: &TableDescription, place: &QualifiedName) -> Result<Vec<String>> {
    let shadow = place.sql();
    let mut statements = Vec::new();
    for c in &description.constraints {
        let kind = match c.kind {
            ConstraintKind::Primary if !c.period => "PRIMARY KEY",
            ConstraintKind::Unique if !c.period => "UNIQUE",
            _ => continue,
        };
        let Some(index) = &c.index else { continue };
        statements.push(format!(
            "ALTER TABLE {shadow} ADD CONSTRAINT {} {kind} USING INDEX {}{}",
            ident(&c.name),
            ident(index),
            deferral(c)
        ));
    }
    for index in &description.indexes {
        if index.clustered {
            statements.push(format!("ALTER TABLE {shadow} CLUSTER ON {}", ident(&index.name)));
        }
        if index.replica_identity {
            statements.push(format!(
                "ALTER TABLE {shadow} REPLICA IDENTITY USING INDEX {}",
                ident(&index.name)
            ));
        }
    }
    match description.relation.replica_identity.as_str() {
        "f" => statements.push(format!("ALTER TABLE {shadow} REPLICA IDENTITY FULL")),
        "n" => statements.push(format!("ALTER TABLE {shadow} REPLICA IDENTITY NOTHING")),
        _ => {}
    }
    statements.extend(statistics(description, place)?);
    statements.extend(comments(description, place));
    Ok(respell::all(statements))
}

fn statistics(description: &TableDescription, place: &QualifiedName) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    for object in &description.statistics {
        let name = format!("{}.{}", ident(&place.schema), ident(&object.name));
        let middle = object.middle().ok_or_else(|| {
            Error::Other(format!(
                "cannot read the definition of statistics {}: {}",
                object.name, object.definition
            ))
        })?;
        statements.push(format!("CREATE STATISTICS {name}{middle} FROM {}", place.sql()));
        if let Some(target) = object.target {
            statements.push(format!("ALTER STATISTICS {name} SET STATISTICS {target}"));
        }
        if let Some(comment) = &object.comment {
            statements.push(format!("COMMENT ON STATISTICS {name} IS {}", literal(comment)));
        }
    }
    Ok(respell::all(statements))
}

fn comments(description: &TableDescription, place: &QualifiedName) -> Vec<String> {
    let shadow = place.sql();
    let kind = if description.relation.kind == "m" { "MATERIALIZED VIEW" } else { "TABLE" };
    let mut statements = Vec::new();
    let mut say = |what: String, comment: &Option<String>, labels: &[Label]| {
        if let Some(text) = comment {
            statements.push(format!("COMMENT ON {what} IS {}", literal(text)));
        }
        for (provider, label) in labels {
            let (provider, label) = (ident(provider), literal(label));
            statements.push(format!("SECURITY LABEL FOR {provider} ON {what} IS {label}"));
        }
    };
    let relation = &description.relation;
    say(format!("{kind} {shadow}"), &relation.comment, &relation.labels);
    for c in &description.columns {
        say(format!("COLUMN {shadow}.{}", ident(&c.name)), &c.comment, &c.labels);
    }
    for c in description.constraints.iter().filter(|c| !c.is_late()) {
        say(format!("CONSTRAINT {} ON {shadow}", ident(&c.name)), &c.comment, &[]);
    }
    for s in description.sequences.iter().filter(|s| s.identity) {
        let name = format!("{}.{}", ident(&place.schema), ident(&s.name));
        say(format!("SEQUENCE {name}"), &s.comment, &s.labels);
    }
    statements
}
