-- Published as a table of its schema, alone and beside a publication that names the table itself.
-- table: "p s".items
-- min: 15
-- as: postgres
-- setup
CREATE SCHEMA "p s" AUTHORIZATION shape_owner;
CREATE SCHEMA elsewhere AUTHORIZATION shape_owner;
CREATE TABLE "p s".items (id serial PRIMARY KEY, v text);
ALTER TABLE "p s".items OWNER TO shape_owner;
CREATE TABLE elsewhere.others (id integer PRIMARY KEY);
INSERT INTO "p s".items (v) SELECT 'v' FROM generate_series(1, 3000) i;
DELETE FROM "p s".items WHERE id % 3 <> 0 AND id < 2980;
CREATE PUBLICATION ps_schema FOR TABLES IN SCHEMA "p s";
CREATE PUBLICATION ps_two FOR TABLES IN SCHEMA elsewhere, "p s" WITH (publish = 'insert');
CREATE PUBLICATION ps_both FOR TABLE "p s".items, TABLES IN SCHEMA "p s";
CREATE PUBLICATION ps_elsewhere FOR TABLES IN SCHEMA elsewhere;
COMMENT ON PUBLICATION ps_schema IS 'all of it';
-- workload
UPDATE "p s".items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM "p s".items WHERE id % 21 = 0;
INSERT INTO "p s".items (v) VALUES ('new');
-- probe
INSERT INTO "p s".items (v) VALUES ('probe');
UPDATE "p s".items SET v = 'probe' WHERE id = 300;
CREATE TABLE elsewhere.seen AS SELECT pubname::text, schemaname::text, tablename::text FROM pg_publication_tables;
