-- The foreign keys of the table, to it, or both. $1 OID of the table. One row, one JSON array.
-- In the order of their triggers' names, which is that in which they act: a DELETE that one cascades may
-- be what another would forbid.
-- 'turn': how the triggers on the other table are called, where there are more of them and one does more
-- than look, and who may call new ones so: the order would be another one otherwise. Left out where the
-- other table is exchanged itself, or is partitioned, or nobody may: see firing_order.sql.
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
    'turn', (SELECT json_build_object(
                 'owner', pg_catalog.pg_get_userbyid(p.relowner),
                 'delete', max(g.tgname) FILTER (WHERE g.tgtype & 8 <> 0),
                 'update', max(g.tgname) FILTER (WHERE g.tgtype & 16 <> 0))
             FROM pg_catalog.pg_trigger g
             WHERE g.tgconstraint = k.oid AND g.tgrelid = k.confrelid
               AND k.conparentid = 0 AND p.relkind = 'r' AND p.oid NOT IN (SELECT oid FROM kin)
               -- Since PostgreSQL 16 a member may be barred from SET ROLE.
               AND pg_catalog.pg_has_role(session_user, p.relowner,
                   CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
               AND EXISTS (SELECT FROM pg_catalog.pg_language l
                           WHERE l.lanname = 'plpgsql' AND pg_catalog.has_language_privilege(p.relowner, l.oid, 'USAGE'))
               AND (SELECT count(DISTINCT o.oid) > 1 AND bool_or(o.confdeltype NOT IN ('a', 'r') OR o.confupdtype NOT IN ('a', 'r'))
                    FROM pg_catalog.pg_trigger og JOIN pg_catalog.pg_constraint o ON o.oid = og.tgconstraint
                    WHERE og.tgrelid = p.oid AND o.contype = 'f' AND o.confrelid = p.oid)
             HAVING count(*) = 2),
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
    ) ORDER BY coalesce(
        CASE WHEN k.confrelid = ANY (ARRAY(SELECT oid FROM kin)) AND k.confrelid <> $1 THEN (
            -- One to an ancestor has triggers of its own on the table.
            WITH RECURSIVE clone(oid) AS (
                SELECT k.oid
                UNION ALL
                SELECT q.oid FROM clone JOIN pg_catalog.pg_constraint q ON q.conparentid = clone.oid)
            SELECT min(g.tgname COLLATE "C")
            FROM clone JOIN pg_catalog.pg_trigger g ON g.tgconstraint = clone.oid AND g.tgrelid = $1
            WHERE g.tgtype & 8 <> 0)
        ELSE (SELECT min(g.tgname COLLATE "C") FROM pg_catalog.pg_trigger g
              WHERE g.tgconstraint = k.oid AND g.tgrelid = k.confrelid AND g.tgtype & 8 <> 0) END,
        'RI_ConstraintTrigger_a_' || k.oid) COLLATE "C", k.oid), '[]')::text
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
