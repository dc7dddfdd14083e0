-- The constraints of the table. Foreign keys are in foreign_keys.sql.
-- $1 OID of the table. One row, one JSON array.
-- NOT NULL constraints (contype n) have rows here from PostgreSQL 18 on.
-- When a parent loses a column, and a check or NOT NULL with it, the child's goes on counting that parent,
-- though nobody else has it: what is the table's own as well is taken for that alone.
SELECT coalesce(json_agg(json_build_object(
    'name', k.conname,
    'kind', k.contype,
    'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'validated', k.convalidated,
    'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
    'period', coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false),
    'local', k.conislocal,
    'inherited', CASE WHEN k.contype IN ('c', 'n') AND k.conislocal
        THEN least(k.coninhcount,
                   (SELECT count(*) FROM pg_catalog.pg_inherits h
                    JOIN pg_catalog.pg_constraint o ON o.conrelid = h.inhparent AND o.contype = k.contype AND NOT o.connoinherit
                    LEFT JOIN pg_catalog.pg_attribute oa ON oa.attrelid = o.conrelid AND oa.attnum = o.conkey[1]
                    LEFT JOIN pg_catalog.pg_attribute ka ON ka.attrelid = k.conrelid AND ka.attnum = k.conkey[1]
                    WHERE h.inhrelid = k.conrelid
                      AND CASE k.contype WHEN 'c' THEN o.conname = k.conname ELSE oa.attname = ka.attname END))
        ELSE k.coninhcount END,
    'parent', kp.conname,
    'no_inherit', k.connoinherit AND k.contype IN ('c', 'n'),
    'deferrable', k.condeferrable,
    'deferred', k.condeferred,
    'index', i.relname,
    'column', CASE WHEN k.contype = 'n' THEN
        (SELECT a.attname FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END,
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')
    ) ORDER BY k.contype, k.conname), '[]')::text
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class i ON i.oid = k.conindid
LEFT JOIN pg_catalog.pg_constraint kp ON kp.oid = k.conparentid
WHERE k.conrelid = $1 AND k.contype IN ('c', 'n', 'p', 'u', 'x')
