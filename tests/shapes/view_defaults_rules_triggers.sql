-- A view with column defaults, rules that write to the table, INSTEAD OF triggers with and comments.
-- table: vd.items
-- setup
CREATE SCHEMA vd AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA vd TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE vd.items (id serial PRIMARY KEY, name text, price integer DEFAULT 1);
CREATE TABLE vd.log (what text, id integer, name text);
INSERT INTO vd.items (name, price) SELECT 'n' || i, i % 100 FROM generate_series(1, 3000) i;
DELETE FROM vd.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vd.plain AS SELECT id, name, price FROM vd.items WHERE price < 1000;
ALTER VIEW vd.plain ALTER COLUMN id SET DEFAULT nextval('vd.items_id_seq') + 50000;
ALTER VIEW vd.plain ALTER COLUMN name SET DEFAULT 'view''s "default"';
CREATE VIEW vd.ruled AS SELECT i.id, i.name AS "na ""me", i.price * 2 AS double FROM vd.items i;
ALTER VIEW vd.ruled ALTER COLUMN double SET DEFAULT 14;
CREATE RULE ruled_insert AS ON INSERT TO vd.ruled DO INSTEAD INSERT INTO vd.items (name, price) VALUES (NEW."na ""me", NEW.double / 2) RETURNING id, name, price * 2;
CREATE RULE ruled_update AS ON UPDATE TO vd.ruled DO INSTEAD (
    INSERT INTO vd.log VALUES ('update', OLD.id, NEW."na ""me");
    UPDATE vd.items SET name = NEW."na ""me", price = NEW.double / 2 WHERE id = OLD.id);
CREATE RULE "ruled delete ""if" AS ON DELETE TO vd.ruled WHERE OLD.id > 100 DO INSTEAD DELETE FROM vd.items WHERE items.id = OLD.id;
CREATE RULE ruled_delete_else AS ON DELETE TO vd.ruled DO INSTEAD NOTHING;
COMMENT ON RULE ruled_update ON vd.ruled IS 'writes''s log';
CREATE VIEW vd.triggered AS SELECT id, name, vd.items.price FROM vd.items ORDER BY id;
CREATE FUNCTION vd.instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO vd.log VALUES (TG_NAME || TG_OP || COALESCE(TG_ARGV[0], ''), OLD.id, NEW.name);
    CASE TG_OP
        WHEN 'INSERT' THEN INSERT INTO vd.items (name, price) VALUES (NEW.name, NEW.price); RETURN NEW;
        WHEN 'UPDATE' THEN UPDATE vd.items SET name = NEW.name WHERE id = OLD.id; RETURN NEW;
        ELSE DELETE FROM vd.items WHERE id = OLD.id; RETURN OLD;
    END CASE;
END $$;
CREATE TRIGGER "in stead ON" INSTEAD OF INSERT OR UPDATE ON vd.triggered FOR EACH ROW EXECUTE FUNCTION vd.instead('a''r"g');
CREATE TRIGGER instead_delete INSTEAD OF DELETE ON vd.triggered FOR EACH ROW EXECUTE FUNCTION vd.instead();
CREATE TRIGGER instead_never INSTEAD OF DELETE ON vd.triggered FOR EACH ROW EXECUTE FUNCTION vd.instead('never');
ALTER VIEW vd.triggered ALTER COLUMN price SET DEFAULT 77;
CREATE FUNCTION vd.statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO vd.log VALUES (TG_NAME || TG_OP);
    RETURN NULL;
END $$;
CREATE TRIGGER after_statement AFTER INSERT ON vd.triggered EXECUTE FUNCTION vd.statement();
COMMENT ON TRIGGER "in stead ON" ON vd.triggered IS 'instead';
GRANT INSERT, SELECT, UPDATE, DELETE ON vd.plain, vd.ruled, vd.triggered TO shape_writer;
GRANT USAGE ON SEQUENCE vd.items_id_seq TO shape_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON vd.items, vd.log TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO vd.plain (price) VALUES (5);
INSERT INTO vd.ruled ("na ""me") VALUES ('ruled');
UPDATE vd.ruled SET "na ""me" = 'updated' WHERE id % 90 = 0;
DELETE FROM vd.ruled WHERE id < 200;
INSERT INTO vd.triggered (name) VALUES ('triggered');
UPDATE vd.triggered SET name = 'u' WHERE id % 99 = 0;
DELETE FROM vd.triggered WHERE id BETWEEN 900 AND 930;
RESET ROLE;
-- probe
SET ROLE shape_writer;
INSERT INTO vd.plain DEFAULT VALUES;
INSERT INTO vd.ruled ("na ""me") VALUES ('probe') RETURNING *;
UPDATE vd.ruled SET "na ""me" = 'probed' WHERE id BETWEEN 300 AND 310;
DELETE FROM vd.ruled WHERE id < 320;
INSERT INTO vd.triggered (name) VALUES ('probe');
UPDATE vd.triggered SET name = 'p' WHERE id = 600;
DELETE FROM vd.triggered WHERE id = 603;
RESET ROLE;
DO $$
BEGIN
    ASSERT (SELECT count(*) = 1 FROM vd.items WHERE name = 'view''s "default"' AND id > 50000 AND price = 1), 'defaults of the view';
    ASSERT (SELECT price = 7 FROM vd.items WHERE name = 'probe' ORDER BY id LIMIT 1), 'rule';
    ASSERT (SELECT price = 77 FROM vd.items WHERE name = 'probe' ORDER BY id DESC LIMIT 1), 'trigger';
    ASSERT EXISTS (SELECT FROM vd.items WHERE id = 99) AND NOT EXISTS (SELECT FROM vd.items WHERE id = 312), 'conditional rule';
    ASSERT EXISTS (SELECT FROM vd.log WHERE id = 306 AND name = 'probed' AND what = 'update'), 'rule in two parts';
END $$;
