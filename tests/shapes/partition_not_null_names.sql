-- A leaf whose NOT NULL constraints have other names than the parent's, some of its own, some both, some with comments.
-- table: nn.leaf
-- min: 18
-- as: shape_owner
-- setup
CREATE SCHEMA nn AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE nn.items (id integer CONSTRAINT "id ""needed" NOT NULL, a text CONSTRAINT a_needed NOT NULL, b text, c text NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE nn.leaf (id integer CONSTRAINT leaf_id_name NOT NULL, a text CONSTRAINT "leaf ""a" NOT NULL, b text CONSTRAINT leaf_b_own NOT NULL, c text NOT NULL, PRIMARY KEY (id));
ALTER TABLE nn.items ATTACH PARTITION nn.leaf FOR VALUES FROM (0) TO (100000);
COMMENT ON CONSTRAINT "leaf ""a" ON nn.leaf IS 'a of the leaf';
COMMENT ON CONSTRAINT leaf_b_own ON nn.leaf IS 'b of the leaf';
INSERT INTO nn.items SELECT i, 'a', 'b', 'c' FROM generate_series(1, 3000) i;
DELETE FROM nn.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
DELETE FROM nn.items WHERE id % 21 = 0;
-- probe
DO $$
BEGIN
    INSERT INTO nn.items (id, a, c) VALUES (10001, 'a', 'c');
    RAISE EXCEPTION 'NOT NULL is gone';
EXCEPTION WHEN not_null_violation THEN NULL;
END $$;
ALTER TABLE nn.items ALTER COLUMN a DROP NOT NULL;
ALTER TABLE nn.items DETACH PARTITION nn.leaf;
