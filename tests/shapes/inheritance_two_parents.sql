-- The table inherits from two parents, in that order, with a column and a check of both; one parent joined late, one has a parent too.
-- table: i2.child
-- setup
CREATE SCHEMA i2 AUTHORIZATION shape_owner;
CREATE SCHEMA "i 2" AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE i2.top (id integer, top_c text DEFAULT 'top');
CREATE TABLE i2.z_first (id integer, a text DEFAULT 'z', z integer, CONSTRAINT shared CHECK (id > -100000));
CREATE TABLE "i 2"."a ""second" (id integer, a text DEFAULT 'a', s integer, CONSTRAINT shared CHECK (id > -100000)) INHERITS (i2.top);
CREATE TABLE i2.m_third (z integer, m text);
CREATE TABLE i2.child (
    a text DEFAULT 'child',
    own integer,
    CONSTRAINT child_key PRIMARY KEY (id)
) INHERITS (i2.z_first, "i 2"."a ""second");
ALTER TABLE i2.child ADD COLUMN m text DEFAULT 'm';
ALTER TABLE i2.child INHERIT i2.m_third;
CREATE TABLE i2.left_once () INHERITS (i2.m_third);
ALTER TABLE i2.top ADD COLUMN late integer DEFAULT 5;
COMMENT ON CONSTRAINT shared ON i2.child IS 'of both';
INSERT INTO i2.child (id, own, s) SELECT i, i, i FROM generate_series(1, 3000) i;
INSERT INTO i2.z_first (id) SELECT generate_series(1, 50);
INSERT INTO "i 2"."a ""second" (id) SELECT generate_series(1, 50);
DELETE FROM i2.child WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
-- workload
UPDATE i2.z_first SET a = a || '!' WHERE id % 9 = 0;
UPDATE i2.top SET top_c = 'w' WHERE id % 15 = 0;
DELETE FROM "i 2"."a ""second" WHERE id % 21 = 0;
INSERT INTO i2.child (id) VALUES (10001);
-- probe
INSERT INTO i2.child (id) VALUES (20001);
UPDATE i2.m_third SET m = 'probe' WHERE z IS NULL;
DELETE FROM i2.top WHERE id BETWEEN 61 AND 70;
CREATE TABLE i2.seen AS SELECT tableoid::regclass::text AS of_table, id, a FROM i2.z_first UNION ALL SELECT tableoid::regclass::text, id, top_c FROM i2.top;
DO $$
BEGIN
    ASSERT (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) = ARRAY['i2.z_first', '"i 2"."a ""second"', 'i2.m_third'] FROM pg_inherits WHERE inhrelid = 'i2.child'::regclass), 'order of parents';
    INSERT INTO i2.child (id) VALUES (-200000);
    RAISE EXCEPTION 'the check is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
ALTER TABLE i2.child NO INHERIT i2.z_first;
ALTER TABLE "i 2"."a ""second" DROP CONSTRAINT shared;
ALTER TABLE i2.top DROP COLUMN late;
