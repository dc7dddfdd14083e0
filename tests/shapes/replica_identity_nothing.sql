-- REPLICA IDENTITY NOTHING.
-- table: repl.ident
-- setup
CREATE SCHEMA repl AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE repl.ident (id integer PRIMARY KEY, a integer NOT NULL, b text NOT NULL, c text);
CREATE UNIQUE INDEX ident_ab ON repl.ident (a, b);
CREATE INDEX ident_c ON repl.ident (c);
ALTER TABLE repl.ident REPLICA IDENTITY NOTHING;
ALTER TABLE repl.ident CLUSTER ON ident_ab;
RESET ROLE;
INSERT INTO repl.ident SELECT i, i, 'b' || i, md5(i::text) FROM generate_series(1, 6000) i;
DELETE FROM repl.ident WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE repl.ident SET id = -id, b = 'x' WHERE id % 9 = 0;
DELETE FROM repl.ident WHERE id % 33 = 0;
INSERT INTO repl.ident VALUES (20001, 1, 'new', NULL);
-- probe
INSERT INTO repl.ident VALUES (30001, 1, 'probe', NULL);
UPDATE repl.ident SET c = 'probe' WHERE a < 100;
