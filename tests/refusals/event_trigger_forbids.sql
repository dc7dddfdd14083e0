-- An event trigger that allows nobody to alter a table.
-- table: ref.orders
-- refuse: event trigger forbid_alter
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE FUNCTION ref.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no % here', TG_TAG;
END $$;
CREATE EVENT TRIGGER forbid_alter ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION ref.forbid();
