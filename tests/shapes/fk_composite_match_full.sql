-- Composite foreign keys in and out, MATCH FULL and MATCH SIMPLE, columns in another order than the key's.
-- table: geo.places
-- setup
CREATE SCHEMA geo AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE geo.grid (x integer, y integer, z text COLLATE "C", CONSTRAINT grid_key PRIMARY KEY (x, y, z));
CREATE TABLE geo.places (
    a integer,
    b smallint,
    c text,
    gone integer,
    "d ""e" bigint NOT NULL,
    note text,
    CONSTRAINT places_key PRIMARY KEY (b, a),
    CONSTRAINT places_uq UNIQUE (c, "d ""e")
);
ALTER TABLE geo.places DROP COLUMN gone;
ALTER TABLE geo.places ADD COLUMN gx integer, ADD COLUMN gy integer, ADD COLUMN gz text;
ALTER TABLE geo.places ADD CONSTRAINT on_grid FOREIGN KEY (gz, gy, gx) REFERENCES geo.grid (z, y, x) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE;
CREATE TABLE geo.visits (
    nr integer PRIMARY KEY,
    pa integer,
    pb integer,
    CONSTRAINT visit_full FOREIGN KEY (pa, pb) REFERENCES geo.places (a, b) MATCH FULL ON UPDATE CASCADE
);
CREATE TABLE geo.plans (
    nr integer PRIMARY KEY,
    pa bigint,
    pb bigint,
    "t ""o" integer,
    tc character varying(30),
    CONSTRAINT plan_simple FOREIGN KEY (pb, pa) REFERENCES geo.places ON DELETE CASCADE,
    CONSTRAINT "plan full ""o" FOREIGN KEY ("t ""o", tc) REFERENCES geo.places ("d ""e", c) MATCH FULL ON DELETE SET NULL
);
COMMENT ON CONSTRAINT visit_full ON geo.visits IS 'both or none';
COMMENT ON CONSTRAINT on_grid ON geo.places IS 'all or none';
INSERT INTO geo.grid SELECT i % 10, i / 10, 'z' FROM generate_series(0, 99) i;
INSERT INTO geo.places (a, b, c, "d ""e", gx, gy, gz) SELECT i, i % 7, 'c' || i % 100, i, i % 10, i / 10 % 10, 'z' FROM generate_series(1, 3000) i;
DELETE FROM geo.places WHERE a % 3 <> 0 AND a < 2970;
INSERT INTO geo.visits SELECT i, i * 3, i * 3 % 7 FROM generate_series(1, 500) i;
INSERT INTO geo.visits VALUES (1000, NULL, NULL);
INSERT INTO geo.plans SELECT i, i * 3, CASE WHEN i % 5 > 0 THEN i * 3 % 7 END, i * 3, 'c' || i * 3 % 100 FROM generate_series(1, 500) i;
RESET ROLE;
-- workload
UPDATE geo.places SET a = a + 10000 WHERE a IN (300, 600);
DELETE FROM geo.visits WHERE pa BETWEEN 900 AND 1200;
DELETE FROM geo.places WHERE a BETWEEN 900 AND 1200;
UPDATE geo.grid SET x = 100 WHERE x = 9 AND y < 3;
DELETE FROM geo.grid WHERE x = 5 AND y > 7;
INSERT INTO geo.places (a, b, c, "d ""e") VALUES (20001, 1, 'c', 1);
INSERT INTO geo.visits VALUES (2001, 20001, 1);
DO $$
BEGIN
    INSERT INTO geo.visits VALUES (2002, 20001, NULL);
    RAISE EXCEPTION 'no MATCH FULL';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO geo.visits VALUES (3001, 20001, NULL)',
        'INSERT INTO geo.visits VALUES (3001, NULL, 1)',
        'INSERT INTO geo.visits VALUES (3001, 1, 20001)',
        'INSERT INTO geo.plans VALUES (3001, 20001, 2, NULL, NULL)',
        'INSERT INTO geo.plans VALUES (3001, NULL, NULL, 3, NULL)',
        'INSERT INTO geo.plans VALUES (3001, NULL, NULL, 3, ''c4'')',
        'UPDATE geo.places SET gx = NULL WHERE a = 3',
        'UPDATE geo.places SET gx = 77 WHERE a = 3',
        'DELETE FROM geo.places WHERE a = 20001'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
INSERT INTO geo.visits VALUES (4001, NULL, NULL);
INSERT INTO geo.plans VALUES (4001, 77777, NULL, NULL, NULL), (4002, 20001, 1, 3, 'c3');
INSERT INTO geo.places (a, b, c, "d ""e") VALUES (20002, 1, 'c', 2);
INSERT INTO geo.visits VALUES (4003, 20002, 1);
UPDATE geo.places SET a = 30002 WHERE a = 20002;
DELETE FROM geo.visits WHERE pa = 1500;
DELETE FROM geo.places WHERE a = 1500;
DELETE FROM geo.grid WHERE x = 1;
