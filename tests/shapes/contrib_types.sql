-- Columns and indexes of contrib types and operator classes: hstore, ltree, citext, pg_trgm, btree_gin, cube, intarray.
-- table: con.rows
-- setup
CREATE SCHEMA con AUTHORIZATION shape_owner;
CREATE SCHEMA con_ext;
GRANT USAGE ON SCHEMA con_ext TO PUBLIC;
CREATE EXTENSION hstore SCHEMA con_ext;
CREATE EXTENSION ltree SCHEMA con_ext;
CREATE EXTENSION citext SCHEMA con_ext;
CREATE EXTENSION pg_trgm SCHEMA con_ext;
CREATE EXTENSION btree_gin SCHEMA con_ext;
CREATE EXTENSION cube SCHEMA con_ext;
CREATE EXTENSION intarray SCHEMA con_ext;
CREATE EXTENSION bloom SCHEMA con_ext;
SET ROLE shape_owner;
CREATE TABLE con.rows (
    id integer PRIMARY KEY,
    h con_ext.hstore DEFAULT 'a=>1'::con_ext.hstore,
    l con_ext.ltree,
    c con_ext.citext UNIQUE,
    t text,
    n integer,
    cu con_ext.cube,
    ia integer[]
);
CREATE INDEX rows_h ON con.rows USING gin (h);
CREATE INDEX rows_hg ON con.rows USING gist (h con_ext.gist_hstore_ops (siglen='32'));
CREATE INDEX rows_l ON con.rows USING gist (l con_ext.gist_ltree_ops (siglen='100'));
CREATE INDEX rows_t ON con.rows USING gin (t con_ext.gin_trgm_ops, n);
CREATE INDEX rows_tg ON con.rows USING gist (t con_ext.gist_trgm_ops (siglen='24'));
CREATE INDEX rows_cu ON con.rows USING gist (cu) WHERE id < 150;
CREATE INDEX rows_ia ON con.rows USING gin (ia con_ext.gin__int_ops);
CREATE INDEX rows_iag ON con.rows USING gist (ia con_ext.gist__intbig_ops (siglen='128')) WHERE id < 200;
CREATE INDEX rows_bloom ON con.rows USING bloom (n, id) WITH (length='40', col1='3', col2='4');
RESET ROLE;
INSERT INTO con.rows SELECT i, con_ext.hstore('k' || i % 10, i::text), ('Top.a' || i % 10 || '.b' || i)::con_ext.ltree, ('Name ' || i)::con_ext.citext, 'text number ' || i, i, con_ext.cube(i, i + 1), ARRAY[i, i % 10] FROM generate_series(1, 3000) i;
DELETE FROM con.rows WHERE id % 3 <> 0 AND id < 2980;
-- workload
UPDATE con.rows SET t = t || ' changed', c = upper(c::text)::con_ext.citext WHERE id % 9 = 0;
UPDATE con.rows SET id = id + 10000, l = NULL WHERE id % 60 = 0;
DELETE FROM con.rows WHERE id % 33 = 0;
INSERT INTO con.rows (id) SELECT i FROM generate_series(20001, 20050) i;
-- probe
INSERT INTO con.rows (id, c) VALUES (30001, 'probe');
DO $$
BEGIN
    INSERT INTO con.rows (id, c) VALUES (30002, 'PROBE');
    RAISE EXCEPTION 'citext is case-sensitive now';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
