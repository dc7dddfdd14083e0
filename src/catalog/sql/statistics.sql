-- The extended statistics objects on the table.
-- $1 OID of the table. One row, one JSON array.
-- 'head' and 'tail' are how pg_get_statisticsobjdef must begin and end, computed by the server.
SELECT coalesce(json_agg(json_build_object(
    'schema', n.nspname,
    'name', s.stxname,
    'owner', pg_catalog.pg_get_userbyid(s.stxowner),
    'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
    'head', 'CREATE STATISTICS ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname),
    'tail', ' FROM ' || pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.relname),
    'target', nullif(s.stxstattarget, -1),
    'comment', pg_catalog.obj_description(s.oid, 'pg_statistic_ext')
    ) ORDER BY s.stxname, n.nspname), '[]')::text
FROM pg_catalog.pg_statistic_ext s
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
JOIN pg_catalog.pg_class r ON r.oid = s.stxrelid
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE s.stxrelid = $1
