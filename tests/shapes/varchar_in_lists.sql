-- IN over character varying in indexes, constraints, defaults, generated columns, statistics: run again, the printed text becomes another one.
-- table: vil.orders
-- setup
CREATE SCHEMA vil AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vil.orders (
    id integer PRIMARY KEY,
    status character varying(20) DEFAULT 'new',
    code character varying,
    open boolean GENERATED ALWAYS AS (status IN ('new', 'paid')) STORED,
    flag boolean DEFAULT ('x'::character varying IN ('x', 'y')),
    CONSTRAINT known CHECK (status IN ('new', 'paid', 'sent')),
    CONSTRAINT not_mixed CHECK (status NOT IN ('mixed', code))
);
CREATE INDEX orders_open ON vil.orders (id) WHERE status IN ('new', 'paid');
CREATE INDEX orders_is_open ON vil.orders ((status IN ('new', 'paid')), (CASE WHEN code IN ('C1', status) THEN 1 END));
CREATE UNIQUE INDEX orders_sent ON vil.orders (id, code) WHERE status NOT IN ('new', 'it''s (ARRAY[x])::text[]');
CREATE STATISTICS vil.orders_stat ON (status IN ('new', 'paid')), code FROM vil.orders;
INSERT INTO vil.orders (id, status, code) SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + i % 3], 'C' || i % 7 FROM generate_series(1, 3000) i;
DELETE FROM vil.orders WHERE id % 4 <> 0 AND id < 2980;
RESET ROLE;
-- workload
UPDATE vil.orders SET status = 'paid' WHERE id % 8 = 0;
DELETE FROM vil.orders WHERE id % 20 = 0;
-- probe
INSERT INTO vil.orders (id) VALUES (10001);
DO $$
BEGIN
    INSERT INTO vil.orders (id, status) VALUES (10002, 'lost');
    RAISE EXCEPTION 'the check is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
