-- BETWEEN and more conditions after it, in everything that has conditions: printed as lists in lists, which the parser joins.
-- table: bt.items
-- setup
CREATE SCHEMA bt AUTHORIZATION shape_owner;
CREATE EXTENSION btree_gist SCHEMA public;
GRANT USAGE ON SCHEMA bt TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE bt.log (id integer, what text);
CREATE TABLE bt.items (
    id integer PRIMARY KEY,
    n integer,
    p integer DEFAULT 7,
    "((a) AND (b)" text,
    CONSTRAINT one CHECK (n BETWEEN 0 AND 100000 AND p > 0),
    CONSTRAINT two CHECK (n NOT BETWEEN 5 AND 7 OR p IS NULL OR p > 0),
    CONSTRAINT three CHECK (n BETWEEN SYMMETRIC 100000 AND 0 AND n BETWEEN 0 AND 200000 AND p > 0),
    CONSTRAINT four CHECK (((n BETWEEN 0 AND 100000 AND p > 0) AND p < 100000) OR (id, n) <> (1, 1) OR id > 0),
    CONSTRAINT five CHECK ("((a) AND (b)" BETWEEN '((' AND ')) AND (' AND p > 0) NOT VALID,
    big boolean GENERATED ALWAYS AS (n BETWEEN 50 AND 60 AND p > 0) STORED,
    EXCLUDE USING gist (n WITH =) WHERE (n BETWEEN 10000 AND 20000 AND p > 0)
);
CREATE INDEX items_some ON bt.items (n, (n BETWEEN 1 AND 5 AND p > 3)) WHERE n BETWEEN 5 AND 500 AND p > 0;
CREATE STATISTICS bt.items_stat ON n, (n NOT BETWEEN 1 AND 5 OR p > 3) FROM bt.items;
CREATE FUNCTION bt.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.p := NEW.p + 1; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON bt.items FOR EACH ROW WHEN (NEW.n BETWEEN 20 AND 30 AND NEW.p > 0) EXECUTE FUNCTION bt.keep();
CREATE RULE noted AS ON DELETE TO bt.items WHERE OLD.n BETWEEN 30 AND 60 AND OLD.p > 0 DO ALSO INSERT INTO bt.log VALUES (OLD.id, 'gone');
CREATE VIEW bt.within AS SELECT id, n, n BETWEEN 3 AND 90 AND p > 0 AS inside, count(*) FILTER (WHERE n BETWEEN 1 AND 2 AND p > 1) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM bt.items WHERE n BETWEEN 3 AND 99 AND p > 0;
CREATE FUNCTION bt.how_many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM bt.items i JOIN bt.log l ON i.id BETWEEN l.id AND l.id + 1 AND i.p > 0 WHERE i.n NOT BETWEEN 3 AND 99 OR i.p > 0; END;
ALTER TABLE bt.items ENABLE ROW LEVEL SECURITY;
CREATE POLICY within ON bt.items USING (n BETWEEN 3 AND 99 AND p > 0) WITH CHECK (n NOT BETWEEN 3 AND 5 OR p > 0 OR n > 3);
GRANT SELECT, UPDATE ON bt.items TO shape_writer;
RESET ROLE;
INSERT INTO bt.items (id, n, "((a) AND (b)") SELECT i, i, '((x' FROM generate_series(1, 3000) i;
DELETE FROM bt.items WHERE id % 3 <> 0 AND id < 2980;
-- workload
UPDATE bt.items SET p = p WHERE n BETWEEN 9 AND 40;
SET ROLE shape_writer;
UPDATE bt.items SET p = p + 2 WHERE n > 3;
RESET ROLE;
DELETE FROM bt.items WHERE id % 21 = 0;
-- probe
UPDATE bt.items SET p = p WHERE n BETWEEN 9 AND 40;
SET ROLE shape_writer;
UPDATE bt.items SET p = p + 2 WHERE n > 3;
RESET ROLE;
DELETE FROM bt.items WHERE id % 33 = 0;
CREATE TABLE bt.seen AS SELECT * FROM bt.within;
CREATE TABLE bt.counted AS SELECT bt.how_many();
