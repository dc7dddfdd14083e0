-- Primary key of several columns, in another order than the table's, with dropped columns between and INCLUDE.
-- table: key_multi.parts
-- setup
CREATE SCHEMA key_multi AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TYPE key_multi.kind AS ENUM ('z', 'y', 'x');
CREATE TABLE key_multi.parts (
    gone integer,
    nr smallint NOT NULL,
    v text,
    kind key_multi.kind NOT NULL,
    gone2 text,
    day date NOT NULL,
    net inet NOT NULL,
    w numeric
);
ALTER TABLE key_multi.parts DROP COLUMN gone;
ALTER TABLE key_multi.parts DROP COLUMN gone2;
ALTER TABLE key_multi.parts ADD COLUMN late text DEFAULT 'l' NOT NULL;
ALTER TABLE key_multi.parts ADD CONSTRAINT "the key" PRIMARY KEY (late, day, kind, net, nr) INCLUDE (w);
RESET ROLE;
INSERT INTO key_multi.parts (nr, v, kind, day, net, w)
SELECT i % 100, 'v' || i, (enum_range(NULL::key_multi.kind))[1 + i % 3], date '2020-01-01' + i / 100, ('10.0.0.' || i % 7)::inet, i FROM generate_series(1, 6000) i;
DELETE FROM key_multi.parts WHERE w % 3 <> 0 AND w < 5980;
-- workload
UPDATE key_multi.parts SET kind = 'x', late = 'm' WHERE w % 9 = 0;
UPDATE key_multi.parts SET nr = nr + 1000 WHERE day < '2020-01-10';
UPDATE key_multi.parts SET w = -w WHERE net = '10.0.0.3';
DELETE FROM key_multi.parts WHERE w % 33 = 0;
INSERT INTO key_multi.parts (nr, kind, day, net) SELECT i, 'y', 'infinity', '::1' FROM generate_series(1, 100) i;
INSERT INTO key_multi.parts (nr, kind, day, net, late) VALUES (5, 'y', 'infinity', '::1', 'l') ON CONFLICT ON CONSTRAINT "the key" DO UPDATE SET v = 'conflict', nr = -EXCLUDED.nr;
BEGIN;
SAVEPOINT one;
UPDATE key_multi.parts SET late = 'other';
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_multi.parts (nr, kind, day, net) VALUES (30001, 'z', '-infinity', '1.2.3.4');
DO $$
BEGIN
    INSERT INTO key_multi.parts (nr, kind, day, net) VALUES (30001, 'z', '-infinity', '1.2.3.4');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
