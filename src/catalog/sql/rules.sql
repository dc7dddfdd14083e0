-- The rules of the table, and those of other relations that name it; views are in views.sql.
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', r.rulename,
    'relation', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'own', r.ev_class = $1,
    'definition', pg_catalog.pg_get_ruledef(r.oid),
    'enabled', r.ev_enabled,
    'able', pg_catalog.has_schema_privilege(c.relowner, t.relnamespace, 'USAGE'),
    'comment', pg_catalog.obj_description(r.oid, 'pg_rewrite')
    ) ORDER BY n.nspname, c.relname, r.rulename), '[]')::text
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = $1
WHERE r.rulename <> '_RETURN'
  AND (r.ev_class = $1
       OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1))
