-- The indexes of tables.
-- $1 OIDs of the tables.
-- $2 as in tables.sql.
WITH locked AS MATERIALIZED (
    SELECT DISTINCT l.relation FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))
SELECT i.indrelid AS table, i.indexrelid AS oid, x.relname::text AS name, m.amname::text AS method,
       i.indisunique AS unique, i.indpred IS NOT NULL AS partial, i.indnkeyatts AS keys,
       substring(o.options FROM '(?:^| )fillfactor=(\d+)')::int AS fillfactor,
       coalesce(substring(o.options FROM '(?:^| )deduplicate_items=(\w+)')::bool, true) AS deduplicate,
       x.reltuples, CASE WHEN $2 AND x.oid NOT IN (SELECT relation FROM locked)
           THEN pg_catalog.pg_relation_size(x.oid)
           ELSE x.relpages * pg_catalog.current_setting('block_size')::int8 END AS bytes
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam
CROSS JOIN LATERAL (SELECT array_to_string(x.reloptions, ' ') AS options) o
WHERE i.indrelid = ANY ($1) AND x.relkind = 'i'
