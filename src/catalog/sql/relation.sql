-- The table itself: what pg_class and pg_type say about it.
-- $1 OID of the table. One row, one JSON object; no row if there is no such relation.
SELECT json_build_object(
    'schema', n.nspname,
    'name', c.relname,
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'kind', c.relkind,
    'persistence', c.relpersistence,
    'access_method', a.amname,
    'tablespace', t.spcname,
    'reloptions', coalesce(c.reloptions, '{}'),
    'toast_reloptions', coalesce(x.reloptions, '{}'),
    'replica_identity', c.relreplident,
    'row_security', c.relrowsecurity,
    'force_row_security', c.relforcerowsecurity,
    'partition', c.relispartition,
    'of_type', nullif(c.reloftype, 0)::regtype::text,
    'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
    'labels', (SELECT coalesce(json_agg(json_build_array(l.provider, l.label) ORDER BY l.provider), '[]')
               FROM pg_catalog.pg_seclabel l
               WHERE l.classoid = 'pg_catalog.pg_class'::regclass AND l.objoid = c.oid AND l.objsubid = 0),
    'acl', (SELECT json_agg(json_build_object(
                'grantor', pg_catalog.pg_get_userbyid(e.grantor),
                'grantee', CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) END,
                'privilege', e.privilege_type,
                'grantable', e.is_grantable) ORDER BY e.ordinality)
            FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)))
                 WITH ORDINALITY AS e))::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_class x ON x.oid = c.reltoastrelid
WHERE c.oid = $1
