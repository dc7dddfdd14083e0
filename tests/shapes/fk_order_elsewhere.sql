-- Foreign keys of several tables to one, of which the first to cascade takes away what would stop the next.
-- table: fe.orders
-- setup
CREATE SCHEMA fe AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE fe."ten%I's" (id integer PRIMARY KEY);
CREATE TABLE fe.orders (id integer PRIMARY KEY, tenant integer, seller integer);
CREATE TABLE fe.products (id integer PRIMARY KEY, tenant integer CONSTRAINT products_tenant REFERENCES fe."ten%I's" ON DELETE CASCADE ON UPDATE CASCADE);
ALTER TABLE fe.orders ADD CONSTRAINT "orders'%""s" FOREIGN KEY (seller) REFERENCES fe."ten%I's" ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE fe.orders ADD CONSTRAINT orders_tenant FOREIGN KEY (tenant) REFERENCES fe."ten%I's" ON DELETE CASCADE ON UPDATE CASCADE;
CREATE TABLE fe.reviews (id integer PRIMARY KEY, tenant integer CONSTRAINT reviews_tenant REFERENCES fe."ten%I's" ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE fe.lines (
    nr integer PRIMARY KEY,
    order_id integer CONSTRAINT lines_order REFERENCES fe.orders ON DELETE CASCADE,
    -- Deleting a tenant works because his orders go before his reviews.
    review integer CONSTRAINT lines_review REFERENCES fe.reviews
);
CREATE TABLE fe.stock (
    nr integer PRIMARY KEY,
    product integer CONSTRAINT stock_product REFERENCES fe.products ON DELETE CASCADE,
    -- And because his products go before his orders.
    order_id integer CONSTRAINT stock_order REFERENCES fe.orders
);
CREATE TABLE fe.seen (nr integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE FUNCTION fe.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fe.seen (what) VALUES (TG_TABLE_NAME || ' ' || OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER DELETE ON fe.orders FOR EACH ROW EXECUTE FUNCTION fe.note();
CREATE TRIGGER noted AFTER DELETE ON fe.products FOR EACH ROW EXECUTE FUNCTION fe.note();
CREATE TRIGGER noted AFTER DELETE ON fe.reviews FOR EACH ROW EXECUTE FUNCTION fe.note();
INSERT INTO fe."ten%I's" SELECT i FROM generate_series(0, 99) i;
INSERT INTO fe.products SELECT i, i % 100 FROM generate_series(1, 1000) i;
INSERT INTO fe.orders SELECT i, i % 100, (i + 1) % 100 FROM generate_series(1, 3000) i;
DELETE FROM fe.orders WHERE id % 3 <> 0 AND id < 2900;
INSERT INTO fe.reviews SELECT i, i % 100 FROM generate_series(1, 1000) i;
INSERT INTO fe.lines SELECT id, id, id FROM fe.orders WHERE id < 1000;
INSERT INTO fe.stock SELECT id, id, id FROM fe.orders WHERE id < 1000;
TRUNCATE fe.seen;
RESET ROLE;
-- workload
DELETE FROM fe."ten%I's" WHERE id IN (9, 15);
-- probe
DELETE FROM fe."ten%I's" WHERE id IN (21, 27);
UPDATE fe."ten%I's" SET id = id + 1000 WHERE id IN (33, 39);
DO $$
DECLARE
    ranks text[];
BEGIN
    SELECT array_agg(conname::text ORDER BY tgname COLLATE "C") INTO ranks
    FROM pg_trigger g JOIN pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.tgrelid = 'fe."ten%I''s"'::regclass AND g.tgtype & 8 <> 0;
    ASSERT ranks = ARRAY['products_tenant', 'orders''%"s', 'orders_tenant', 'reviews_tenant'], ranks;
    ASSERT (SELECT count(*) FROM fe.seen) > 0, 'nothing was noted';
END $$;
