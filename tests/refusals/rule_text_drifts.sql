-- Rules whose printed text becomes another text once it is run again: constants without a name in a SELECT list, IN over character varying.
-- table: rd.items
-- refuse: rule printed differently
-- setup
CREATE SCHEMA rd AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE rd.items (id integer PRIMARY KEY, status character varying(10));
CREATE TABLE rd.log (rule text, id integer, n integer, nothing text);
INSERT INTO rd.items SELECT i, 'new' FROM generate_series(1, 3000) i;
DELETE FROM rd.items WHERE id % 3 <> 0 AND id < 2980;
CREATE RULE items_insert AS ON INSERT TO rd.items DO ALSO INSERT INTO rd.log SELECT 'insert', NEW.id, -1, NULL;
CREATE RULE items_update AS ON UPDATE TO rd.items WHERE OLD.status IN ('new', 'paid') DO ALSO INSERT INTO rd.log SELECT 'update', OLD.id, 1::smallint, 'x'::text FROM rd.items i WHERE i.id = OLD.id;
RESET ROLE;
