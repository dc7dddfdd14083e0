-- Table and columns named like reserved words, and like the columns that every table has in other systems.
-- table: "order"."user"
-- setup
CREATE SCHEMA "order" AUTHORIZATION shape_owner;
CREATE TABLE "order"."user" ("select" serial PRIMARY KEY, "user" text, "table" text DEFAULT CURRENT_USER, "from" integer, "current_user" text, "end" integer CHECK ("end" > 0), "null" text, "true" boolean, "default" integer DEFAULT 3,
    "Oid" integer, "row" integer, "rows" integer, "value" integer, "new" text, "old" text, "tg_op" text, "like" text, "array" text[], "all" integer, "primary" integer UNIQUE, "check" integer, "limit" integer, "offset" integer);
CREATE INDEX "index" ON "order"."user" ("from", ("end" + "all")) WHERE "true";
ALTER TABLE "order"."user" OWNER TO shape_owner;
GRANT SELECT ("select"), UPDATE ("user") ON "order"."user" TO shape_reader;
INSERT INTO "order"."user" ("user", "from", "end", "true", "all", "primary", "tg_op") SELECT 'u' || i, i, i, i % 2 = 0, i, i, 'x' FROM generate_series(1, 4000) i;
DELETE FROM "order"."user" WHERE "select" % 3 <> 0 AND "select" < 3980;
-- workload
UPDATE "order"."user" SET "from" = -1, "select" = -"select", "new" = 'n', "old" = 'o' WHERE "select" % 9 = 0;
DELETE FROM "order"."user" WHERE "end" % 33 = 0;
INSERT INTO "order"."user" DEFAULT VALUES;
-- probe
INSERT INTO "order"."user" ("user") VALUES ('probe');
