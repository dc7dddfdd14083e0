-- A table that never held a row: no page, and sequences that were never called.
-- table: tiny.never
-- setup
CREATE SCHEMA tiny AUTHORIZATION shape_owner;
CREATE TABLE tiny.never (id bigserial PRIMARY KEY, v text, n smallint GENERATED ALWAYS AS IDENTITY (START WITH 9));
ALTER TABLE tiny.never OWNER TO shape_owner;
-- workload
SELECT 1;
-- probe
INSERT INTO tiny.never (v) VALUES ('first');
