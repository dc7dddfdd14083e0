-- Partitioned tables with foreign keys to the table, on two levels, one leaf with a foreign key of its own.
-- table: pf.users
-- min: 18
-- setup
CREATE SCHEMA pf AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE pf.users (id integer PRIMARY KEY, login text CONSTRAINT "log ""in" UNIQUE);
CREATE TABLE pf.posts (
    nr integer,
    author integer CONSTRAINT "by ""whom" REFERENCES pf.users ON DELETE SET NULL ON UPDATE CASCADE,
    editor text CONSTRAINT edited_by REFERENCES pf.users (login) DEFERRABLE INITIALLY DEFERRED,
    reader integer
) PARTITION BY RANGE (nr);
CREATE TABLE pf.posts_1 PARTITION OF pf.posts FOR VALUES FROM (0) TO (100);
CREATE TABLE pf.posts_2 PARTITION OF pf.posts FOR VALUES FROM (100) TO (200) PARTITION BY LIST (nr);
CREATE TABLE pf.posts_2_d PARTITION OF pf.posts_2 DEFAULT;
CREATE TABLE pf.posts_3 (editor text, reader integer, author integer, nr integer);
ALTER TABLE pf.posts_1 ADD CONSTRAINT own_of_leaf FOREIGN KEY (reader) REFERENCES pf.users ON DELETE CASCADE;
COMMENT ON CONSTRAINT "by ""whom" ON pf.posts IS 'authors';
COMMENT ON CONSTRAINT "by ""whom" ON pf.posts_2_d IS 'authors of the second';
COMMENT ON CONSTRAINT own_of_leaf ON pf.posts_1 IS 'only here';
RESET ROLE;
INSERT INTO pf.users SELECT i, 'u' || i FROM generate_series(0, 3000) i;
DELETE FROM pf.users WHERE id % 3 <> 0 AND id < 2980;
BEGIN;
INSERT INTO pf.posts SELECT i, i * 3, 'u' || i * 3, i * 6 FROM generate_series(0, 199) i;
INSERT INTO pf.posts_3 SELECT 'u' || i * 3, NULL, i * 3, i FROM generate_series(200, 299) i;
COMMIT;
-- workload
DELETE FROM pf.users WHERE id BETWEEN 2000 AND 2100;
UPDATE pf.users SET id = 5000 WHERE id = 333;
UPDATE pf.posts SET nr = nr + 100 WHERE nr = 7;
INSERT INTO pf.posts VALUES (50, 5000, 'u3');
BEGIN;
INSERT INTO pf.posts VALUES (51, 5000, 'later');
INSERT INTO pf.users VALUES (5001, 'later');
COMMIT;
-- probe
ALTER TABLE pf.posts ATTACH PARTITION pf.posts_3 FOR VALUES FROM (200) TO (300);
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO pf.posts VALUES (10, -1)',
        'INSERT INTO pf.posts VALUES (110, -1)',
        'INSERT INTO pf.posts_3 VALUES (NULL, NULL, -1, 210)',
        'INSERT INTO pf.posts VALUES (10, NULL, ''nobody'')',
        'INSERT INTO pf.posts VALUES (10, NULL, NULL, -1)',
        'DELETE FROM pf.users WHERE login = ''u606''',
        'DELETE FROM pf.users WHERE login = ''later'''] LOOP
        BEGIN
            EXECUTE bad;
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
UPDATE pf.users SET id = 6000 WHERE id = 3;
UPDATE pf.posts SET editor = NULL WHERE nr = 20;
DELETE FROM pf.users WHERE id = 60;
CREATE TABLE pf.posts_4 PARTITION OF pf.posts FOR VALUES FROM (300) TO (400);
INSERT INTO pf.posts VALUES (300, 6000);
DO $$
BEGIN
    ASSERT (SELECT author IS NULL FROM pf.posts WHERE nr = 20), 'ON DELETE SET NULL did nothing';
    ASSERT (SELECT count(*) = 2 FROM pf.posts WHERE author = 6000), 'ON UPDATE CASCADE did nothing';
    BEGIN
        INSERT INTO pf.posts VALUES (301, -1);
        RAISE EXCEPTION 'the new partition has no foreign key';
    EXCEPTION WHEN foreign_key_violation THEN NULL;
    END;
END $$;
ALTER TABLE pf.posts DETACH PARTITION pf.posts_2;
