-- Triggers whose functions are another's, in another's schema, which the table's owner may not run any more; SECURITY DEFINER with SET.
-- table: tf.items
-- as: postgres
-- setup
CREATE SCHEMA tf AUTHORIZATION shape_owner;
CREATE SCHEMA hidden AUTHORIZATION shape_other;
SET ROLE shape_owner;
CREATE TABLE tf.items (id integer PRIMARY KEY, v text);
INSERT INTO tf.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM tf.items WHERE id % 3 <> 0 AND id < 2980;
GRANT TRIGGER ON tf.items TO shape_other;
GRANT INSERT, UPDATE, SELECT, DELETE ON tf.items TO shape_writer;
GRANT USAGE ON SCHEMA tf TO shape_other, shape_writer;
SET ROLE shape_other;
CREATE TABLE hidden.log (name text, who text, id integer);
CREATE FUNCTION hidden.log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = hidden AS $$
BEGIN
    INSERT INTO log VALUES (TG_NAME, current_user, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER set_by_other AFTER INSERT OR UPDATE ON tf.items FOR EACH ROW EXECUTE FUNCTION hidden.log();
REVOKE EXECUTE ON FUNCTION hidden.log() FROM PUBLIC, shape_other;
SET ROLE shape_owner;
REVOKE TRIGGER ON tf.items FROM shape_other;
REVOKE USAGE ON SCHEMA tf FROM shape_other;
COMMENT ON TRIGGER set_by_other ON tf.items IS 'of another';
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO tf.items VALUES (10001, 'new');
UPDATE tf.items SET v = 'w' WHERE id BETWEEN 30 AND 60;
DELETE FROM tf.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
INSERT INTO tf.items VALUES (20001, 'probe');
UPDATE tf.items SET v = 'probe' WHERE id BETWEEN 300 AND 320;
RESET ROLE;
DO $$
BEGIN
    ASSERT (SELECT count(*) > 5 AND bool_and(who = 'shape_other') FROM hidden.log), 'the trigger does not run as its owner';
END $$;
