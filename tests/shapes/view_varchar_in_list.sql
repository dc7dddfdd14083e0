-- Views with IN over character varying, whose printed text becomes another text once it is run again.
-- table: vl.orders
-- setup
CREATE SCHEMA vl AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vl.orders (id integer PRIMARY KEY, status character varying(20), code character varying, letter character(1), n numeric);
INSERT INTO vl.orders SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + i % 3], 'C' || i % 7, chr(65 + i % 5), i FROM generate_series(1, 3000) i;
DELETE FROM vl.orders WHERE id % 4 <> 0 AND id < 2980;
CREATE VIEW vl.open_orders AS SELECT * FROM vl.orders WHERE status IN ('new', 'paid');
CREATE VIEW vl.rest AS SELECT id, status NOT IN ('new', 'it''s (ARRAY[x])::text[]') AS closed, code LIKE ANY (ARRAY['C1', 'C2']) AS some, letter IN ('A', 'B') AS early, n IN (1, 2, 3) AS low FROM vl.orders WHERE code = ANY (ARRAY['C1', 'C3', status]) OR status IN ('sent') OR CASE WHEN status IN ('a', 'b') THEN code IN (status, 'x') END;
RESET ROLE;
-- workload
UPDATE vl.orders SET status = 'paid' WHERE id % 8 = 0;
DELETE FROM vl.orders WHERE id % 20 = 0;
-- probe
CREATE TABLE vl.seen_1 AS SELECT * FROM vl.open_orders;
CREATE TABLE vl.seen_2 AS SELECT * FROM vl.rest;
