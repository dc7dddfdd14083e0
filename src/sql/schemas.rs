//! The run's own schemas and tables: where its state lives.

use super::Subject;
use crate::names::ident;

/// Version of the journal's layout. A repackd that finds another version leaves the run alone.
pub const JOURNAL_VERSION: i32 = 2;

/// Creates the three schemas. Run as the login role, which holds CREATE on the database; the
/// table's owner need not.
pub fn create(subject: &Subject) -> Vec<String> {
    let owner = subject.owner();
    let names = subject.names.all();
    let created = names.iter().map(|s| format!("CREATE SCHEMA {} AUTHORIZATION {owner}", ident(s)));
    created.collect()
}

/// Takes back what default privileges may have granted on a new schema. Run as the owner.
pub fn seal_schemas(subject: &Subject) -> Vec<String> {
    let owner = subject.owner();
    let mut statements = Vec::new();
    for schema in subject.names.all() {
        statements.push(seal("SCHEMA", &ident(schema)));
        statements.push(format!("GRANT ALL ON SCHEMA {} TO {owner}", ident(schema)));
    }
    statements
}

/// A block that revokes every privilege on an object from everybody but its owner. Default
/// privileges apply at creation and cannot be asked to stay away.
pub fn seal(kind: &str, object: &str) -> String {
    let (catalog, acl, find) = match kind {
        "SCHEMA" => ("pg_namespace", "nspacl", "regnamespace"),
        "FUNCTION" => ("pg_proc", "proacl", "regprocedure"),
        _ => ("pg_class", "relacl", "regclass"),
    };
    let literal = crate::names::literal(object);
    let revoke = crate::names::literal(&format!("REVOKE ALL ON {kind} {object} FROM "));
    let block = format!(
        "
DECLARE grantee text;
BEGIN
  FOR grantee IN
    SELECT CASE WHEN e.grantee = 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END
    FROM pg_catalog.{catalog} o, pg_catalog.aclexplode(o.{acl}) e
    WHERE o.oid = {literal}::pg_catalog.{find} GROUP BY e.grantee
  LOOP
    EXECUTE {revoke} || grantee;
  END LOOP;
END"
    );
    format!("DO {}", crate::names::literal(&block))
}

/// The journal, the record of copied chunks and the key log, sealed. Run as the owner.
///
/// A log row is numbered by the position in WAL at which it is written. That never goes back, and
/// unlike a sequence it leaves no trace in the writer's session, whose `lastval()` it would change.
/// Two rows may have the same number, above all of an unlogged table.
///
/// The log's index on markers keeps the look for a TRUNCATE from reading the log.
pub fn tables(subject: &Subject) -> Vec<String> {
    let unlogged = if subject.description.relation.persistence == "u" { "UNLOGGED " } else { "" };
    let owner = subject.owner();
    let journal = subject.names.work_sql("journal");
    let chunk = subject.names.work_sql("chunk");
    let log = subject.log();
    let keys: String = subject
        .key
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let collate = c.collate();
            format!(", k{} {}{collate}", i + 1, c.r#type)
        })
        .collect();
    let mut statements = vec![
        format!(
            "CREATE TABLE {journal} (
  version integer NOT NULL,
  table_oid oid PRIMARY KEY,
  shadow_oid oid,
  owner text NOT NULL,
  phase text NOT NULL,
  state text NOT NULL,
  started timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated timestamptz NOT NULL DEFAULT pg_catalog.now()) USING heap"
        ),
        format!(
            "CREATE TABLE {chunk} (first bigint PRIMARY KEY, past bigint NOT NULL, rows bigint NOT NULL) USING heap"
        ),
        format!(
            "CREATE {unlogged}TABLE {log} (
  id pg_catalog.pg_lsn NOT NULL DEFAULT pg_catalog.pg_current_wal_insert_lsn(), kind \"char\" NOT NULL{keys}) USING heap
  WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000)"
        ),
        format!("CREATE INDEX log_id ON {log} (id)"),
        format!("CREATE INDEX log_marker ON {log} (id) WHERE kind <> 'k'"),
    ];
    for table in [&journal, &chunk, &log] {
        statements.push(seal("TABLE", table));
        statements.push(format!("GRANT ALL ON TABLE {table} TO {owner}"));
    }
    statements
}
