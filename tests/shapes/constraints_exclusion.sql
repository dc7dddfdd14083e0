-- Exclusion constraints: gist, with WHERE, deferrable, expression, another method, own operator class.
-- table: excl.rooms
-- setup
CREATE SCHEMA excl AUTHORIZATION shape_owner;
CREATE EXTENSION btree_gist SCHEMA public;
SET ROLE shape_owner;
CREATE TABLE excl.rooms (
    id integer PRIMARY KEY,
    room integer,
    during tsrange,
    ring circle,
    cancelled boolean DEFAULT false,
    tag text,
    CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (NOT cancelled),
    CONSTRAINT no_overlap_later EXCLUDE USING gist (ring WITH &&) DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (int4range(id, id + 1) WITH &&) INCLUDE (room) WITH (fillfactor=85),
    CONSTRAINT by_hash EXCLUDE USING hash (tag WITH =),
    CONSTRAINT by_btree EXCLUDE USING btree (lower(tag) COLLATE "C" text_pattern_ops WITH =) WHERE (id > 0)
);
COMMENT ON CONSTRAINT no_overlap ON excl.rooms IS 'one at a time';
RESET ROLE;
INSERT INTO excl.rooms
SELECT i, i % 10, tsrange(timestamp '2020-01-01' + i * interval '1 hour', timestamp '2020-01-01' + i * interval '1 hour' + interval '30 minutes'), circle(point(i * 3, 0), 1), false, 'tag' || i
FROM generate_series(1, 3000) i;
DELETE FROM excl.rooms WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO excl.rooms (id, room, during, cancelled) SELECT i, 1, '[2020-01-01,2022-01-01)', true FROM generate_series(3001, 3050) i;
-- workload
UPDATE excl.rooms SET during = tsrange(lower(during) + interval '1 minute', upper(during)) WHERE id % 9 = 0;
UPDATE excl.rooms SET id = id + 10000 WHERE id % 60 = 0;
BEGIN;
UPDATE excl.rooms SET ring = circle(point(9, 0), 1) WHERE id = 6;
UPDATE excl.rooms SET ring = circle(point(18, 0), 1) WHERE id = 3;
UPDATE excl.rooms SET ring = circle(point(100000, 0), 1) WHERE id = 9;
SAVEPOINT one;
UPDATE excl.rooms SET ring = circle(point(18, 0), 1);
ROLLBACK TO SAVEPOINT one;
UPDATE excl.rooms SET ring = circle(point(100003, 0), 1) WHERE id = 3;
COMMIT;
DELETE FROM excl.rooms WHERE id % 33 = 0;
UPDATE excl.rooms SET cancelled = true WHERE room = 3;
INSERT INTO excl.rooms (id, room, during, tag) VALUES (20001, 3, '[2020-02-01,2020-03-01)', 'again');
-- probe
INSERT INTO excl.rooms (id, room, during, tag) VALUES (30001, 77, '[2020-02-01,2020-03-01)', 'probe');
DO $$
BEGIN
    INSERT INTO excl.rooms (id, room, during) VALUES (30002, 77, '[2020-02-28,2020-04-01)');
    RAISE EXCEPTION 'rooms can be taken twice';
EXCEPTION WHEN exclusion_violation THEN NULL;
END $$;
DO $$
BEGIN
    INSERT INTO excl.rooms (id, tag) VALUES (30003, 'PROBE');
    RAISE EXCEPTION 'tags can be taken twice';
EXCEPTION WHEN exclusion_violation THEN NULL;
END $$;
