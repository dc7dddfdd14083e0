-- Row security forced on the owner, who has BYPASSRLS.
-- table: rf.docs
-- setup
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO shape_bypass', current_database()); END $$;
CREATE SCHEMA rf AUTHORIZATION shape_bypass;
GRANT USAGE ON SCHEMA rf TO shape_writer;
SET ROLE shape_bypass;
CREATE TABLE rf.docs (id integer PRIMARY KEY, owner text, body text);
INSERT INTO rf.docs SELECT i, (ARRAY['shape_writer', 'shape_other', 'nobody'])[1 + i % 3], 'body ' || i FROM generate_series(1, 3000) i;
DELETE FROM rf.docs WHERE id % 4 <> 0 AND id < 2980;
ALTER TABLE rf.docs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON rf.docs USING (owner = current_user);
COMMENT ON POLICY own ON rf.docs IS 'also the owner''s';
GRANT SELECT, INSERT, UPDATE, DELETE ON rf.docs TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
UPDATE rf.docs SET body = 'written' WHERE id % 8 = 0;
DELETE FROM rf.docs WHERE id % 20 = 0;
SET ROLE shape_bypass;
UPDATE rf.docs SET body = 'bypassed' WHERE id % 16 = 0;
RESET ROLE;
-- probe
SET ROLE shape_writer;
UPDATE rf.docs SET body = 'probe' WHERE id % 28 = 0;
DO $$
BEGIN
    ASSERT (SELECT bool_and(owner = 'shape_writer') FROM rf.docs), 'policy';
    INSERT INTO rf.docs VALUES (20001, 'nobody', 'x');
    RAISE EXCEPTION 'the policy is gone';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
-- From here on the owner is bound by it, and another repack would be refused.
ALTER TABLE rf.docs OWNER TO shape_owner;
GRANT USAGE ON SCHEMA rf TO shape_owner;
SET ROLE shape_owner;
DO $$
BEGIN
    ASSERT (SELECT count(*) = 0 FROM rf.docs), 'not forced any more';
END $$;
RESET ROLE;
