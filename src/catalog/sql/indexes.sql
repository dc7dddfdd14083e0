-- The indexes of the table.
-- $1 OID of the table. One row, one JSON array.
-- 'head' is how pg_get_indexdef must begin: the part that names the index and the table, computed
-- by the server itself so that the rest can be reused for another table.
-- 'parent' is the index of the partitioned table that it is a part of. ATTACH PARTITION takes the
-- oldest index that is equal in its eyes, for one index of the parent after the other: 'turn' says
-- how many of a partition's indexes that are equal to this one have to be built before it.
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
    'parent', CASE WHEN x.inhparent IS NOT NULL THEN json_build_object('schema', pn.nspname, 'name', p.relname) END,
    'turn', i.turn,
    'statistics', (SELECT coalesce(json_agg(json_build_object('column', a.attnum, 'target', a.attstattarget)
                                            ORDER BY a.attnum), '[]')
                   FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0),
    'comment', pg_catalog.obj_description(i.indexrelid, 'pg_class')
    ) ORDER BY c.relname), '[]')::text
FROM (
    SELECT i.*, count(h.inhparent) OVER (
        PARTITION BY i.indisunique, (to_jsonb(i) ->> 'indnullsnotdistinct'), i.indisexclusion, c.relam,
                     i.indnkeyatts, i.indkey::text, i.indcollation::text,
                     (SELECT array_agg(o.opcfamily ORDER BY u.ord)
                      FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS u(opclass, ord)
                      JOIN pg_catalog.pg_opclass o ON o.oid = u.opclass),
                     pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid)
        ORDER BY h.inhparent NULLS LAST, c.relname ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS turn
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = i.indexrelid
    WHERE i.indrelid = $1) i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class r ON r.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_inherits x ON x.inhrelid = i.indexrelid
LEFT JOIN pg_catalog.pg_class p ON p.oid = x.inhparent
LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
