-- What materialized views hold right after the cutover is what a REFRESH gives; those without data still have none.
-- table: mc.items
-- setup
CREATE SCHEMA mc AUTHORIZATION shape_owner;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database()); END $$;
SET timezone = 'Asia/Tokyo';
SET ROLE shape_owner;
CREATE TABLE mc.items (id integer PRIMARY KEY, kind integer, v text, at timestamptz);
INSERT INTO mc.items SELECT i, i % 10, 'v' || i, '2026-01-01 12:00+0'::timestamptz + i * interval '1 hour' FROM generate_series(1, 3000) i;
DELETE FROM mc.items WHERE id % 3 <> 0 AND id < 2980;
CREATE MATERIALIZED VIEW mc.sums AS SELECT kind, count(*) AS n, sum(id) AS total FROM mc.items GROUP BY kind;
CREATE MATERIALIZED VIEW mc.top AS SELECT s.*, (SELECT max(v) FROM mc.items i WHERE i.kind = s.kind) AS last FROM mc.sums s ORDER BY total DESC LIMIT 3;
CREATE MATERIALIZED VIEW mc.days AS SELECT at::date AS day, min(at)::text AS first, count(*) AS n FROM mc.items GROUP BY 1;
CREATE MATERIALIZED VIEW mc.nothing AS SELECT id FROM mc.items WITH NO DATA;
RESET ROLE;
-- workload
UPDATE mc.items SET kind = (kind + 1) % 10, v = v || ' changed' WHERE id % 9 = 0;
DELETE FROM mc.items WHERE id % 21 = 0;
INSERT INTO mc.items VALUES (10001, 3, 'new', '2026-02-02 12:00+0');
REFRESH MATERIALIZED VIEW mc.sums;
REFRESH MATERIALIZED VIEW mc.top;
REFRESH MATERIALIZED VIEW mc.days;
-- probe
CREATE TABLE mc.held AS SELECT * FROM mc.sums;
CREATE TABLE mc.top_held AS SELECT * FROM mc.top;
CREATE TABLE mc.days_held AS SELECT * FROM mc.days;
DO $$
BEGIN
    PERFORM FROM mc.nothing;
    RAISE EXCEPTION 'it has data';
EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL;
END $$;
REFRESH MATERIALIZED VIEW mc.sums;
REFRESH MATERIALIZED VIEW mc.top;
REFRESH MATERIALIZED VIEW mc.days;
REFRESH MATERIALIZED VIEW mc.nothing;
DO $$
BEGIN
    IF EXISTS (TABLE mc.held EXCEPT TABLE mc.sums) OR EXISTS (TABLE mc.sums EXCEPT TABLE mc.held)
       OR EXISTS (TABLE mc.top_held EXCEPT TABLE mc.top) OR EXISTS (TABLE mc.top EXCEPT TABLE mc.top_held)
       OR EXISTS (TABLE mc.days_held EXCEPT TABLE mc.days) OR EXISTS (TABLE mc.days EXCEPT TABLE mc.days_held) THEN
        RAISE EXCEPTION 'they did not hold what a REFRESH gives';
    END IF;
END $$;
