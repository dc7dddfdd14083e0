-- Functions with SQL bodies of other owners, who may not create in their schemas any more; leakproof; with EXECUTE granted on by others.
-- table: fo.items
-- as: postgres
-- setup
CREATE SCHEMA fo AUTHORIZATION shape_owner;
CREATE SCHEMA lib;
GRANT CREATE, USAGE ON SCHEMA lib TO shape_other;
GRANT USAGE ON SCHEMA fo, lib TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE fo.items (id integer PRIMARY KEY, v text);
INSERT INTO fo.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM fo.items WHERE id % 3 <> 0 AND id < 2980;
GRANT SELECT ON fo.items TO shape_other;
SET ROLE shape_other;
CREATE FUNCTION lib.definer(k integer DEFAULT 3) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER RETURN (SELECT v FROM fo.items WHERE id = k);
CREATE FUNCTION lib.invoker(k integer) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT v FROM fo.items WHERE id = k; END;
COMMENT ON FUNCTION lib.definer(integer) IS 'as its owner';
GRANT EXECUTE ON FUNCTION lib.definer(integer) TO shape_grantor WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION lib.definer(integer) FROM PUBLIC, shape_other;
SET ROLE shape_grantor;
GRANT EXECUTE ON FUNCTION lib.definer(integer) TO shape_reader;
RESET ROLE;
CREATE FUNCTION lib.of_superuser() RETURNS bigint LANGUAGE sql LEAKPROOF SECURITY DEFINER SET row_security = off BEGIN ATOMIC SELECT count(*) FROM fo.items; END;
ALTER FUNCTION lib.invoker(integer) LEAKPROOF;
REVOKE CREATE, USAGE ON SCHEMA lib FROM shape_other;
REVOKE USAGE ON SCHEMA fo FROM PUBLIC;
-- workload
UPDATE fo.items SET v = 'w' || id WHERE id % 9 = 0;
DELETE FROM fo.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_reader;
SELECT lib.definer(9);
DO $$
BEGIN
    ASSERT lib.definer(9) = 'w9' AND lib.of_superuser() > 500, 'wrong table';
    PERFORM lib.invoker(9);
    RAISE EXCEPTION 'SECURITY INVOKER is gone';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
CREATE TABLE fo.seen AS SELECT proname::text, pg_get_userbyid(proowner)::text, prosecdef, proleakproof, proconfig FROM pg_proc WHERE pronamespace = 'lib'::regnamespace;
