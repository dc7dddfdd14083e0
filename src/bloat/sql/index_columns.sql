-- The columns of the B-tree indexes of tables, as they are in the index: an operator class may keep
-- another type there. Those that are expressions have statistics of their own.
-- $1 OIDs of the tables.
-- Equal keys are kept together if every operator class has a support function 4 ("B-Tree Support
-- Functions", PostgreSQL manual), and every collation takes only the same bytes for equal.
SELECT i.indexrelid AS index, a.attnum AS number, i.indkey[a.attnum - 1] AS of, a.attlen AS length,
       a.attalign::text AS alignment, a.attstorage::text AS storage,
       s.null_frac, s.avg_width, s.n_distinct, s.most_common_freqs AS frequencies,
       EXISTS (SELECT FROM pg_catalog.pg_amproc p
               WHERE p.amprocfamily = k.opcfamily AND p.amproclefttype = k.opcintype
                 AND p.amprocrighttype = k.opcintype AND p.amprocnum = 4)
       AND coalesce(l.collisdeterministic, true) AS same_if_equal
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
JOIN pg_catalog.pg_attribute a ON a.attrelid = x.oid AND a.attnum > 0
LEFT JOIN pg_catalog.pg_opclass k ON k.oid = i.indclass[a.attnum - 1]
LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[a.attnum - 1]
LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_stats s
                   WHERE i.indkey[a.attnum - 1] = 0 AND s.schemaname = n.nspname AND s.tablename = x.relname
                     AND s.attname = a.attname AND NOT s.inherited OFFSET 0) s ON true
WHERE i.indrelid = ANY ($1) AND x.relkind = 'i'
