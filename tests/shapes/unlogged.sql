-- Unlogged table with identity and serial; its sequences follow what the server does.
-- table: unlog.cache
-- setup
CREATE SCHEMA unlog AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE UNLOGGED TABLE unlog.cache (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    s serial,
    body text
);
CREATE INDEX cache_body ON unlog.cache USING hash (body);
GRANT USAGE ON SEQUENCE unlog.cache_id_seq TO shape_writer;
RESET ROLE;
INSERT INTO unlog.cache (body) SELECT repeat(md5(i::text), 3) FROM generate_series(1, 6000) i;
DELETE FROM unlog.cache WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE unlog.cache SET body = 'x' WHERE id % 9 = 0;
UPDATE unlog.cache SET id = DEFAULT WHERE id = 3;
DELETE FROM unlog.cache WHERE id % 33 = 0;
INSERT INTO unlog.cache (body) SELECT 'new ' || i FROM generate_series(1, 100) i;
-- probe
INSERT INTO unlog.cache (body) VALUES ('probe');
CREATE TABLE unlog.marker AS SELECT relname::text, relpersistence FROM pg_class WHERE relnamespace = 'unlog'::regnamespace AND relname <> 'marker';
