-- How many combinations of columns' values there are, where CREATE STATISTICS had them counted.
-- $1 OIDs of the tables. The count is a JSON object: numbers of columns, and how many.
SELECT e.stxrelid AS table, x.n_distinct::text AS counts
FROM pg_catalog.pg_statistic_ext e
JOIN pg_catalog.pg_namespace n ON n.oid = e.stxnamespace
JOIN pg_catalog.pg_stats_ext x ON x.statistics_schemaname = n.nspname AND x.statistics_name = e.stxname
WHERE e.stxrelid = ANY ($1) AND x.n_distinct IS NOT NULL
