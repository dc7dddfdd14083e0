-- The columns in their order, without dropped ones.
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', a.attname,
    'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
    'collation', CASE WHEN a.attcollation NOT IN (0, y.typcollation)
                      THEN pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname) END,
    'not_null', a.attnotnull,
    'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
    'generated', a.attgenerated,
    'expression', CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
    'identity', a.attidentity,
    'storage', a.attstorage,
    'type_storage', y.typstorage,
    'compression', a.attcompression,
    'statistics', nullif(a.attstattarget, -1),
    'options', coalesce(a.attoptions, '{}'),
    'local', a.attislocal,
    'inherited', a.attinhcount,
    'comment', pg_catalog.col_description(a.attrelid, a.attnum),
    'labels', (SELECT coalesce(json_agg(json_build_array(l.provider, l.label) ORDER BY l.provider), '[]')
               FROM pg_catalog.pg_seclabel l
               WHERE l.classoid = 'pg_catalog.pg_class'::regclass AND l.objoid = a.attrelid AND l.objsubid = a.attnum),
    'acl', (SELECT json_agg(json_build_object(
                'grantor', pg_catalog.pg_get_userbyid(e.grantor),
                'grantee', CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) END,
                'privilege', e.privilege_type,
                'grantable', e.is_grantable) ORDER BY e.ordinality)
            FROM pg_catalog.aclexplode(a.attacl) WITH ORDINALITY AS e)
    ) ORDER BY a.attnum), '[]')::text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
