-- Deferrable foreign keys in and out, initially deferred and immediate, and one that is not deferrable between them.
-- table: def.entries
-- setup
CREATE SCHEMA def AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE def.books (id integer PRIMARY KEY, first_entry integer);
CREATE TABLE def.entries (
    id integer PRIMARY KEY,
    book integer CONSTRAINT out_deferred REFERENCES def.books DEFERRABLE INITIALLY DEFERRED,
    book2 integer CONSTRAINT "out ""immediate" REFERENCES def.books ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE,
    book3 integer CONSTRAINT out_plain REFERENCES def.books NOT DEFERRABLE
);
CREATE TABLE def.lines (
    nr integer PRIMARY KEY,
    entry integer CONSTRAINT in_deferred REFERENCES def.entries ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    entry2 integer CONSTRAINT "in ""immediate" REFERENCES def.entries ON DELETE SET NULL DEFERRABLE,
    entry3 integer CONSTRAINT in_plain REFERENCES def.entries
);
ALTER TABLE def.books ADD CONSTRAINT first_of_book FOREIGN KEY (first_entry) REFERENCES def.entries DEFERRABLE INITIALLY DEFERRED;
COMMENT ON CONSTRAINT in_deferred ON def.lines IS 'at the end';
COMMENT ON CONSTRAINT "out ""immediate" ON def.entries IS 'at once, usually';
INSERT INTO def.books SELECT i, i FROM generate_series(1, 50) i;
INSERT INTO def.entries SELECT i, 1 + i % 50, 1 + i % 50, 1 + i % 50 FROM generate_series(1, 3000) i;
DELETE FROM def.entries WHERE id % 3 <> 0 AND id BETWEEN 60 AND 2980;
INSERT INTO def.lines SELECT i, i * 3, i * 3, i * 3 FROM generate_series(100, 300) i;
RESET ROLE;
-- workload
BEGIN;
INSERT INTO def.lines VALUES (1001, 5001);
INSERT INTO def.entries VALUES (5001, 1001, 1, 1);
INSERT INTO def.books VALUES (1001, 5001);
COMMIT;
BEGIN;
SET CONSTRAINTS def."out ""immediate", def."in ""immediate" DEFERRED;
INSERT INTO def.lines VALUES (1002, 5002, 5002);
INSERT INTO def.entries VALUES (5002, 1002, 1002, 1);
INSERT INTO def.books VALUES (1002, 5001);
COMMIT;
BEGIN;
DELETE FROM def.entries WHERE id = 2001;
INSERT INTO def.entries VALUES (2001, 1, 2, 3);
COMMIT;
INSERT INTO def.entries VALUES (5003, 1, 1, 1);
INSERT INTO def.lines VALUES (1003, 5003);
UPDATE def.entries SET id = 6003 WHERE id = 5003;
-- probe
BEGIN;
INSERT INTO def.lines VALUES (2001, 7001);
INSERT INTO def.entries VALUES (7001, 2001, 1, 1);
INSERT INTO def.books VALUES (2001, 7001);
SET CONSTRAINTS def.in_deferred, def.out_deferred, def.first_of_book IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO def.lines VALUES (2002, 7002, 7002);
INSERT INTO def.entries VALUES (7002, 2002, 2002, 1);
INSERT INTO def.books VALUES (2002, 7002);
COMMIT;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO def.lines VALUES (3001, NULL, -1)',
        'INSERT INTO def.lines VALUES (3001, NULL, NULL, -1)',
        'INSERT INTO def.entries VALUES (8001, NULL, -1)',
        'INSERT INTO def.entries VALUES (8001, NULL, NULL, -1)',
        'DELETE FROM def.entries WHERE id = 303'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO def.lines VALUES (3001, -1)',
        'INSERT INTO def.entries VALUES (8001, -1)',
        'DELETE FROM def.entries WHERE id = 7001',
        'INSERT INTO def.books VALUES (3001, -1)'] LOOP
        BEGIN
            EXECUTE bad;
            BEGIN
                SET CONSTRAINTS ALL IMMEDIATE;
                RAISE EXCEPTION 'not rejected: %', bad;
            EXCEPTION WHEN foreign_key_violation THEN NULL;
            END;
            RAISE unique_violation;
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END LOOP;
END $$;
