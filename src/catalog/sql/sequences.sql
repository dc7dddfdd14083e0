-- The sequences that belong to columns of the table: serial (OWNED BY, dependency type a) and
-- identity (dependency type i).
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'schema', n.nspname,
    'name', c.relname,
    'column', a.attname,
    'identity', d.deptype = 'i',
    'persistence', c.relpersistence,
    'type', pg_catalog.format_type(s.seqtypid, NULL),
    'start', s.seqstart, 'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax,
    'cache', s.seqcache, 'cycle', s.seqcycle,
    'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
    'labels', (SELECT coalesce(json_agg(json_build_array(l.provider, l.label) ORDER BY l.provider), '[]')
               FROM pg_catalog.pg_seclabel l
               WHERE l.classoid = 'pg_catalog.pg_class'::regclass AND l.objoid = c.oid AND l.objsubid = 0),
    'acl', (SELECT json_agg(json_build_object(
                'grantor', pg_catalog.pg_get_userbyid(e.grantor),
                'grantee', CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) END,
                'privilege', e.privilege_type,
                'grantable', e.is_grantable) ORDER BY e.ordinality)
            FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('s', c.relowner)))
                 WITH ORDINALITY AS e)
    ) ORDER BY n.nspname, c.relname), '[]')::text
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1 AND d.deptype IN ('a', 'i')
