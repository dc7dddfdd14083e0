-- A leaf of a list with NULL and quotes in it, partitioned by an expression, with a primary key of its own only; columns in another order.
-- table: li.leaf
-- setup
CREATE SCHEMA li AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE li.items (gone integer, id integer NOT NULL, kind text, v text DEFAULT 'parent''s', CONSTRAINT v_check CHECK (v <> 'x')) PARTITION BY LIST (lower(kind));
ALTER TABLE li.items DROP COLUMN gone;
CREATE TABLE li.leaf (v text DEFAULT 'leaf''s', gone_1 text, kind text, id integer NOT NULL, CONSTRAINT v_check CHECK (v <> 'x'), CONSTRAINT own_check CHECK (id > -1000000), CONSTRAINT leaf_key PRIMARY KEY (id));
ALTER TABLE li.leaf DROP COLUMN gone_1;
ALTER TABLE li.items ATTACH PARTITION li.leaf FOR VALUES IN ('it''s', NULL, 'a "b"', 'c,d', '\x');
CREATE TABLE li.rest PARTITION OF li.items FOR VALUES IN ('other', 'more');
CREATE UNIQUE INDEX leaf_only ON li.leaf (kind, id) WHERE v IS NOT NULL;
CREATE INDEX items_v ON li.items (v);
CREATE STATISTICS li.leaf_stat ON kind, v FROM li.leaf;
INSERT INTO li.items (id, kind, v) SELECT i, (ARRAY['It''s', NULL, 'A "b"', 'C,D', '\X', 'Other'])[1 + i % 6], 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM li.items WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
-- workload
INSERT INTO li.items (id, kind) VALUES (10001, NULL), (10002, 'IT''S'), (10003, 'More');
INSERT INTO li.leaf (id, kind) VALUES (10004, NULL);
UPDATE li.items SET kind = 'OTHER' WHERE id % 30 = 0;
UPDATE li.items SET kind = NULL WHERE kind = 'Other' AND id % 50 = 5;
DELETE FROM li.items WHERE id % 21 = 0;
-- probe
INSERT INTO li.items (id, kind) VALUES (20001, NULL), (20002, 'IT''S'), (20003, 'More');
INSERT INTO li.leaf (id, kind) VALUES (20004, 'c,d');
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO li.leaf (id, kind) VALUES (30001, ''other'')',
        'INSERT INTO li.items (id, kind) VALUES (30001, ''nowhere'')',
        'INSERT INTO li.items (id, kind, v) VALUES (30001, NULL, ''x'')',
        'INSERT INTO li.items (id, kind) VALUES (-1000001, NULL)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE li.seen AS SELECT tableoid::regclass::text AS leaf, * FROM li.items;
ALTER TABLE li.items DETACH PARTITION li.leaf;
