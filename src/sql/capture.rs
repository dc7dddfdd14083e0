//! Capture: the triggers that write the keys of touched rows to the key log.

use super::Subject;
use super::schemas::seal;
use crate::names::{RunNames, ident};
use tokio_postgres::types::PgLsn;

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
        format!("ROW({})", list.join(", "))
    };
    // Equal to the last bit, whatever operators the type has.
    let same = format!("pg_catalog.record_image_eq({}, {})", record("o"), record("n"));
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

/// The function that keeps the old table closed after the exchange: see [`close`].
pub fn closing_function(subject: &Subject) -> Vec<String> {
    let signature = format!("{}()", subject.names.work_sql("closed"));
    let body = "
BEGIN
  RAISE EXCEPTION USING ERRCODE = '40001',
    MESSAGE = 'could not serialize access: table ' || pg_catalog.quote_ident(TG_TABLE_NAME) || ' was exchanged by repackd a moment ago',
    HINT = 'The transaction might succeed if retried.';
END
";
    vec![
        format!(
            "CREATE FUNCTION {signature} RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {}",
            crate::names::literal(body)
        ),
        seal("FUNCTION", &signature),
        format!("GRANT ALL ON FUNCTION {signature} TO {}", subject.owner()),
    ]
}

/// Closes the old table to writers. Whoever runs a function with a body in standard SQL has the
/// table by its OID, not by its name: one who waits for its lock during the exchange gets the old
/// table. What he writes there would be lost; so he is told to try again.
pub fn close(old: &str, names: &RunNames) -> String {
    let trigger = ident(&format!("{}_closed", names.work));
    format!(
        "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {old} FOR EACH STATEMENT EXECUTE FUNCTION {}();
ALTER TABLE {old} ENABLE ALWAYS TRIGGER {trigger}",
        names.work_sql("closed")
    )
}

/// Attaches capture to the table. BEFORE TRUNCATE: what somebody's AFTER TRUNCATE trigger puts into
/// the table again has to be logged behind the marker, which voids all before it. ENABLE ALWAYS, or sessions in `session_replication_role =
/// replica` and logical apply would write past it.
pub fn attach(subject: &Subject) -> String {
    let table = subject.table.sql();
    let function = subject.names.work_sql("capture");
    let [row, truncate] = subject.names.triggers().map(|t| ident(&t));
    format!(
        "CREATE TRIGGER {row} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {row};
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {truncate}"
    )
}

/// Tries capture and a drain on the empty shadow with a row of the table: inserted, updated, drained,
/// deleted. What fails here would have failed every writer, or the run after hours of copying: two
/// keys of a type with casts of its own may have no operator that is the best to compare them.
pub fn rehearse(subject: &Subject) -> Vec<String> {
    let shadow = subject.shadow().sql();
    let mut statements = vec![
        format!(
            "CREATE TRIGGER repackd_rehearsal AFTER INSERT OR UPDATE OR DELETE ON {shadow} FOR EACH ROW EXECUTE FUNCTION {}()",
            subject.names.work_sql("capture")
        ),
        format!(
            "INSERT INTO {shadow} ({0}) OVERRIDING SYSTEM VALUE SELECT {0} FROM ONLY {1} LIMIT 1",
            subject.columns(),
            subject.table.sql()
        ),
    ];
    // An identity column GENERATED ALWAYS cannot be set, even to what it is.
    let mut columns = subject.description.copied_columns().filter(|c| c.identity != "a");
    if let Some(column) = columns.next() {
        let column = ident(&column.name);
        statements.push(format!("UPDATE {shadow} SET {column} = {column}"));
    }
    statements.extend(super::drain::batch(subject, PgLsn::from(0), PgLsn::from(u64::MAX)));
    statements.push(format!("DELETE FROM {shadow}"));
    statements.push(format!("DROP TRIGGER repackd_rehearsal ON {shadow}"));
    statements
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
