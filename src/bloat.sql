-- Expected size of a table's heap in bytes without bloat; NULL if it was never analyzed.
-- $1 OID of the table.
-- A row costs its line pointer (4), its header with null bitmap, aligned to 8, and its columns'
-- average widths, aligned to 8; a page keeps 24 bytes for itself ("Database Page Layout",
-- PostgreSQL manual, chapter Database Physical Storage) and is filled to the table's fillfactor.
SELECT CASE WHEN c.reltuples >= 0 AND w.known = w.columns THEN
    (ceil(c.reltuples
          / greatest(1, floor((b.size - 24) * coalesce(f.fillfactor, 100) / 100.0
                     / (4 + 8 * ceil((23 + CASE WHEN w.nulls THEN ceil(w.columns / 8.0) ELSE 0 END) / 8.0)
                        + 8 * ceil(w.width / 8.0)))))
     * b.size)::int8 END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::int AS size) b
LEFT JOIN LATERAL (SELECT substring(o FROM 'fillfactor=(\d+)')::int AS fillfactor
                   FROM unnest(c.reloptions) o WHERE o LIKE 'fillfactor=%') f ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS columns, count(s.avg_width) AS known,
           coalesce(bool_or(s.null_frac > 0), false) AS nulls,
           coalesce(sum((1 - s.null_frac) * s.avg_width), 0) AS width
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v') w
WHERE c.oid = $1
