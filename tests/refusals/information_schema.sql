-- A table of information_schema.
-- table: information_schema.sql_features
-- refuse: system
-- setup
SELECT 1;
