-- Comments that pg_dump does not show: on a leaf's share of the parent's foreign key and trigger.
-- table: pk.leaf
-- setup
CREATE SCHEMA pk AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE pk.refs (id integer PRIMARY KEY);
INSERT INTO pk.refs SELECT generate_series(0, 99);
CREATE TABLE pk.items (id integer PRIMARY KEY, ref integer CONSTRAINT items_ref REFERENCES pk.refs) PARTITION BY RANGE (id);
CREATE TABLE pk.leaf PARTITION OF pk.items FOR VALUES FROM (0) TO (100000);
CREATE FUNCTION pk.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER items_trigger AFTER INSERT ON pk.items FOR EACH ROW EXECUTE FUNCTION pk.nothing();
COMMENT ON CONSTRAINT items_ref ON pk.leaf IS 'ref of the leaf';
COMMENT ON TRIGGER items_trigger ON pk.leaf IS 'trigger of the leaf';
INSERT INTO pk.items SELECT i, i % 100 FROM generate_series(1, 3000) i;
DELETE FROM pk.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
DELETE FROM pk.items WHERE id % 21 = 0;
-- probe
DO $$
BEGIN
    ASSERT (SELECT obj_description(oid, 'pg_constraint') = 'ref of the leaf' FROM pg_constraint WHERE conrelid = 'pk.leaf'::regclass AND conname = 'items_ref'), 'comment on the foreign key';
    ASSERT (SELECT obj_description(oid, 'pg_trigger') = 'trigger of the leaf' FROM pg_trigger WHERE tgrelid = 'pk.leaf'::regclass AND tgname = 'items_trigger'), 'comment on the trigger';
END $$;
