-- A constraint trigger of the whole that is FROM the leaf, which has it, too.
-- table: ti.a_low
-- setup
CREATE SCHEMA ti AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ti.log (what text);
CREATE TABLE ti.items (id integer PRIMARY KEY, n integer) PARTITION BY RANGE (id);
CREATE TABLE ti.a_low PARTITION OF ti.items FOR VALUES FROM (0) TO (5000);
CREATE TABLE ti.high PARTITION OF ti.items FOR VALUES FROM (5000) TO (100000);
INSERT INTO ti.items SELECT i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM ti.items WHERE id % 3 <> 0 AND id < 2900;
CREATE FUNCTION ti.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ti.log VALUES (TG_NAME || ' ' || TG_TABLE_NAME || ' ' || OLD.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER noted AFTER DELETE ON ti.items FROM ti.a_low FOR EACH ROW EXECUTE FUNCTION ti.note();
RESET ROLE;
-- workload
UPDATE ti.items SET id = id + 10000 WHERE id % 90 = 0;
DELETE FROM ti.items WHERE id % 91 = 0;
-- probe
DELETE FROM ti.items WHERE id % 60 = 3;
