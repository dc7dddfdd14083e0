-- The table's owned sequences feed others: defaults of another's table and of a view, a SQL body, a view and a policy; with grants and comments.
-- table: se.main
-- setup
CREATE SCHEMA se AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA se TO shape_other, shape_writer;
SET ROLE shape_owner;
CREATE TABLE se.main (id bigserial PRIMARY KEY, v text, n integer);
CREATE SEQUENCE se."n ""seq" INCREMENT BY -3 MINVALUE -1000000 MAXVALUE 10 CACHE 5 OWNED BY se.main.n;
ALTER TABLE se.main ALTER COLUMN n SET DEFAULT nextval('se."n ""seq"') + 1000;
GRANT USAGE ON SEQUENCE se.main_id_seq, se."n ""seq" TO shape_other, shape_writer;
COMMENT ON SEQUENCE se."n ""seq" IS 'counts''s down';
CREATE TABLE se.third (id integer DEFAULT nextval('se."n ""seq"'), v text);
CREATE VIEW se.over AS SELECT id, v FROM se.third;
ALTER VIEW se.over ALTER COLUMN id SET DEFAULT nextval('se.main_id_seq');
CREATE VIEW se.state AS SELECT last_value, is_called FROM se.main_id_seq;
CREATE FUNCTION se.next() RETURNS bigint LANGUAGE sql RETURN nextval('se.main_id_seq');
CREATE FUNCTION se.last_n() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT last_value FROM se."n ""seq"; END;
CREATE POLICY counting ON se.third USING (id < (SELECT last_value FROM se.main_id_seq));
INSERT INTO se.main (v) SELECT 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM se.main WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
CREATE SCHEMA others AUTHORIZATION shape_other;
SET ROLE shape_other;
CREATE TABLE others.uses (id bigint DEFAULT nextval('se.main_id_seq') PRIMARY KEY, v text);
GRANT USAGE ON SCHEMA others TO shape_writer;
GRANT INSERT ON others.uses TO shape_writer;
SET ROLE shape_owner;
GRANT INSERT ON se.main, se.over TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO others.uses (v) VALUES ('one');
INSERT INTO se.main (v) VALUES ('two');
INSERT INTO se.over (v) VALUES ('three');
RESET ROLE;
INSERT INTO se.third (v) VALUES ('four');
SELECT se.next();
DELETE FROM se.main WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
INSERT INTO others.uses (v) VALUES ('probe');
INSERT INTO se.main (v) VALUES ('probe');
INSERT INTO se.over (v) VALUES ('probe');
RESET ROLE;
INSERT INTO se.third (v) VALUES ('probe');
CREATE TABLE se.seen AS SELECT se.next(), se.last_n(), s.* FROM se.state s;
DO $$
BEGIN
    ASSERT (SELECT count(DISTINCT id) = count(*) FROM (SELECT id FROM se.main UNION ALL SELECT id FROM others.uses) x), 'a number twice';
    BEGIN
        DROP TABLE se.main;
        RAISE EXCEPTION 'others do not depend on the sequence';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
END $$;
