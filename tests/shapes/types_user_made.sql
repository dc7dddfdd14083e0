-- Enums, domains with checks and defaults, composites, domains over composites and arrays, domain over domain.
-- table: made.things
-- setup
CREATE SCHEMA made AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TYPE made."Traffic Light" AS ENUM ('red', 'yellow''s', 'GREEN, "bright"');
CREATE FUNCTION made.is_even(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = 0';
CREATE DOMAIN made.even AS integer CONSTRAINT "is even" CHECK (made.is_even(VALUE));
CREATE DOMAIN made.even_small AS made.even DEFAULT 4 CONSTRAINT small CHECK (VALUE < 1000000);
CREATE DOMAIN made.filled AS text NOT NULL DEFAULT 'filled';
CREATE DOMAIN made.c_text AS text COLLATE "C";
CREATE DOMAIN made.code AS character varying(12) CHECK (VALUE ~ '^[a-z0-9 ]*$');
CREATE DOMAIN made.codes AS text[] CHECK (array_length(VALUE, 1) < 5);
CREATE TYPE made.address AS (street text, "house no" integer, light made."Traffic Light");
CREATE TYPE made.person AS (name text COLLATE "C", home made.address, aliases text[]);
CREATE DOMAIN made.real_address AS made.address CHECK ((VALUE)."house no" IS NULL OR (VALUE)."house no" > 0);
CREATE TABLE made.things (
    id integer PRIMARY KEY,
    light made."Traffic Light" DEFAULT 'GREEN, "bright"' NOT NULL,
    even made.even DEFAULT 2,
    small made.even_small,
    filled made.filled,
    ctext made.c_text,
    ccoll made.c_text COLLATE "POSIX",
    code made.code,
    codes made.codes,
    addr made.address,
    person made.person DEFAULT ROW('nobody', NULL, '{}')::made.person,
    real made.real_address
);
CREATE INDEX things_light ON made.things (light, small);
CREATE INDEX things_addr ON made.things (addr);
CREATE INDEX things_street ON made.things (((addr).street));
RESET ROLE;
INSERT INTO made.things
SELECT i, (enum_range(NULL::made."Traffic Light"))[1 + i % 3], 2 * i, 4, 'f' || i, 'c' || i, 'd' || i, 'code ' || i, ARRAY['x', NULL, i::text],
    ROW('street ' || i, i, 'red')::made.address, ROW('p' || i, ROW('home', NULL, NULL)::made.address, ARRAY[NULL, 'a'])::made.person, ROW('r', i, 'red')::made.address
FROM generate_series(1, 6000) i;
INSERT INTO made.things (id, light, addr, person, even) SELECT i, 'red', ROW(NULL, NULL, NULL)::made.address, NULL::made.person, NULL::integer FROM generate_series(6001, 6300) i;
DELETE FROM made.things WHERE id % 3 <> 0 AND id < 6280;
-- workload
UPDATE made.things SET light = 'red', addr."house no" = 7, person.home.street = 'moved' WHERE id % 15 = 0;
UPDATE made.things SET id = id + 10000 WHERE id % 60 = 0;
INSERT INTO made.things (id, codes, addr) SELECT i, '{}', NULL FROM generate_series(20001, 20050) i;
INSERT INTO made.things (id) VALUES (3), (20060) ON CONFLICT (id) DO UPDATE SET real = ROW('conflict', 1, NULL), small = 8;
DELETE FROM made.things WHERE (addr).street = 'street 33' OR light > 'yellow''s' AND id % 9 = 0;
BEGIN;
SAVEPOINT one;
UPDATE made.things SET person = NULL;
ROLLBACK TO SAVEPOINT one;
UPDATE made.things SET ctext = NULL WHERE id < 90;
COMMIT;
-- probe
INSERT INTO made.things (id) VALUES (30001);
INSERT INTO made.things (id, addr) VALUES (30002, ROW('(a,"b")', 3, 'yellow''s'));
DO $$
BEGIN
    INSERT INTO made.things (id, even) VALUES (30003, 3);
    RAISE EXCEPTION 'an odd number got in';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
DO $$
BEGIN
    INSERT INTO made.things (id, real) VALUES (30003, ROW('x', -1, NULL));
    RAISE EXCEPTION 'a negative house number got in';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
ALTER TYPE made."Traffic Light" ADD VALUE 'blue' AFTER 'red';
ALTER DOMAIN made.even ADD CONSTRAINT below CHECK (VALUE < 100000000);
