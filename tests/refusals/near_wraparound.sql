-- Autovacuum is about to come to prevent wraparound.
-- table: ref.orders
-- refuse: oldest transaction id wraparound vacuum (freeze)
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) WITH (autovacuum_freeze_max_age = 100000, autovacuum_enabled = false);
INSERT INTO ref.orders SELECT i, i % 3 FROM generate_series(1, 100) i;
RESET ROLE;
CREATE TABLE ref.counter (n integer);
DO $$
BEGIN
    -- Each of these takes a transaction ID of its own.
    FOR i IN 1..96000 LOOP
        BEGIN
            INSERT INTO ref.counter VALUES (i);
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
    END LOOP;
END $$;
