//! Materialized views: there is no CREATE OR REPLACE for them, so each is built a second time ahead
//! of the exchange, in the run's schema and from the shadow, and the two are exchanged.
//!
//! The shadow has the table's name, and a new materialized view that of the old one. A definition
//! printed while their schemas are in the search path calls them by these names alone, and means the
//! new ones when it is read with the run's schema in front of that path.

use super::script::Script;
use super::{Subject, grants, indexes, options, schemas, shadow};
use crate::catalog::{Matview, TableDescription};
use crate::error::Result;
use crate::names::{QualifiedName, ident, literal};
use crate::pg::settings;
use std::collections::BTreeSet;

/// Where the new one is built.
pub fn place(subject: &Subject, view: &Matview) -> QualifiedName {
    QualifiedName::new(&subject.names.new, &view.description.relation.name)
}

/// Sets the search path until the transaction's end.
pub fn path(schemas: &[&str]) -> String {
    match schemas {
        [] => "SET LOCAL search_path = ''".to_owned(),
        _ => {
            let list: Vec<_> = schemas.iter().map(|s| ident(s)).collect();
            format!("SET LOCAL search_path = {}", list.join(", "))
        }
    }
}

/// The schemas that have to be in the path so that the table and the materialized views over it are
/// printed by their names alone.
pub fn printing_path<'a>(subject: &'a Subject, views: &[&'a Matview]) -> Vec<&'a str> {
    let mut path = vec![subject.table.schema.as_str()];
    for view in views {
        let schema = view.description.relation.schema.as_str();
        if !path.contains(&schema) {
            path.push(schema);
        }
    }
    path
}

/// Creates one, without data, from its definition printed along `path`. It begins and ends as the
/// table's owner.
pub fn create(subject: &Subject, view: &Matview, definition: &str, path: &[&str]) -> Vec<String> {
    let relation = &view.description.relation;
    let name = place(subject, view).sql();
    let mut inside = vec![subject.names.new.as_str()];
    inside.extend(path);
    let owner = view.owner();
    let mut script = Script::new(&subject.description.relation.owner);
    // An index of the one before may have set it.
    script.run(owner, "SET LOCAL default_tablespace = ''");
    script.run(owner, self::path(&inside));
    script.run(
        owner,
        format!(
            "CREATE MATERIALIZED VIEW {name} USING heap{}{} AS {} WITH NO DATA",
            options::with_clause(relation),
            shadow::tablespace(relation),
            definition.trim().trim_end_matches(';')
        ),
    );
    script.run(owner, self::path(&[]));
    script.run(owner, schemas::seal("TABLE", &name));
    script.run(owner, format!("GRANT ALL ON TABLE {name} TO {}", ident(owner)));
    script.run(owner, options::quiet(&name));
    for statement in shadow::settings(&view.description, &name) {
        script.run(owner, statement);
    }
    script.finish()
}

/// What a session of repackd has set, and what the values in a materialized view may depend on.
/// They are filled as a session of the login role would that has set nothing.
const AS_ANYBODY: &[&str] = &[
    "search_path",
    "row_security",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "xmloption",
];

/// Fills it with what it sees now.
pub fn fill(subject: &Subject, view: &Matview) -> Vec<String> {
    let owner = view.owner();
    let mut script = Script::new(&subject.description.relation.owner);
    for setting in AS_ANYBODY {
        script.run(owner, format!("SET LOCAL {setting} TO DEFAULT"));
    }
    script.run(owner, format!("REFRESH MATERIALIZED VIEW {}", place(subject, view).sql()));
    for setting in AS_ANYBODY {
        let ours = literal(settings::ours(setting));
        script.run(owner, format!("SET LOCAL {setting} = {ours}"));
    }
    script.finish()
}

/// Indexes, marks, statistics objects and comments.
pub fn dress(subject: &Subject, view: &Matview) -> Result<Vec<String>> {
    let place = place(subject, view);
    let mut script = Script::new(&subject.description.relation.owner);
    let mut statements = Vec::new();
    for index in &view.description.indexes {
        statements.extend(indexes::build(&view.description, &place, index)?);
    }
    statements.extend(indexes::finish(&view.description, &place)?);
    for statement in statements {
        script.run(view.owner(), statement);
    }
    Ok(script.finish())
}

/// Everybody who owns one, but for the table's owner, who owns the run's schemas.
pub fn owners<'a>(subject: &Subject, views: impl IntoIterator<Item = &'a Matview>) -> Vec<&'a str> {
    let owners: BTreeSet<&str> = views.into_iter().map(Matview::owner).collect();
    owners.into_iter().filter(|o| *o != subject.description.relation.owner).collect()
}

