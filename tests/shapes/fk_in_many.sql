-- Five tables that reference the table, in other schemas, of other owners, one unlogged, one empty, one that inherits.
-- table: core.accounts
-- as: postgres
-- setup
CREATE SCHEMA core AUTHORIZATION shape_owner;
CREATE SCHEMA billing AUTHORIZATION shape_other;
CREATE SCHEMA "lo g";
GRANT USAGE ON SCHEMA core TO shape_other;
SET ROLE shape_owner;
CREATE TABLE core.accounts (id integer CONSTRAINT "accounts key" PRIMARY KEY, login text NOT NULL, boss integer);
GRANT REFERENCES ON core.accounts TO shape_other;
CREATE TABLE core.empty (account integer CONSTRAINT fk REFERENCES core.accounts);
SET ROLE shape_other;
CREATE TABLE billing.invoices (nr integer PRIMARY KEY, account integer NOT NULL CONSTRAINT fk REFERENCES core.accounts ON UPDATE CASCADE, approver integer CONSTRAINT "fk "" 2" REFERENCES core.accounts (id) ON DELETE SET NULL);
CREATE TABLE billing.reminders (nr integer PRIMARY KEY, account integer DEFAULT 0 CONSTRAINT reminder_of REFERENCES core.accounts ON UPDATE SET DEFAULT ON DELETE SET DEFAULT);
RESET ROLE;
CREATE UNLOGGED TABLE "lo g"."en.tries" (at integer, "who ""is it" bigint CONSTRAINT "entry's account" REFERENCES core.accounts ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE public.base (id integer, account smallint);
CREATE TABLE public.child (CONSTRAINT child_account FOREIGN KEY (account) REFERENCES core.accounts DEFERRABLE) INHERITS (public.base);
ALTER TABLE public.child OWNER TO shape_owner;
COMMENT ON CONSTRAINT fk ON billing.invoices IS 'the payer';
COMMENT ON CONSTRAINT fk ON core.empty IS 'nobody yet';
COMMENT ON CONSTRAINT "entry's account" ON "lo g"."en.tries" IS 'log';
CREATE INDEX invoices_account ON billing.invoices (account);
INSERT INTO core.accounts SELECT i, 'login' || i, i / 2 FROM generate_series(0, 3000) i;
DELETE FROM core.accounts WHERE id % 3 <> 0 AND id < 2980;
INSERT INTO billing.invoices SELECT i, i % 300 * 3, i % 100 * 6 FROM generate_series(1, 600) i;
INSERT INTO billing.reminders SELECT i, i % 200 * 3 FROM generate_series(1, 300) i;
INSERT INTO "lo g"."en.tries" SELECT i, i % 500 * 3 FROM generate_series(1, 1000) i;
INSERT INTO public.child SELECT i, i % 50 * 3 FROM generate_series(1, 100) i;
REVOKE REFERENCES ON core.accounts FROM shape_other;
-- workload
INSERT INTO core.accounts VALUES (10000, 'new', NULL);
INSERT INTO billing.invoices VALUES (1000, 10000, 9), (1001, 10000, 2997);
UPDATE core.accounts SET id = id + 20000 WHERE id IN (897, 894);
DELETE FROM core.accounts WHERE id IN (1200, 1203, 1206);
DELETE FROM core.accounts WHERE id = 2997;
INSERT INTO "lo g"."en.tries" VALUES (5000, 10000);
INSERT INTO public.child VALUES (200, 9);
DO $$
BEGIN
    DELETE FROM core.accounts WHERE id = 3;
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
UPDATE core.accounts SET login = 'u' || id WHERE id % 5 = 0;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO core.empty VALUES (-1)',
        'INSERT INTO billing.invoices VALUES (2000, -1, NULL)',
        'INSERT INTO billing.invoices VALUES (2000, 3, -1)',
        'INSERT INTO billing.reminders VALUES (2000, -1)',
        'INSERT INTO "lo g"."en.tries" VALUES (2000, -1)',
        'INSERT INTO public.child VALUES (2000, -1)',
        'DELETE FROM core.accounts WHERE id = 6',
        'DELETE FROM core.accounts WHERE id = 10000'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
DELETE FROM billing.invoices WHERE account IN (600, 603, 606);
DELETE FROM core.accounts WHERE id = 600;
DELETE FROM billing.reminders WHERE nr = 201;
UPDATE core.accounts SET id = 600 WHERE id = 603;
UPDATE core.accounts SET id = 30000 WHERE id = 891;
INSERT INTO core.empty VALUES (30000);
INSERT INTO billing.reminders (nr) VALUES (5000);
DO $$
BEGIN
    ASSERT EXISTS (SELECT FROM billing.invoices WHERE account = 30000), 'ON UPDATE CASCADE did nothing';
    ASSERT NOT EXISTS (SELECT FROM "lo g"."en.tries" WHERE "who ""is it" = 603), 'ON UPDATE CASCADE did nothing';
    ASSERT (SELECT count(*) = 6 AND bool_and(convalidated) FROM pg_constraint WHERE confrelid = 'core.accounts'::regclass), 'foreign keys';
END $$;
SET CONSTRAINTS public.child_account DEFERRED;
