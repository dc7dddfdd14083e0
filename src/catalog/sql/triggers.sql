-- The triggers of the table, and constraint triggers of other tables that are FROM it. Those of
-- constraints are left out, and repackd's own. 'inherited': the partition has it from its parent; in
-- PostgreSQL 14 such a one is marked as internal.
-- $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', t.tgname,
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'own', t.tgrelid = $1,
    'inherited', t.tgparentid <> 0,
    'definition', pg_catalog.pg_get_triggerdef(t.oid),
    'enabled', t.tgenabled,
    'able', pg_catalog.has_function_privilege(c.relowner, f.oid, 'EXECUTE')
        AND pg_catalog.has_schema_privilege(c.relowner, f.pronamespace, 'USAGE')
        AND (t.tgconstrrelid = 0
             OR pg_catalog.has_table_privilege(c.relowner, t.tgconstrrelid, 'TRIGGER')
                AND pg_catalog.has_schema_privilege(c.relowner, p.relnamespace, 'USAGE')),
    'comment', pg_catalog.obj_description(t.oid, 'pg_trigger'),
    'constraint_comment', pg_catalog.obj_description(nullif(t.tgconstraint, 0), 'pg_constraint')
    ) ORDER BY n.nspname, c.relname, t.tgname), '[]')::text
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
LEFT JOIN pg_catalog.pg_class p ON p.oid = t.tgconstrrelid
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
WHERE (t.tgrelid = $1 OR t.tgconstrrelid = $1 AND t.tgparentid = 0)
  AND (NOT t.tgisinternal OR t.tgparentid <> 0 AND coalesce(k.contype, 't') = 't')
  AND t.tgname NOT IN ('repackd_' || $1::text || '_row', 'repackd_' || $1::text || '_truncate')