/// Lets `roles` build in the run's schema, and looks to it that they can find what they built there
/// later on.
pub fn admit(subject: &Subject, roles: &[&str]) -> Vec<String> {
    let schema = ident(&subject.names.new);
    roles
        .iter()
        .map(|r| format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {}", ident(r)))
        .collect()
}

/// Nobody but the table's owner creates anything there from here on.
pub fn shut(subject: &Subject, roles: &[&str]) -> Vec<String> {
    let schema = ident(&subject.names.new);
    roles.iter().map(|r| format!("REVOKE CREATE ON SCHEMA {schema} FROM {}", ident(r))).collect()
}

/// The old ones out of their places, and off the table what would keep them from being dropped.
pub fn off<'a>(script: &mut Script<'a>, subject: &Subject, table: &'a TableDescription) {
    let views = &table.attached.matviews;
    let old = ident(&subject.names.old);
    for role in owners(subject, views) {
        script.owner(format!("GRANT USAGE, CREATE ON SCHEMA {old} TO {}", ident(role)));
    }
    for view in views {
        let (rules, policies) =
            (&view.description.attached.rules, &view.description.attached.policies);
        for rule in rules.iter().filter(|r| r.relation == table.name()) {
            let (rule, table) = (ident(&rule.name), rule.relation.sql());
            script.owner(format!("DROP RULE IF EXISTS {rule} ON {table}"));
        }
        for policy in policies.iter().filter(|p| p.table == table.name()) {
            let (policy, table) = (ident(&policy.name), policy.table.sql());
            script.owner(format!("DROP POLICY IF EXISTS {policy} ON {table}"));
        }
        for s in &view.description.statistics {
            let name = QualifiedName::new(&s.schema, &s.name);
            script.run(&s.owner, format!("DROP STATISTICS {}", name.sql()));
        }
        let out = format!("ALTER MATERIALIZED VIEW {} SET SCHEMA {old}", view.name().sql());
        script.able(view.owner(), view.able, out);
    }
}

/// What waits for the exchange: privileges, and the storage parameters.
fn last<'a>(script: &mut Script<'a>, subject: &Subject, view: &'a Matview) {
    let (owner, description) = (view.owner(), &view.description);
    let place = place(subject, view).sql();
    let admit = grants::admit(description, &subject.description.relation.owner, &subject.names.new);
    script.owned(admit);
    for statement in grants::given(description, &place, &subject.names.new) {
        script.run(owner, statement);
    }
    script.run(owner, options::restore(&description.relation, &place));
}

/// The same by itself.
pub fn rehearse(subject: &Subject, view: &Matview) -> Vec<String> {
    let mut script = Script::new(&subject.description.relation.owner);
    last(&mut script, subject, view);
    script.finish()
}

/// The new ones in.
pub fn on<'a>(script: &mut Script<'a>, subject: &Subject, table: &'a TableDescription) {
    let views = &table.attached.matviews;
    let (new, old) = (ident(&subject.names.new), ident(&subject.names.old));
    for view in views {
        let (owner, description) = (view.owner(), &view.description);
        let place = place(subject, view).sql();
        last(script, subject, view);
        let schema = ident(&description.relation.schema);
        let into = format!("ALTER MATERIALIZED VIEW {place} SET SCHEMA {schema}");
        script.able(owner, view.able, into);
        for s in &description.statistics {
            let (name, schema) = (ident(&s.name), ident(&s.schema));
            let into = format!("ALTER STATISTICS {new}.{name} SET SCHEMA {schema}");
            script.able(owner, view.able, into);
            if s.owner != owner {
                let give = format!("ALTER STATISTICS {schema}.{name} OWNER TO {}", ident(&s.owner));
                script.login(give);
            }
        }
    }
    for role in owners(subject, views) {
        script.owner(format!("REVOKE CREATE ON SCHEMA {old} FROM {}", ident(role)));
    }
}
