-- Arrays of every shape, ranges and multiranges, also of user-made range types.
-- table: arr.vectors
-- setup
CREATE SCHEMA arr AUTHORIZATION shape_owner;
CREATE TYPE arr.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE arr.pair AS (x integer, y text);
CREATE DOMAIN arr.small AS integer CHECK (VALUE < 1000000);
CREATE TYPE arr.floatrange AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE TABLE arr.vectors (
    id integer PRIMARY KEY,
    a_int integer[],
    a_int2d integer[][],
    a_int_n integer[3],
    a_text text[],
    a_varchar character varying(12)[],
    a_bpchar character(4)[],
    a_numeric numeric(8,2)[],
    a_ts timestamp(1) without time zone[],
    a_json json[],
    a_jsonb jsonb[],
    a_bytea bytea[],
    a_mood arr.mood[],
    a_pair arr.pair[],
    a_small arr.small[],
    a_point point[],
    a_box box[],
    a_uuid uuid[],
    a_bool boolean[],
    a_xml xml[],
    a_range int4range[],
    r_int4 int4range,
    r_int8 int8range,
    r_num numrange,
    r_ts tsrange,
    r_tstz tstzrange,
    r_date daterange,
    r_float arr.floatrange,
    m_int4 int4multirange,
    m_int8 int8multirange,
    m_num nummultirange,
    m_ts tsmultirange,
    m_tstz tstzmultirange,
    m_date datemultirange,
    m_float arr.floatmultirange,
    defaulted integer[] DEFAULT '{1,2,3}'::integer[] NOT NULL,
    defaulted2 text[] DEFAULT ARRAY['a'::text, NULL, 'c,"d'::text]
);
ALTER TABLE arr.vectors OWNER TO shape_owner;
ALTER TYPE arr.mood OWNER TO shape_owner;
INSERT INTO arr.vectors
SELECT i, ARRAY[i, NULL, -i], ARRAY[[1, 2], [3, i]], '[5:7]={1,2,3}', ARRAY['', 'NULL', NULL, 'a,b', '"q"', '{}', E'\\', i::text],
    ARRAY['v' || i], ARRAY['b '], ARRAY[i / 3.0, 'NaN'], ARRAY['infinity', '2020-01-01 00:00:00.15']::timestamp(1)[],
    ARRAY['{"a" : 1}']::json[], ARRAY['{"a" : 1}']::jsonb[], ARRAY['\x00ff'::bytea, ''], ARRAY['sad', NULL, 'happy']::arr.mood[],
    ARRAY[(i, 'a,"b')::arr.pair, NULL, (NULL, NULL)::arr.pair], ARRAY[i]::arr.small[], ARRAY[point(1, i)], ARRAY[box(point(0, 0), point(1, i)), box(point(2, 2), point(3, 3))],
    ARRAY[md5(i::text)::uuid], ARRAY[true, false, NULL], ARRAY['<a/>'::xml], ARRAY[int4range(1, i + 1), 'empty'],
    int4range(1, i, '[]'), int8range(NULL, i), numrange(0.10, i, '(]'), tsrange('-infinity', '2020-01-01'),
    tstzrange('2020-01-01 00:00+02', 'infinity'), daterange('2020-01-01', NULL, '()'), arr.floatrange('-0', i),
    int4multirange(int4range(1, 3), int4range(5, 5 + i)), int8multirange(), nummultirange(numrange(1.5, 2.50), numrange(7, NULL)),
    tsmultirange(tsrange('2020-01-01', '2020-01-02')), '{}', datemultirange(daterange('2020-01-01', '2020-01-05')), '{[1.5,2),[3,3]}'
FROM generate_series(1, 4000) i;
INSERT INTO arr.vectors (id, a_int, r_int4, m_int4) SELECT i, '{}', 'empty', '{}' FROM generate_series(4001, 4500) i;
DELETE FROM arr.vectors WHERE id % 3 <> 0 AND id < 4450;
-- workload
UPDATE arr.vectors SET a_int = a_int || 7, a_text[2] = NULL, r_int4 = NULL WHERE id % 6 = 0;
UPDATE arr.vectors SET id = id + 10000, a_int2d[1][2] = 99 WHERE id % 300 = 0 AND id < 4000;
INSERT INTO arr.vectors (id, a_pair, a_range) VALUES (20001, ARRAY[[ROW(1, 'x'), ROW(2, 'y')]]::arr.pair[], '{}');
DELETE FROM arr.vectors WHERE r_num @> 5.5 AND id % 7 = 0;
BEGIN;
SAVEPOINT one;
DELETE FROM arr.vectors;
ROLLBACK TO SAVEPOINT one;
UPDATE arr.vectors SET m_int4 = m_int4 + int4multirange(int4range(50, 60)) WHERE id < 500;
COMMIT;
-- probe
INSERT INTO arr.vectors (id) VALUES (30001);
INSERT INTO arr.vectors (id, defaulted2, a_small) VALUES (30002, NULL, ARRAY[5, NULL]);
UPDATE arr.vectors SET a_pair[1].y = 'probed' WHERE id = 6;
SELECT count(*) FROM arr.vectors WHERE a_mood[1] = 'sad';
