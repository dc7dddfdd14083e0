-- Foreign keys out: to other schemas and other owners' tables (only REFERENCES granted), odd names, comments, composite, across types.
-- table: shop.orders
-- setup
CREATE SCHEMA shop AUTHORIZATION shape_owner;
CREATE SCHEMA "c r.m" AUTHORIZATION shape_other;
GRANT USAGE ON SCHEMA "c r.m" TO shape_owner;
SET ROLE shape_other;
CREATE TABLE "c r.m"."Custo""mers" ("I d" integer CONSTRAINT "pk.of ""cu" PRIMARY KEY, name text);
GRANT REFERENCES ("I d") ON "c r.m"."Custo""mers" TO shape_owner;
CREATE TABLE "c r.m".sellers (nr bigint PRIMARY KEY, code text UNIQUE);
GRANT REFERENCES ON "c r.m".sellers TO shape_owner;
SET ROLE shape_owner;
CREATE TABLE shop.zips (country character(2), zip character varying(10), town text, PRIMARY KEY (country, zip));
CREATE TABLE shop.orders (
    id integer PRIMARY KEY,
    customer integer NOT NULL CONSTRAINT orders_customer_fkey REFERENCES "c r.m"."Custo""mers",
    "pay.s ""it" bigint CONSTRAINT "fk % of ""odd"".name $1" REFERENCES "c r.m"."Custo""mers" ("I d") ON UPDATE CASCADE ON DELETE SET NULL,
    seller integer,
    seller_code character varying(20) REFERENCES "c r.m".sellers (code) ON UPDATE CASCADE,
    zip text,
    country character(2) DEFAULT 'de',
    amount numeric
);
RESET ROLE;
INSERT INTO "c r.m"."Custo""mers" SELECT i, 'c' || i FROM generate_series(0, 60) i;
INSERT INTO "c r.m".sellers SELECT i, 'S' || i FROM generate_series(0, 20) i;
INSERT INTO shop.zips SELECT CASE i % 2 WHEN 0 THEN 'de' ELSE 'at' END, (i % 100)::text, 'town ' || i FROM generate_series(0, 199) i WHERE i % 2 = i / 100;
INSERT INTO shop.orders SELECT i, i % 50, i % 40 + 10, i % 20, 'S' || i % 7, (i % 50 * 2)::text, 'de', i FROM generate_series(1, 4000) i;
ALTER TABLE shop.orders ADD FOREIGN KEY (seller) REFERENCES "c r.m".sellers (nr) ON DELETE RESTRICT;
ALTER TABLE shop.orders ADD CONSTRAINT orders_zip FOREIGN KEY (country, zip) REFERENCES shop.zips ON UPDATE CASCADE ON DELETE CASCADE;
CREATE INDEX orders_customer ON shop.orders (customer);
COMMENT ON CONSTRAINT orders_customer_fkey ON shop.orders IS 'who buys, it''s said';
COMMENT ON CONSTRAINT "fk % of ""odd"".name $1" ON shop.orders IS 'who "pays" %s $$';
COMMENT ON CONSTRAINT orders_zip ON shop.orders IS '';
DELETE FROM shop.orders WHERE id % 3 <> 0 AND id < 3970;
-- workload
INSERT INTO "c r.m"."Custo""mers" VALUES (1000, 'new');
INSERT INTO shop.orders (id, customer, seller) VALUES (10001, 1000, 1), (10002, 1000, NULL);
UPDATE "c r.m"."Custo""mers" SET "I d" = 58 + 1000 WHERE "I d" = 58;
UPDATE shop.orders SET "pay.s ""it" = 1058 WHERE id % 30 = 0;
DELETE FROM shop.orders WHERE customer = 13;
DELETE FROM "c r.m"."Custo""mers" WHERE "I d" = 1058;
UPDATE "c r.m".sellers SET code = 'changed' WHERE nr = 3;
UPDATE shop.zips SET zip = 'x' || zip WHERE country = 'de' AND zip::integer % 20 = 0;
DELETE FROM shop.zips WHERE zip = '90';
DO $$
BEGIN
    INSERT INTO shop.orders (id, customer) VALUES (10003, 777);
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO shop.orders (id, customer) VALUES (20001, 777)',
        'INSERT INTO shop.orders (id, customer, "pay.s ""it") VALUES (20001, 1, 777)',
        'UPDATE shop.orders SET seller = 99 WHERE id = 3',
        'UPDATE shop.orders SET seller_code = ''nobody'' WHERE id = 3',
        'UPDATE shop.orders SET zip = ''none'' WHERE id = 3',
        'DELETE FROM "c r.m"."Custo""mers" WHERE "I d" = 7',
        'UPDATE "c r.m"."Custo""mers" SET "I d" = 2000 WHERE "I d" = 7',
        'DELETE FROM "c r.m".sellers WHERE nr = 3'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN NULL;
        END;
    END LOOP;
END $$;
UPDATE "c r.m".sellers SET code = 'again' WHERE nr = 5;
UPDATE shop.zips SET country = 'ch' WHERE zip = 'x20';
DELETE FROM shop.zips WHERE zip = 'x40';
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM shop.orders WHERE seller_code = 'again') > 0, 'ON UPDATE CASCADE did nothing';
    ASSERT (SELECT count(*) FROM shop.orders WHERE country = 'ch') > 0, 'ON UPDATE CASCADE did nothing';
    ASSERT NOT EXISTS (SELECT FROM shop.orders WHERE zip = 'x40'), 'ON DELETE CASCADE did nothing';
    ASSERT (SELECT count(*) = 5 AND bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'shop.orders'::regclass AND contype = 'f'), 'foreign keys';
END $$;
ALTER TABLE shop.orders DROP CONSTRAINT "fk % of ""odd"".name $1";
INSERT INTO shop.orders (id, customer, "pay.s ""it") VALUES (20002, 1, 777);
