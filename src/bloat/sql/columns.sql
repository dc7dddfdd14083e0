-- The columns of tables and what the planner's statistics say about them.
-- $1 OIDs of the tables.
-- The frequencies of common values are of use only for indexes that keep equal keys together, and many
-- bytes. pg_stats hides a column from a login that may not read it, or to which row security applies.
-- OFFSET 0: table by table; joined as it is, the view would be read for all tables there are.
SELECT c.oid AS table, a.attnum AS number, a.attlen AS length, a.attalign::text AS alignment,
       a.attstorage::text AS storage, a.attnotnull AS not_null, a.attgenerated::text = 'v' AS virtual,
       CASE WHEN a.atttypid = 'pg_catalog.bpchar'::pg_catalog.regtype AND a.atttypmod > 4
            THEN a.atttypmod - 4 END AS padded_to,
       a.null_frac, a.avg_width, a.n_distinct,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index i
                         WHERE i.indrelid = c.oid AND NOT i.indisunique AND a.attnum = ANY (i.indkey::int2[]))
            THEN a.most_common_freqs END AS frequencies,
       a.seen IS NULL AND (NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
                              OR c.relrowsecurity AND pg_catalog.row_security_active(c.oid)) AS hidden
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT a.*, s.attname AS seen, s.null_frac, s.avg_width, s.n_distinct, s.most_common_freqs
    FROM pg_catalog.pg_attribute a
    LEFT JOIN (SELECT s.* FROM pg_catalog.pg_stats s
               WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited OFFSET 0) s
           ON s.attname = a.attname
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a
WHERE c.oid = ANY ($1)
