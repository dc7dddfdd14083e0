-- A materialized view of a role that sees the table through its policies: the shadow has none when it is built.
-- table: ref.orders
-- refuse: materialized view ref.mine row security policies
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
GRANT USAGE, CREATE ON SCHEMA ref TO shape_other;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
GRANT SELECT ON ref.orders TO shape_other;
ALTER TABLE ref.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one ON ref.orders USING (customer = 1);
SET ROLE shape_other;
CREATE MATERIALIZED VIEW ref.mine AS SELECT * FROM ref.orders;
RESET ROLE;
