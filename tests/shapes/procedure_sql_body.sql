-- Procedures with SQL bodies that write to the table: INOUT and OUT arguments, defaults, SECURITY DEFINER, SET, VARIADIC.
-- table: pb.items
-- setup
CREATE SCHEMA pb AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA pb TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE pb.items (id serial PRIMARY KEY, v text, n integer DEFAULT 1);
INSERT INTO pb.items (v) SELECT 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM pb.items WHERE id % 3 <> 0 AND id < 2980;
CREATE PROCEDURE pb.put(w text, times integer DEFAULT 2) LANGUAGE sql SECURITY DEFINER SET search_path TO 'pg_catalog' BEGIN ATOMIC
    INSERT INTO pb.items (v, n) SELECT w || i, times FROM generate_series(1, times) i;
    UPDATE pb.items AS it SET n = n + 1 FROM generate_series(1, 3) g WHERE it.id = g * 3;
    DELETE FROM pb.items WHERE v = 'never';
END;
CREATE PROCEDURE pb.counted(k integer, INOUT c bigint, OUT m integer) LANGUAGE sql BEGIN ATOMIC
    SELECT count(*) + c, max(id) FROM pb.items WHERE id > k;
END;
CREATE PROCEDURE pb.outer(VARIADIC words text[]) LANGUAGE sql BEGIN ATOMIC
    UPDATE pb.items SET n = 5 WHERE v = words[1] || '!';
    DELETE FROM pb.items WHERE v = ANY (words);
END;
CREATE PROCEDURE pb."tr""im"() LANGUAGE sql BEGIN ATOMIC DELETE FROM pb.items WHERE n > 1000; END;
COMMENT ON PROCEDURE pb.put(text, integer) IS 'puts''s';
REVOKE EXECUTE ON PROCEDURE pb.put(text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE pb.put(text, integer) TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
CALL pb.put('work', 5);
RESET ROLE;
CALL pb.outer('v300', 'v303');
DELETE FROM pb.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
CALL pb.put('probe');
RESET ROLE;
CALL pb.outer('v306', 'v309');
CALL pb."tr""im"();
DO $$
DECLARE
    c bigint := 5;
    m integer;
BEGIN
    CALL pb.counted(0, c, m);
    ASSERT c = (SELECT count(*) + 5 FROM pb.items) AND m = (SELECT max(id) FROM pb.items), 'counted elsewhere';
    ASSERT EXISTS (SELECT FROM pb.items WHERE v = 'probe2'), 'put elsewhere';
    ASSERT NOT EXISTS (SELECT FROM pb.items WHERE v = 'v309'), 'deleted elsewhere';
END $$;
