-- The row security policies of the table, and those of other tables that read it.
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', p.polname,
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'own', p.polrelid = $1,
    'command', p.polcmd,
    'permissive', p.polpermissive,
    -- 0 is PUBLIC, which is then the only one.
    'roles', CASE WHEN p.polroles <> '{0}' THEN
        (SELECT json_agg(pg_catalog.pg_get_userbyid(u.role) ORDER BY u.ord)
         FROM unnest(p.polroles) WITH ORDINALITY AS u(role, ord)) END,
    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
    'able', pg_catalog.has_schema_privilege(c.relowner, t.relnamespace, 'USAGE'),
    'comment', pg_catalog.obj_description(p.oid, 'pg_policy')
    ) ORDER BY n.nspname, c.relname, p.polname), '[]')::text
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = $1
WHERE p.polrelid = $1
   OR EXISTS (SELECT FROM pg_catalog.pg_depend d
              WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = p.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1)
