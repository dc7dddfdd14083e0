-- Triggers that compare rows, which are printed as nested ORs and ANDs.
-- table: tr.orders
-- setup
CREATE SCHEMA tr AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tr.orders (id integer PRIMARY KEY, customer integer, amount numeric, touched integer DEFAULT 0);
CREATE FUNCTION tr.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := NEW.touched + TG_ARGV[0]::integer; RETURN NEW; END $$;
CREATE TRIGGER changed BEFORE UPDATE ON tr.orders FOR EACH ROW WHEN (ROW(OLD.*) IS DISTINCT FROM ROW(NEW.*)) EXECUTE FUNCTION tr.touch(1);
CREATE TRIGGER moved BEFORE UPDATE ON tr.orders FOR EACH ROW WHEN ((OLD.id, OLD.customer) <> (NEW.id, NEW.customer) OR NEW.amount IS NULL) EXECUTE FUNCTION tr.touch(10);
CREATE TRIGGER stayed BEFORE UPDATE ON tr.orders FOR EACH ROW WHEN ((OLD.id, OLD.customer) = (NEW.id, NEW.customer) AND NEW.amount > 5) EXECUTE FUNCTION tr.touch(100);
RESET ROLE;
INSERT INTO tr.orders SELECT i, i % 10, i FROM generate_series(1, 3000) i;
DELETE FROM tr.orders WHERE id % 3 <> 0 AND id < 2980;
-- workload
UPDATE tr.orders SET amount = 3 WHERE id BETWEEN 30 AND 60;
UPDATE tr.orders SET id = -id WHERE id BETWEEN 70 AND 90;
-- probe
UPDATE tr.orders SET amount = amount WHERE id BETWEEN 100 AND 200;
UPDATE tr.orders SET customer = 77 WHERE id BETWEEN 150 AND 250;
