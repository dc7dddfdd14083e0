-- In several publications, with other operations published, beside other tables; comments; replica identity by index.
-- table: pu.items
-- setup
CREATE SCHEMA pu AUTHORIZATION shape_owner;
CREATE TABLE pu.items (id integer PRIMARY KEY, code text NOT NULL, v text);
ALTER TABLE pu.items OWNER TO shape_owner;
CREATE TABLE pu.others (id integer PRIMARY KEY);
ALTER TABLE pu.others OWNER TO shape_owner;
INSERT INTO pu.items SELECT i, 'c' || i, 'v' FROM generate_series(1, 3000) i;
DELETE FROM pu.items WHERE id % 3 <> 0 AND id < 2980;
CREATE UNIQUE INDEX items_code ON pu.items (code);
ALTER TABLE pu.items REPLICA IDENTITY USING INDEX items_code;
CREATE PUBLICATION pu_first FOR TABLE pu.items;
CREATE PUBLICATION "pu ""second, ON" FOR TABLE ONLY pu.others, pu.items WITH (publish = 'insert, truncate');
CREATE PUBLICATION pu_none FOR TABLE pu.others;
CREATE PUBLICATION pu_empty WITH (publish = '');
ALTER PUBLICATION pu_empty ADD TABLE pu.items;
CREATE PUBLICATION pu_without;
ALTER PUBLICATION pu_first OWNER TO shape_owner;
ALTER PUBLICATION "pu ""second, ON" OWNER TO shape_owner;
ALTER PUBLICATION pu_empty OWNER TO shape_owner;
COMMENT ON PUBLICATION pu_first IS 'the ''first''';
-- workload
UPDATE pu.items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM pu.items WHERE id % 21 = 0;
INSERT INTO pu.items VALUES (10001, 'new', 'new');
-- probe
INSERT INTO pu.items VALUES (20001, 'probe', 'probe');
UPDATE pu.items SET v = 'probe' WHERE id = 300;
CREATE TABLE pu.seen AS SELECT pubname::text, schemaname::text, tablename::text FROM pg_publication_tables;
ALTER PUBLICATION pu_first DROP TABLE pu.items;
