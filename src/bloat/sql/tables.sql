-- What the server counts of each table and its TOAST table.
-- $1 OIDs of the tables meant; empty: every one that is not the system's or repackd's own.
-- $2 whether to ask the file system for sizes. Without it, and for a relation that somebody has locked
--    against everybody, which would have to be waited for, they are those of its last VACUUM or ANALYZE.
--    So is that of a TOAST table of which neither a page nor a row was ever counted: asking costs most of
--    the time this takes.
-- The counters' functions are those below pg_stat_all_tables, which itself looks at every index of every
-- table, for figures that nobody asks for here.
WITH locked AS MATERIALIZED (
    SELECT DISTINCT l.relation FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())),
pages AS MATERIALIZED (
    SELECT i.indrelid, sum(x.relpages) AS pages
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid GROUP BY i.indrelid)
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, b.size AS block,
       CASE WHEN c.reloptions IS NOT NULL
           THEN substring(array_to_string(c.reloptions, ' ') FROM '(?:^| )fillfactor=(\d+)')::int END AS fillfactor,
       c.reltuples, p.pages * b.size AS about_indexes,
       CASE WHEN $2 AND c.oid NOT IN (SELECT relation FROM locked)
           THEN pg_catalog.pg_relation_size(c.oid) ELSE c.relpages * b.size END AS bytes,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live, pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
       coalesce(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))
           IS NOT NULL AS counted,
       t.oid AS toast, t.reltuples AS toast_reltuples, tp.pages * b.size AS toast_index_bytes,
       CASE WHEN $2 AND t.oid NOT IN (SELECT relation FROM locked) AND (t.relpages > 0
               OR pg_catalog.pg_stat_get_live_tuples(t.oid) + pg_catalog.pg_stat_get_dead_tuples(t.oid) > 0)
           THEN pg_catalog.pg_relation_size(t.oid) ELSE t.relpages * b.size END AS toast_bytes,
       pg_catalog.pg_stat_get_live_tuples(t.oid) AS toast_live, pg_catalog.pg_stat_get_dead_tuples(t.oid) AS toast_dead,
       coalesce(pg_catalog.pg_stat_get_last_vacuum_time(t.oid), pg_catalog.pg_stat_get_last_autovacuum_time(t.oid))
           IS NOT NULL AS toast_counted
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pages p ON p.indrelid = c.oid
LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pages tp ON tp.indrelid = t.oid
CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::int8 AS size) b
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^(pg_|information_schema$|repackd_[0-9]+(_new|_old)?$)'
  AND (c.oid = ANY ($1) OR pg_catalog.cardinality($1) = 0)
