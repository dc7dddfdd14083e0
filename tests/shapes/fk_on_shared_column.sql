-- Several foreign keys on the same columns: one column to two tables, one pair referenced twice, a tenant shared by all, two alike.
-- table: sh.docs
-- setup
CREATE SCHEMA sh AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE sh.tenants (id integer PRIMARY KEY);
CREATE TABLE sh.users (tenant integer REFERENCES sh.tenants, nr integer, PRIMARY KEY (tenant, nr));
CREATE TABLE sh.folders (tenant integer REFERENCES sh.tenants, nr integer, PRIMARY KEY (tenant, nr));
CREATE TABLE sh.docs (
    tenant integer NOT NULL,
    nr integer NOT NULL,
    author integer,
    folder integer,
    CONSTRAINT docs_key PRIMARY KEY (tenant, nr),
    CONSTRAINT docs_tenant FOREIGN KEY (tenant) REFERENCES sh.tenants ON DELETE CASCADE,
    CONSTRAINT docs_tenant_again FOREIGN KEY (tenant) REFERENCES sh.tenants,
    CONSTRAINT docs_author FOREIGN KEY (tenant, author) REFERENCES sh.users,
    CONSTRAINT docs_author_folder FOREIGN KEY (tenant, author) REFERENCES sh.folders,
    CONSTRAINT docs_folder FOREIGN KEY (tenant, folder) REFERENCES sh.folders ON UPDATE CASCADE,
    CONSTRAINT docs_self FOREIGN KEY (tenant, folder) REFERENCES sh.docs
);
CREATE TABLE sh.shares (
    tenant integer,
    doc integer,
    CONSTRAINT share_1 FOREIGN KEY (tenant, doc) REFERENCES sh.docs ON DELETE CASCADE,
    CONSTRAINT share_2 FOREIGN KEY (tenant, doc) REFERENCES sh.docs (tenant, nr) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT share_3 FOREIGN KEY (tenant) REFERENCES sh.tenants
);
COMMENT ON CONSTRAINT docs_tenant_again ON sh.docs IS 'the second of its kind';
COMMENT ON CONSTRAINT share_2 ON sh.shares IS 'another second';
INSERT INTO sh.tenants SELECT generate_series(1, 5);
INSERT INTO sh.users SELECT t, n FROM generate_series(1, 5) t, generate_series(1, 60) n;
INSERT INTO sh.folders SELECT t, n FROM generate_series(1, 5) t, generate_series(1, 50) n;
INSERT INTO sh.docs SELECT t, n, 1 + n % 40, CASE WHEN n > 60 THEN n % 17 * 3 + 1 END FROM generate_series(1, 4) t, generate_series(1, 900) n;
DELETE FROM sh.docs WHERE nr % 3 <> 1 AND nr < 880;
BEGIN;
INSERT INTO sh.shares SELECT tenant, nr FROM sh.docs WHERE nr % 9 = 1;
COMMIT;
RESET ROLE;
-- workload
INSERT INTO sh.docs VALUES (5, 1, 41, NULL), (5, 2, 42, 1);
INSERT INTO sh.shares VALUES (5, 2);
DELETE FROM sh.docs WHERE tenant = 2 AND nr BETWEEN 300 AND 400;
UPDATE sh.docs SET author = 50 WHERE nr = 500 OR nr = 502;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO sh.docs VALUES (6, 1)',
        'INSERT INTO sh.docs VALUES (5, 3, 61)',
        'INSERT INTO sh.docs VALUES (5, 3, 55)',
        'INSERT INTO sh.docs VALUES (5, 3, 1, 51)',
        'INSERT INTO sh.docs VALUES (5, 3, 1, 50)',
        'INSERT INTO sh.shares VALUES (5, 50)',
        'DELETE FROM sh.tenants WHERE id = 1'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
ALTER TABLE sh.docs DROP CONSTRAINT docs_author_folder;
INSERT INTO sh.docs VALUES (5, 3, 55);
BEGIN;
DELETE FROM sh.docs WHERE tenant = 3 AND nr = 505;
COMMIT;
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM sh.shares WHERE tenant = 3 AND doc = 505), 'CASCADE';
    ASSERT (SELECT count(*) = 2 FROM pg_constraint WHERE confrelid = 'sh.docs'::regclass AND conrelid = 'sh.shares'::regclass), 'one of two alike is gone';
END $$;
