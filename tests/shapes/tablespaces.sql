-- Table, index, primary key and unique constraint in another tablespace, others in the default one.
-- table: space.far
-- setup
CREATE SCHEMA space AUTHORIZATION shape_owner;
CREATE TABLE space.far (
    id integer NOT NULL,
    a integer,
    b text,
    CONSTRAINT far_pkey PRIMARY KEY (id) USING INDEX TABLESPACE pg_default,
    CONSTRAINT far_a UNIQUE (a, id) WITH (fillfactor=50) USING INDEX TABLESPACE shape_space,
    CONSTRAINT far_x EXCLUDE USING btree (id WITH =) USING INDEX TABLESPACE shape_space WHERE (a > 0)
) TABLESPACE shape_space;
CREATE INDEX far_b ON space.far (md5(b));
CREATE INDEX far_ab ON space.far (a, left(b, 20)) TABLESPACE shape_space WHERE a > 0;
ALTER TABLE space.far OWNER TO shape_owner;
INSERT INTO space.far SELECT i, i, repeat(md5(i::text), 4) FROM generate_series(1, 5000) i;
INSERT INTO space.far SELECT i, i, (SELECT string_agg(md5(j::text), '') FROM generate_series(i, i + 200) j) FROM generate_series(5001, 5030) i;
DELETE FROM space.far WHERE id % 3 <> 0 AND id < 5010;
-- workload
UPDATE space.far SET a = -a WHERE id % 9 = 0;
UPDATE space.far SET id = id + 10000 WHERE id % 15 = 0;
DELETE FROM space.far WHERE id % 33 = 0;
-- probe
INSERT INTO space.far VALUES (30001, 1, 'probe');
CREATE TABLE space.marker AS SELECT c.relname::text, t.spcname::text FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.relnamespace = 'space'::regnamespace AND c.relname <> 'marker'
UNION ALL SELECT 'toast', t.spcname FROM pg_class c JOIN pg_class o ON o.oid = c.reltoastrelid LEFT JOIN pg_tablespace t ON t.oid = o.reltablespace WHERE c.oid = 'space.far'::regclass;
