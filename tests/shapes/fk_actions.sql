-- Every action of a foreign key, out and in: CASCADE, SET NULL, SET DEFAULT, RESTRICT, NO ACTION.
-- table: act.items
-- setup
CREATE SCHEMA act AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE act.kinds (id integer PRIMARY KEY, name text);
INSERT INTO act.kinds SELECT i, 'kind' || i FROM generate_series(0, 99) i;
CREATE TABLE act.items (
    id integer PRIMARY KEY,
    k1 integer REFERENCES act.kinds ON DELETE CASCADE ON UPDATE CASCADE,
    k2 integer REFERENCES act.kinds ON DELETE SET NULL ON UPDATE SET NULL,
    k3 integer DEFAULT 0 REFERENCES act.kinds ON DELETE SET DEFAULT ON UPDATE SET DEFAULT,
    k4 integer REFERENCES act.kinds ON DELETE RESTRICT ON UPDATE RESTRICT,
    k5 integer REFERENCES act.kinds ON DELETE NO ACTION ON UPDATE NO ACTION,
    k6 integer REFERENCES act.kinds ON DELETE SET DEFAULT ON UPDATE CASCADE
);
CREATE TABLE act.in1 (nr integer PRIMARY KEY, item integer REFERENCES act.items ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE act.in2 (nr integer PRIMARY KEY, item integer REFERENCES act.items ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE act.in3 (nr integer PRIMARY KEY, item integer DEFAULT 0 REFERENCES act.items ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
CREATE TABLE act.in4 (nr integer PRIMARY KEY, item integer REFERENCES act.items ON DELETE RESTRICT ON UPDATE RESTRICT);
CREATE TABLE act.in5 (nr integer PRIMARY KEY, item integer REFERENCES act.items);
CREATE TABLE act.in6 (nr integer PRIMARY KEY, item integer REFERENCES act.in1 ON DELETE CASCADE);
INSERT INTO act.items SELECT i, i % 10, 10 + i % 10, 20 + i % 10, 30 + i % 10, 40 + i % 10, 50 + i % 10 FROM generate_series(0, 3000) i;
DELETE FROM act.items WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO act.in1 SELECT i, i % 100 * 3 FROM generate_series(1, 300) i;
INSERT INTO act.in2 SELECT i, i % 100 * 3 FROM generate_series(1, 300) i;
INSERT INTO act.in3 SELECT i, i % 100 * 3 FROM generate_series(1, 300) i;
INSERT INTO act.in4 SELECT i, 600 + i % 100 * 3 FROM generate_series(1, 300) i;
INSERT INTO act.in5 SELECT i, 900 + i % 100 * 3 FROM generate_series(1, 300) i;
INSERT INTO act.in6 SELECT i, i FROM generate_series(1, 300) i;
RESET ROLE;
-- workload
DELETE FROM act.items WHERE id IN (3, 6, 9, 12);
UPDATE act.items SET id = id + 10000 WHERE id IN (15, 18, 21);
UPDATE act.kinds SET id = id + 1000 WHERE id IN (1, 11, 21, 51);
DELETE FROM act.kinds WHERE id IN (13, 23, 53);
DELETE FROM act.items WHERE id = 5000;
UPDATE act.items SET k4 = 39 WHERE id = 0;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'DELETE FROM act.kinds WHERE id = 35',
        'UPDATE act.kinds SET id = 2000 WHERE id = 35',
        'DELETE FROM act.kinds WHERE id = 45',
        'UPDATE act.kinds SET id = 2000 WHERE id = 45',
        'DELETE FROM act.items WHERE id = 630',
        'UPDATE act.items SET id = -id WHERE id = 630',
        'DELETE FROM act.items WHERE id = 930',
        'UPDATE act.items SET id = -id WHERE id = 930',
        'DELETE FROM act.items WHERE id = 0'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN NULL;
        END;
    END LOOP;
END $$;
DELETE FROM act.items WHERE id IN (30, 33);
UPDATE act.items SET id = 20000 WHERE id = 36;
UPDATE act.kinds SET id = id + 1000 WHERE id IN (2, 12, 22, 52);
DELETE FROM act.kinds WHERE id IN (14, 24, 54);
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM act.in1 WHERE nr IN (10, 11)), 'CASCADE';
    ASSERT NOT EXISTS (SELECT FROM act.in6 WHERE nr IN (10, 11)), 'CASCADE further on';
    ASSERT EXISTS (SELECT FROM act.in1 WHERE item = 20000), 'UPDATE CASCADE';
    ASSERT (SELECT bool_and(item IS NULL) FROM act.in2 WHERE nr IN (10, 11, 12)), 'SET NULL';
    ASSERT (SELECT bool_and(item = 0) FROM act.in3 WHERE nr IN (10, 11, 12)), 'SET DEFAULT';
    ASSERT EXISTS (SELECT FROM act.items WHERE k1 = 1002 AND k2 IS NULL AND k3 = 0 AND k6 = 1052), 'actions out';
    ASSERT EXISTS (SELECT FROM act.items WHERE k2 IS NULL AND k3 = 0 AND k6 IS NULL), 'actions out';
END $$;
