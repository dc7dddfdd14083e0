-- Views on the table alone: updatable, of a constant, of all columns; comments, column grants with another grantor.
-- table: vs.items
-- as: postgres
-- setup
CREATE SCHEMA vs AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA vs TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE vs.items (id serial PRIMARY KEY, name text NOT NULL, price numeric(10,2), secret text DEFAULT 'x', made timestamp with time zone DEFAULT '2020-01-01 00:00:00+00');
INSERT INTO vs.items (name, price) SELECT 'item ' || i, i / 7.0 FROM generate_series(1, 3000) i;
DELETE FROM vs.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vs.cheap AS SELECT id, name, price FROM vs.items WHERE price < 100;
CREATE VIEW vs.all_of_it AS SELECT * FROM vs.items;
CREATE VIEW vs.how_many AS SELECT count(*) FROM vs.items;
CREATE VIEW vs.just_one AS SELECT 1 AS one FROM vs.items LIMIT 1;
CREATE VIEW vs.named AS SELECT 'vs.items'::regclass AS relation, oid = 'vs.items'::regclass AS is_it FROM pg_class WHERE relname = 'items';
CREATE VIEW vs.of_the_sequence AS SELECT last_value, is_called, currval IS NULL AS n FROM vs.items_id_seq, LATERAL (SELECT NULL::bigint AS currval) x;
COMMENT ON VIEW vs.cheap IS 'it''s a "view"';
COMMENT ON COLUMN vs.cheap.price IS 'below 100';
GRANT SELECT, INSERT, UPDATE, DELETE ON vs.cheap TO shape_writer;
GRANT SELECT ON vs.all_of_it TO shape_grantor WITH GRANT OPTION;
GRANT SELECT (id, name) ON vs.all_of_it TO PUBLIC;
GRANT UPDATE (name) ON vs.all_of_it TO shape_reader;
REVOKE DELETE ON vs.all_of_it FROM shape_owner;
SET ROLE shape_grantor;
GRANT SELECT ON vs.all_of_it TO shape_other;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO vs.cheap (id, name, price) VALUES (10001, 'cheap', 1);
UPDATE vs.cheap SET price = price + 1 WHERE id % 9 = 0;
DELETE FROM vs.cheap WHERE id % 33 = 0;
SET ROLE shape_reader;
UPDATE vs.all_of_it SET name = 'renamed' WHERE id = 300;
SET ROLE shape_owner;
INSERT INTO vs.all_of_it VALUES (10002, 'whole', 200, 's', NULL);
RESET ROLE;
-- probe
SET ROLE shape_writer;
INSERT INTO vs.cheap (id, name, price) VALUES (20001, 'probe', 2);
UPDATE vs.cheap SET name = 'probe' WHERE id = 303;
DELETE FROM vs.cheap WHERE id = 306;
DO $$
BEGIN
    PERFORM secret FROM vs.all_of_it;
    RAISE EXCEPTION 'a right too many';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
SELECT id, name FROM vs.all_of_it;
SET ROLE shape_other;
SELECT secret FROM vs.all_of_it;
SET ROLE shape_reader;
UPDATE vs.all_of_it SET name = 'by the reader' WHERE id = 309;
RESET ROLE;
CREATE TABLE vs.seen AS SELECT id, name, price FROM vs.cheap;
CREATE TABLE vs.counted AS SELECT * FROM vs.how_many, vs.just_one;
CREATE TABLE vs.named_so AS SELECT * FROM vs.named;
DO $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY['ALTER TABLE vs.items DROP COLUMN secret', 'DROP TABLE vs.items', 'ALTER TABLE vs.items ALTER COLUMN name TYPE character varying'] LOOP
        BEGIN
            EXECUTE statement;
            RAISE EXCEPTION 'the views do not depend on the table';
        EXCEPTION WHEN dependent_objects_still_exist OR feature_not_supported THEN NULL;
        END;
    END LOOP;
END $$;
ALTER TABLE vs.items RENAME COLUMN price TO prize;
ALTER TABLE vs.items RENAME TO things;
