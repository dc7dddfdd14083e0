-- A shop with two bloated tables, for docker/compose.yaml. PostgreSQL's image runs it once, with psql,
-- as superuser, on an empty data directory.

\set ON_ERROR_STOP on
\set app_password `cat /run/secrets/app_password`
\set repackd_password `cat /run/secrets/repackd_password`

CREATE ROLE app LOGIN PASSWORD :'app_password';
CREATE ROLE repackd LOGIN PASSWORD :'repackd_password';

-- All that repackd needs.
GRANT app TO repackd;
GRANT CREATE ON DATABASE :"DBNAME" TO repackd;
GRANT USAGE, CREATE ON SCHEMA public TO app;
-- Not needed, but good to have: it sees whose snapshot it waits for.
GRANT pg_read_all_stats TO repackd;

SET ROLE app;

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    note text
);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer bigint NOT NULL REFERENCES customers,
    placed timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'open',
    note text
);
CREATE INDEX orders_by_customer ON orders (customer, placed);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open';

-- Without a key, so that it is refused, and says why.
CREATE TABLE visits (at timestamptz NOT NULL DEFAULT now(), page text);

INSERT INTO customers (name, note)
SELECT 'customer ' || n, repeat('n', 200) FROM generate_series(1, 100000) n;
INSERT INTO orders (customer, note)
SELECT 1 + n % 100000, repeat('o', 120) FROM generate_series(1, 1000000) n;
INSERT INTO visits (page) SELECT '/' || n FROM generate_series(1, 1000000) n;

-- Seven of ten orders and visits go, and every customer is written anew: that is the bloat.
DELETE FROM orders WHERE id % 10 < 7;
DELETE FROM visits WHERE substr(page, 2)::int % 10 < 7;
UPDATE customers SET note = repeat('m', 200);

RESET ROLE;
-- What this session has counted is told to the server before VACUUM counts: told afterwards, as it is when
-- all of this takes less than a second, the rows count twice and the tables look half as bloated.
SELECT pg_stat_force_next_flush();
VACUUM ANALYZE customers, orders, visits;
