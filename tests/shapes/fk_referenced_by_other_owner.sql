-- Referenced by a table of another owner who has no rights on the table any more, in a schema its own owner may not use.
-- table: mine.accounts
-- as: postgres
-- setup
CREATE SCHEMA mine AUTHORIZATION shape_owner;
CREATE SCHEMA theirs AUTHORIZATION shape_other;
SET ROLE shape_owner;
CREATE TABLE mine.accounts (id integer PRIMARY KEY, code text UNIQUE);
GRANT USAGE ON SCHEMA mine TO shape_other;
GRANT REFERENCES (id), REFERENCES (code) ON mine.accounts TO shape_other;
SET ROLE shape_other;
CREATE TABLE theirs.ledger (nr integer PRIMARY KEY, account integer, code text);
ALTER TABLE theirs.ledger ADD CONSTRAINT ledger_account FOREIGN KEY (account) REFERENCES mine.accounts ON DELETE CASCADE;
ALTER TABLE theirs.ledger ADD CONSTRAINT ledger_code FOREIGN KEY (code) REFERENCES mine.accounts (code) ON UPDATE CASCADE DEFERRABLE;
COMMENT ON CONSTRAINT ledger_account ON theirs.ledger IS 'of another';
REVOKE INSERT, TRUNCATE, TRIGGER ON theirs.ledger FROM shape_other;
GRANT INSERT, SELECT ON theirs.ledger TO shape_writer;
GRANT USAGE ON SCHEMA theirs TO shape_writer;
SET ROLE shape_owner;
REVOKE USAGE ON SCHEMA mine FROM shape_other;
REVOKE REFERENCES (id), REFERENCES (code) ON mine.accounts FROM shape_other;
RESET ROLE;
INSERT INTO mine.accounts SELECT i, 'code' || i FROM generate_series(1, 3000) i;
DELETE FROM mine.accounts WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO theirs.ledger SELECT i, i * 3, 'code' || i * 3 FROM generate_series(1, 500) i;
-- workload
SET ROLE shape_writer;
INSERT INTO theirs.ledger VALUES (1001, 2700, 'code2700'), (1002, 2703, NULL);
SET ROLE shape_owner;
INSERT INTO mine.accounts VALUES (10001, 'new');
RESET ROLE;
DELETE FROM mine.accounts WHERE id = 1503;
-- probe
SET ROLE shape_writer;
INSERT INTO theirs.ledger VALUES (2001, 10001, 'new');
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO theirs.ledger VALUES (2002, -1)',
        'INSERT INTO theirs.ledger VALUES (2002, NULL, ''nothing'')'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
RESET ROLE;
UPDATE theirs.ledger SET code = NULL WHERE nr = 11;
SET ROLE shape_owner;
DELETE FROM mine.accounts WHERE id = 33;
UPDATE mine.accounts SET code = 'probe' WHERE id = 36;
DO $$
BEGIN
    ALTER TABLE theirs.ledger DROP CONSTRAINT ledger_account;
    RAISE EXCEPTION 'the owner got rights on the other table';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM theirs.ledger WHERE account = 33), 'ON DELETE CASCADE did nothing';
    ASSERT EXISTS (SELECT FROM theirs.ledger WHERE code = 'probe'), 'ON UPDATE CASCADE did nothing';
END $$;
