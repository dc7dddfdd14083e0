-- B-tree indexes of every kind: order, NULLS, partial, expression, INCLUDE, opclass, collation, options, comment, long name, mark of CLUSTER.
-- table: bt.rows
-- setup
CREATE SCHEMA bt AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE FUNCTION bt.norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(btrim($1)) $$;
CREATE TABLE bt.rows (
    id integer NOT NULL,
    a integer,
    b text,
    c character varying(30) COLLATE "C",
    d timestamp,
    e jsonb,
    f name,
    g character(9),
    gone integer,
    CONSTRAINT rows_pkey PRIMARY KEY (id) INCLUDE (a) WITH (fillfactor=70)
);
ALTER TABLE bt.rows DROP COLUMN gone;
CREATE INDEX rows_desc ON bt.rows (a DESC, b NULLS FIRST, d DESC NULLS LAST);
CREATE INDEX rows_partial ON bt.rows (d) WHERE a > 10 AND b IS NOT NULL OR (e ->> 'k') = ANY (ARRAY['x', 'it''s']);
CREATE INDEX rows_expr ON bt.rows (bt.norm(b), (a + 1) DESC, COALESCE(c, b) COLLATE "POSIX");
CREATE INDEX rows_expr_stats ON bt.rows (lower(b), (a % 7));
ALTER INDEX bt.rows_expr_stats ALTER COLUMN 1 SET STATISTICS 250;
ALTER INDEX bt.rows_expr_stats ALTER COLUMN 2 SET STATISTICS 0;
CREATE INDEX rows_include ON bt.rows (a) INCLUDE (b, e);
CREATE INDEX rows_opclass ON bt.rows (b text_pattern_ops, c varchar_pattern_ops DESC, g bpchar_pattern_ops);
CREATE INDEX rows_collation ON bt.rows (b COLLATE "C" text_pattern_ops, c COLLATE "POSIX" NULLS FIRST);
CREATE INDEX rows_options ON bt.rows (d) WITH (fillfactor=40, deduplicate_items=off);
CREATE UNIQUE INDEX rows_unique_partial ON bt.rows (a) WHERE a < 5;
CREATE UNIQUE INDEX rows_unique_expr ON bt.rows ((id * 2));
CREATE UNIQUE INDEX rows_unique_include ON bt.rows (id, a) INCLUDE (d);
CREATE INDEX "a name of sixty-three bytes, which is as long as names can be.." ON bt.rows (f);
CREATE INDEX rows_jsonb ON bt.rows (e);
CREATE INDEX rows_same1 ON bt.rows (a);
CREATE INDEX rows_same2 ON bt.rows (a);
ALTER TABLE bt.rows CLUSTER ON rows_desc;
RESET ROLE;
COMMENT ON INDEX bt.rows_desc IS 'the way reports read';
COMMENT ON INDEX bt.rows_pkey IS 'the key''s own';
INSERT INTO bt.rows
SELECT i, NULLIF(i % 500 + 5, 9), CASE WHEN i % 6 > 0 THEN 'B ' || i % 1000 END, 'c' || i, timestamp '2020-01-01' + i * interval '1 hour', jsonb_build_object('k', i % 50), 'f' || i % 10, 'g' || i % 9
FROM generate_series(1, 5000) i;
DELETE FROM bt.rows WHERE id % 3 <> 0 AND id < 4980;
-- workload
UPDATE bt.rows SET a = a + 1 WHERE id % 9 = 0;
UPDATE bt.rows SET id = id + 10000 WHERE id % 45 = 0;
UPDATE bt.rows SET a = 1 WHERE id = 3;
INSERT INTO bt.rows (id, a) VALUES (20001, 2), (20002, 3), (20003, NULL);
UPDATE bt.rows SET a = CASE a WHEN 2 THEN 4 ELSE a END WHERE id IN (20001, 20002);
UPDATE bt.rows SET a = 2 WHERE id = 20002;
DELETE FROM bt.rows WHERE b = 'B 33';
BEGIN;
SAVEPOINT one;
DELETE FROM bt.rows WHERE a < 100;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
DO $$
BEGIN
    INSERT INTO bt.rows (id, a) VALUES (30001, 2);
    RAISE EXCEPTION 'the partial unique index is gone';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
INSERT INTO bt.rows (id, a, b) VALUES (30002, 7, 'probe'), (4998, 3, 'x') ON CONFLICT (id) DO UPDATE SET b = EXCLUDED.b;
CLUSTER bt.rows;
REINDEX TABLE bt.rows;
