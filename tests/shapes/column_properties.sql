-- Per-column properties: statistics target, n_distinct, storage, compression, collation, NOT NULL, comments, defaults.
-- table: col.props
-- setup
CREATE SCHEMA col AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE FUNCTION col.stamp() RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN 'stamp of ' || current_schema(); END $$;
CREATE FUNCTION col.times(integer, integer DEFAULT 3) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1 * $2';
CREATE COLLATION col.mine (locale = 'C', provider = libc);
CREATE TABLE col.props (
    id integer PRIMARY KEY,
    gone text,
    a integer DEFAULT 5,
    b text COLLATE "C" DEFAULT 'b'::text NOT NULL,
    c text COLLATE col.mine DEFAULT col.stamp(),
    d text COMPRESSION pglz DEFAULT (('x'::text || 'y'::text) || upper('z'::text)),
    e jsonb COMPRESSION pglz DEFAULT '{}'::jsonb,
    f integer[] DEFAULT ARRAY[1, 2],
    g timestamp without time zone DEFAULT '2020-01-01 00:00:00'::timestamp without time zone,
    h integer DEFAULT col.times(2) NOT NULL,
    i interval DEFAULT '1 day -00:00:01'::interval,
    j character varying(5) DEFAULT NULL,
    k bytea DEFAULT '\x00'::bytea,
    l text COLLATE "POSIX",
    m numeric DEFAULT 'NaN'::numeric,
    n double precision DEFAULT '-0'::double precision,
    o regclass DEFAULT 'pg_catalog.pg_class'::regclass,
    p boolean DEFAULT (current_setting('server_encoding') = 'UTF8'),
    q text DEFAULT CURRENT_SCHEMA,
    r name DEFAULT CURRENT_USER,
    s text DEFAULT SESSION_USER
);
ALTER TABLE col.props DROP COLUMN gone;
ALTER TABLE col.props ALTER COLUMN a SET STATISTICS 1000;
ALTER TABLE col.props ALTER COLUMN b SET STATISTICS 0;
ALTER TABLE col.props ALTER COLUMN c SET (n_distinct=-0.5, n_distinct_inherited=100);
ALTER TABLE col.props ALTER COLUMN d SET (n_distinct=33);
ALTER TABLE col.props ALTER COLUMN d SET STORAGE EXTERNAL;
ALTER TABLE col.props ALTER COLUMN e SET STORAGE MAIN;
ALTER TABLE col.props ALTER COLUMN k SET STORAGE PLAIN;
ALTER TABLE col.props ALTER COLUMN a SET (n_distinct=5);
ALTER TABLE col.props ALTER COLUMN a RESET (n_distinct);
RESET ROLE;
COMMENT ON TABLE col.props IS 'columns with properties; it''s "quoted" \ $1 %s';
COMMENT ON COLUMN col.props.a IS 'has 1000';
COMMENT ON COLUMN col.props.r IS E'two\nlines\tand a tab';
INSERT INTO col.props (id, l, a) SELECT i, md5(i::text), i FROM generate_series(1, 5000) i;
DELETE FROM col.props WHERE id % 3 <> 0 AND id < 4980;
-- workload
UPDATE col.props SET a = DEFAULT, c = NULL WHERE id % 9 = 0;
UPDATE col.props SET id = id + 10000 WHERE id % 45 = 0;
INSERT INTO col.props (id) SELECT i FROM generate_series(20001, 20100) i;
DELETE FROM col.props WHERE id % 33 = 0;
-- probe
INSERT INTO col.props (id) VALUES (30001);
INSERT INTO col.props (id, e, h) VALUES (30002, NULL, DEFAULT);
ALTER TABLE col.props ALTER COLUMN a SET STATISTICS -1;
ANALYZE col.props;
