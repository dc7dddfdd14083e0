-- Policies while row security is not enabled; FORCE set without ENABLE.
-- table: rp.docs
-- setup
CREATE SCHEMA rp AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA rp TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE rp.docs (id integer PRIMARY KEY, owner text, body text);
INSERT INTO rp.docs SELECT i, 'nobody', 'body ' || i FROM generate_series(1, 3000) i;
DELETE FROM rp.docs WHERE id % 4 <> 0 AND id < 2980;
CREATE POLICY idle ON rp.docs USING (owner = current_user);
CREATE POLICY "idle ""too" ON rp.docs AS RESTRICTIVE FOR UPDATE TO shape_writer USING (id > 0) WITH CHECK (body <> 'x');
COMMENT ON POLICY idle ON rp.docs IS 'idle';
ALTER TABLE rp.docs FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON rp.docs TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
UPDATE rp.docs SET body = 'written' WHERE id % 8 = 0;
DELETE FROM rp.docs WHERE id % 20 = 0;
RESET ROLE;
-- probe
SET ROLE shape_writer;
UPDATE rp.docs SET body = 'probe' WHERE id % 28 = 0;
INSERT INTO rp.docs VALUES (20001, 'shape_writer', 'mine');
RESET ROLE;
-- From here on it is forced on the owner, and another repack would be refused.
ALTER TABLE rp.docs ENABLE ROW LEVEL SECURITY;
SET ROLE shape_writer;
UPDATE rp.docs SET body = 'enabled';
SET ROLE shape_owner;
UPDATE rp.docs SET body = 'the owner''s';
RESET ROLE;
