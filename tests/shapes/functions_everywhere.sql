-- User-made functions, operators and an operator class in indexes, checks, defaults and generated columns; none on the search_path.
-- table: fun.rows
-- setup
CREATE SCHEMA fun AUTHORIZATION shape_owner;
CREATE SCHEMA fun_lib AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE FUNCTION fun_lib.rev(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT pg_catalog.reverse($1) $$;
CREATE FUNCTION fun_lib.even(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 % 2 = 0; END $$;
CREATE FUNCTION fun_lib.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.lower($1) = pg_catalog.lower($2) $$;
CREATE FUNCTION fun_lib.cmp_back(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.btint4cmp($2, $1) $$;
CREATE OPERATOR fun_lib.=~= (LEFTARG = text, RIGHTARG = text, FUNCTION = fun_lib.same);
RESET ROLE;
CREATE OPERATOR CLASS fun_lib.int_back FOR TYPE integer USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 fun_lib.cmp_back(integer, integer);
SET ROLE shape_owner;
CREATE TABLE fun.rows (
    id integer PRIMARY KEY,
    a integer DEFAULT length(fun_lib.rev('four')),
    b text DEFAULT fun_lib.rev('tluafed'),
    c text GENERATED ALWAYS AS (fun_lib.rev(b)) STORED,
    CONSTRAINT sensible CHECK (b OPERATOR(fun_lib.=~=) fun_lib.rev(fun_lib.rev(b)) OR fun_lib.even(a))
);
CREATE INDEX rows_rev ON fun.rows (fun_lib.rev(b), id) WHERE fun_lib.even(a);
CREATE INDEX rows_back ON fun.rows (a fun_lib.int_back);
CREATE INDEX rows_same ON fun.rows ((b OPERATOR(fun_lib.=~=) c));
CREATE STATISTICS fun.rows_st ON (fun_lib.rev(b)), a FROM fun.rows;
RESET ROLE;
INSERT INTO fun.rows SELECT i, i, 'Text ' || i FROM generate_series(1, 4000) i;
DELETE FROM fun.rows WHERE id % 3 <> 0 AND id < 3980;
-- workload
UPDATE fun.rows SET b = upper(b) WHERE id % 9 = 0;
UPDATE fun.rows SET id = -id WHERE id % 60 = 0;
DELETE FROM fun.rows WHERE id % 33 = 0;
INSERT INTO fun.rows (id) SELECT i FROM generate_series(20001, 20100) i;
-- probe
INSERT INTO fun.rows (id) VALUES (30001);
SELECT count(*) FROM fun.rows WHERE fun_lib.rev(b) < 'x' AND fun_lib.even(a);
