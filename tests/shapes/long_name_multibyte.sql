-- A table whose name has 63 bytes and ends in a character of several: its array type's name loses all of that.
-- table: ln."xééééééééééééééééééééééééééééééé"
-- setup
CREATE SCHEMA ln AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ln."xééééééééééééééééééééééééééééééé" (id integer PRIMARY KEY, v text);
INSERT INTO ln."xééééééééééééééééééééééééééééééé" SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM ln."xééééééééééééééééééééééééééééééé" WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
-- workload
UPDATE ln."xééééééééééééééééééééééééééééééé" SET v = 'w', id = -id WHERE id % 30 = 0;
DELETE FROM ln."xééééééééééééééééééééééééééééééé" WHERE id % 33 = 0;
-- probe
INSERT INTO ln."xééééééééééééééééééééééééééééééé" VALUES (10001, 'probe');
