-- The primary key itself is temporal (WITHOUT OVERLAPS); its index is gist.
-- table: tmp.stays
-- min: 18
-- setup
CREATE SCHEMA tmp AUTHORIZATION shape_owner;
CREATE EXTENSION btree_gist SCHEMA public;
SET ROLE shape_owner;
CREATE TABLE tmp.stays (
    valid daterange,
    room integer,
    guest text,
    CONSTRAINT stays_pkey PRIMARY KEY (room, valid WITHOUT OVERLAPS)
);
RESET ROLE;
INSERT INTO tmp.stays SELECT daterange(date '2020-01-01' + i, date '2020-01-01' + i + 40), i % 50, 'g' || i FROM generate_series(1, 3000) i;
DELETE FROM tmp.stays WHERE substr(guest, 2)::integer % 3 <> 0 AND substr(guest, 2)::integer < 2980;
-- workload
UPDATE tmp.stays SET guest = guest || '!' WHERE room % 9 = 0;
UPDATE tmp.stays SET valid = daterange(lower(valid), upper(valid) - 1) WHERE room % 7 = 0;
UPDATE tmp.stays SET room = room + 100 WHERE room = 13;
DELETE FROM tmp.stays WHERE room = 17;
INSERT INTO tmp.stays VALUES ('[2020-01-01,)', 1000, 'stays');
-- probe
INSERT INTO tmp.stays VALUES ('[2020-01-01,2020-02-01)', 1001, 'probe');
DO $$
BEGIN
    INSERT INTO tmp.stays VALUES ('[2024-01-01,2024-02-01)', 1000, 'probe');
    RAISE EXCEPTION 'WITHOUT OVERLAPS is gone';
EXCEPTION WHEN exclusion_violation THEN NULL;
END $$;
