-- A table of the superuser, written to by another role during the copy and after it.
-- table: root.things
-- setup
CREATE SCHEMA root;
GRANT USAGE ON SCHEMA root TO shape_writer;
CREATE TABLE root.things (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text DEFAULT 'd' CHECK (v <> ''), w tsvector GENERATED ALWAYS AS (to_tsvector('simple', v)) STORED);
CREATE INDEX things_w ON root.things USING gist (w);
GRANT SELECT, INSERT, UPDATE, DELETE ON root.things TO shape_writer;
INSERT INTO root.things (v) SELECT 'word' || i FROM generate_series(1, 6000) i;
DELETE FROM root.things WHERE id % 3 <> 0 AND id < 5980;
-- workload
SET ROLE shape_writer;
UPDATE root.things SET v = v || ' more' WHERE id % 9 = 0;
DELETE FROM root.things WHERE id % 33 = 0;
INSERT INTO root.things (v) SELECT 'new' || i FROM generate_series(1, 100) i;
RESET ROLE;
-- probe
SET ROLE shape_writer;
INSERT INTO root.things DEFAULT VALUES;
UPDATE root.things SET v = 'probed' WHERE id < 30;
RESET ROLE;
