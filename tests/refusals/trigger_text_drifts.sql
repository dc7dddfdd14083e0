-- A trigger that compares rows, which are printed as nested ORs and read as one.
-- table: ref.orders
-- refuse: trigger changed printed differently
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
CREATE FUNCTION ref.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER changed BEFORE UPDATE ON ref.orders FOR EACH ROW WHEN (ROW(OLD.*) IS DISTINCT FROM ROW(NEW.*)) EXECUTE FUNCTION ref.keep();
RESET ROLE;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
