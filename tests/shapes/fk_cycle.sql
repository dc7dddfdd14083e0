-- Two tables that reference each other, twice, immediate and deferred, and a ring of three.
-- table: ring.a
-- setup
CREATE SCHEMA ring AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ring.a (id integer PRIMARY KEY, b integer, b2 integer);
CREATE TABLE ring.b (id integer PRIMARY KEY, a integer CONSTRAINT same_name REFERENCES ring.a ON DELETE CASCADE, a2 integer);
CREATE TABLE ring.c (id integer PRIMARY KEY, a integer CONSTRAINT same_name REFERENCES ring.a);
ALTER TABLE ring.a ADD CONSTRAINT same_name FOREIGN KEY (b) REFERENCES ring.b ON DELETE CASCADE;
ALTER TABLE ring.a ADD CONSTRAINT late FOREIGN KEY (b2) REFERENCES ring.b ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ring.b ADD CONSTRAINT late FOREIGN KEY (a2) REFERENCES ring.a ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ring.b ADD COLUMN c integer CONSTRAINT "to c" REFERENCES ring.c;
COMMENT ON CONSTRAINT same_name ON ring.a IS 'a to b';
COMMENT ON CONSTRAINT same_name ON ring.b IS 'b to a';
COMMENT ON CONSTRAINT same_name ON ring.c IS 'c to a';
INSERT INTO ring.a (id) SELECT generate_series(1, 3000);
DELETE FROM ring.a WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO ring.b (id, a) SELECT id, id FROM ring.a;
INSERT INTO ring.c SELECT id, id FROM ring.a WHERE id < 300;
UPDATE ring.b SET c = id WHERE id < 300;
UPDATE ring.a SET b = id WHERE id < 2000;
BEGIN;
UPDATE ring.a SET b2 = id WHERE id < 1000;
UPDATE ring.b SET a2 = id WHERE id < 1000;
COMMIT;
RESET ROLE;
-- workload
DELETE FROM ring.a WHERE id BETWEEN 1500 AND 1600;
DELETE FROM ring.b WHERE id BETWEEN 1700 AND 1800;
BEGIN;
INSERT INTO ring.a VALUES (5001, NULL, 5001);
INSERT INTO ring.b VALUES (5001, 5001, 5001);
UPDATE ring.a SET b = 5001 WHERE id = 5001;
COMMIT;
INSERT INTO ring.a VALUES (5002, 5001, 5001);
UPDATE ring.b SET c = NULL WHERE id = 30;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO ring.a VALUES (6001, -1)',
        'INSERT INTO ring.a VALUES (6001, NULL, -1)',
        'INSERT INTO ring.b VALUES (6001, -1)',
        'INSERT INTO ring.b VALUES (6001, NULL, -1)',
        'INSERT INTO ring.c VALUES (6001, -1)',
        'DELETE FROM ring.a WHERE id = 60'] LOOP
        BEGIN
            EXECUTE bad;
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
DELETE FROM ring.a WHERE id = 1803;
DELETE FROM ring.b WHERE id = 1806;
BEGIN;
UPDATE ring.a SET id = 7000 WHERE id = 5002;
INSERT INTO ring.b VALUES (7001, NULL, 7002);
INSERT INTO ring.a VALUES (7002, 7001, 7001);
COMMIT;
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM ring.b WHERE id = 1803) AND NOT EXISTS (SELECT FROM ring.a WHERE id = 1806), 'CASCADE';
END $$;
