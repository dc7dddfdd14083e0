-- Materialized views on materialized views, in several schemas, of several owners; views, functions, rules and policies that read them.
-- table: ch.base
-- as: postgres
-- setup
CREATE SCHEMA ch AUTHORIZATION shape_owner;
CREATE SCHEMA "c.h 2";
CREATE SCHEMA ch3;
GRANT USAGE ON SCHEMA ch, "c.h 2", ch3 TO shape_owner, shape_other, shape_grantor, shape_reader;
GRANT CREATE ON SCHEMA "c.h 2" TO shape_other;
GRANT CREATE ON SCHEMA ch3 TO shape_grantor, shape_owner;
CREATE TABLE ch3.base (id integer PRIMARY KEY, name text);
INSERT INTO ch3.base SELECT i, 'other ' || i FROM generate_series(0, 9) i;
GRANT SELECT ON ch3.base TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE ch.base (id integer PRIMARY KEY, kind integer, v text, secret text);
CREATE TABLE ch.orders (id integer PRIMARY KEY, kind integer);
INSERT INTO ch.orders SELECT i, i % 10 FROM generate_series(1, 100) i;
INSERT INTO ch.base SELECT i, i % 10, 'v' || i, 's' FROM generate_series(1, 3000) i;
DELETE FROM ch.base WHERE id % 3 <> 0 AND id < 2980;
GRANT SELECT (id, kind, v) ON ch.base TO shape_other;
GRANT SELECT ON ch.base TO shape_grantor;
CREATE FUNCTION ch.name_of(integer) RETURNS text LANGUAGE sql STABLE AS 'SELECT ''kind '' || $1';
SET ROLE shape_other;
CREATE MATERIALIZED VIEW "c.h 2"."z first" AS SELECT b.kind, o.name, count(*) AS n, max(b.v) AS last FROM ch.base b JOIN ch3.base o ON o.id = b.kind GROUP BY 1, 2;
CREATE UNIQUE INDEX ON "c.h 2"."z first" (kind);
CREATE STATISTICS "c.h 2".of_first ON kind, name FROM "c.h 2"."z first";
GRANT SELECT ON "c.h 2"."z first" TO shape_grantor WITH GRANT OPTION;
GRANT SELECT ON "c.h 2"."z first" TO shape_owner;
SET ROLE shape_grantor;
GRANT SELECT ON "c.h 2"."z first" TO shape_reader;
CREATE MATERIALIZED VIEW ch3.y_second AS SELECT z.*, (SELECT count(*) FROM ch.base b WHERE b.kind = z.kind) AS again FROM "c.h 2"."z first" z;
GRANT SELECT ON ch3.y_second TO shape_owner, shape_other;
SET ROLE shape_owner;
CREATE MATERIALIZED VIEW ch.a_third AS SELECT y.*, ch.name_of(y.kind) AS called, z.n AS z_n FROM ch3.y_second y JOIN "c.h 2"."z first" z USING (kind);
CREATE INDEX ON ch.a_third (called);
CREATE VIEW ch.between AS SELECT kind, n, again FROM ch3.y_second;
CREATE MATERIALIZED VIEW ch.above_a_view AS SELECT * FROM ch.between;
CREATE VIEW ch.of_all AS SELECT t.called, b.v FROM ch.a_third t JOIN ch.base b USING (kind);
CREATE FUNCTION ch.body(k integer) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT n FROM ch.a_third WHERE kind = k; END;
CREATE FUNCTION ch.row_of(ch.between) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT $1.n';
CREATE POLICY by_kind ON ch.orders FOR SELECT TO shape_reader USING (kind IN (SELECT kind FROM ch.a_third WHERE n > 0));
CREATE POLICY own_by_kind ON ch.base FOR SELECT TO shape_reader USING (kind IN (SELECT kind FROM ch.a_third WHERE n > 0));
ALTER TABLE ch.orders ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON ch.orders, ch.a_third TO shape_reader;
CREATE RULE noted AS ON DELETE TO ch.orders DO ALSO INSERT INTO ch.orders SELECT -OLD.id, (SELECT max(kind) FROM ch.a_third);
CREATE RULE own AS ON DELETE TO ch.base WHERE OLD.id < 0 DO ALSO INSERT INTO ch.orders SELECT 7777, (SELECT max(kind) FROM ch.a_third);
RESET ROLE;
REVOKE CREATE ON SCHEMA "c.h 2" FROM shape_other;
-- workload
UPDATE ch.base SET kind = (kind + 1) % 10 WHERE id % 9 = 0;
INSERT INTO ch.base VALUES (10001, 3, 'new', NULL);
-- probe
REFRESH MATERIALIZED VIEW CONCURRENTLY "c.h 2"."z first";
REFRESH MATERIALIZED VIEW ch3.y_second;
REFRESH MATERIALIZED VIEW ch.a_third;
REFRESH MATERIALIZED VIEW ch.above_a_view;
CREATE TABLE ch.seen AS SELECT * FROM ch.of_all;
CREATE TABLE ch.seen_too AS SELECT k, ch.body(k) FROM generate_series(0, 9) k;
CREATE TABLE ch.seen_last AS SELECT ch.row_of(b) FROM ch.between b;
SET ROLE shape_reader;
SELECT * FROM ch.orders;
SELECT * FROM "c.h 2"."z first";
RESET ROLE;
DELETE FROM ch.orders WHERE id = 4;
DELETE FROM ch.base WHERE id = 3;
DO $$
BEGIN
    DROP MATERIALIZED VIEW ch.a_third;
    RAISE EXCEPTION 'nothing depends on it';
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END $$;
