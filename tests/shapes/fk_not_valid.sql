-- Foreign keys in and out that are NOT VALID, with old orphans on both sides: they stay NOT VALID, and hold for new rows.
-- table: nv.orders
-- setup
CREATE SCHEMA nv AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE nv.customers (id integer PRIMARY KEY);
CREATE TABLE nv.orders (id integer PRIMARY KEY, customer integer, second integer, third integer, previous integer);
CREATE TABLE nv.lines (nr integer PRIMARY KEY, ord integer, ord2 integer, ord3 integer);
INSERT INTO nv.customers SELECT generate_series(0, 90);
INSERT INTO nv.orders SELECT i, i % 100, i % 50, i % 50, NULLIF(i, 9) FROM generate_series(1, 3000) i;
DELETE FROM nv.orders WHERE id % 3 <> 0 AND id < 2980;
UPDATE nv.orders SET previous = -1 WHERE id = 12;
INSERT INTO nv.lines SELECT i, i, i * 3, CASE WHEN i NOT BETWEEN 201 AND 210 THEN i * 3 END FROM generate_series(1, 600) i;
ALTER TABLE nv.orders ADD CONSTRAINT customer_nv FOREIGN KEY (customer) REFERENCES nv.customers NOT VALID;
ALTER TABLE nv.orders ADD CONSTRAINT "second ""nv clean" FOREIGN KEY (second) REFERENCES nv.customers ON DELETE CASCADE NOT VALID;
ALTER TABLE nv.orders ADD CONSTRAINT third_valid FOREIGN KEY (third) REFERENCES nv.customers NOT VALID;
ALTER TABLE nv.orders VALIDATE CONSTRAINT third_valid;
ALTER TABLE nv.orders ADD CONSTRAINT previous_nv FOREIGN KEY (previous) REFERENCES nv.orders NOT VALID;
ALTER TABLE nv.lines ADD CONSTRAINT ord_nv FOREIGN KEY (ord) REFERENCES nv.orders ON DELETE CASCADE NOT VALID;
ALTER TABLE nv.lines ADD CONSTRAINT ord2_nv_clean FOREIGN KEY (ord2) REFERENCES nv.orders ON UPDATE CASCADE DEFERRABLE NOT VALID;
ALTER TABLE nv.lines ADD CONSTRAINT ord3_valid FOREIGN KEY (ord3) REFERENCES nv.orders ON UPDATE CASCADE NOT VALID;
ALTER TABLE nv.lines VALIDATE CONSTRAINT ord3_valid;
COMMENT ON CONSTRAINT customer_nv ON nv.orders IS 'customers above 90 were lost in 2019';
COMMENT ON CONSTRAINT ord_nv ON nv.lines IS 'never cleaned up';
RESET ROLE;
-- workload
UPDATE nv.orders SET third = 7 WHERE customer = 95;
UPDATE nv.orders SET id = id + 10000, previous = id + 10000 WHERE id BETWEEN 603 AND 630;
DELETE FROM nv.lines WHERE nr = 100;
DELETE FROM nv.orders WHERE id = 300;
DELETE FROM nv.orders WHERE id BETWEEN 2000 AND 2100;
INSERT INTO nv.orders VALUES (20001, 90, 1, 1, 20001);
INSERT INTO nv.lines VALUES (20001, 20001, 3, 3);
DO $$
BEGIN
    INSERT INTO nv.orders VALUES (20002, 95, 1, 1);
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO nv.orders VALUES (30001, 95, 1, 1)',
        'INSERT INTO nv.orders VALUES (30001, 1, 95, 1)',
        'INSERT INTO nv.orders VALUES (30001, 1, 1, 95)',
        'INSERT INTO nv.orders VALUES (30001, 1, 1, 1, -1)',
        'INSERT INTO nv.lines VALUES (30001, -1)',
        'INSERT INTO nv.lines VALUES (30001, 3, -1)',
        'INSERT INTO nv.lines VALUES (30001, 3, 3, -1)',
        'DELETE FROM nv.customers WHERE id = 3',
        'DELETE FROM nv.orders WHERE id = 903',
        'ALTER TABLE nv.orders VALIDATE CONSTRAINT customer_nv',
        'ALTER TABLE nv.orders VALIDATE CONSTRAINT previous_nv',
        'ALTER TABLE nv.lines VALIDATE CONSTRAINT ord_nv'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    ASSERT (SELECT array_agg(conname ORDER BY conname COLLATE "C") FROM pg_constraint WHERE convalidated AND contype = 'f')
        = '{ord3_valid,third_valid}', 'what is valid has changed';
END $$;
DELETE FROM nv.lines WHERE ord2 = 6;
UPDATE nv.orders SET previous = NULL WHERE previous < 0 OR NOT EXISTS (SELECT FROM nv.orders o WHERE o.id = orders.previous);
ALTER TABLE nv.orders VALIDATE CONSTRAINT previous_nv;
ALTER TABLE nv.orders VALIDATE CONSTRAINT "second ""nv clean";
ALTER TABLE nv.lines VALIDATE CONSTRAINT ord2_nv_clean;
