//! Shapes of tables: how each is made, and what bloats it.

/// A table `t` and what happens to it.
pub struct Shape {
    /// Its name in the report.
    pub name: &'static str,
    /// Makes and fills it, indexes too. Nothing is by chance.
    pub make: &'static str,
    /// Bloats it.
    pub bloat: &'static str,
    /// Whether what is dead is left where it is.
    pub dead: bool,
}

const fn shape(name: &'static str, make: &'static str, bloat: &'static str) -> Shape {
    Shape { name, make, bloat, dead: false }
}

const fn dead(name: &'static str, make: &'static str, bloat: &'static str) -> Shape {
    Shape { name, make, bloat, dead: true }
}

/// Every second row goes.
const HALF: &str = "DELETE FROM t WHERE id % 2 = 0";
/// Nine tenths go.
const MOST: &str = "DELETE FROM t WHERE id % 10 <> 0";

/// All of them.
pub const SHAPES: &[Shape] = &[
    shape(
        "narrow ints",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int);
         INSERT INTO t SELECT i, i * 7 % 1000, i FROM generate_series(1, 60000) i;
         CREATE INDEX ON t (a);",
        HALF,
    ),
    dead(
        "one column, no index",
        "CREATE TABLE t (id smallint);
         INSERT INTO t SELECT i % 30000 FROM generate_series(1, 90000) i;",
        HALF,
    ),
    shape(
        "alignment holes",
        "CREATE TABLE t (id int PRIMARY KEY, a bool, b bigint, c bool, d timestamptz, e smallint, f float8, g bool);
         INSERT INTO t SELECT i, true, i, false, now(), i % 100, i, true FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (a, b, c);",
        "UPDATE t SET b = b + 1",
    ),
    shape(
        "bool mixes",
        "CREATE TABLE t (id bigint PRIMARY KEY, a bool, b bool, c bool NOT NULL, d int2, e bool, f int2, g bool, h date);
         INSERT INTO t SELECT i, i % 2 = 0, i % 3 = 0, true, 1, false, 2, true, '2020-01-01'::date + i % 1000
           FROM generate_series(1, 50000) i;
         CREATE INDEX ON t (a); CREATE INDEX ON t (h);",
        HALF,
    ),
    shape(
        "many nulls",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c bigint, d timestamp, e int, f text, g int8, h int, i date, j text, k float8);
         INSERT INTO t SELECT i, CASE WHEN i % 3 = 0 THEN i END, CASE WHEN i % 5 = 0 THEN 'text ' || i END,
             CASE WHEN i % 7 = 0 THEN i END, NULL, CASE WHEN i % 2 = 0 THEN i END, NULL, NULL,
             CASE WHEN i % 11 = 0 THEN 1 END, NULL, CASE WHEN i % 13 = 0 THEN repeat('y', i % 60) END, NULL
           FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (a); CREATE INDEX ON t (b); CREATE INDEX ON t (d);",
        MOST,
    ),
    shape(
        "short text",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text NOT NULL, w varchar(20));
         INSERT INTO t SELECT i, repeat('v', i % 13), 'n' || i * 7919 % 100000 FROM generate_series(1, 50000) i;
         CREATE INDEX ON t (v); CREATE INDEX ON t (w);",
        HALF,
    ),
    shape(
        "wide text",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, w text);
         INSERT INTO t SELECT i, repeat(md5(i::text), 1 + i % 14), md5((i / 2)::text) FROM generate_series(1, 15000) i;
         CREATE INDEX ON t (w);",
        HALF,
    ),
    shape(
        "constant text",
        "CREATE TABLE t (id int PRIMARY KEY, v text);
         INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 50000) i;
         CREATE UNIQUE INDEX ON t (v);",
        HALF,
    ),
    shape(
        "names and addresses",
        "CREATE TABLE t (id bigint PRIMARY KEY, first text, last text, mail text, street text, city text, zip text, born date, active bool, created timestamptz);
         INSERT INTO t SELECT i, initcap(left(md5(i::text), 4 + i % 7)), initcap(left(md5('l' || i % 5000), 5 + i % 9)),
             left(md5(i::text), 8) || '.' || i || '@example.org', left(md5('s' || i), 6 + i % 20) || ' street ' || i % 200,
             'city ' || i * 31 % 900, lpad((i * 17 % 90000)::text, 5, '0'), '1950-01-01'::date + i % 20000, i % 9 <> 0, now() - i * interval '1 min'
           FROM generate_series(1, 30000) i;
         CREATE UNIQUE INDEX ON t (mail); CREATE INDEX ON t (last, first); CREATE INDEX ON t (city); CREATE INDEX ON t (born);",
        "UPDATE t SET active = NOT active WHERE id % 3 <> 0",
    ),
    shape(
        "toasted, compressed",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         INSERT INTO t SELECT i, (SELECT string_agg(md5((i * 1000 + k)::text) || repeat(' ', 40), '') FROM generate_series(1, 100) k)
           FROM generate_series(1, 1500) i;",
        HALF,
    ),
    shape(
        "toasted, external",
        "CREATE TABLE t (id bigint PRIMARY KEY, n int, v bytea);
         ALTER TABLE t ALTER v SET STORAGE external;
         INSERT INTO t SELECT i, i, decode(repeat(md5(i::text), 150 + i % 300), 'hex') FROM generate_series(1, 2500) i;",
        HALF,
    ),
    shape(
        "some toasted, most not",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, n int);
         ALTER TABLE t ALTER v SET STORAGE external;
         INSERT INTO t SELECT i, repeat(md5(i::text), CASE WHEN i % 10 = 0 THEN 100 + i % 50 ELSE i % 9 END), i FROM generate_series(1, 20000) i;",
        HALF,
    ),
    shape(
        "compressed in its row",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         INSERT INTO t SELECT i, repeat(md5(i::text), 80 + i % 100) FROM generate_series(1, 15000) i;",
        HALF,
    ),
    shape(
        "jsonb",
        r#"CREATE TABLE t (id bigint PRIMARY KEY, v jsonb NOT NULL);
         INSERT INTO t SELECT i, jsonb_build_object('id', i, 'name', 'name ' || i, 'tags', CASE WHEN i % 3 = 0 THEN '["a","b"]' ELSE '[]' END::jsonb,
             'price', i % 1000 / 7.0) FROM generate_series(1, 25000) i;
         CREATE INDEX ON t ((v->>'name'));"#,
        HALF,
    ),
    shape(
        "numeric",
        "CREATE TABLE t (id numeric PRIMARY KEY, a numeric(12,2), b numeric, c numeric(4,1));
         INSERT INTO t SELECT i, i * 1.37, i / 7.0, i % 10 FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (c); CREATE INDEX ON t (a);",
        HALF,
    ),
    shape(
        "uuid",
        "CREATE TABLE t (id uuid PRIMARY KEY, n int, parent uuid);
         INSERT INTO t SELECT md5(i::text)::uuid, i, md5((i / 5)::text)::uuid FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (parent);",
        "DELETE FROM t WHERE n % 3 = 0",
    ),
    shape(
        "fillfactor 70",
        "CREATE TABLE t (id bigint PRIMARY KEY WITH (fillfactor = 70), v text, n int) WITH (fillfactor = 70);
         INSERT INTO t SELECT i, 'value ' || i % 1000, i FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (n) WITH (fillfactor = 50);",
        "UPDATE t SET n = n + 1 WHERE id % 2 = 0",
    ),
    shape(
        "composite and arrays",
        "CREATE TYPE pair AS (a int, b text);
         CREATE TABLE t (id int PRIMARY KEY, p pair, a int[], b text[]);
         INSERT INTO t SELECT i, ROW(i, 'b' || i)::pair, ARRAY[i, i + 1, i + 2], (ARRAY['x', 'yy', 'zzz'])[1:i % 4] FROM generate_series(1, 30000) i;
         CREATE INDEX ON t (a);",
        HALF,
    ),
    shape(
        "enum",
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
         CREATE TABLE t (id int PRIMARY KEY, m mood, n mood, at timestamptz);
         INSERT INTO t SELECT i, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, 'ok', '2024-01-01'::timestamptz + i * interval '1 s' FROM generate_series(1, 50000) i;
         CREATE INDEX ON t (m); CREATE INDEX ON t (at); CREATE INDEX ON t (m, at);",
        HALF,
    ),
    shape(
        "low cardinality",
        "CREATE TABLE t (id bigint PRIMARY KEY, status text, region int, flag bool, hundred int, thousand int);
         INSERT INTO t SELECT i, (ARRAY['new', 'paid', 'shipped', 'returned'])[1 + i % 4], i % 17, i % 100 = 0, i * 7 % 100, i * 13 % 3000
           FROM generate_series(1, 60000) i;
         CREATE INDEX ON t (status); CREATE INDEX ON t (region, status); CREATE INDEX ON t (flag); CREATE INDEX ON t (hundred);
         CREATE INDEX ON t (thousand); CREATE INDEX ON t (thousand) WITH (deduplicate_items = off);",
        HALF,
    ),
    shape(
        "skewed values",
        "CREATE TABLE t (id bigint PRIMARY KEY, k int, tenant int);
         INSERT INTO t SELECT i, (sqrt(i * 7919 % 60000))::int, (60000 / (1 + i * 31 % 60000)) FROM generate_series(1, 60000) i;
         CREATE INDEX ON t (k); CREATE INDEX ON t (tenant); CREATE INDEX ON t (tenant, k);",
        HALF,
    ),
    shape(
        "orders and lines",
        "CREATE TABLE t (id int, line int, product int, quantity int NOT NULL, price numeric(10,2), PRIMARY KEY (id, line));
         INSERT INTO t SELECT i / 4, i % 4, i * 7919 % 2000, i % 10, i % 100 + 0.99 FROM generate_series(1, 60000) i;
         CREATE INDEX ON t (product); CREATE INDEX ON t (id);",
        HALF,
    ),
    shape(
        "unique on several, with INCLUDE",
        "CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c int);
         INSERT INTO t SELECT i, i % 100, 'b' || i / 100, i FROM generate_series(1, 40000) i;
         CREATE UNIQUE INDEX ON t (a, b) INCLUDE (c); CREATE INDEX ON t (c) INCLUDE (b);",
        HALF,
    ),
    shape(
        "partial indexes",
        "CREATE TABLE t (id bigint PRIMARY KEY, state int, at timestamptz, note text);
         INSERT INTO t SELECT i, i % 10, '2024-01-01'::timestamptz + i * interval '1 s', CASE WHEN i % 4 = 0 THEN 'note ' || i END FROM generate_series(1, 50000) i;
         CREATE INDEX ON t (at) WHERE state IN (1, 2, 3); CREATE INDEX ON t (note) WHERE note IS NOT NULL;",
        HALF,
    ),
    shape(
        "expression indexes",
        "CREATE TABLE t (id bigint PRIMARY KEY, mail text, at timestamp);
         INSERT INTO t SELECT i, 'User' || i || '@Example.org', '2024-01-01'::timestamp + i * interval '1 h' FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (lower(mail)); CREATE INDEX ON t (date_trunc('day', at)); CREATE UNIQUE INDEX ON t ((id * 2), lower(mail));",
        HALF,
    ),
    shape(
        "all updated, thrice",
        "CREATE TABLE t (id bigint PRIMARY KEY, n int, v text);
         INSERT INTO t SELECT i, i, 'value ' || i FROM generate_series(1, 30000) i;
         CREATE INDEX ON t (n);",
        "UPDATE t SET n = n + 1; UPDATE t SET n = n + 1; UPDATE t SET n = n + 1",
    ),
    dead(
        "HOT updates",
        "CREATE TABLE t (id bigint PRIMARY KEY, hits bigint, at timestamptz) WITH (fillfactor = 50);
         INSERT INTO t SELECT i, 0, now() FROM generate_series(1, 40000) i;",
        "UPDATE t SET hits = hits + 1; UPDATE t SET hits = hits + 1",
    ),
    shape(
        "truncated tail",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         INSERT INTO t SELECT i, 'value ' || i FROM generate_series(1, 60000) i;",
        "DELETE FROM t WHERE id > 20000 OR id % 4 = 0",
    ),
    shape(
        "emptied",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         INSERT INTO t SELECT i, 'value ' || i FROM generate_series(1, 40000) i;",
        "DELETE FROM t WHERE id <> 39999",
    ),
    shape(
        "dropped and added columns",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b bigint, c int, d int, e int, f int, g int, h int, i int);
         INSERT INTO t SELECT i, repeat('a', 40), i, 1, 2, 3, 4, 5, 6, 7 FROM generate_series(1, 30000) i;",
        "ALTER TABLE t DROP a, DROP b; ALTER TABLE t ADD j int DEFAULT 5, ADD k timestamp",
    ),
    shape(
        "generated columns",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b text GENERATED ALWAYS AS (upper(a)) STORED, c int GENERATED ALWAYS AS (id * 2) STORED);
         INSERT INTO t SELECT i, 'text ' || i FROM generate_series(1, 30000) i;
         CREATE INDEX ON t (b);",
        HALF,
    ),
    shape(
        "inet and macaddr",
        "CREATE TABLE t (id bigint PRIMARY KEY, ip inet, net cidr, mac macaddr, seen timestamptz);
         INSERT INTO t SELECT i, '10.0.0.0'::inet + i, '192.168.0.0/16', '08:00:2b:01:02:03', now() FROM generate_series(1, 40000) i;
         CREATE INDEX ON t (ip); CREATE INDEX ON t (mac);",
        HALF,
    ),
    shape(
        "timestamps",
        "CREATE TABLE t (id bigint PRIMARY KEY, a timestamptz, b timestamp, c date, d time, e interval, f timetz);
         INSERT INTO t SELECT i, now(), '2024-01-01'::timestamp + i / 10 * interval '1 min', '2024-01-01'::date + i % 365, '12:00', '1 day', '12:00+1' FROM generate_series(1, 30000) i;
         CREATE INDEX ON t (b); CREATE INDEX ON t (c); CREATE INDEX ON t (e);",
        HALF,
    ),
    shape(
        "bytea and char(n)",
        "CREATE TABLE t (id int PRIMARY KEY, h bytea, a char(3), b char(40), c \"char\", d bit(20), e name);
         INSERT INTO t SELECT i, decode(md5(i::text), 'hex'), 'EUR', 'code ' || i, 'x', 5::bit(20), 'name ' || i FROM generate_series(1, 25000) i;
         CREATE INDEX ON t (h); CREATE INDEX ON t (a); CREATE INDEX ON t (b);",
        HALF,
    ),
    shape(
        "an event log",
        "CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz NOT NULL, kind text NOT NULL, actor int, subject text, body text);
         INSERT INTO t SELECT i, '2024-01-01'::timestamptz + i * interval '3 s', (ARRAY['login', 'logout', 'page_view', 'purchase'])[1 + i * 7 % 4],
             CASE WHEN i % 6 <> 0 THEN i * 7919 % 2500 END, CASE WHEN i % 2 = 0 THEN '/path/' || md5((i % 300)::text) END,
             repeat('word ', i * 31 % 120) FROM generate_series(1, 25000) i;
         CREATE INDEX ON t (at); CREATE INDEX ON t (kind, at); CREATE INDEX ON t (actor); CREATE INDEX ON t (subject);",
        "DELETE FROM t WHERE at < '2024-01-01 15:00+00'",
    ),
    shape(
        "correlated values",
        "CREATE TABLE t (id bigint PRIMARY KEY, city int, country int, zip text);
         INSERT INTO t SELECT i, i * 7919 % 1500, i * 7919 % 1500 / 40, 'Z' || i * 7919 % 1500 FROM generate_series(1, 60000) i;
         CREATE INDEX ON t (city, country); CREATE INDEX ON t (country, city, zip); CREATE INDEX ON t (country);
         CREATE STATISTICS s (ndistinct) ON city, country, zip FROM t;",
        HALF,
    ),
    shape(
        "a queue",
        "CREATE TABLE t (id bigint PRIMARY KEY, state text, payload text, run_at timestamptz);
         INSERT INTO t SELECT i, 'waiting', repeat('p', 100 + i % 50), now() + i * interval '1 s' FROM generate_series(1, 30000) i;
         CREATE INDEX ON t (run_at) WHERE state = 'waiting';",
        "UPDATE t SET state = 'done' WHERE id < 29000; DELETE FROM t WHERE id < 27000",
    ),
    shape(
        "wide rows, four to a page",
        "CREATE TABLE t (id bigint PRIMARY KEY, v text);
         ALTER TABLE t ALTER v SET STORAGE plain;
         INSERT INTO t SELECT i, repeat('w', 1500 + i % 400) FROM generate_series(1, 4000) i;",
        HALF,
    ),
];
