-- Views, columns, aliases and constants that break careless replacing of names: quotes, dots, the table's own name in strings and elsewhere.
-- table: "v ""o"".n"."the ""table"".x %s $1"
-- setup
CREATE SCHEMA "v ""o"".n" AUTHORIZATION shape_owner;
CREATE SCHEMA decoy AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE "v ""o"".n"."the ""table"".x %s $1" (id integer PRIMARY KEY, "c "".d" text, "the ""table"".x %s $1" integer, "select" text, "v ""o"".n" text DEFAULT 'd', "SELECT" text);
CREATE TABLE decoy."the ""table"".x %s $1" (id integer PRIMARY KEY, "c "".d" text);
INSERT INTO decoy."the ""table"".x %s $1" VALUES (1, 'decoy'), (3, 'decoy');
INSERT INTO "v ""o"".n"."the ""table"".x %s $1" (id, "c "".d", "the ""table"".x %s $1") SELECT i, 'c' || i, i FROM generate_series(1, 3000) i;
DELETE FROM "v ""o"".n"."the ""table"".x %s $1" WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW decoy."a view, ""of it"" -- /* $$" AS SELECT id, "c "".d" AS "$1 'x' ; --", "the ""table"".x %s $1"."select", '"v ""o"".n"."the ""table"".x %s $1"' AS "string", 'FROM "v ""o"".n"."the ""table"".x %s $1" t' AS "FROM", E'\\ \n '' $$ %' AS "line
break", "the ""table"".x %s $1"."the ""table"".x %s $1" AS same, "the ""table"".x %s $1"."SELECT" FROM "v ""o"".n"."the ""table"".x %s $1";
CREATE VIEW "v ""o"".n"."v23456789012345678901234567890123456789012345678901234567890123" AS WITH "the ""table"".x %s $1" AS (SELECT * FROM "v ""o"".n"."the ""table"".x %s $1") SELECT t.*, d."c "".d" AS dc FROM "the ""table"".x %s $1" t LEFT JOIN decoy."the ""table"".x %s $1" d USING (id);
CREATE VIEW decoy."Größe 雪 🐘" AS SELECT "as"."c "".d" AS "table", "as".id AS "NULL", "as"."v ""o"".n" AS "user" FROM "v ""o"".n"."the ""table"".x %s $1" AS "as";
CREATE VIEW decoy.repackd AS SELECT repackd_new.id AS repackd_old, 'repackd_1_new' AS t FROM "v ""o"".n"."the ""table"".x %s $1" repackd_new;
COMMENT ON VIEW decoy."a view, ""of it"" -- /* $$" IS '"v ""o"".n"."the ""table"".x %s $1"';
COMMENT ON COLUMN decoy."a view, ""of it"" -- /* $$"."line
break" IS 'line
break $1';
GRANT SELECT ("$1 'x' ; --") ON decoy."a view, ""of it"" -- /* $$" TO shape_reader;
ALTER VIEW decoy."Größe 雪 🐘" ALTER COLUMN "user" SET DEFAULT '"v ""o"".n"."the ""table"".x %s $1"';
RESET ROLE;
-- workload
UPDATE decoy."Größe 雪 🐘" SET "table" = 'w' WHERE "NULL" % 9 = 0;
INSERT INTO decoy."Größe 雪 🐘" ("NULL") VALUES (10001);
DELETE FROM "v ""o"".n"."the ""table"".x %s $1" WHERE id % 21 = 0;
-- probe
INSERT INTO decoy."Größe 雪 🐘" ("NULL") VALUES (20001);
INSERT INTO decoy.repackd (repackd_old) VALUES (20002);
CREATE TABLE decoy.seen_1 AS SELECT * FROM decoy."a view, ""of it"" -- /* $$";
CREATE TABLE decoy.seen_2 AS SELECT * FROM "v ""o"".n"."v23456789012345678901234567890123456789012345678901234567890123";
CREATE TABLE decoy.seen_3 AS SELECT * FROM decoy.repackd;
