-- Foreign keys to a unique constraint, to unique indexes without one, to two over the same columns, and with INCLUDE.
-- table: uq.items
-- setup
CREATE SCHEMA uq AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE uq.items (
    id bigint PRIMARY KEY,
    sku text NOT NULL,
    a integer,
    b integer,
    code character varying(20) NOT NULL,
    CONSTRAINT "sku ""uq" UNIQUE (sku) INCLUDE (a)
);
CREATE UNIQUE INDEX "items b,""a" ON uq.items (b DESC, a NULLS FIRST);
CREATE UNIQUE INDEX items_code_1 ON uq.items (code);
CREATE UNIQUE INDEX items_code_2 ON uq.items (code) INCLUDE (b) WITH (fillfactor = 70);
CREATE UNIQUE INDEX items_code_3 ON uq.items (code) WHERE b > 5;
CREATE UNIQUE INDEX items_code_4 ON uq.items (lower(code));
CREATE UNIQUE INDEX items_id_too ON uq.items (id);
CREATE TABLE uq.by_sku (nr integer PRIMARY KEY, sku text CONSTRAINT by_sku_fk REFERENCES uq.items (sku) ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE uq.by_pair (nr integer PRIMARY KEY, x integer, y integer, CONSTRAINT by_pair_fk FOREIGN KEY (x, y) REFERENCES uq.items (a, b) ON DELETE SET NULL);
CREATE TABLE uq.by_code (nr integer PRIMARY KEY, code text CONSTRAINT by_code_fk REFERENCES uq.items (code));
CREATE TABLE uq.by_id (nr integer PRIMARY KEY, id integer CONSTRAINT by_id_fk REFERENCES uq.items, id2 bigint CONSTRAINT by_id2_fk REFERENCES uq.items (id) ON DELETE CASCADE);
COMMENT ON CONSTRAINT by_pair_fk ON uq.by_pair IS 'to an index';
INSERT INTO uq.items SELECT i, 'sku' || i, i, -i, 'C' || i FROM generate_series(1, 3000) i;
DELETE FROM uq.items WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO uq.by_sku SELECT i, 'sku' || i * 3 FROM generate_series(1, 300) i;
INSERT INTO uq.by_pair SELECT i, i * 3, -i * 3 FROM generate_series(1, 300) i;
INSERT INTO uq.by_code SELECT i, 'C' || 900 + i * 3 FROM generate_series(1, 300) i;
INSERT INTO uq.by_id SELECT i, 900 + i * 3, i * 3 FROM generate_series(1, 300) i;
RESET ROLE;
-- workload
UPDATE uq.items SET sku = 'new' || id WHERE id % 30 = 0;
DELETE FROM uq.items WHERE id < 30;
INSERT INTO uq.items VALUES (5001, 's', 1, NULL, 'x');
INSERT INTO uq.by_pair VALUES (5001, 1, NULL), (5002, 33, -33);
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO uq.by_sku VALUES (6001, ''sku30'')',
        'INSERT INTO uq.by_pair VALUES (6001, -33, 33)',
        'INSERT INTO uq.by_code VALUES (6001, ''c903'')',
        'INSERT INTO uq.by_id VALUES (6001, -1)',
        'INSERT INTO uq.by_id VALUES (6001, NULL, -1)',
        'DELETE FROM uq.items WHERE id = 903',
        'UPDATE uq.items SET code = ''y'' WHERE id = 903'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    BEGIN
        DROP INDEX uq."items b,""a";
        RAISE EXCEPTION 'the foreign key does not hold its index';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
    BEGIN
        ALTER TABLE uq.items DROP CONSTRAINT "sku ""uq";
        RAISE EXCEPTION 'the foreign key does not hold its constraint';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
END $$;
DELETE FROM uq.items WHERE id = 36;
UPDATE uq.items SET sku = 'probe' WHERE id = 39;
CREATE TABLE uq.held_by AS
SELECT conname::text, conindid::regclass::text FROM pg_constraint WHERE confrelid = 'uq.items'::regclass AND contype = 'f' AND conindid::regclass::text !~ 'items_code';
