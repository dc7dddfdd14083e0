-- A view with a bare VALUES, whose printed text becomes another text once it is run again.
-- table: vb.items
-- refuse: view printed differently
-- setup
CREATE SCHEMA vb AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vb.items (id integer PRIMARY KEY, v text);
INSERT INTO vb.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM vb.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vb.with_values (a, b) AS SELECT id, v FROM vb.items UNION ALL VALUES (1, 'one'), (-1, 'none');
RESET ROLE;
