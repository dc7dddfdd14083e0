-- The columns of the B-tree indexes of tables, as they are in the index: an operator class may keep
-- another type there. Those that are expressions have statistics of their own.
-- $1 OIDs of the tables.
-- A column that a partial index's condition is about is not null there, unless it asks for that: seldom
-- wrong, and then the index is expected to be too large.
-- Equal keys are kept together if every operator class has a support function 4 ("B-Tree Support
-- Functions", PostgreSQL manual), and every collation takes only the same bytes for equal.
SELECT i.indexrelid AS index, a.attnum AS number, i.indkey[a.attnum - 1] AS of, a.attlen AS length,
       a.attalign::text AS alignment, a.attstorage::text AS storage,
       s.null_frac, s.avg_width, s.n_distinct, s.most_common_freqs AS frequencies,
       CASE WHEN a.attlen = -1 AND (p.typcategory = 'S' OR p.oid = 'pg_catalog.bytea'::pg_catalog.regtype) THEN
           ARRAY(SELECT CASE p.typcategory WHEN 'S' THEN octet_length(v) ELSE (octet_length(v) - 2) / 2 END FROM unnest(s.most_common_vals::text::text[]) AS v) END AS common_lengths,
       CASE WHEN a.attlen = -1 AND (p.typcategory = 'S' OR p.oid = 'pg_catalog.bytea'::pg_catalog.regtype) THEN
           ARRAY(SELECT CASE p.typcategory WHEN 'S' THEN octet_length(v) ELSE (octet_length(v) - 2) / 2 END FROM unnest(s.histogram_bounds::text::text[]) AS v) END AS lengths,
       s.most_common_vals IS NULL AND s.histogram_bounds IS NULL AS wide,
       EXISTS (SELECT FROM pg_catalog.pg_amproc f
               WHERE f.amprocfamily = k.opcfamily AND f.amproclefttype = k.opcintype
                 AND f.amprocrighttype = k.opcintype AND f.amprocnum = 4)
       AND coalesce(l.collisdeterministic, true) AS same_if_equal,
       coalesce(w.condition ~ ('\m' || t.attname || '\M') AND w.condition !~ 'IS NULL', false) AS in_condition
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
JOIN pg_catalog.pg_attribute a ON a.attrelid = x.oid AND a.attnum > 0
JOIN pg_catalog.pg_type p ON p.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attribute t
       ON t.attrelid = i.indrelid AND t.attnum = i.indkey[a.attnum - 1] AND t.attname ~ '^\w+$'
CROSS JOIN LATERAL (SELECT CASE WHEN i.indpred IS NOT NULL
    THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS condition) w
LEFT JOIN pg_catalog.pg_opclass k ON k.oid = i.indclass[a.attnum - 1]
LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[a.attnum - 1]
LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_stats s
                   WHERE i.indkey[a.attnum - 1] = 0 AND s.schemaname = n.nspname AND s.tablename = x.relname
                     AND s.attname = a.attname AND NOT s.inherited OFFSET 0) s ON true
WHERE i.indrelid = ANY ($1) AND x.relkind = 'i'
