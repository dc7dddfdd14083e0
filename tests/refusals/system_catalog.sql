-- A system catalog.
-- table: pg_catalog.pg_class
-- refuse: system
-- setup
SELECT 1;
