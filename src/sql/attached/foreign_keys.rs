//! Foreign keys: off both tables, and on again without looking at the rows there are, which would
//! take time under the lock. They hold for every new row at once, and are validated afterwards.

use super::Script;
use crate::catalog::attached::ForeignKey;
use crate::names::ident;

/// What a definition ends with while rows have not been looked at.
pub const NOT_VALID: &str = " NOT VALID";

/// Off.
pub fn off<'a>(script: &mut Script<'a>, keys: &'a [ForeignKey]) {
    for key in keys {
        let table = key.table.sql();
        script.run(&key.owner, format!("ALTER TABLE {table} DROP CONSTRAINT {}", ident(&key.name)));
    }
}

/// On, as they were but not valid.
pub fn on<'a>(script: &mut Script<'a>, keys: &'a [ForeignKey]) {
    for key in keys {
        let not_valid = if key.is_to_validate() { NOT_VALID } else { "" };
        let (table, name) = (key.table.sql(), ident(&key.name));
        let add =
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}{not_valid}", key.definition);
        script.able(&key.owner, key.able, add);
        if let Some(text) = &key.comment {
            script.run(&key.owner, super::comment("CONSTRAINT", &key.name, &key.table, text));
        }
    }
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
    fn orphans_are_found_as_the_match_type_says() {
        assert_eq!(
            orphans(&key()),
            "SELECT c.* FROM \"s\".\"child\" c WHERE (c.\"a\" IS NOT NULL OR c.\"b\" IS NOT NULL) AND NOT EXISTS (SELECT FROM \"s\".\"t\" p WHERE p.\"x\" = c.\"a\" AND p.\"y\" = c.\"b\")"
        );
    }
}
