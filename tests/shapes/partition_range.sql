-- A leaf partitioned by range of two columns, with MINVALUE and MAXVALUE, in another schema than its parent; grants and comments of its own.
-- table: "ra leaves"."m ""1"
-- setup
CREATE SCHEMA ra AUTHORIZATION shape_owner;
CREATE SCHEMA "ra leaves" AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA ra, "ra leaves" TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE ra.events (at timestamp with time zone NOT NULL, nr integer NOT NULL, v text DEFAULT 'd', CONSTRAINT events_key PRIMARY KEY (at, nr)) PARTITION BY RANGE (at, nr);
CREATE TABLE "ra leaves"."m ""1" PARTITION OF ra.events FOR VALUES FROM ('2020-01-01 00:00:00+00', MINVALUE) TO ('2020-02-01 00:00:00+00', 100) WITH (fillfactor = 80, autovacuum_enabled = false);
CREATE TABLE "ra leaves".m_2 PARTITION OF ra.events FOR VALUES FROM ('2020-02-01 00:00:00+00', 100) TO ('2020-03-01 00:00:00+00', MAXVALUE);
CREATE TABLE "ra leaves".m_0 PARTITION OF ra.events FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2020-01-01 00:00:00+00', MINVALUE);
CREATE INDEX events_nr ON ra.events (nr DESC);
COMMENT ON TABLE "ra leaves"."m ""1" IS 'January''s';
COMMENT ON COLUMN "ra leaves"."m ""1".v IS 'of January';
COMMENT ON CONSTRAINT "m ""1_pkey" ON "ra leaves"."m ""1" IS 'key of January';
GRANT SELECT, INSERT ON "ra leaves"."m ""1" TO shape_writer;
GRANT SELECT (v) ON "ra leaves"."m ""1" TO PUBLIC;
GRANT ALL ON ra.events TO shape_writer;
INSERT INTO ra.events SELECT timestamptz '2019-12-20 00:00:00+00' + i * interval '20 minutes', i % 200, 'v' || i FROM generate_series(1, 4000) i;
DELETE FROM ra.events WHERE nr % 3 <> 0 AND at < '2020-01-28 00:00:00+00';
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO ra.events VALUES ('2020-01-15 12:34:56+00', 1, 'routed'), ('2020-02-15 12:34:56+00', 1, 'elsewhere');
INSERT INTO "ra leaves"."m ""1" VALUES ('2020-01-16 12:34:56+00', 1, 'direct');
UPDATE ra.events SET v = v || '!' WHERE nr % 9 = 0;
RESET ROLE;
UPDATE ra.events SET at = at + interval '31 days' WHERE nr % 15 = 0 AND at BETWEEN '2020-01-05' AND '2020-01-20';
UPDATE ra.events SET at = at - interval '31 days' WHERE nr % 50 = 2 AND at > '2020-02-02';
DELETE FROM ra.events WHERE nr % 21 = 0;
INSERT INTO ra.events VALUES ('2020-01-15 12:34:56+00', 1, 'x') ON CONFLICT (at, nr) DO UPDATE SET v = excluded.v || ' upserted';
-- probe
INSERT INTO ra.events VALUES ('2020-01-17 12:34:56+00', 1), ('2020-01-17 12:34:56+00', 2) ON CONFLICT (at, nr) DO NOTHING;
UPDATE ra.events SET at = '2020-02-20 00:00:00+00' WHERE at = '2020-01-17 12:34:56+00' AND nr = 2;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO "ra leaves"."m ""1" VALUES (''2020-02-01 00:00:00+00'', 100)',
        'INSERT INTO "ra leaves"."m ""1" VALUES (''2019-12-31 23:59:59+00'', 1)',
        'UPDATE "ra leaves"."m ""1" SET at = ''2020-02-02 00:00:00+00'' WHERE nr = 1'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
    ASSERT EXISTS (SELECT FROM "ra leaves".m_2 WHERE at = '2020-02-20 00:00:00+00'), 'not moved';
    ASSERT NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = '"ra leaves"."m ""1"'::regclass AND contype = 'c'), 'a constraint too many';
END $$;
CREATE TABLE ra.seen AS SELECT tableoid::regclass::text AS leaf, count(*), min(at), max(at) FROM ra.events GROUP BY 1;
ALTER TABLE ra.events ADD COLUMN probe integer DEFAULT 1;
CREATE INDEX ON ra.events (v);
ALTER TABLE ra.events DETACH PARTITION "ra leaves".m_0;
