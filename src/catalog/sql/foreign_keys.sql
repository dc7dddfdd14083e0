-- The foreign keys of the table, to it, or both. $1 OID of the table. One row, one JSON array.
-- In the order in which they were made, which is that of their triggers: a DELETE that one cascades
-- may be what another would forbid.
-- Those to a partitioned table that it is a part of reach it, too. 'inherited': the partition has it
-- from its parent. 'of_parent': one of a partitioned table that it is a part of, from PostgreSQL 18 on,
-- where those can be added again NOT VALID. What else a foreign key hands to partitions of either side
-- (conparentid) comes and goes with it; 'parts' are those with a name or comment of their own, the
-- deepest first.
WITH kin(oid) AS (SELECT $1::oid UNION SELECT relid FROM pg_catalog.pg_partition_ancestors($1))
SELECT coalesce(json_agg(json_build_object(
    'name', k.conname,
    'table', json_build_object('schema', n.nspname, 'name', c.relname),
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'own', k.conrelid = $1,
    'inherited', k.conparentid <> 0,
    'of_parent', k.conrelid <> $1 AND k.confrelid NOT IN (SELECT oid FROM kin) AND k.conrelid IN (SELECT oid FROM kin),
    'references', json_build_object('schema', pn.nspname, 'name', p.relname),
    'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'validated', k.convalidated,
    'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
    'full', k.confmatchtype = 'f',
    'columns', (SELECT json_agg(a.attname ORDER BY u.ord)
                FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, ord)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
    'foreign_columns', (SELECT json_agg(a.attname ORDER BY u.ord)
                FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, ord)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
    'able', pg_catalog.has_schema_privilege(c.relowner, p.relnamespace, 'USAGE')
        AND NOT EXISTS (SELECT FROM unnest(k.confkey) AS u(attnum)
                        WHERE NOT pg_catalog.has_column_privilege(c.relowner, p.oid, u.attnum, 'REFERENCES'))
        AND NOT EXISTS (SELECT FROM unnest(k.conkey) AS u(attnum)
                        WHERE NOT pg_catalog.has_column_privilege(c.relowner, c.oid, u.attnum, 'REFERENCES')),
    -- Validation joins the tables as its owner, or looks each row up if that has not the rights to:
    -- but with row security forced on him he has the rights and does not see all rows.
    'validates', (SELECT o.rolsuper OR o.rolbypassrls FROM pg_catalog.pg_roles o WHERE o.oid = c.relowner)
        OR NOT (c.relrowsecurity AND c.relforcerowsecurity)
           AND NOT (p.relrowsecurity AND p.relforcerowsecurity
                    AND pg_catalog.pg_has_role(c.relowner, p.relowner, 'USAGE')),
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'),
    'parts', CASE WHEN c.relkind = 'p' THEN (
        WITH RECURSIVE part(oid, conrelid, level) AS (
            SELECT k.oid, k.conrelid, 0
            UNION ALL
            SELECT q.oid, q.conrelid, part.level + 1
            FROM part JOIN pg_catalog.pg_constraint q ON q.conparentid = part.oid AND q.conrelid <> part.conrelid
            WHERE q.confrelid = k.confrelid)
        SELECT json_agg(json_build_object(
            'name', q.conname,
            'table', json_build_object('schema', qn.nspname, 'name', qc.relname),
            'owner', pg_catalog.pg_get_userbyid(qc.relowner),
            'definition', pg_catalog.pg_get_constraintdef(q.oid),
            'comment', pg_catalog.obj_description(q.oid, 'pg_constraint')
            ) ORDER BY part.level DESC, qn.nspname, qc.relname)
        FROM part
        JOIN pg_catalog.pg_constraint q ON q.oid = part.oid
        JOIN pg_catalog.pg_class qc ON qc.oid = q.conrelid
        JOIN pg_catalog.pg_namespace qn ON qn.oid = qc.relnamespace
        WHERE part.level > 0
          AND (q.conname <> k.conname OR pg_catalog.obj_description(q.oid, 'pg_constraint') IS NOT NULL)) END
    ) ORDER BY k.oid), '[]')::text
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
LEFT JOIN pg_catalog.pg_constraint kp ON kp.oid = k.conparentid
WHERE k.contype = 'f'
  AND (k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid IN (SELECT oid FROM kin)
                              OR k.conrelid IN (SELECT oid FROM kin)
                                 AND pg_catalog.current_setting('server_version_num')::int >= 180000)
       -- One to an ancestor is taken off as a whole.
       OR k.conrelid = $1 AND kp.conrelid <> $1 AND kp.confrelid = k.confrelid
          AND k.confrelid NOT IN (SELECT oid FROM kin))
