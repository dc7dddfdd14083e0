-- The triggers of the table, those of constraints and those that a partition has from its parent
-- left out, and repackd's own. $1 OID of the table. One row, one JSON array.
SELECT coalesce(json_agg(json_build_object(
    'name', t.tgname,
    'definition', pg_catalog.pg_get_triggerdef(t.oid),
    'enabled', t.tgenabled,
    'comment', pg_catalog.obj_description(t.oid, 'pg_trigger'),
    'constraint_comment', pg_catalog.obj_description(nullif(t.tgconstraint, 0), 'pg_constraint')
    ) ORDER BY t.tgname), '[]')::text
FROM pg_catalog.pg_trigger t
WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgparentid = 0
  AND t.tgname NOT IN ('repackd_' || $1::text || '_row', 'repackd_' || $1::text || '_truncate')
