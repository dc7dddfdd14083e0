//! The shadow: an empty table with the columns, defaults and checks of the original.
//!
//! Written out column by column, apart from what it inherits ([`family`]). `LIKE` would validate NOT VALID checks, rename constraints and
//! make identity sequences with default options.

use super::{Subject, family, options, respell};
use crate::catalog::{Column, ConstraintKind, Sequence, TableDescription, table::Relation};
use crate::names::{RunNames, ident};

/// Creates the shadow, and whatever else of its columns takes statements of their own. Run as the
/// owner.
pub fn create(subject: &Subject) -> Vec<String> {
    let description = &subject.description;
    let relation = &description.relation;
    let shadow = subject.shadow().sql();
    let inherits = description.family.inherits();
    // Columns that are only inherited come from the stand-in.
    let listed = description.columns.iter().filter(|c| !inherits || c.local);
    let mut parts: Vec<String> = listed.map(|c| column(subject, c)).collect();
    for constraint in &description.constraints {
        let inline = matches!(constraint.kind, ConstraintKind::Check | ConstraintKind::NotNull);
        // Rows that break a NOT VALID constraint must be copied all the same: see `late`.
        if inline && !constraint.is_late() && (!inherits || constraint.local) {
            parts.push(format!("CONSTRAINT {} {}", ident(&constraint.name), constraint.definition));
        }
    }
    parts.extend(family::bound_check(subject));
    let below =
        if inherits { format!(" INHERITS ({})", subject.names.stand_in()) } else { String::new() };
    let unlogged = if relation.persistence == "u" { "UNLOGGED " } else { "" };
    let mut statements: Vec<String> = family::stand_in(subject).into_iter().collect();
    statements.extend([
        format!(
            "CREATE {unlogged}TABLE {shadow} (\n  {}\n){below} USING heap{}{}",
            parts.join(",\n  "),
            options::with_clause(relation),
            tablespace(relation),
        ),
        super::schemas::seal("TABLE", &shadow),
        format!("GRANT ALL ON TABLE {shadow} TO {}", subject.owner()),
        options::quiet(&shadow),
    ]);
    if inherits {
        statements.extend(
            description.columns.iter().filter(|c| !c.local).flat_map(|c| inherited(subject, c)),
        );
    }
    statements.extend(settings(description, &shadow));
    respell::all(statements)
}

/// What an inherited column has of its own: its default and NOT NULL.
fn inherited(subject: &Subject, column: &Column) -> Vec<String> {
    let alter =
        format!("ALTER TABLE {} ALTER COLUMN {}", subject.shadow().sql(), ident(&column.name));
    let mut statements = Vec::new();
    if let Some(default) = &column.default
        && !is_late(&subject.description, column)
    {
        statements.push(format!("{alter} SET DEFAULT {default}"));
    }
    if column.not_null && !has_named_not_null(&subject.description, column) {
        statements.push(format!("{alter} SET NOT NULL"));
    }
    statements
}

/// The TABLESPACE clause.
pub fn tablespace(relation: &Relation) -> String {
    let name = relation.tablespace.as_ref();
    name.map(|t| format!(" TABLESPACE {}", ident(t))).unwrap_or_default()
}

/// What columns are set to by statements of their own.
pub fn settings(description: &TableDescription, table: &str) -> Vec<String> {
    description.columns.iter().flat_map(|c| column_settings(table, c)).collect()
}

/// The constraints that old rows need not satisfy. They are added when no row will be copied any
/// more; an inherited one reaches the table from its stand-in parent.
pub fn late(description: &TableDescription, table: &str, names: &RunNames) -> Vec<String> {
    let inherits = description.family.inherits();
    let mut statements = Vec::new();
    for c in description.constraints.iter().filter(|c| c.is_late()) {
        let add = |table: &str| {
            format!("ALTER TABLE {table} ADD CONSTRAINT {} {}", ident(&c.name), c.definition)
        };
        if !inherits || c.local {
            statements.push(add(table));
        }
        if inherits && c.inherited > 0 {
            statements.push(add(&names.stand_in()));
        }
    }
    respell::all(statements)
}

/// Whether a default has to wait for the exchange: one that may use a sequence which belongs to the
/// table. While the shadow used it, the table could not be dropped without CASCADE.
fn is_late(description: &TableDescription, column: &Column) -> bool {
    let serial = description.serials().next().is_some();
    serial && column.default.as_ref().is_some_and(|d| d.contains("nextval("))
}

/// The defaults that had to wait.
pub fn late_defaults(description: &TableDescription, table: &str) -> Vec<String> {
    let late = description.columns.iter().filter(|c| is_late(description, c));
    let statements = late.filter_map(|c| {
        let default = c.default.as_ref()?;
        Some(format!("ALTER TABLE {table} ALTER COLUMN {} SET DEFAULT {default}", ident(&c.name)))
    });
    respell::all(statements.collect())
}

fn column(subject: &Subject, column: &Column) -> String {
    let mut text = format!("{} {}", ident(&column.name), column.r#type);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &column.default
        && !is_late(&subject.description, column)
    {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if !subject.description.family.inherits() {
        text.push_str(&family::generated(column));
    }
    // That of a partition without a sequence of its own is its parent's, and comes with ATTACH.
    let owned = |s: &&Sequence| s.identity && s.column == column.name;
    if let Some(sequence) = subject.description.sequences.iter().find(owned) {
        let when = if column.identity == "a" { "ALWAYS" } else { "BY DEFAULT" };
        let options = sequence_options(&subject.names.new, sequence);
        text.push_str(&format!(" GENERATED {when} AS IDENTITY ({options})"));
    }
    if column.not_null && !has_named_not_null(&subject.description, column) {
        text.push_str(" NOT NULL");
    }
    text
}

/// From PostgreSQL 18 on a NOT NULL is a constraint with a name and is written as such.
fn has_named_not_null(description: &TableDescription, column: &Column) -> bool {
    description
        .constraints
        .iter()
        .any(|c| c.kind == ConstraintKind::NotNull && c.column.as_deref() == Some(&column.name))
}

fn sequence_options(schema: &str, s: &Sequence) -> String {
    format!(
        "SEQUENCE NAME {}.{} START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {} {}CYCLE",
        ident(schema),
        ident(&s.name),
        s.start,
        s.increment,
        s.min,
        s.max,
        s.cache,
        if s.cycle { "" } else { "NO " }
    )
}

fn column_settings(shadow: &str, column: &Column) -> Vec<String> {
    let name = ident(&column.name);
    let alter = format!("ALTER TABLE {shadow} ALTER COLUMN {name} SET");
    let mut statements = Vec::new();
    if column.storage != column.type_storage {
        statements.push(format!("{alter} STORAGE {}", storage(&column.storage)));
    }
    match column.compression.as_str() {
        "p" => statements.push(format!("{alter} COMPRESSION pglz")),
        "l" => statements.push(format!("{alter} COMPRESSION lz4")),
        _ => {}
    }
    if let Some(target) = column.statistics {
        statements.push(format!("{alter} STATISTICS {target}"));
    }
    if !column.options.is_empty() {
        statements.push(format!("{alter} ({})", options::list(&column.options, "")));
    }
    statements
}

fn storage(code: &str) -> &'static str {
    match code {
        "p" => "PLAIN",
        "e" => "EXTERNAL",
        "m" => "MAIN",
        _ => "EXTENDED",
    }
}
