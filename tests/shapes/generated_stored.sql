-- Generated stored columns, also by user-made functions, indexed and under a check.
-- table: gen.totals
-- setup
CREATE SCHEMA gen AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE FUNCTION gen.slug(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RETURN lower(replace($1, ' ', '-')); END $$;
CREATE TABLE gen.totals (
    total numeric(14,4) GENERATED ALWAYS AS (price * amount) STORED,
    id integer NOT NULL PRIMARY KEY,
    price numeric(10,2),
    slug text COLLATE "C" GENERATED ALWAYS AS (gen.slug(title)) STORED,
    amount integer DEFAULT 1,
    title text NOT NULL,
    digest bytea GENERATED ALWAYS AS (decode(md5(title), 'hex')) STORED NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, title)) STORED,
    CONSTRAINT sane CHECK (total < 100000000),
    CONSTRAINT slug_once UNIQUE (slug)
);
CREATE INDEX totals_words ON gen.totals USING gin (words);
ALTER TABLE gen.totals ALTER COLUMN digest SET STORAGE EXTERNAL;
ALTER TABLE gen.totals ALTER COLUMN words SET STATISTICS 5;
COMMENT ON COLUMN gen.totals.total IS 'price by amount';
RESET ROLE;
INSERT INTO gen.totals (id, price, amount, title) SELECT i, i / 3.0, i % 13, 'Title No ' || i FROM generate_series(1, 6000) i;
DELETE FROM gen.totals WHERE id % 3 <> 0 AND id < 5970;
-- workload
UPDATE gen.totals SET price = price + 1 WHERE id % 12 = 0;
UPDATE gen.totals SET id = -id, title = title || ' Moved' WHERE id % 99 = 0;
INSERT INTO gen.totals (id, title) SELECT i, 'New One ' || i FROM generate_series(10001, 10100) i;
UPDATE gen.totals SET total = DEFAULT, price = NULL WHERE id = 10050;
DELETE FROM gen.totals WHERE total > 20000;
INSERT INTO gen.totals (id, title, price) VALUES (10001, 'Again', 3) ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title, price = EXCLUDED.price;
BEGIN;
SAVEPOINT one;
UPDATE gen.totals SET amount = 0;
ROLLBACK TO SAVEPOINT one;
UPDATE gen.totals SET amount = 0 WHERE id BETWEEN 300 AND 400;
COMMIT;
-- probe
INSERT INTO gen.totals (id, title, price, amount) VALUES (20001, 'Probe Me', 2.50, 4);
UPDATE gen.totals SET price = 5 WHERE id = 20001;
DO $$
BEGIN
    INSERT INTO gen.totals (id, title, slug) VALUES (20002, 'x', 'y');
    RAISE EXCEPTION 'a generated column took a value';
EXCEPTION WHEN generated_always THEN NULL;
END $$;
DO $$
BEGIN
    INSERT INTO gen.totals (id, title) VALUES (20003, 'probe me');
    RAISE EXCEPTION 'unique slug is gone';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
