-- Triggers whose names, arguments and columns have ` ON `, quotes and the table's own name in them.
-- table: "t ON o"."x "" ON "".y FOR EACH ROW"
-- setup
CREATE SCHEMA "t ON o" AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE "t ON o"."x "" ON "".y FOR EACH ROW" (id integer PRIMARY KEY, " ON " text, "OLD" integer, "new" integer, ON_ text);
CREATE TABLE "t ON o".log (name text, args text[], id integer);
INSERT INTO "t ON o"."x "" ON "".y FOR EACH ROW" SELECT i, 'v' || i, i, i FROM generate_series(1, 3000) i;
DELETE FROM "t ON o"."x "" ON "".y FOR EACH ROW" WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION "t ON o"." ON ""log"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "t ON o".log VALUES (TG_NAME || TG_TABLE_SCHEMA || TG_TABLE_NAME, TG_ARGV, NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER "a ON b" AFTER INSERT OR UPDATE OF " ON ", "OLD" ON "t ON o"."x "" ON "".y FOR EACH ROW" FOR EACH ROW EXECUTE FUNCTION "t ON o"." ON ""log"(' ON "t ON o"."x "" ON "".y FOR EACH ROW" ');
CREATE TRIGGER " ON ""t ON o"".""x """" ON """".y FOR EACH ROW"" " BEFORE UPDATE ON "t ON o"."x "" ON "".y FOR EACH ROW" FOR EACH ROW WHEN (OLD." ON " <> ' ON "t ON o".x' AND OLD."OLD" = NEW."new") EXECUTE FUNCTION "t ON o"." ON ""log"('%s', '$1', E'\\', '--', '/*');
CREATE CONSTRAINT TRIGGER "CREATE TRIGGER x FROM y ON z" AFTER INSERT ON "t ON o"."x "" ON "".y FOR EACH ROW" FROM "t ON o".log DEFERRABLE FOR EACH ROW EXECUTE FUNCTION "t ON o"." ON ""log"();
CREATE CONSTRAINT TRIGGER " FROM ""t ON o"".log" AFTER INSERT ON "t ON o".log FROM "t ON o"."x "" ON "".y FOR EACH ROW" FOR EACH ROW WHEN (false) EXECUTE FUNCTION "t ON o"." ON ""log"();
CREATE TRIGGER "t23456789012345678901234567890123456789012345678901234567890123" AFTER UPDATE ON "t ON o"."x "" ON "".y FOR EACH ROW" REFERENCING NEW TABLE AS " ON " OLD TABLE AS "t ON o" EXECUTE FUNCTION "t ON o"." ON ""log"();
CREATE TRIGGER "line
break %s;--" AFTER DELETE ON "t ON o"."x "" ON "".y FOR EACH ROW" EXECUTE FUNCTION "t ON o"." ON ""log"('line
break');
CREATE TRIGGER "Größe 雪 🐘" AFTER UPDATE ON "t ON o"."x "" ON "".y FOR EACH ROW" FOR EACH ROW EXECUTE FUNCTION "t ON o"." ON ""log"();
CREATE TRIGGER capture AFTER UPDATE ON "t ON o"."x "" ON "".y FOR EACH ROW" FOR EACH ROW EXECUTE FUNCTION "t ON o"." ON ""log"();
ALTER TABLE "t ON o"."x "" ON "".y FOR EACH ROW" DISABLE TRIGGER "Größe 雪 🐘";
ALTER TABLE "t ON o"."x "" ON "".y FOR EACH ROW" ENABLE ALWAYS TRIGGER " ON ""t ON o"".""x """" ON """".y FOR EACH ROW"" ";
COMMENT ON TRIGGER "line
break %s;--" ON "t ON o"."x "" ON "".y FOR EACH ROW" IS ' ON "t ON o"."x "" ON "".y FOR EACH ROW"';
COMMENT ON TRIGGER "a ON b" ON "t ON o"."x "" ON "".y FOR EACH ROW" IS 'line
break $$ %s \';
RESET ROLE;
-- workload
INSERT INTO "t ON o"."x "" ON "".y FOR EACH ROW" VALUES (10001, 'new');
UPDATE "t ON o"."x "" ON "".y FOR EACH ROW" SET " ON " = 'w' WHERE id BETWEEN 30 AND 60;
DELETE FROM "t ON o"."x "" ON "".y FOR EACH ROW" WHERE id % 21 = 0;
-- probe
INSERT INTO "t ON o"."x "" ON "".y FOR EACH ROW" VALUES (20001, 'probe');
UPDATE "t ON o"."x "" ON "".y FOR EACH ROW" SET " ON " = 'probe' WHERE id BETWEEN 300 AND 310;
UPDATE "t ON o"."x "" ON "".y FOR EACH ROW" SET " ON " = 'probe' WHERE id BETWEEN 300 AND 310;
DELETE FROM "t ON o"."x "" ON "".y FOR EACH ROW" WHERE id = 330;
DO $$
BEGIN
    ASSERT (SELECT count(*) = 2 FROM "t ON o".log WHERE id = 303 AND name LIKE ' ON "t ON o".%' AND args[0] = '%s' AND args[2] = E'\\'), 'log';
END $$;
