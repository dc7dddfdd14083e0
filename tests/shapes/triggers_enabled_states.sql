-- Triggers that fire always, on replicas only, never, or as usual; row, statement and constraint triggers.
-- table: te.items
-- setup
CREATE SCHEMA te AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE te.items (id integer PRIMARY KEY, v text);
CREATE TABLE te.log (name text, role text, id integer);
INSERT INTO te.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM te.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION te.log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO te.log VALUES (TG_NAME, current_setting('session_replication_role'), CASE TG_LEVEL WHEN 'ROW' THEN NEW.id END);
    RETURN NEW;
END $$;
CREATE TRIGGER origin AFTER INSERT OR UPDATE ON te.items FOR EACH ROW EXECUTE FUNCTION te.log();
CREATE TRIGGER "all ways" AFTER INSERT OR UPDATE ON te.items FOR EACH ROW EXECUTE FUNCTION te.log();
CREATE TRIGGER replica BEFORE INSERT OR UPDATE ON te.items FOR EACH ROW EXECUTE FUNCTION te.log();
CREATE TRIGGER disabled BEFORE INSERT OR UPDATE ON te.items FOR EACH ROW EXECUTE FUNCTION te.log();
CREATE TRIGGER statement_always AFTER UPDATE ON te.items EXECUTE FUNCTION te.log();
CREATE TRIGGER statement_disabled AFTER TRUNCATE ON te.items EXECUTE FUNCTION te.log();
CREATE CONSTRAINT TRIGGER constraint_replica AFTER UPDATE ON te.items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION te.log();
CREATE CONSTRAINT TRIGGER constraint_disabled AFTER UPDATE ON te.items FOR EACH ROW EXECUTE FUNCTION te.log();
ALTER TABLE te.items ENABLE ALWAYS TRIGGER "all ways";
ALTER TABLE te.items ENABLE REPLICA TRIGGER replica;
ALTER TABLE te.items DISABLE TRIGGER disabled;
ALTER TABLE te.items ENABLE ALWAYS TRIGGER statement_always;
ALTER TABLE te.items DISABLE TRIGGER statement_disabled;
ALTER TABLE te.items ENABLE REPLICA TRIGGER constraint_replica;
ALTER TABLE te.items DISABLE TRIGGER constraint_disabled;
COMMENT ON TRIGGER disabled ON te.items IS 'off since 2019';
RESET ROLE;
-- workload
UPDATE te.items SET v = 'w' WHERE id BETWEEN 30 AND 60;
INSERT INTO te.items VALUES (10001, 'new');
SET session_replication_role = replica;
UPDATE te.items SET v = 'r' WHERE id BETWEEN 90 AND 120;
INSERT INTO te.items VALUES (10002, 'replicated');
DELETE FROM te.items WHERE id = 150;
RESET session_replication_role;
-- probe
BEGIN;
UPDATE te.items SET v = 'probe' WHERE id = 300;
SET session_replication_role = replica;
UPDATE te.items SET v = 'probe' WHERE id = 303;
SET session_replication_role = local;
UPDATE te.items SET v = 'probe' WHERE id = 306;
RESET session_replication_role;
COMMIT;
ALTER TABLE te.items ENABLE TRIGGER disabled;
UPDATE te.items SET v = 'probe' WHERE id = 309;
