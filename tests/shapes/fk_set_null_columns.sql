-- ON DELETE SET NULL and SET DEFAULT with a list of columns, in and out.
-- table: part.orders
-- min: 15
-- setup
CREATE SCHEMA part AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE part.users (tenant integer, gone text, "u ser" integer, PRIMARY KEY (tenant, "u ser"));
ALTER TABLE part.users DROP COLUMN gone;
CREATE TABLE part.orders (
    gone integer,
    tenant integer DEFAULT 1 NOT NULL,
    gone_too integer,
    id integer,
    buyer integer,
    "sel ler" integer DEFAULT 0,
    PRIMARY KEY (tenant, id)
);
ALTER TABLE part.orders DROP COLUMN gone;
ALTER TABLE part.orders DROP COLUMN gone_too;
ALTER TABLE part.orders ADD CONSTRAINT buyer_fk FOREIGN KEY (tenant, buyer) REFERENCES part.users ON DELETE SET NULL (buyer);
ALTER TABLE part.orders ADD CONSTRAINT seller_fk FOREIGN KEY (tenant, "sel ler") REFERENCES part.users ON DELETE SET DEFAULT ("sel ler") DEFERRABLE;
CREATE TABLE part.lines (
    nr integer PRIMARY KEY,
    tenant integer DEFAULT 1 NOT NULL,
    ord integer,
    "o ""ther" integer DEFAULT 6,
    CONSTRAINT ord_fk FOREIGN KEY (tenant, ord) REFERENCES part.orders ON DELETE SET NULL (ord),
    CONSTRAINT other_fk FOREIGN KEY (tenant, "o ""ther") REFERENCES part.orders ON UPDATE CASCADE ON DELETE SET DEFAULT (tenant, "o ""ther")
);
COMMENT ON CONSTRAINT ord_fk ON part.lines IS 'the tenant stays';
INSERT INTO part.users SELECT t, u FROM generate_series(1, 2) t, generate_series(0, 50) u;
INSERT INTO part.orders SELECT 1 + i % 2, i, i % 50, 1 + i % 50 FROM generate_series(1, 3000) i;
DELETE FROM part.orders WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO part.lines SELECT i, 1 + i % 2, i * 3, i * 3 FROM generate_series(1, 300) i;
RESET ROLE;
-- workload
DELETE FROM part.orders WHERE id IN (30, 33, 36);
DELETE FROM part.users WHERE "u ser" IN (7, 8);
INSERT INTO part.orders VALUES (1, 5001, 1, 2);
INSERT INTO part.lines VALUES (1001, 1, 5001);
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO part.orders VALUES (1, 6001, 999)',
        'INSERT INTO part.orders VALUES (3, 6001, 1)',
        'INSERT INTO part.lines VALUES (2001, 1, -1)',
        'INSERT INTO part.lines VALUES (2001, 2, 5001)',
        'DELETE FROM part.users WHERE "u ser" = 0'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
DELETE FROM part.orders WHERE id = 60;
DELETE FROM part.orders WHERE id = 63;
DELETE FROM part.users WHERE "u ser" = 20;
DO $$
BEGIN
    ASSERT (SELECT tenant = 1 AND ord IS NULL AND "o ""ther" = 6 FROM part.lines WHERE nr = 20), 'SET NULL (ord)';
    ASSERT EXISTS (SELECT FROM part.orders WHERE tenant = 2 AND buyer IS NULL), 'SET NULL (buyer)';
    ASSERT EXISTS (SELECT FROM part.orders WHERE "sel ler" = 0), 'SET DEFAULT (seller)';
END $$;
