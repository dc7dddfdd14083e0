-- Every built-in scalar type, with special values and NULLs.
-- table: scalar.types
-- setup
CREATE SCHEMA scalar AUTHORIZATION shape_owner;
CREATE TABLE scalar.types (
    id integer PRIMARY KEY,
    c_bool boolean,
    c_int2 smallint,
    c_int4 integer,
    c_int8 bigint,
    c_num numeric,
    c_num_ps numeric(10,3),
    c_float4 real,
    c_float8 double precision,
    c_money money,
    c_char "char",
    c_name name,
    c_bpchar character(7),
    c_bpchar1 character,
    c_varchar character varying,
    c_varchar_n character varying(40),
    c_text text,
    c_bytea bytea,
    c_bit bit(11),
    c_varbit bit varying,
    c_varbit_n bit varying(20),
    c_date date,
    c_time time,
    c_time_p time(2),
    c_timetz time with time zone,
    c_timetz_p time(3) with time zone,
    c_ts timestamp,
    c_ts_p timestamp(0),
    c_tstz timestamp with time zone,
    c_tstz_p timestamp(4) with time zone,
    c_interval interval,
    c_interval_p interval(1),
    c_interval_f interval day to second(3),
    c_interval_y interval year to month,
    c_uuid uuid,
    c_inet inet,
    c_cidr cidr,
    c_mac macaddr,
    c_mac8 macaddr8,
    c_point point,
    c_line line,
    c_lseg lseg,
    c_box box,
    c_path path,
    c_polygon polygon,
    c_circle circle,
    c_json json,
    c_jsonb jsonb,
    c_jsonpath jsonpath,
    c_xml xml,
    c_tsvector tsvector,
    c_tsquery tsquery,
    c_oid oid,
    c_xid xid,
    c_xid8 xid8,
    c_cid cid,
    c_tid tid,
    c_lsn pg_lsn,
    c_snapshot pg_snapshot,
    c_txid_snapshot txid_snapshot,
    c_regclass regclass,
    c_regproc regproc,
    c_regprocedure regprocedure,
    c_regoper regoper,
    c_regoperator regoperator,
    c_regtype regtype,
    c_regrole regrole,
    c_regnamespace regnamespace,
    c_regconfig regconfig,
    c_regdictionary regdictionary,
    c_regcollation regcollation,
    c_refcursor refcursor,
    c_acl aclitem,
    c_oidvector oidvector,
    c_int2vector int2vector
);
ALTER TABLE scalar.types OWNER TO shape_owner;
INSERT INTO scalar.types (id) SELECT i FROM generate_series(1, 300) i;
INSERT INTO scalar.types
SELECT i, i % 2 = 0, i % 30000, -i, i * 4294967296,
    CASE i % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-Infinity' WHEN 3 THEN 1.0 WHEN 4 THEN 1.00
        ELSE i * 1e50 / 3 END::numeric,
    i / 7.0,
    CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' WHEN 2 THEN '-Infinity' WHEN 3 THEN '0' ELSE (i * 1.1)::text END::real,
    CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' WHEN 2 THEN 'Infinity' WHEN 3 THEN '0' ELSE (i * 1.1)::text END::double precision,
    (i * 1.25)::numeric::money, chr(33 + i % 90)::"char", ('name ' || i)::name, 'b' || i % 100 || ' ', 'x', 'v' || i || '  ', 'vn' || i,
    CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN E'tab\ttab\nline\\n \\N' ELSE 'Ünïcødé ☃ 𝄞 ' || i END,
    decode(md5(i::text), 'hex'), (i % 2000)::bit(11), (i::bit(32))::varbit, B'' || (i % 500)::bit(9),
    CASE i % 4 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '4713-01-01 BC' ELSE '2024-02-29' END::date,
    CASE i % 2 WHEN 0 THEN '24:00:00' ELSE '00:00:00.000001' END::time, '11:22:33.456789',
    '01:02:03.456789-08:30', '01:02:03.456789+14',
    CASE i % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' ELSE '0044-03-15 12:00:00.123456 BC' END::timestamp, '2020-01-01 01:02:03.7',
    CASE i % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' ELSE '2038-01-19 03:14:07.999999+00' END::timestamptz, '2020-01-01 01:02:03.77777+01',
    CASE i % 3 WHEN 0 THEN '1 mon' WHEN 1 THEN '30 days' ELSE '-1 year +3 days -04:05:06.789' END::interval, '1.2345 seconds', '4 days 05:06:07.891', '3 years 4 mons',
    md5(i::text)::uuid, ('10.' || i % 200 || '.1.2/17')::inet, ('10.' || i % 200 || '.0.0/16')::cidr, '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
    point(i, '-0'), line(point(0, 0), point(1, i)), lseg(point(0, i), point(i, 0)), box(point(1, 2), point(i, i)),
    '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', circle(point(i, i), 5),
    ('{"b": 1,  "a": [ 1, null ], "a": "twice ' || i || '"}')::json, ('{"b": 1.00, "a": [1, null], "i": ' || i || '}')::jsonb,
    '$."a"[*] ? (@ > 1)', ('<a i="' || i || '">x &amp; y</a>')::xml,
    to_tsvector('simple', 'the fat cat ' || i || ' sat'), to_tsquery('simple', 'fat & (cat | rat) & !dog <-> bird'),
    1259, '3', '123456789012', '7', ('(' || i || ',3)')::tid, '16/B374D848', '10:20:10,14,15', '10:20:11',
    'pg_catalog.pg_class', 'pg_catalog.now', 'pg_catalog.abs(integer)', 'pg_catalog.||/', 'pg_catalog.+(integer,integer)', 'integer',
    'shape_reader', 'pg_catalog', 'simple', 'simple', '"C"', ('cursor ' || i)::refcursor, 'shape_reader=r*w/shape_owner', '1 2 3', '4 5 6'
FROM generate_series(301, 4000) i;
DELETE FROM scalar.types WHERE id % 3 <> 0 AND id < 3970;
-- workload
UPDATE scalar.types SET id = id + 10000 WHERE id % 30 = 0;
UPDATE scalar.types SET c_float8 = -c_float8, c_float4 = '-0', c_num = 1.000, c_text = NULL WHERE id % 9 = 0;
INSERT INTO scalar.types (id, c_bpchar, c_varchar_n, c_num) VALUES (50001, '  lead', 'trail   ', '-Infinity'), (50002, NULL, '', '1e-1000');
DELETE FROM scalar.types WHERE id % 21 = 0;
BEGIN;
SAVEPOINT one;
UPDATE scalar.types SET c_json = NULL, c_xml = NULL;
ROLLBACK TO SAVEPOINT one;
UPDATE scalar.types SET c_json = '{"z":1, "z":2}', c_xml = '<b/>' WHERE id < 600;
COMMIT;
-- probe
INSERT INTO scalar.types (id, c_varchar_n, c_num_ps, c_ts_p, c_bit) VALUES (60001, 'n', 1.23456, '2020-01-01 01:02:03.5', B'10101010101');
UPDATE scalar.types SET c_interval_f = '1 day 1.23456 s', c_timetz_p = '01:02:03.45678+01' WHERE id = 60001;
SELECT c_jsonb, c_point FROM scalar.types WHERE id < 1000;
