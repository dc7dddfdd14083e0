-- Columns dropped in the middle and columns added late, whose old rows read the missing value.
-- table: late.layers
-- setup
CREATE SCHEMA late AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE late.layers (
    gone1 text,
    id integer,
    gone2 numeric,
    a text,
    gone3 integer[],
    b integer NOT NULL,
    gone4 serial,
    CONSTRAINT layers_pkey PRIMARY KEY (id)
);
CREATE INDEX layers_b ON late.layers (b);
INSERT INTO late.layers (gone1, id, gone2, a, gone3, b) SELECT 'gone', i, i, 'a' || i, ARRAY[i], i % 7 FROM generate_series(1, 5000) i;
ALTER TABLE late.layers DROP COLUMN gone1;
ALTER TABLE late.layers DROP COLUMN gone3;
ALTER TABLE late.layers ADD COLUMN late_int integer DEFAULT 42 NOT NULL;
ALTER TABLE late.layers ADD COLUMN late_text text DEFAULT 'missing ''value''';
INSERT INTO late.layers (id, a, b) SELECT i, 'later' || i, 3 FROM generate_series(5001, 6000) i;
ALTER TABLE late.layers ALTER COLUMN late_text SET DEFAULT 'another default';
ALTER TABLE late.layers ALTER COLUMN late_int DROP DEFAULT;
ALTER TABLE late.layers DROP COLUMN gone2;
ALTER TABLE late.layers DROP COLUMN gone4;
ALTER TABLE late.layers ADD COLUMN late_array text[] DEFAULT '{x,NULL,"y z"}';
ALTER TABLE late.layers ADD COLUMN late_num numeric(6,2) DEFAULT 1.5;
ALTER TABLE late.layers ADD COLUMN late_gone integer DEFAULT 9;
ALTER TABLE late.layers DROP COLUMN late_gone;
ALTER TABLE late.layers ADD COLUMN late_nothing bytea;
ALTER TABLE late.layers ADD COLUMN late_stamp timestamp with time zone DEFAULT '2001-01-01 00:00:00+00';
CREATE INDEX layers_late ON late.layers (late_int, late_num);
INSERT INTO late.layers (id, b, late_int) SELECT i, 1, i FROM generate_series(6001, 7000) i;
DELETE FROM late.layers WHERE id % 3 <> 0 AND id < 6980;
ALTER TABLE late.layers ADD COLUMN last boolean DEFAULT true NOT NULL;
RESET ROLE;
-- workload
UPDATE late.layers SET a = a || '!' WHERE id % 9 = 0;
UPDATE late.layers SET id = id + 10000 WHERE id % 30 = 0;
UPDATE late.layers SET late_text = NULL, late_array = NULL WHERE id % 45 = 0;
INSERT INTO late.layers (id, b, late_int) SELECT i, 1, i FROM generate_series(20001, 20100) i;
DELETE FROM late.layers WHERE id % 33 = 0;
BEGIN;
SAVEPOINT one;
DELETE FROM late.layers;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO late.layers (id, b, late_int) VALUES (30001, 1, 2);
ALTER TABLE late.layers ADD COLUMN after_all integer DEFAULT 11;
ALTER TABLE late.layers DROP COLUMN late_nothing;
INSERT INTO late.layers (id, b, late_int) VALUES (30002, 1, 2);
SELECT count(*) FROM late.layers WHERE late_int = 42 AND late_num = 1.5;
