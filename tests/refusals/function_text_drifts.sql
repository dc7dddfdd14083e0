-- Functions with SQL bodies whose printed text becomes another text once it is run again.
-- table: fd.items
-- refuse: function printed differently
-- setup
CREATE SCHEMA fd AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE fd.items (id integer PRIMARY KEY, status character varying(10), n integer);
INSERT INTO fd.items SELECT i, 'new' FROM generate_series(1, 3000) i;
DELETE FROM fd.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION fd.put(x integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC
    INSERT INTO fd.items SELECT x, 'put'::character varying, -1;
    UPDATE fd.items SET (status, n) = (SELECT 'set', -2) WHERE id = x;
    SELECT count(*) FROM fd.items WHERE status IN ('new', 'set');
END;
RESET ROLE;
