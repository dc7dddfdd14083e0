-- The views that name the table themselves. $1 OID of the table. One row, one JSON array.
-- Views on these views do not notice anything: CREATE OR REPLACE keeps the OID.
SELECT coalesce(json_agg(json_build_object(
    'name', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'definition', pg_catalog.pg_get_viewdef(c.oid),
    'options', coalesce(c.reloptions, '{}'),
    'able', pg_catalog.has_schema_privilege(c.relowner, t.relnamespace, 'USAGE')
        AND pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'USAGE')
        AND pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')
    ) ORDER BY n.nspname, c.relname), '[]')::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = $1
WHERE c.relkind = 'v'
  AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r
              JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
              WHERE r.ev_class = c.oid AND r.rulename = '_RETURN'
                AND (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1
                     -- A cast to its row type, or to an array of it.
                     OR d.refclassid = 'pg_catalog.pg_type'::regclass
                        AND d.refobjid IN (SELECT unnest(ARRAY[y.oid, y.typarray])
                                           FROM pg_catalog.pg_type y WHERE y.oid = t.reltype)))
