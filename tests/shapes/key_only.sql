-- A table of one column, which is the key.
-- table: tiny.keys
-- setup
CREATE SCHEMA tiny AUTHORIZATION shape_owner;
CREATE TABLE tiny.keys (id text PRIMARY KEY);
ALTER TABLE tiny.keys OWNER TO shape_owner;
INSERT INTO tiny.keys SELECT md5(i::text) FROM generate_series(1, 8000) i;
DELETE FROM tiny.keys WHERE id > '5' AND id <> md5('8000');
-- workload
UPDATE tiny.keys SET id = id || 'x' WHERE id LIKE '1%';
DELETE FROM tiny.keys WHERE id LIKE '2%';
INSERT INTO tiny.keys SELECT i FROM generate_series(1, 100) i ON CONFLICT DO NOTHING;
INSERT INTO tiny.keys VALUES ('1') ON CONFLICT (id) DO UPDATE SET id = 'one';
-- probe
INSERT INTO tiny.keys VALUES ('probe');
