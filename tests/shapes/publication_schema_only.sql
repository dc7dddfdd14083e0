-- Published only as a table of its schema: the plain owner of the table has nothing to do with the publication.
-- table: pso.items
-- min: 15
-- as: shape_owner
-- setup
CREATE SCHEMA pso AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE pso.items (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
INSERT INTO pso.items (v) SELECT 'v' FROM generate_series(1, 3000) i;
DELETE FROM pso.items WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
CREATE PUBLICATION pso_schema FOR TABLES IN SCHEMA pso;
-- workload
UPDATE pso.items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM pso.items WHERE id % 21 = 0;
-- probe
INSERT INTO pso.items (v) VALUES ('probe');
CREATE TABLE public.seen AS SELECT pubname::text, schemaname::text, tablename::text FROM pg_publication_tables;
