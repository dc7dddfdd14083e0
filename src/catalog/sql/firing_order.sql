-- Pairs of foreign keys to one table whose order would change with the exchange, could not be kept, and can
-- be told. $1 OID of the table; $2 whether foreign keys of its parent are taken off. In words, one row for each
-- foreign key that would lose its turn.
--
-- The triggers of foreign keys act in the order of their names, which end in their OIDs. What is added again
-- has new ones, and is moved to its old place by giving its triggers their old names (foreign_keys.sql,
-- 'turn'); but not without the rights of the other table's owner, nor on partitions.
-- A trigger's effects have triggers in turn, which queue behind all that wait already. So two chains can meet
-- only in the same step. They do if one deletes or changes what the other looks for, or both set the same
-- columns in different ways. That both only delete is everyday, and leaves the same in either order.
WITH RECURSIVE kin(oid) AS (
    -- The table, and the partitioned tables it is a part of.
    SELECT $1::oid UNION SELECT relid FROM pg_catalog.pg_partition_ancestors($1)
), remade(oid, root) AS (
    -- The foreign keys that are taken off and added again, and what partitions of either side have of them.
    SELECT k.oid, k.oid FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND (k.conrelid = $1 OR k.confrelid IN (SELECT oid FROM kin) OR $2 AND k.conrelid IN (SELECT oid FROM kin))
    UNION ALL
    SELECT q.oid, r.root FROM remade r JOIN pg_catalog.pg_constraint q ON q.conparentid = r.oid
), newest(tgname) AS (
    -- As the next one may be called.
    SELECT ('RI_ConstraintTrigger_a_' || greatest((SELECT max(oid) FROM pg_catalog.pg_trigger), (SELECT max(oid) FROM pg_catalog.pg_class)))::name
), lost AS MATERIALIZED (
    -- Their triggers on other tables that cannot be given their old names. One after the other: the planner
    -- knows nothing of how few they are.
    SELECT r.oid, r.root, t.tgrelid, t.tgtype, t.tgname, k.whole, k.member
    FROM remade r
    CROSS JOIN LATERAL (
        SELECT k.confrelid, k.conparentid = 0 AND p.relkind = 'r' AND p.oid NOT IN (SELECT oid FROM kin) AS whole,
               -- Since PostgreSQL 16 a member may be barred from SET ROLE.
               pg_catalog.pg_has_role(session_user, p.relowner,
                   CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS member,
               EXISTS (SELECT FROM pg_catalog.pg_language l
                       WHERE l.lanname = 'plpgsql' AND pg_catalog.has_language_privilege(p.relowner, l.oid, 'USAGE')) AS able
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
        WHERE k.oid = r.oid AND p.oid <> $1
        OFFSET 0) k
    CROSS JOIN LATERAL (
        -- That of a DELETE, and that of an UPDATE.
        SELECT g.tgrelid, g.tgtype, g.tgname FROM pg_catalog.pg_trigger g
        WHERE g.tgconstraint = r.oid AND g.tgrelid = k.confrelid AND g.tgtype & 24 <> 0
        OFFSET 0) t
    WHERE NOT (k.whole AND k.member AND k.able)
), pair AS MATERIALIZED (
    SELECT l.root, l.tgrelid, l.tgtype, l.oid AS mine, u.oid AS other, l.tgname < u.tgname AS before, l.whole, l.member
    FROM newest CROSS JOIN lost l
    CROSS JOIN LATERAL (
        SELECT k.oid, g.tgname
        FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
        WHERE g.tgrelid = l.tgrelid AND g.tgtype = l.tgtype AND k.contype = 'f' AND k.confrelid = l.tgrelid
        OFFSET 0) u
    WHERE (l.tgname < u.tgname) <> (newest.tgname < u.tgname) AND u.oid NOT IN (SELECT oid FROM remade)
), key AS MATERIALIZED (
    -- Every foreign key that does something; partitions count as what they are a part of.
    SELECT k.oid, coalesce(pg_catalog.pg_partition_root(k.conrelid), k.conrelid)::oid AS relation,
           coalesce(pg_catalog.pg_partition_root(k.confrelid), k.confrelid)::oid AS to_relation,
           k.conparentid, k.condeferred, k.confdeltype, k.confupdtype, k.conkey, k.confkey,
           coalesce((SELECT array_agg(c.attnum::int2) FROM jsonb_array_elements_text(nullif(to_jsonb(k) -> 'confdelsetcols', 'null')) AS c(attnum)),
                    k.conkey) AS set_columns
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND EXISTS (SELECT FROM pair) AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
), step(mine, other, tgtype, is_mine, level, relation, how, act, columns) AS (
    -- What either does, and what follows: 'how' d delete, u update, k look.
    SELECT pair.mine, pair.other, pair.tgtype, side.is_mine, 1, key.relation, did.how, did.act, did.columns
    FROM pair
    CROSS JOIN LATERAL (VALUES (pair.mine, true), (pair.other, false)) AS side(oid, is_mine)
    JOIN key ON key.oid = side.oid
    CROSS JOIN LATERAL (
        SELECT CASE WHEN act = 'a' AND key.condeferred THEN 'later' WHEN act IN ('a', 'r') THEN 'k' WHEN act = 'c' AND pair.tgtype & 8 <> 0 THEN 'd' ELSE 'u' END AS how,
               act, CASE WHEN pair.tgtype & 8 <> 0 AND act IN ('n', 'd') THEN key.set_columns ELSE key.conkey END AS columns
        FROM (SELECT CASE WHEN pair.tgtype & 8 <> 0 THEN key.confdeltype ELSE key.confupdtype END AS act) a) did
    UNION
    SELECT step.mine, step.other, step.tgtype, step.is_mine, step.level + 1, key.relation, did.how, did.act, did.columns
    FROM step
    JOIN key ON key.to_relation = step.relation AND key.conparentid = 0
         AND (step.how = 'd' OR step.how = 'u' AND key.confkey && step.columns)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN act = 'a' AND key.condeferred THEN 'later' WHEN act IN ('a', 'r') THEN 'k' WHEN act = 'c' AND step.how = 'd' THEN 'd' ELSE 'u' END AS how,
               act, CASE WHEN step.how = 'd' AND act IN ('n', 'd') THEN key.set_columns ELSE key.conkey END AS columns
        FROM (SELECT CASE WHEN step.how = 'd' THEN key.confdeltype ELSE key.confupdtype END AS act) a) did
    -- Rings of tables have no end.
    WHERE step.level < 8
)
SELECT DISTINCT ON (k.oid) 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of table ' || k.conrelid::regclass::text || ' with its turn '
       || CASE WHEN pair.before THEN 'before' ELSE 'after' END || ' foreign key ' || pg_catalog.quote_ident(u.conname)
       || ' of table ' || u.conrelid::regclass::text || ' when rows of ' || pair.tgrelid::regclass::text
       || ' go or change, which decides what becomes of other rows ('
       || CASE WHEN NOT pair.whole THEN 'on a table that is partitioned, or a partition, it cannot be kept'
               WHEN pair.member THEN 'to keep it, GRANT USAGE ON LANGUAGE plpgsql TO ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.relowner))
               ELSE 'to keep it, GRANT ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.relowner)) || ' TO '
                    || pg_catalog.quote_ident(session_user) END || ')'
FROM pair
JOIN pg_catalog.pg_constraint k ON k.oid = pair.root
JOIN pg_catalog.pg_constraint u ON u.oid = pair.other
JOIN pg_catalog.pg_class p ON p.oid = pair.tgrelid
WHERE EXISTS (SELECT FROM step a
              JOIN step b ON b.mine = a.mine AND b.other = a.other AND b.tgtype = a.tgtype AND a.is_mine AND NOT b.is_mine
                   AND b.level = a.level AND b.relation = a.relation
              WHERE a.mine = pair.mine AND a.other = pair.other AND a.tgtype = pair.tgtype
                AND (a.how = 'd' AND b.how = 'k' OR a.how = 'k' AND b.how = 'd'
                     OR a.columns && b.columns
                        AND (a.how = 'u' AND b.how = 'k' OR a.how = 'k' AND b.how = 'u'
                             OR a.how = 'u' AND b.how = 'u' AND a.act <> b.act)))
ORDER BY k.oid, u.oid
