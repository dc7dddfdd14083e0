-- Views on views on views, all granted, in several schemas; functions and columns of a view's row type, and a view used elsewhere.
-- table: vc.base
-- setup
CREATE SCHEMA vc AUTHORIZATION shape_owner;
CREATE SCHEMA "v.c 2" AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA vc, "v.c 2" TO shape_reader, shape_writer;
SET ROLE shape_owner;
CREATE TABLE vc.base (id integer PRIMARY KEY, kind integer, v text);
CREATE TABLE vc.other (kind integer PRIMARY KEY, name text);
INSERT INTO vc.other SELECT i, 'kind ' || i FROM generate_series(0, 9) i;
INSERT INTO vc.base SELECT i, i % 10, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM vc.base WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vc.z_first AS SELECT id, kind, v FROM vc.base WHERE kind < 9;
CREATE VIEW "v.c 2".y_second AS SELECT z.*, o.name FROM vc.z_first z JOIN vc.other o USING (kind);
CREATE VIEW vc.x_third AS SELECT y.name, count(*) AS n, max(b.v) AS last FROM "v.c 2".y_second y JOIN vc.base b ON b.id = y.id GROUP BY y.name;
CREATE VIEW "v.c 2"."w ""fourth" AS SELECT x.*, (SELECT count(*) FROM vc.z_first) AS total FROM vc.x_third x WHERE EXISTS (SELECT FROM "v.c 2".y_second WHERE y_second.name = x.name);
CREATE VIEW vc.a_fifth AS TABLE "v.c 2"."w ""fourth" UNION ALL SELECT 'none', 0, NULL, (SELECT max(id) FROM vc.base);
CREATE VIEW vc.apart AS SELECT * FROM vc.other;
GRANT SELECT ON vc.z_first, vc.x_third TO shape_reader;
GRANT SELECT, UPDATE (v) ON "v.c 2".y_second TO shape_reader;
GRANT ALL ON "v.c 2"."w ""fourth" TO shape_writer WITH GRANT OPTION;
GRANT SELECT ON vc.a_fifth TO PUBLIC;
COMMENT ON VIEW vc.a_fifth IS 'the last';
COMMENT ON COLUMN vc.x_third.last IS 'the ''last''';
CREATE FUNCTION vc.of_view(z vc.z_first) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT z.v || z.kind';
CREATE FUNCTION vc.set_of_view() RETURNS SETOF "v.c 2".y_second LANGUAGE sql STABLE AS 'SELECT * FROM "v.c 2".y_second';
CREATE TABLE vc.kept (nr integer, x vc.x_third);
INSERT INTO vc.kept SELECT 1, x FROM vc.x_third x;
CREATE VIEW vc.over_function AS SELECT f.id, f.name FROM vc.set_of_view() f;
CREATE FUNCTION vc.sql_body(k integer) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM "v.c 2".y_second WHERE kind = k; END;
RESET ROLE;
-- workload
UPDATE vc.base SET kind = kind + 1 WHERE id % 9 = 0;
DELETE FROM vc.base WHERE id % 21 = 0;
INSERT INTO vc.z_first VALUES (10001, 3, 'through the view');
-- probe
SET ROLE shape_reader;
SELECT count(*) FROM vc.z_first;
SELECT count(*) FROM "v.c 2".y_second;
DO $$
BEGIN
    PERFORM * FROM "v.c 2"."w ""fourth";
    RAISE EXCEPTION 'a right too many';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
INSERT INTO vc.z_first VALUES (20001, 4, 'probe');
CREATE TABLE vc.seen AS SELECT * FROM vc.a_fifth;
CREATE TABLE vc.seen_too AS SELECT o.*, vc.of_view(z) FROM vc.over_function o JOIN vc.z_first z USING (id);
CREATE TABLE vc.seen_last AS SELECT vc.sql_body(k) FROM generate_series(0, 9) k;
INSERT INTO vc.kept SELECT 2, x FROM vc.x_third x;
DO $$
BEGIN
    DROP VIEW vc.x_third;
    RAISE EXCEPTION 'views do not depend on views';
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END $$;
