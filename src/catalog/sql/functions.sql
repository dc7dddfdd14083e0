-- The functions and procedures with a body in standard SQL that name the table.
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', f.oid::regprocedure::text,
    'schema', n.nspname,
    'owner', pg_catalog.pg_get_userbyid(f.proowner),
    'definition', pg_catalog.pg_get_functiondef(f.oid),
    'able', pg_catalog.has_schema_privilege(f.proowner, t.relnamespace, 'USAGE')
        AND pg_catalog.has_schema_privilege(f.proowner, f.pronamespace, 'USAGE')
        AND pg_catalog.has_schema_privilege(f.proowner, f.pronamespace, 'CREATE')
    ) ORDER BY f.oid::regprocedure::text), '[]')::text
FROM pg_catalog.pg_proc f
JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
JOIN pg_catalog.pg_class t ON t.oid = $1
WHERE f.prosqlbody IS NOT NULL
  AND EXISTS (SELECT FROM pg_catalog.pg_depend d
              WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = f.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1)
