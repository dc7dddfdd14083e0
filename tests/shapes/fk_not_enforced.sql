-- Foreign keys NOT ENFORCED in, out and to itself, with orphans, beside enforced ones.
-- table: wish.orders
-- min: 18
-- as: shape_owner
-- setup
CREATE SCHEMA wish AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE wish.customers (id integer PRIMARY KEY);
INSERT INTO wish.customers SELECT generate_series(0, 49);
CREATE TABLE wish.orders (
    id integer PRIMARY KEY,
    customer integer CONSTRAINT "a ""wish" REFERENCES wish.customers ON DELETE CASCADE NOT ENFORCED,
    payer integer CONSTRAINT payer_fk REFERENCES wish.customers ENFORCED,
    previous integer CONSTRAINT previous_fk REFERENCES wish.orders DEFERRABLE NOT ENFORCED
);
CREATE TABLE wish.lines (
    nr integer PRIMARY KEY,
    ord integer CONSTRAINT ord_wish REFERENCES wish.orders ON DELETE SET NULL ON UPDATE CASCADE NOT ENFORCED,
    ord2 integer CONSTRAINT ord_fk REFERENCES wish.orders ON DELETE CASCADE
);
COMMENT ON CONSTRAINT "a ""wish" ON wish.orders IS 'for the planner of dreams';
COMMENT ON CONSTRAINT ord_wish ON wish.lines IS '';
INSERT INTO wish.orders SELECT i, i, i % 50, -i FROM generate_series(1, 3000) i;
DELETE FROM wish.orders WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO wish.lines SELECT i, i, i * 3 FROM generate_series(1, 500) i;
RESET ROLE;
-- workload
DELETE FROM wish.orders WHERE id IN (30, 33);
UPDATE wish.orders SET id = 10003 WHERE id = 2400;
INSERT INTO wish.orders VALUES (20001, -20001, 1, -1);
INSERT INTO wish.lines VALUES (20001, -1, 20001);
-- probe
INSERT INTO wish.orders VALUES (30001, -30001, 1, -1);
INSERT INTO wish.lines VALUES (30001, -1, 30001);
DELETE FROM wish.orders WHERE id = 20001;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO wish.orders VALUES (40001, 1, -1)',
        'INSERT INTO wish.lines VALUES (40001, 3, -1)',
        'ALTER TABLE wish.orders ALTER CONSTRAINT "a ""wish" ENFORCED',
        'ALTER TABLE wish.lines ALTER CONSTRAINT ord_wish ENFORCED'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    ASSERT NOT EXISTS (SELECT FROM wish.lines WHERE nr = 20001), 'ON DELETE CASCADE did nothing';
    ASSERT (SELECT count(*) = 2 FROM pg_constraint WHERE contype = 'f' AND conenforced), 'what is enforced has changed';
    ASSERT (SELECT count(*) = 3 FROM pg_constraint WHERE contype = 'f' AND NOT conenforced AND NOT convalidated), 'what is enforced has changed';
END $$;
UPDATE wish.orders SET previous = NULL;
ALTER TABLE wish.orders ALTER CONSTRAINT previous_fk ENFORCED;
