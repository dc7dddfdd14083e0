//! What somebody may do to a table, or around it, and how a run of the table should take it.

/// How a run that meets the statement ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Done, with the change.
    Carried,
    /// Given up and removed, with a reason: the change stands.
    Wins,
    /// One or the other: it depends on who was first.
    Either,
}
use Ends::{Carried, Either, Wins};

/// The database that all of it is done in.
pub const SETUP: &str = "
CREATE SCHEMA app AUTHORIZATION shape_owner;
CREATE SCHEMA elsewhere AUTHORIZATION shape_owner;
SET ROLE shape_owner;
SET search_path = app;
CREATE FUNCTION slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF pg_catalog.current_setting('scene.delay', true) <> '' THEN
    PERFORM pg_catalog.pg_sleep(pg_catalog.current_setting('scene.delay')::float8);
  END IF;
  RETURN $1;
END $$;
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE t (id bigint PRIMARY KEY, v text NOT NULL CONSTRAINT filled CHECK (v <> ''), n int,
    p int CONSTRAINT of_parent REFERENCES parent,
    s bigint GENERATED ALWAYS AS (slow(id)) STORED,
    i int GENERATED ALWAYS AS IDENTITY, q serial);
CREATE INDEX t_n ON t (n);
CREATE TABLE child (id int PRIMARY KEY, t_id bigint CONSTRAINT of_t REFERENCES t);
CREATE VIEW seen AS SELECT id, v FROM t;
CREATE TRIGGER own BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pass();
CREATE POLICY everything ON t USING (true);
GRANT SELECT ON t TO shape_reader;
INSERT INTO parent SELECT generate_series(1, 20);
INSERT INTO t (id, v, n, p) SELECT i, repeat('x', 50) || i, i % 7, i % 20 + 1 FROM generate_series(1, 900) i;
DELETE FROM t WHERE id % 3 = 0;
INSERT INTO child SELECT i, i FROM generate_series(1, 100) i WHERE i % 3 > 0;
RESET ROLE;
ALTER DATABASE {database} OWNER TO shape_owner;
";

/// What is done, and how a run ends that meets it while it copies, or between `prepare` and
/// `resume`. At the cutover, what wins may also come a moment too late: then the new table has it.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The statements, one at a time, as the table's owner.
    pub sql: &'static [&'static str],
    /// How the run ends.
    pub ends: Ends,
}

