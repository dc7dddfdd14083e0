-- Views that read with the rights of who asks (security_invoker), beside one that does not.
-- table: vi.items
-- min: 15
-- setup
CREATE SCHEMA vi AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA vi TO shape_writer, shape_reader;
SET ROLE shape_owner;
CREATE TABLE vi.items (id integer PRIMARY KEY, owner text, price integer);
INSERT INTO vi.items SELECT i, 'o' || i % 5, i % 100 FROM generate_series(1, 3000) i;
DELETE FROM vi.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vi.invoker WITH (security_invoker) AS SELECT * FROM vi.items WHERE price < 50;
CREATE VIEW vi.both WITH (security_barrier = true, security_invoker = true, check_option = local) AS SELECT id, price FROM vi.items WHERE price < 50;
CREATE VIEW vi.definer WITH (security_invoker = off) AS SELECT * FROM vi.items WHERE price < 50;
CREATE VIEW vi.mixed AS SELECT i.id FROM vi.invoker i;
GRANT SELECT ON vi.items TO shape_writer;
GRANT SELECT (id, price) ON vi.items TO shape_reader;
GRANT SELECT ON vi.invoker, vi.both, vi.definer, vi.mixed TO shape_reader, shape_writer;
RESET ROLE;
-- workload
UPDATE vi.items SET price = price + 1 WHERE id % 6 = 0;
INSERT INTO vi.invoker VALUES (10001, 'x', 1);
DELETE FROM vi.both WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
SELECT count(*) FROM vi.invoker;
SELECT id FROM vi.mixed;
SET ROLE shape_reader;
SELECT owner FROM vi.definer;
SELECT id, price FROM vi.both;
DO $$
BEGIN
    PERFORM owner FROM vi.invoker;
    RAISE EXCEPTION 'security_invoker is gone';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
CREATE TABLE vi.seen AS SELECT * FROM vi.both;
