-- A foreign table.
-- table: ref.orders
-- refuse: foreign table
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'nowhere');
CREATE FOREIGN TABLE ref.orders (id integer NOT NULL) SERVER elsewhere;
ALTER FOREIGN TABLE ref.orders OWNER TO shape_owner;
