-- A check and indexes that refer to the whole row.
-- table: whole.rows
-- setup
CREATE SCHEMA whole AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE whole.rows (
    id integer PRIMARY KEY,
    a integer,
    b text,
    CONSTRAINT some_of_it CHECK (rows.* IS DISTINCT FROM NULL AND NOT (rows.* IS NULL))
);
CREATE INDEX rows_whole ON whole.rows ((rows.*)) WHERE a < 100;
CREATE INDEX rows_filled ON whole.rows (((rows.* IS NOT NULL)), id);
RESET ROLE;
INSERT INTO whole.rows SELECT i, i % 1000, CASE WHEN i % 9 > 0 THEN 'b' || i END FROM generate_series(1, 5000) i;
DELETE FROM whole.rows WHERE id % 3 <> 0 AND id < 4980;
-- workload
UPDATE whole.rows SET a = 1, id = -id WHERE id % 60 = 0;
DELETE FROM whole.rows WHERE id % 33 = 0;
INSERT INTO whole.rows VALUES (20001, NULL, NULL);
-- probe
INSERT INTO whole.rows VALUES (30001, 1, 'probe');
SELECT count(*) FROM whole.rows WHERE (rows.* IS NOT NULL);
