-- Row security enabled without a policy: nobody but the owner sees a row.
-- table: rn.docs
-- setup
CREATE SCHEMA rn AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA rn TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE rn.docs (id integer PRIMARY KEY, body text);
INSERT INTO rn.docs SELECT i, 'body ' || i FROM generate_series(1, 3000) i;
DELETE FROM rn.docs WHERE id % 4 <> 0 AND id < 2980;
ALTER TABLE rn.docs ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON rn.docs TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
UPDATE rn.docs SET body = 'never';
SET ROLE shape_owner;
UPDATE rn.docs SET body = 'written' WHERE id % 8 = 0;
RESET ROLE;
-- probe
SET ROLE shape_writer;
DELETE FROM rn.docs;
DO $$
BEGIN
    INSERT INTO rn.docs VALUES (20001, 'x');
    RAISE EXCEPTION 'row security is off';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
