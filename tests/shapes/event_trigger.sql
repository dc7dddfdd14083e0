-- Event triggers that log DDL and drops with the rights of whoever runs it, that forbid table rewrites and the table's loss, one disabled that forbids all.
-- table: ev.items
-- setup
CREATE SCHEMA ev AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA ev TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE ev.items (id serial PRIMARY KEY, v text, n integer GENERATED ALWAYS AS IDENTITY);
CREATE INDEX items_v ON ev.items (v);
INSERT INTO ev.items (v) SELECT 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM ev.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
CREATE TABLE ev.log (event text, tag text, kind text, identity text);
GRANT INSERT ON ev.log TO PUBLIC;
-- So that dumps leave it out: what the repack did is in the log of one database only.
ALTER EXTENSION plpgsql ADD TABLE ev.log;
CREATE FUNCTION ev.log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ev.log SELECT TG_EVENT, TG_TAG, object_type, object_identity FROM pg_event_trigger_ddl_commands();
END $$;
CREATE FUNCTION ev.log_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ev.log SELECT TG_EVENT, TG_TAG, object_type, object_identity FROM pg_event_trigger_dropped_objects();
    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() WHERE object_type = 'table' AND object_identity = 'ev.items') THEN
        RAISE EXCEPTION 'ev.items must not be dropped';
    END IF;
END $$;
CREATE FUNCTION ev.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is forbidden: %', TG_TAG, TG_EVENT;
END $$;
CREATE FUNCTION ev.start() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO ev.log VALUES (TG_EVENT, TG_TAG);
END $$;
CREATE EVENT TRIGGER ev_log ON ddl_command_end EXECUTE FUNCTION ev.log_ddl();
CREATE EVENT TRIGGER ev_drop ON sql_drop EXECUTE FUNCTION ev.log_drop();
CREATE EVENT TRIGGER "ev ""start" ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'DROP TABLE', 'CREATE TRIGGER') EXECUTE FUNCTION ev.start();
CREATE EVENT TRIGGER ev_rewrite ON table_rewrite EXECUTE FUNCTION ev.forbid();
CREATE EVENT TRIGGER ev_off ON ddl_command_start EXECUTE FUNCTION ev.forbid();
ALTER EVENT TRIGGER ev_off DISABLE;
CREATE EVENT TRIGGER ev_replica ON ddl_command_start EXECUTE FUNCTION ev.forbid();
ALTER EVENT TRIGGER ev_replica ENABLE REPLICA;
CREATE EVENT TRIGGER ev_views ON ddl_command_end WHEN TAG IN ('CREATE DOMAIN', 'DROP DOMAIN') EXECUTE FUNCTION ev.forbid();
ALTER EVENT TRIGGER ev_log ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER ev_log IS 'logs''s';
-- workload
INSERT INTO ev.items (v) VALUES ('new');
UPDATE ev.items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM ev.items WHERE id % 21 = 0;
-- probe
INSERT INTO ev.items (v) VALUES ('probe');
TRUNCATE ev.log;
SET ROLE shape_owner;
ALTER TABLE ev.items ADD COLUMN probe integer;
ALTER TABLE ev.items DROP COLUMN probe;
RESET ROLE;
DO $$
BEGIN
    ASSERT (SELECT array_agg(DISTINCT event ORDER BY event) = '{ddl_command_end,ddl_command_start,sql_drop}' FROM ev.log), 'not logged';
    BEGIN
        ALTER TABLE ev.items ALTER COLUMN v TYPE integer USING 1;
        RAISE SQLSTATE 'FAIL1';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    BEGIN
        DROP TABLE ev.items;
        RAISE SQLSTATE 'FAIL1';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
END $$;
