-- What a client of the shop does, over and over, for docker/compose.yaml: a new order for a customer,
-- and one of his old ones closed.
\set customer random(1, 100000)
BEGIN;
INSERT INTO orders (customer, note) VALUES (:customer, repeat('o', 120));
UPDATE orders SET state = 'closed'
WHERE id = (SELECT min(id) FROM orders WHERE customer = :customer AND state = 'open');
UPDATE customers SET note = repeat('x', 200) WHERE id = :customer;
COMMIT;
