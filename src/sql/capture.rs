//! Capture: the triggers that write the keys of touched rows to the key log.

use super::Subject;
use super::schemas::seal;
use crate::names::{RunNames, ident};

/// The capture function. SECURITY DEFINER, because writers have no rights on the log and shall not
/// gain any; the search path is pinned, because it is the writer's otherwise.
///
/// It must never fail a writer. Someone may rename, retype or drop a key column while no repackd is
/// there to notice: reading the key then fails inside the inner block, and a poison marker takes
/// the key's place, which ends the run when it is next looked at. The inner block writes nothing, so
/// its subtransaction is never assigned a transaction ID.
pub fn function(subject: &Subject) -> Vec<String> {
    let log = subject.log();
    let name = subject.names.work_sql("capture");
    let keys = &subject.key.columns;
    // %TYPE, so that the body names no type, which somebody could rename, and for which a writer
    // could put one of his own into his pg_temp.
    let declare = |prefix: &str| -> String {
        (1..=keys.len()).map(|i| format!("  {prefix}{i} {log}.k{i}%TYPE;\n")).collect()
    };
    let assign = |prefix: &str, row: &str| -> String {
        let assign = |(i, c): (usize, &crate::catalog::key::KeyColumn)| {
            format!(" {prefix}{} := {row}.{};", i + 1, ident(&c.name))
        };
        keys.iter().enumerate().map(assign).collect()
    };
    let list =
        |prefix: &str| -> String { (1..=keys.len()).map(|i| format!(", {prefix}{i}")).collect() };
    let record = |prefix: &str| -> String {
        let list: Vec<_> = (1..=keys.len()).map(|i| format!("{prefix}{i}")).collect();
        format!("ROW({})::pg_catalog.record", list.join(", "))
    };
    // Equal to the last bit, whatever operators the type has. Without the casts, PostgreSQL would
    // look for an operator of this name between the columns.
    let same = format!("{} OPERATOR(pg_catalog.*=) {}", record("o"), record("n"));
    let body = format!(
        "
DECLARE
{}{}BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO {log} (kind) VALUES ('t');
    RETURN NULL;
  END IF;
  BEGIN
    IF TG_OP <> 'INSERT' THEN{} END IF;
    IF TG_OP <> 'DELETE' THEN{} END IF;
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO {log} (kind) VALUES ('p');
    RETURN NULL;
  END;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO {log} (kind{}) VALUES ('k'{});
  ELSIF TG_OP = 'DELETE' OR ({same}) THEN
    INSERT INTO {log} (kind{}) VALUES ('k'{});
  ELSE
    INSERT INTO {log} (kind{}) VALUES ('k'{}), ('k'{});
  END IF;
  RETURN NULL;
END
",
        declare("o"),
        declare("n"),
        assign("o", "OLD"),
        assign("n", "NEW"),
        list("k"),
        list("n"),
        list("k"),
        list("o"),
        list("k"),
        list("o"),
        list("n"),
    );
    let signature = format!("{name}()");
    vec![
        format!(
            "CREATE FUNCTION {signature} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {}",
            crate::names::literal(&body)
        ),
        seal("FUNCTION", &signature),
        format!("GRANT ALL ON FUNCTION {signature} TO {}", subject.owner()),
    ]
}

/// Attaches capture to the table. ENABLE ALWAYS, or sessions in `session_replication_role =
/// replica` and logical apply would write past it.
pub fn attach(subject: &Subject) -> String {
    let table = subject.table.sql();
    let function = subject.names.work_sql("capture");
    let [row, truncate] = subject.names.triggers().map(|t| ident(&t));
    format!(
        "CREATE TRIGGER {row} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER {truncate} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {row};
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {truncate}"
    )
}

/// Takes capture off the relation, whatever it is called now.
pub fn detach(relation: &str, names: &RunNames) -> String {
    let [row, truncate] = names.triggers();
    format!(
        "DROP TRIGGER IF EXISTS {} ON {relation};\nDROP TRIGGER IF EXISTS {} ON {relation}",
        ident(&row),
        ident(&truncate)
    )
}
