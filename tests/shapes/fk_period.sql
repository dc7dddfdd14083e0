-- Temporal foreign keys (PERIOD) in and out, against keys WITHOUT OVERLAPS.
-- table: temporal.stays
-- min: 18
-- setup
CREATE SCHEMA temporal AUTHORIZATION shape_owner;
CREATE EXTENSION btree_gist SCHEMA public;
SET ROLE shape_owner;
CREATE TABLE temporal.rooms (nr integer, valid daterange, CONSTRAINT rooms_key PRIMARY KEY (nr, valid WITHOUT OVERLAPS));
CREATE TABLE temporal.stays (
    guest integer,
    room integer,
    "dur ""ing" daterange,
    note text,
    CONSTRAINT stays_key PRIMARY KEY (guest, "dur ""ing" WITHOUT OVERLAPS),
    CONSTRAINT "in a ""room" FOREIGN KEY (room, PERIOD "dur ""ing") REFERENCES temporal.rooms (nr, PERIOD valid)
);
CREATE TABLE temporal.meals (
    nr integer PRIMARY KEY,
    eater integer,
    served daterange,
    CONSTRAINT while_there FOREIGN KEY (eater, PERIOD served) REFERENCES temporal.stays (guest, PERIOD "dur ""ing")
);
CREATE TABLE temporal.old_meals (nr integer PRIMARY KEY, eater integer, served daterange);
COMMENT ON CONSTRAINT while_there ON temporal.meals IS 'no lunch for others';
RESET ROLE;
INSERT INTO temporal.rooms SELECT i % 40, daterange(date '2020-01-01' + i / 40 * 50, date '2020-01-01' + i / 40 * 50 + 50) FROM generate_series(0, 399) i;
INSERT INTO temporal.stays SELECT i, i % 40, daterange(date '2020-01-01' + i % 400, date '2020-01-01' + i % 400 + 30), 'n' || i FROM generate_series(1, 1500) i;
DELETE FROM temporal.stays WHERE guest % 3 <> 0 AND guest < 1480;
INSERT INTO temporal.meals SELECT i, i * 3, daterange(date '2020-01-01' + i * 3 % 400 + 2, date '2020-01-01' + i * 3 % 400 + 5) FROM generate_series(1, 200) i;
INSERT INTO temporal.old_meals SELECT i, -i, '[2020-01-01,2020-01-02)' FROM generate_series(1, 10) i;
ALTER TABLE temporal.old_meals ADD CONSTRAINT once_there FOREIGN KEY (eater, PERIOD served) REFERENCES temporal.stays (guest, PERIOD "dur ""ing") NOT VALID;
-- workload
UPDATE temporal.stays SET "dur ""ing" = daterange(lower("dur ""ing"), upper("dur ""ing") - 1) WHERE guest % 21 = 0;
UPDATE temporal.stays SET note = 'changed' WHERE guest % 9 = 0;
DELETE FROM temporal.stays WHERE guest BETWEEN 900 AND 930;
INSERT INTO temporal.stays VALUES (5001, 1, '[2020-02-01,2020-03-01)', 'new'), (5001, 1, '[2020-03-01,2020-04-01)', 'goes on');
INSERT INTO temporal.meals VALUES (5001, 5001, '[2020-02-20,2020-03-10)');
DO $$
BEGIN
    DELETE FROM temporal.stays WHERE guest = 3;
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO temporal.stays VALUES (6001, 1, ''[2019-12-31,2020-01-10)'')',
        'INSERT INTO temporal.stays VALUES (6001, 41, ''[2020-01-01,2020-01-10)'')',
        'INSERT INTO temporal.meals VALUES (6001, 5001, ''[2020-03-20,2020-04-10)'')',
        'INSERT INTO temporal.old_meals VALUES (6001, 5001, ''[2020-03-20,2020-04-10)'')',
        'DELETE FROM temporal.stays WHERE guest = 5001 AND note = ''new''',
        'UPDATE temporal.stays SET "dur ""ing" = ''[2020-02-25,2020-03-01)'' WHERE note = ''new''',
        'DELETE FROM temporal.rooms WHERE nr = 1',
        'ALTER TABLE temporal.old_meals VALIDATE CONSTRAINT once_there'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    ASSERT (SELECT count(*) = 3 AND bool_and(conperiod) FROM pg_constraint WHERE contype = 'f'), 'not PERIOD any more';
END $$;
INSERT INTO temporal.old_meals VALUES (6002, 5001, '[2020-03-20,2020-03-21)');
