-- Materialized views: one with data, one with a unique index and everything else that can be said of it, one without data, one over a join.
-- table: mv.items
-- setup
CREATE SCHEMA mv AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE mv.items (id integer PRIMARY KEY, kind integer, dropped integer, v text);
CREATE TABLE mv.kinds (kind integer PRIMARY KEY, name text);
INSERT INTO mv.kinds SELECT i, 'kind ' || i FROM generate_series(0, 9) i;
INSERT INTO mv.items SELECT i, i % 10, 0, 'v' || i FROM generate_series(1, 3000) i;
ALTER TABLE mv.items DROP COLUMN dropped;
DELETE FROM mv.items WHERE id % 3 <> 0 AND id < 2980;
CREATE MATERIALIZED VIEW mv.plain AS SELECT * FROM mv.items;
CREATE MATERIALIZED VIEW mv.per_kind WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.3, toast.autovacuum_enabled = off) AS
    SELECT k.name, i.kind, count(*) AS n, max(i.v) AS last FROM mv.items i JOIN mv.kinds k USING (kind) GROUP BY 1, 2;
CREATE UNIQUE INDEX per_kind_key ON mv.per_kind (name) WITH (fillfactor = 80);
CREATE INDEX per_kind_expression ON mv.per_kind ((n * 2), upper(last)) WHERE n > 0;
ALTER INDEX mv.per_kind_expression ALTER COLUMN 1 SET STATISTICS 200;
ALTER TABLE mv.per_kind CLUSTER ON per_kind_key;
ALTER MATERIALIZED VIEW mv.per_kind ALTER COLUMN last SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW mv.per_kind ALTER COLUMN last SET COMPRESSION pglz;
ALTER MATERIALIZED VIEW mv.per_kind ALTER COLUMN n SET STATISTICS 17;
ALTER MATERIALIZED VIEW mv.per_kind ALTER COLUMN kind SET (n_distinct = -0.5);
ALTER MATERIALIZED VIEW mv.per_kind RENAME COLUMN kind TO "the kind";
CREATE STATISTICS mv.per_kind_statistics (dependencies, ndistinct) ON name, "the kind" FROM mv.per_kind;
ALTER STATISTICS mv.per_kind_statistics SET STATISTICS 99;
COMMENT ON STATISTICS mv.per_kind_statistics IS 'statistics';
COMMENT ON MATERIALIZED VIEW mv.per_kind IS 'it''s a view';
COMMENT ON COLUMN mv.per_kind.last IS 'a column';
COMMENT ON INDEX mv.per_kind_key IS 'an index';
GRANT SELECT ON mv.per_kind TO shape_reader WITH GRANT OPTION;
GRANT SELECT (name) ON mv.per_kind TO shape_writer;
GRANT INSERT, TRUNCATE ON mv.plain TO shape_reader;
REVOKE UPDATE ON mv.plain FROM shape_owner;
CREATE MATERIALIZED VIEW mv.empty AS SELECT i.id, i.v FROM mv.items i WHERE i.v IN ('v3', 'v6') WITH NO DATA;
CREATE UNIQUE INDEX ON mv.empty (id);
CREATE MATERIALIZED VIEW mv.far TABLESPACE shape_space AS SELECT v FROM mv.items;
CREATE INDEX far_v ON mv.far (v) TABLESPACE shape_space;
CREATE MATERIALIZED VIEW mv.by_key AS SELECT i.*, count(k.name) AS n FROM mv.items i LEFT JOIN mv.kinds k USING (kind) GROUP BY i.id;
CREATE MATERIALIZED VIEW mv.whole AS SELECT id, i::text AS whole, i IS NOT NULL AS is, (i.*)::text || (NULL::mv.items IS NULL)::text AS more FROM mv.items i;
RESET ROLE;
GRANT USAGE ON SCHEMA mv TO shape_reader;
-- workload
UPDATE mv.items SET kind = (kind + 1) % 10, v = v || ' changed' WHERE id % 9 = 0;
DELETE FROM mv.items WHERE id % 21 = 0;
INSERT INTO mv.items VALUES (10001, 3, 'new');
GRANT SELECT ON mv.plain TO shape_writer;
COMMENT ON COLUMN mv.plain.v IS 'said meanwhile';
CREATE INDEX plain_meanwhile ON mv.plain (kind);
-- probe
DO $$
BEGIN
    IF (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relkind = 'm' AND NOT relispopulated) <> '{empty}' THEN
        RAISE EXCEPTION 'the wrong ones have data';
    END IF;
END $$;
REFRESH MATERIALIZED VIEW CONCURRENTLY mv.per_kind;
REFRESH MATERIALIZED VIEW mv.plain;
REFRESH MATERIALIZED VIEW mv.by_key;
REFRESH MATERIALIZED VIEW mv.whole;
REFRESH MATERIALIZED VIEW mv.far;
SET ROLE shape_reader;
SELECT * FROM mv.per_kind;
RESET ROLE;
CREATE TABLE mv.seen AS SELECT * FROM mv.plain;
CREATE TABLE mv.seen_too AS SELECT * FROM mv.by_key;
