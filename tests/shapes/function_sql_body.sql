-- Functions with SQL bodies that read and write the table: overloads, defaults (one names the table), SECURITY DEFINER, SET, grants, comments.
-- table: fb.items
-- setup
CREATE SCHEMA fb AUTHORIZATION shape_owner;
CREATE SCHEMA "f b" AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA fb, "f b" TO shape_writer, shape_reader;
SET ROLE shape_owner;
CREATE TABLE fb.items (gone integer, id integer PRIMARY KEY, v text, n numeric(10,2) DEFAULT 0, kind integer);
ALTER TABLE fb.items DROP COLUMN gone;
CREATE TABLE fb.log (id integer, what text);
INSERT INTO fb.items SELECT i, 'v' || i, i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM fb.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION fb.total() RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE RETURN (SELECT sum(n) FROM fb.items);
CREATE FUNCTION fb.total(k integer, OUT s numeric, OUT "n ""r" bigint) LANGUAGE sql STABLE STRICT COST 7 BEGIN ATOMIC SELECT sum(i.n), count(*) FROM fb.items i WHERE i.kind = k; END;
CREATE FUNCTION fb.page(start integer DEFAULT 3, size integer DEFAULT 5 * 2, label text DEFAULT 'it''s', relation regclass DEFAULT 'fb.items') RETURNS TABLE (item integer, text_of text) LANGUAGE sql STABLE ROWS 11 BEGIN ATOMIC SELECT i.id, label || i.v FROM fb.items i WHERE i.id >= start ORDER BY i.id LIMIT size; END;
CREATE FUNCTION fb.add(VARIADIC ids integer[]) RETURNS SETOF integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, "f b" SET work_mem = '5MB' SET application_name = 'a, ''b"' SET DateStyle = ISO, DMY BEGIN ATOMIC
    INSERT INTO fb.items (id, v) SELECT x, 'added' FROM unnest(ids) x ON CONFLICT (id) DO UPDATE SET v = excluded.v || items.v WHERE items.id > 0;
    UPDATE fb.items SET (v, n) = (SELECT upper(v), 1) WHERE id = 6;
    DELETE FROM fb.items i USING fb.log l WHERE l.id = i.id;
    INSERT INTO fb.log SELECT x, 'add' FROM unnest(ids) x;
    WITH d AS (UPDATE fb.items SET n = n + 1 WHERE id = ANY (ids) RETURNING id, n) SELECT d.id FROM d ORDER BY 1;
END;
CREATE FUNCTION "f b"."odd ""name.x"("a ""rg" text, INOUT io integer DEFAULT 7) LANGUAGE sql BEGIN ATOMIC SELECT io + (SELECT count(*)::integer FROM fb.items WHERE v = "a ""rg"); END;
CREATE FUNCTION fb.nothing() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE fb.items SET kind = kind WHERE false; END;
CREATE FUNCTION fb.calls_others() RETURNS numeric LANGUAGE sql RETURN fb.total() + (SELECT max(item) FROM fb.page(1, 2)) + (SELECT count(t.*) FROM fb.items t);
CREATE FUNCTION fb.by_name() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM fb.items';
CREATE VIEW fb.over AS SELECT p.item, (fb.total(p.item)).s AS t FROM fb.page() p;
CREATE TABLE fb.uses (id integer PRIMARY KEY, t numeric DEFAULT fb.total());
COMMENT ON FUNCTION fb.total() IS 'in total';
COMMENT ON FUNCTION "f b"."odd ""name.x"(text, integer) IS 'o''dd';
REVOKE EXECUTE ON FUNCTION fb.add(integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fb.add(integer[]) TO shape_writer WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION fb.total() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fb.total() TO shape_reader;
GRANT SELECT ON fb.items TO shape_reader;
RESET ROLE;
-- workload
SET ROLE shape_writer;
SELECT fb.add(10001, 10002, 30, 33);
RESET ROLE;
UPDATE fb.items SET n = n + 1 WHERE id % 9 = 0;
DELETE FROM fb.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
SELECT fb.add(20001, 36);
DO $$
BEGIN
    PERFORM fb.total();
    RAISE EXCEPTION 'a right too many';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
SET ROLE shape_reader;
SELECT fb.total();
RESET ROLE;
INSERT INTO fb.uses VALUES (1);
CREATE TABLE fb.seen AS SELECT fb.total() AS t, (fb.total(3)).*, "f b"."odd ""name.x"('u') AS o, fb.calls_others() AS c, fb.by_name() AS b;
CREATE TABLE fb.seen_page AS SELECT * FROM fb.over JOIN fb.page(start => 100, label => 'L') USING (item) UNION SELECT item, 1, text_of FROM fb.page();
DO $$
BEGIN
    ASSERT (SELECT count(*) > 0 FROM fb.items WHERE id = 20001), 'the function writes elsewhere';
    ASSERT (SELECT pg_get_function_arguments('fb.page'::regproc) LIKE '%fb.items%'), 'default';
    BEGIN
        ALTER TABLE fb.items DROP COLUMN kind;
        RAISE EXCEPTION 'functions do not depend on the table';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
END $$;
ALTER TABLE fb.items RENAME COLUMN v TO w;
SELECT * FROM fb.page();
