-- Key made of the rarer types: money, bit, "char", name, macaddr, timetz, oid, tid, pg_lsn, xid8, tsvector, bool, time.
-- table: key_odd.rows
-- setup
CREATE SCHEMA key_odd AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_odd.rows (
    a money, b bit(8), c "char", d name, e macaddr8, f time with time zone, g oid, h tid, i pg_lsn, j xid8, k tsvector, l boolean, m time, n cidr, o bit varying,
    nr integer NOT NULL,
    PRIMARY KEY (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
);
RESET ROLE;
INSERT INTO key_odd.rows
SELECT (i % 50)::numeric::money, (i % 200)::bit(8), chr(33 + i % 90)::"char", 'n' || i, '08:00:2b:01:02:03:04:05', '00:00:00+00', i, ('(0,' || i % 9 + 1 || ')')::tid, '0/1', i::text::xid8, to_tsvector('simple', 'a ' || i), i % 2 = 0, '24:00', '10.0.0.0/8', B'1', i
FROM generate_series(1, 4000) i;
DELETE FROM key_odd.rows WHERE nr % 3 <> 0 AND nr < 3980;
-- workload
UPDATE key_odd.rows SET f = '01:00:00+01' WHERE nr % 9 = 0;
UPDATE key_odd.rows SET o = B'10', l = NOT l WHERE nr % 12 = 0;
UPDATE key_odd.rows SET nr = nr + 10000 WHERE nr % 15 = 0;
DELETE FROM key_odd.rows WHERE nr % 33 = 0;
INSERT INTO key_odd.rows SELECT a, b, '', d, e, f, g, h, 'FFFFFFFF/FFFFFFFF', j, ''::tsvector, l, m, n, B'', nr + 20000 FROM key_odd.rows WHERE nr < 300;
-- probe
DO $$
BEGIN
    INSERT INTO key_odd.rows SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, 5 FROM key_odd.rows WHERE nr = 3;
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
