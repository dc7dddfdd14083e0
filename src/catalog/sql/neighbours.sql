-- Relations that the exchange locks besides the table, in the order in which they are locked: views
-- before what they read, materialized views likewise, parents before their children and partitioned
-- tables before their partitions, as whoever uses them does; then by name. The table's own children
-- come after the table. $1 OID of the table; $2 whether foreign keys of its parent are taken off.
-- 'role' may lock it: its owner, if the login role is a member of that, or the login role in its place;
-- otherwise null. A view is locked by its owner only.
WITH RECURSIVE up(oid, level) AS (
    -- The table and its ancestors, of either kind.
    SELECT $1::oid, 0
    UNION
    SELECT h.inhparent, up.level + 1 FROM up JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.oid
), kin(oid) AS (
    -- The table, and the partitioned tables it is a part of.
    SELECT $1::oid UNION SELECT relid FROM pg_catalog.pg_partition_ancestors($1)
), chain(oid, depth) AS (
    -- The table, and the materialized views over it as in matviews.sql.
    SELECT $1::oid, 0
    UNION
    SELECT c.oid, chain.depth + 1
    FROM chain
    JOIN pg_catalog.pg_class r ON r.oid = chain.oid
    JOIN pg_catalog.pg_type y ON y.oid = r.reltype
    CROSS JOIN LATERAL (VALUES ('pg_catalog.pg_class'::regclass::oid, r.oid),
                               ('pg_catalog.pg_type'::regclass::oid, y.oid),
                               ('pg_catalog.pg_type'::regclass::oid, y.typarray)) AS named(classid, objid)
    JOIN pg_catalog.pg_depend d ON d.refclassid = named.classid AND d.refobjid = named.objid
         AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
    JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'm' AND c.oid <> chain.oid
), deepest(oid, depth) AS (
    SELECT oid, max(depth) FROM chain GROUP BY oid
), named(oid) AS (
    SELECT oid FROM deepest
    UNION
    SELECT k.confrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = $1
    UNION
    SELECT unnest(ARRAY[k.conrelid, k.confrelid])
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND (k.confrelid IN (SELECT oid FROM kin) OR $2 AND k.conrelid IN (SELECT oid FROM kin))
    UNION
    -- ATTACH and DETACH change what the default partition beside it may hold.
    SELECT p.partdefid
    FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = h.inhparent
    WHERE h.inhrelid = $1 AND p.partdefid <> 0
    UNION
    SELECT g.tgrelid FROM pg_catalog.pg_trigger g WHERE g.tgconstrrelid = $1 AND NOT g.tgisinternal
    UNION
    SELECT r.ev_class
    FROM deepest m
    JOIN pg_catalog.pg_class t ON t.oid = m.oid
    JOIN pg_catalog.pg_type y ON y.oid = t.reltype
    CROSS JOIN LATERAL (VALUES ('pg_catalog.pg_class'::regclass::oid, m.oid),
                               ('pg_catalog.pg_type'::regclass::oid, y.oid),
                               ('pg_catalog.pg_type'::regclass::oid, y.typarray)) AS named(classid, objid)
    JOIN pg_catalog.pg_depend d ON d.refclassid = named.classid AND d.refobjid = named.objid
         AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass OR r.rulename = '_RETURN'
    UNION
    SELECT p.polrelid
    FROM deepest m
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = m.oid
         AND d.classid = 'pg_catalog.pg_policy'::regclass
    JOIN pg_catalog.pg_policy p ON p.oid = d.objid
), all_of_them(oid, level) AS (
    SELECT oid, 0 FROM named
    UNION
    SELECT h.inhparent, 0 FROM pg_catalog.pg_inherits h WHERE h.inhrelid = $1
    UNION
    SELECT h.inhrelid, 0 FROM pg_catalog.pg_inherits h WHERE h.inhparent = $1
    UNION
    -- A foreign key to or from a partitioned table is one on each partition.
    SELECT t.relid, t.level FROM named, pg_catalog.pg_partition_tree(named.oid) t WHERE t.level > 0
)
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       CASE WHEN c.relkind <> 'v'
                 AND pg_catalog.has_table_privilege(session_user, c.oid, 'UPDATE,DELETE,TRUNCATE')
                 AND pg_catalog.has_schema_privilege(session_user, c.relnamespace, 'USAGE')
                 AND NOT (pg_catalog.has_table_privilege(c.relowner, c.oid, 'UPDATE,DELETE,TRUNCATE')
                          AND pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'USAGE'))
            THEN session_user::text
            WHEN pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER')
            THEN pg_catalog.pg_get_userbyid(c.relowner)::text END AS role,
       -- Who writes to it holds its lock when he comes to the table's.
       u.level IS NOT NULL OR c.relkind = 'v' AND pg_catalog.pg_relation_is_updatable(c.oid, true) & 28 <> 0 AS writes_through,
       -- Who comes to it by way of the table holds the table's lock.
       EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = $1 AND h.inhrelid = c.oid) AS below
FROM (SELECT oid, max(level) AS level FROM all_of_them GROUP BY oid) a
LEFT JOIN deepest m ON m.oid = a.oid
JOIN pg_catalog.pg_class c ON c.oid = a.oid
LEFT JOIN (SELECT oid, max(level) AS level FROM up GROUP BY oid) u ON u.oid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- LOCK TABLE does not take foreign tables; a partition may be one.
WHERE c.oid <> $1 AND c.relkind <> 'f'
ORDER BY c.relkind <> 'v', c.relkind <> 'm', m.depth DESC, u.level DESC NULLS LAST, a.level, n.nspname, c.relname
