-- Relations that the exchange locks besides the table, in the order in which they are locked: views
-- before what they read, materialized views likewise, and partitioned tables before their partitions,
-- as whoever uses them does; then by name. $1 OID of the table. 'role' may lock it: its owner, if the
-- login role is a member of that; otherwise null.
WITH RECURSIVE chain(oid, depth) AS (
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
    SELECT CASE WHEN k.conrelid = $1 THEN k.confrelid ELSE k.conrelid END
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid = $1)
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
    -- A foreign key to or from a partitioned table is one on each partition.
    SELECT t.relid, t.level FROM named, pg_catalog.pg_partition_tree(named.oid) t WHERE t.level > 0
)
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       CASE WHEN pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER')
            THEN pg_catalog.pg_get_userbyid(c.relowner)::text END AS role,
       -- Who writes to it holds its lock when he comes to the table's.
       c.relkind = 'v' AND pg_catalog.pg_relation_is_updatable(c.oid, true) & 28 <> 0 AS writes_through
FROM all_of_them a
LEFT JOIN deepest m ON m.oid = a.oid
JOIN pg_catalog.pg_class c ON c.oid = a.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid <> $1
ORDER BY c.relkind <> 'v', c.relkind <> 'm', m.depth DESC, a.level, n.nspname, c.relname
