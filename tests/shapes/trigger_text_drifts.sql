-- Triggers whose printed condition becomes another text once it is run again.
-- table: td.items
-- setup
CREATE SCHEMA td AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE td.items (id integer PRIMARY KEY, status character varying(10), touched integer DEFAULT 0);
INSERT INTO td.items SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + i / 3 % 3] FROM generate_series(1, 3000) i;
DELETE FROM td.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION td.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := NEW.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON td.items FOR EACH ROW WHEN (OLD.status IN ('new', 'paid') AND NEW.status NOT IN ('lost', OLD.status)) EXECUTE FUNCTION td.touch();
RESET ROLE;
-- workload
UPDATE td.items SET status = 'paid' WHERE id BETWEEN 30 AND 60;
DELETE FROM td.items WHERE id % 21 = 0;
-- probe
UPDATE td.items SET status = 'sent' WHERE id BETWEEN 33 AND 90;
