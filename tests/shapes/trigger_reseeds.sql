-- A TRUNCATE is followed by rows of a trigger's, which fires before anything of repackd's could.
-- table: reseed.orders
-- setup
CREATE SCHEMA reseed AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE reseed.orders (id integer PRIMARY KEY, what text);
CREATE FUNCTION reseed.again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reseed.orders SELECT i, 'again' FROM generate_series(1, 10) i;
    RETURN NULL;
END $$;
CREATE TRIGGER a_reseed AFTER TRUNCATE ON reseed.orders FOR EACH STATEMENT EXECUTE FUNCTION reseed.again();
INSERT INTO reseed.orders SELECT i, 'first' FROM generate_series(1, 3000) i;
DELETE FROM reseed.orders WHERE id % 3 <> 0 AND id < 2990;
RESET ROLE;
-- workload
TRUNCATE reseed.orders;
INSERT INTO reseed.orders VALUES (500, 'after');
-- probe
UPDATE reseed.orders SET what = what || '!' WHERE id < 6;
