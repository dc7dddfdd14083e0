-- A typed table.
-- table: ref.orders
-- refuse: type order_type
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TYPE ref.order_type AS (id integer, customer integer);
CREATE TABLE ref.orders OF ref.order_type (PRIMARY KEY (id));
ALTER TABLE ref.orders OWNER TO shape_owner;
