-- Functions of extensions that look into the pages of a table, as far as this login may run them. Only
-- those that an extension owns: anybody could make a function of that name. pg_freespace is the one for a
-- single page: before PostgreSQL 17, that for all of them needs its schema in the search path.
SELECT p.proname::text AS function, n.nspname::text AS schema
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
                           AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'e'
JOIN pg_catalog.pg_proc p ON p.oid = d.objid AND p.proargtypes[0] = 'pg_catalog.regclass'::pg_catalog.regtype
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE (e.extname = 'pgstattuple' AND p.proname = 'pgstattuple_approx' AND p.pronargs = 1
       OR e.extname = 'pg_freespacemap' AND p.proname = 'pg_freespace' AND p.pronargs = 2)
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
