-- A materialized view whose owner may not read the table any more: nobody could refresh it.
-- table: ref.orders
-- refuse: owner of its materialized view ref.theirs SELECT shape_other
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
GRANT USAGE, CREATE ON SCHEMA ref TO shape_other;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
GRANT SELECT ON ref.orders TO shape_other;
SET ROLE shape_other;
CREATE MATERIALIZED VIEW ref.theirs AS SELECT customer FROM ref.orders;
RESET ROLE;
REVOKE SELECT ON ref.orders FROM shape_other;
