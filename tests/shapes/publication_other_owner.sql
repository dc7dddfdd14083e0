-- In publications of other owners, who have no rights on the table.
-- table: po.items
-- as: postgres
-- setup
CREATE SCHEMA po AUTHORIZATION shape_owner;
CREATE TABLE po.items (id integer PRIMARY KEY, v text);
ALTER TABLE po.items OWNER TO shape_owner;
INSERT INTO po.items SELECT i, 'v' FROM generate_series(1, 3000) i;
DELETE FROM po.items WHERE id % 3 <> 0 AND id < 2980;
CREATE PUBLICATION po_super FOR TABLE po.items;
CREATE PUBLICATION po_other FOR TABLE po.items WITH (publish = 'insert, update');
ALTER PUBLICATION po_other OWNER TO shape_other;
CREATE PUBLICATION po_reader FOR TABLE po.items WITH (publish_via_partition_root = true);
ALTER PUBLICATION po_reader OWNER TO shape_reader;
COMMENT ON PUBLICATION po_other IS 'of another';
-- workload
UPDATE po.items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM po.items WHERE id % 21 = 0;
-- probe
INSERT INTO po.items VALUES (20001, 'probe');
CREATE TABLE po.seen AS SELECT p.pubname::text, pg_get_userbyid(p.pubowner)::text AS owner, t.tablename::text FROM pg_publication p JOIN pg_publication_tables t USING (pubname);
