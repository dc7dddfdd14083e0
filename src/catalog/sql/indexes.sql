-- The indexes of the table.
-- $1 OID of the table. One row, one JSON array.
-- 'head' is how pg_get_indexdef must begin: the part that names the index and the table, computed
-- by the server itself so that the rest can be reused for another table.
SELECT coalesce(json_agg(json_build_object(
    'name', c.relname,
    'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
    'head', 'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX '
            || pg_catalog.quote_ident(c.relname) || ' ON '
            || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) || ' ',
    'method', m.amname,
    'tablespace', t.spcname,
    'unique', i.indisunique,
    'primary', i.indisprimary,
    'exclusion', i.indisexclusion,
    'valid', i.indisvalid AND i.indisready AND i.indislive,
    'clustered', i.indisclustered,
    'replica_identity', i.indisreplident,
    'statistics', (SELECT coalesce(json_agg(json_build_object('column', a.attnum, 'target', a.attstattarget)
                                            ORDER BY a.attnum), '[]')
                   FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0),
    'comment', pg_catalog.obj_description(i.indexrelid, 'pg_class')
    ) ORDER BY c.relname), '[]')::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class r ON r.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE i.indrelid = $1
