//! Foreign keys: off both tables, and on again without looking at the rows there are, which would
//! take time under the lock. They hold for every new row at once, and are validated afterwards.

use super::Script;
use crate::catalog::attached::{ForeignKey, Turn};
use crate::names::{ident, literal};

/// What a definition ends with while rows have not been looked at.
pub const NOT_VALID: &str = " NOT VALID";

/// Off.
pub fn off<'a>(script: &mut Script<'a>, keys: impl IntoIterator<Item = &'a ForeignKey>) {
    for key in keys {
        let table = key.table.sql();
        script.run(&key.owner, format!("ALTER TABLE {table} DROP CONSTRAINT {}", ident(&key.name)));
    }
}

/// On, as they were but not valid. One that is a parent's too is, or ATTACH PARTITION would look
/// through the table all the same.
pub fn on<'a>(script: &mut Script<'a>, keys: impl IntoIterator<Item = &'a ForeignKey>) {
    for key in keys {
        let not_valid = if key.is_to_validate() { NOT_VALID } else { "" };
        let (table, name) = (key.table.sql(), ident(&key.name));
        let parts = || key.parts.iter().flatten();
        // Finding an equal one on a partition, the server takes it, with its name.
        for part in parts().filter(|p| p.name != key.name) {
            let (table, name) = (part.table.sql(), ident(&part.name));
            let add =
                format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}{not_valid}", part.definition);
            script.able(&part.owner, key.able && part.owner == key.owner, add);
        }
        let add =
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}{not_valid}", key.definition);
        script.able(&key.owner, key.able, add);
        if let Some(turn) = &key.turn {
            script.run(&turn.owner, keep_turn(key, turn));
        }
        if let Some(text) = &key.comment {
            script.run(&key.owner, super::comment("CONSTRAINT", &key.name, &key.table, text));
        }
        for part in parts() {
            if let Some(text) = &part.comment {
                script
                    .run(&part.owner, super::comment("CONSTRAINT", &part.name, &part.table, text));
            }
        }
    }
}

/// Gives the triggers on the other table their old names, so that they act when they did: what a DELETE
/// there takes away first may be what another foreign key would have stopped it for. What they are called
/// now, only the server knows.
fn keep_turn(key: &ForeignKey, turn: &Turn) -> String {
    let body = format!(
        "DECLARE
  named record;
BEGIN
  FOR named IN
    SELECT g.tgname, CASE WHEN g.tgtype & 8 <> 0 THEN {delete} ELSE {update} END AS wanted
    FROM pg_catalog.pg_trigger g
    JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = {table} AND k.conname = {name} AND k.contype = 'f'
      AND g.tgrelid = k.confrelid
  LOOP
    EXECUTE pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', named.tgname, {to}, named.wanted);
  END LOOP;
END",
        delete = literal(&turn.delete),
        update = literal(&turn.update),
        schema = literal(&key.table.schema),
        table = literal(&key.table.name),
        name = literal(&key.name),
        to = literal(&key.references.sql()),
    );
    format!("DO {}", literal(&body))
}

/// Looks at the rows there are.
pub fn validate(key: &ForeignKey) -> String {
    format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", key.table.sql(), ident(&key.name))
}

/// A query that shows the rows that keep a foreign key from being validated.
pub fn orphans(key: &ForeignKey) -> String {
    let set = |name: &String| format!("c.{} IS NOT NULL", ident(name));
    let pairs = key.columns.iter().zip(&key.foreign_columns);
    let equal = pairs.map(|(c, p)| format!("p.{} = c.{}", ident(p), ident(c)));
    // MATCH SIMPLE: a row with any NULL refers to nothing.
    let between = if key.full { " OR " } else { " AND " };
    format!(
        "SELECT c.* FROM {} c WHERE ({}) AND NOT EXISTS (SELECT FROM {} p WHERE {})",
        key.table.sql(),
        key.columns.iter().map(set).collect::<Vec<_>>().join(between),
        key.references.sql(),
        equal.collect::<Vec<_>>().join(" AND ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QualifiedName;

    fn key() -> ForeignKey {
        ForeignKey {
            name: "k".into(),
            table: QualifiedName::new("s", "child"),
            owner: "o".into(),
            own: false,
            inherited: false,
            of_parent: false,
            parts: None,
            references: QualifiedName::new("s", "t"),
            definition: "FOREIGN KEY (a, b) REFERENCES s.t(x, y) MATCH FULL".into(),
            validated: true,
            enforced: true,
            full: true,
            columns: vec!["a".into(), "b".into()],
            foreign_columns: vec!["x".into(), "y".into()],
            able: true,
            validates: true,
            comment: None,
            turn: None,
        }
    }

    #[test]
    fn a_valid_one_is_added_without_a_scan_and_one_that_was_not_stays_so() {
        let keys = [key(), ForeignKey { validated: false, ..key() }];
        let mut script = Script::new("o");
        on(&mut script, &keys);
        let statements = script.finish();
        assert!(statements[0].ends_with("MATCH FULL NOT VALID"), "{}", statements[0]);
        assert!(statements[1].ends_with("MATCH FULL"), "{}", statements[1]);
    }

    #[test]
    fn its_triggers_get_their_old_names_as_the_owner_of_the_other_table() {
        let turn = Turn { owner: "p".into(), delete: "a_1".into(), update: "a_2".into() };
        let keys = [ForeignKey { turn: Some(turn), ..key() }];
        let mut script = Script::new("o");
        on(&mut script, &keys);
        let statements = script.finish();
        assert_eq!(statements[1], "SET LOCAL ROLE \"p\"");
        for part in ["THEN ''a_1'' ELSE ''a_2''", "''\"s\".\"t\"''"] {
            assert!(
                statements[2].starts_with("DO ") && statements[2].contains(part),
                "{statements:?}"
            );
        }
    }

    #[test]
    fn orphans_are_found_as_the_match_type_says() {
        assert_eq!(
            orphans(&key()),
            "SELECT c.* FROM \"s\".\"child\" c WHERE (c.\"a\" IS NOT NULL OR c.\"b\" IS NOT NULL) AND NOT EXISTS (SELECT FROM \"s\".\"t\" p WHERE p.\"x\" = c.\"a\" AND p.\"y\" = c.\"b\")"
        );
    }
}
