-- The columns of tables and what the planner's statistics say about them.
-- $1 OIDs of the tables.
-- pg_stats hides a column from a login that may not read it, or to which row security applies.
-- Its common values and the bounds of its histogram are a sample; of text and bytea (in hex), their
-- lengths tell how those vary. ANALYZE leaves out what is longer than a kilobyte; if that goes for all there is, there is neither.
-- OFFSET 0: table by table; joined as it is, the view would be read for all tables there are.
SELECT c.oid AS table, a.attnum AS number, a.attlen AS length, a.attalign::text AS alignment,
       a.attstorage::text AS storage, a.attnotnull AS not_null, a.attgenerated::text = 'v' AS virtual,
       a.null_frac, a.avg_width, a.n_distinct,
       a.most_common_freqs AS frequencies,
       CASE WHEN a.attlen = -1 AND (p.typcategory = 'S' OR p.oid = 'pg_catalog.bytea'::pg_catalog.regtype) THEN
           ARRAY(SELECT CASE p.typcategory WHEN 'S' THEN octet_length(v) ELSE (octet_length(v) - 2) / 2 END FROM unnest(a.most_common_vals::text::text[]) AS v) END AS common_lengths,
       CASE WHEN a.attlen = -1 AND (p.typcategory = 'S' OR p.oid = 'pg_catalog.bytea'::pg_catalog.regtype) THEN
           ARRAY(SELECT CASE p.typcategory WHEN 'S' THEN octet_length(v) ELSE (octet_length(v) - 2) / 2 END FROM unnest(a.histogram_bounds::text::text[]) AS v) END AS lengths,
       a.most_common_vals IS NULL AND a.histogram_bounds IS NULL AS wide,
       a.seen IS NULL AND (NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
                              OR c.relrowsecurity AND pg_catalog.row_security_active(c.oid)) AS hidden
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT a.*, s.attname AS seen, s.null_frac, s.avg_width, s.n_distinct, s.most_common_freqs,
           s.most_common_vals, s.histogram_bounds
    FROM pg_catalog.pg_attribute a
    LEFT JOIN (SELECT s.* FROM pg_catalog.pg_stats s
               WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited OFFSET 0) s
           ON s.attname = a.attname
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a
JOIN pg_catalog.pg_type p ON p.oid = a.atttypid
WHERE c.oid = ANY ($1)
