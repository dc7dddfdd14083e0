//! The exchange: the statements that put the shadow in the table's place.

use super::script::Script;
use super::{Subject, attached, capture, family, grants, matviews, options, shadow};
use crate::catalog::TableDescription;
use crate::names::{QualifiedName, RunNames, ident, literal};

/// The first half of the exchange: capture off, the old table out, the shadow in. Both halves begin
/// and end as the table's owner, in one transaction whose locks are already held.
pub fn swap(subject: &Subject, now: &TableDescription) -> Vec<String> {
    let table = subject.table.sql();
    let mut script = Script::new(&now.relation.owner);
    script.owner(capture::detach(&table, &subject.names));
    if !subject.key.btree {
        let helper = QualifiedName::new(&subject.names.new, super::indexes::HELPER);
        script.owner(format!("DROP INDEX {}", helper.sql()));
    }
    attached::off(&mut script, now);
    family::leave(&mut script, now);
    matviews::off(&mut script, subject, now);
    for s in &now.statistics {
        let name = QualifiedName::new(&s.schema, &s.name);
        script.run(&s.owner, format!("DROP STATISTICS {}", name.sql()));
    }
    script.owner(format!("ALTER TABLE {table} SET SCHEMA {}", ident(&subject.names.old)));
    let old = QualifiedName::new(&subject.names.old, &subject.table.name);
    script.owner(capture::close(&old.sql(), &subject.names));
    script.finish()
}

/// The second half: everything that could not be on the shadow before. `now` is the old table as
/// described before the first half, with the privileges read after it: nobody can grant anything
/// on it any more without failing.
pub fn finish(subject: &Subject, now: &TableDescription) -> Vec<String> {
    let table = subject.table.sql();
    let schema = ident(&subject.table.schema);
    let attached = attached::all(now);
    let mut script = Script::new(&now.relation.owner);
    for s in now.sequences.iter().filter(|s| s.identity) {
        let old = QualifiedName::new(&subject.names.old, &s.name).sql();
        // The owner may have revoked this from itself; the old sequence is done with.
        script.owner(format!("GRANT SELECT ON SEQUENCE {old} TO {}", subject.owner()));
        script.owner(format!(
            "SELECT pg_catalog.setval({}::pg_catalog.regclass, last_value, is_called) FROM {old}",
            literal(&QualifiedName::new(&subject.names.new, &s.name).sql())
        ));
    }
    // Privileges while it is still in the run's schema: whoever has to grant them may have lost
    // USAGE on the table's own.
    script.owned(grants::exact(now, &subject.shadow().sql(), &subject.names.new));
    script.owner(format!("ALTER TABLE {} SET SCHEMA {schema}", subject.shadow().sql()));
    script.owned(move_statistics(subject, now));
    script.owned(shadow::late_defaults(&subject.description, &table));
    script.owned(late(now, &table, &subject.names));
    family::join(&mut script, subject, now);
    matviews::on(&mut script, subject, now);
    attached::on(&mut script, &now.name(), &attached);
    script.owned(options::row_security(&now.relation, &table));
    script.owner(options::restore(&now.relation, &table));
    script.finish()
}

fn move_statistics(subject: &Subject, now: &TableDescription) -> Vec<String> {
    let mut out = Vec::new();
    for s in &now.statistics {
        let name = ident(&s.name);
        out.push(format!(
            "ALTER STATISTICS {}.{name} SET SCHEMA {}",
            ident(&subject.names.new),
            ident(&s.schema)
        ));
        out.extend(statistics_owner(now, s, &s.schema));
    }
    out
}

/// Hands a statistics object to its owner, if that is not the table's.
pub fn statistics_owner(
    now: &TableDescription,
    s: &crate::catalog::Statistics,
    schema: &str,
) -> Vec<String> {
    if s.owner == now.relation.owner {
        return Vec::new();
    }
    let name = format!("{}.{}", ident(schema), ident(&s.name));
    vec![
        // Only a member of both roles may do this: that is the login role, not the owner.
        "SET LOCAL ROLE NONE".to_owned(),
        format!("ALTER STATISTICS {name} OWNER TO {}", ident(&s.owner)),
        format!("SET LOCAL ROLE {}", ident(&now.relation.owner)),
    ]
}

/// NOT VALID constraints with their comments.
pub fn late(now: &TableDescription, table: &str, names: &RunNames) -> Vec<String> {
    let mut out = shadow::late(now, table, names);
    for c in now.constraints.iter().filter(|c| c.is_late()) {
        if let Some(comment) = &c.comment {
            out.push(format!(
                "COMMENT ON CONSTRAINT {} ON {table} IS {}",
                ident(&c.name),
                literal(comment)
            ));
        }
    }
    out
}
