-- NOT NULL constraints that are not valid, inherited, local and both; rows that break them.
-- table: ln.child
-- min: 18
-- setup
CREATE SCHEMA ln AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ln.base (id integer, a integer, b integer, c integer);
CREATE TABLE ln.child (PRIMARY KEY (id)) INHERITS (ln.base);
INSERT INTO ln.child (id) SELECT i FROM generate_series(1, 3000) i;
DELETE FROM ln.child WHERE id % 3 <> 0 AND id < 2980;
ALTER TABLE ln.child ADD CONSTRAINT "own ""b" NOT NULL b NOT VALID, ADD CONSTRAINT own_c NOT NULL c NOT VALID;
ALTER TABLE ln.base ADD CONSTRAINT base_a NOT NULL a NOT VALID, ADD CONSTRAINT base_b NOT NULL b NOT VALID;
COMMENT ON CONSTRAINT base_a ON ln.child IS 'inherited';
COMMENT ON CONSTRAINT own_c ON ln.child IS 'own';
RESET ROLE;
-- workload
DELETE FROM ln.base WHERE id % 21 = 0;
INSERT INTO ln.child VALUES (10001, 1, 1, 1);
-- probe
INSERT INTO ln.child VALUES (20001, 1, 1, 1);
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY['NULL, 1, 1', '1, NULL, 1', '1, 1, NULL'] LOOP
        BEGIN
            EXECUTE 'INSERT INTO ln.child VALUES (30001, ' || bad || ')';
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN not_null_violation THEN NULL;
        END;
    END LOOP;
END $$;
ALTER TABLE ln.base ALTER COLUMN a DROP NOT NULL;
ALTER TABLE ln.base ALTER COLUMN b DROP NOT NULL;