const fn case(name: &'static str, ends: Ends, sql: &'static [&'static str]) -> Case {
    Case { name, sql, ends }
}

/// All of them.
pub const CASES: &[Case] = &[
    case("add_column", Wins, &["ALTER TABLE app.t ADD COLUMN more int DEFAULT 7"]),
    case("drop_column", Wins, &["ALTER TABLE app.t DROP COLUMN n"]),
    case("alter_type", Wins, &["ALTER TABLE app.t ALTER n TYPE numeric USING n + 0.5"]),
    case("set_default", Wins, &["ALTER TABLE app.t ALTER n SET DEFAULT 3"]),
    case("drop_not_null", Wins, &["ALTER TABLE app.t ALTER v DROP NOT NULL"]),
    case("set_statistics", Wins, &["ALTER TABLE app.t ALTER n SET STATISTICS 500"]),
    case("rename_column", Wins, &["ALTER TABLE app.t RENAME n TO m"]),
    case("rename_serial", Wins, &["ALTER TABLE app.t RENAME q TO r"]),
    case("drop_serial", Wins, &["ALTER TABLE app.t DROP COLUMN q"]),
    case("rename_key", Wins, &["ALTER TABLE app.t RENAME id TO key"]),
    case("rename_table", Wins, &["ALTER TABLE app.t RENAME TO u"]),
    case("set_schema", Wins, &["ALTER TABLE app.t SET SCHEMA elsewhere"]),
    case("rename_schema", Wins, &["ALTER SCHEMA app RENAME TO app2"]),
    case("create_index", Wins, &["CREATE INDEX t_v ON app.t (v)"]),
    case("create_index_concurrently", Wins, &["CREATE INDEX CONCURRENTLY t_v ON app.t (v)"]),
    case("drop_index", Wins, &["DROP INDEX app.t_n"]),
    case("drop_index_concurrently", Wins, &["DROP INDEX CONCURRENTLY app.t_n"]),
    case("rename_index", Wins, &["ALTER INDEX app.t_n RENAME TO t_m"]),
    case("add_check", Wins, &["ALTER TABLE app.t ADD CONSTRAINT small CHECK (n < 1000)"]),
    case("add_check_not_valid", Wins, &["ALTER TABLE app.t ADD CHECK (n < 1000) NOT VALID"]),
    case("drop_check", Wins, &["ALTER TABLE app.t DROP CONSTRAINT filled"]),
    case("add_unique", Wins, &["ALTER TABLE app.t ADD CONSTRAINT once UNIQUE (v)"]),
    case(
        "create_trigger",
        Carried,
        &["CREATE TRIGGER other BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.pass()"],
    ),
    case("drop_trigger", Carried, &["DROP TRIGGER own ON app.t"]),
    case("disable_trigger", Carried, &["ALTER TABLE app.t DISABLE TRIGGER own"]),
    case(
        "disable_all_triggers",
        Wins,
        &["ALTER TABLE app.t DISABLE TRIGGER USER", "ALTER TABLE app.t ENABLE TRIGGER USER"],
    ),
    case("create_view", Carried, &["CREATE VIEW app.more AS SELECT n FROM app.t"]),
    case(
        "replace_view",
        Carried,
        &["CREATE OR REPLACE VIEW app.seen AS SELECT id, v, n FROM app.t"],
    ),
    case("drop_view", Carried, &["DROP VIEW app.seen"]),
    case(
        "create_rule",
        Carried,
        &["CREATE RULE quiet AS ON DELETE TO app.t WHERE OLD.n = 99 DO INSTEAD NOTHING"],
    ),
    case(
        "create_materialized_view",
        Either,
        &["CREATE MATERIALIZED VIEW app.kept AS SELECT n, count(*) FROM app.t GROUP BY n"],
    ),
    case("create_policy", Carried, &["CREATE POLICY more ON app.t FOR SELECT USING (n > 0)"]),
    case("drop_policy", Carried, &["DROP POLICY everything ON app.t"]),
    case("enable_row_security", Either, &["ALTER TABLE app.t ENABLE ROW LEVEL SECURITY"]),
    case(
        "foreign_key_to_it",
        Carried,
        &["CREATE TABLE app.child2 (t_id bigint REFERENCES app.t ON DELETE CASCADE)"],
    ),
    case(
        "foreign_key_from_it",
        Carried,
        &["ALTER TABLE app.t ADD CONSTRAINT second FOREIGN KEY (p) REFERENCES app.parent"],
    ),
    case("no_foreign_key_to_it", Carried, &["ALTER TABLE app.child DROP CONSTRAINT of_t"]),
    case("no_foreign_key_from_it", Carried, &["ALTER TABLE app.t DROP CONSTRAINT of_parent"]),
    case("referring_table_dropped", Carried, &["DROP TABLE app.child"]),
    case("referring_table_renamed", Carried, &["ALTER TABLE app.child RENAME TO kid"]),
    case(
        "foreign_key_renamed",
        Carried,
        &["ALTER TABLE app.child RENAME CONSTRAINT of_t TO of_it"],
    ),
    case("referred_table_altered", Carried, &["ALTER TABLE app.parent ADD COLUMN more int"]),
    case("published", Carried, &["CREATE PUBLICATION {name}_p FOR TABLE app.t"]),
    case(
        "published_and_not",
        Carried,
        &[
            "CREATE PUBLICATION {name}_p FOR TABLE app.t, app.parent",
            "ALTER PUBLICATION {name}_p DROP TABLE app.t",
        ],
    ),
    case(
        "attached_as_partition",
        Wins,
        &[
            "ALTER TABLE app.t ALTER i DROP IDENTITY",
            "CREATE TABLE app.whole (LIKE app.t INCLUDING GENERATED) PARTITION BY RANGE (id)",
            "ALTER TABLE app.whole ATTACH PARTITION app.t FOR VALUES FROM (0) TO (100000)",
        ],
    ),
    case(
        "given_a_parent",
        Wins,
        &[
            "CREATE TABLE app.above (LIKE app.t INCLUDING GENERATED)",
            "ALTER TABLE app.t INHERIT app.above",
        ],
    ),
    case("given_a_child", Either, &["CREATE TABLE app.below (b int) INHERITS (app.t)"]),
    case("truncate", Carried, &["TRUNCATE app.t CASCADE"]),
    case("drop_table", Wins, &["DROP TABLE app.t CASCADE"]),
    case("drop_schema", Wins, &["DROP SCHEMA app CASCADE"]),
    case("vacuum_full", Wins, &["VACUUM FULL app.t"]),
    case("cluster", Wins, &["CLUSTER app.t USING t_n"]),
    case("vacuum", Carried, &["VACUUM (ANALYZE, FREEZE) app.t"]),
    case("reindex_table", Carried, &["REINDEX TABLE app.t"]),
    case("reindex_index", Carried, &["REINDEX INDEX app.t_pkey"]),
    case("reindex_index_concurrently", Carried, &["REINDEX INDEX CONCURRENTLY app.t_pkey"]),
    case("reindex_table_concurrently", Carried, &["REINDEX TABLE CONCURRENTLY app.t"]),
    case("alter_owner", Wins, &["ALTER TABLE app.t OWNER TO race_owner"]),
    case("grant", Carried, &["GRANT SELECT, UPDATE (v) ON app.t TO shape_other WITH GRANT OPTION"]),
    case("revoke", Carried, &["REVOKE SELECT ON app.t FROM shape_reader"]),
    case("set_fillfactor", Either, &["ALTER TABLE app.t SET (fillfactor = 70)"]),
    case("set_autovacuum", Either, &["ALTER TABLE app.t SET (autovacuum_vacuum_threshold = 90)"]),
    case("replica_identity", Either, &["ALTER TABLE app.t REPLICA IDENTITY FULL"]),
    case("statistics_object", Either, &["CREATE STATISTICS app.both ON n, p FROM app.t"]),
    case(
        "comments",
        Either,
        &["COMMENT ON TABLE app.t IS 'a table'", "COMMENT ON COLUMN app.t.n IS 'n'"],
    ),
    case("inherited", Either, &["CREATE TABLE app.heir () INHERITS (app.t)"]),
];
