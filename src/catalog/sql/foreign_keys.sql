-- The foreign keys of the table, to it, or both. $1 OID of the table. One row, one JSON array.
-- In the order in which they were made, which is that of their triggers: a DELETE that one cascades
-- may be what another would forbid.
-- Those that a partition has from its parent, or a partitioned table hands to its partitions, come
-- and go with the one they belong to (conparentid).
SELECT coalesce(json_agg(json_build_object(
    'name', k.conname,
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'own', k.conrelid = $1,
    'references', json_build_object('schema', pn.nspname, 'name', p.relname),
    'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'validated', k.convalidated,
    'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
    'full', k.confmatchtype = 'f',
    'columns', (SELECT json_agg(a.attname ORDER BY u.ord)
                FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, ord)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
    'foreign_columns', (SELECT json_agg(a.attname ORDER BY u.ord)
                FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, ord)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
    'able', pg_catalog.has_schema_privilege(c.relowner, p.relnamespace, 'USAGE')
        AND NOT EXISTS (SELECT FROM unnest(k.confkey) AS u(attnum)
                        WHERE NOT pg_catalog.has_column_privilege(c.relowner, p.oid, u.attnum, 'REFERENCES'))
        AND NOT EXISTS (SELECT FROM unnest(k.conkey) AS u(attnum)
                        WHERE NOT pg_catalog.has_column_privilege(c.relowner, c.oid, u.attnum, 'REFERENCES')),
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')
    ) ORDER BY k.oid), '[]')::text
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid = $1)
