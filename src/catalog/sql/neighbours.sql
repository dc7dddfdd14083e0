-- Relations that the exchange locks besides the table, in the order in which they are locked: views
-- before what they read and partitioned tables before their partitions, as whoever uses them does;
-- then by name. $1 OID of the table. 'role' may lock it: its owner, if the login role is a member of
-- that; otherwise null.
WITH named(oid) AS (
    SELECT CASE WHEN k.conrelid = $1 THEN k.confrelid ELSE k.conrelid END
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid = $1)
    UNION
    SELECT g.tgrelid FROM pg_catalog.pg_trigger g WHERE g.tgconstrrelid = $1 AND NOT g.tgisinternal
    UNION
    SELECT r.ev_class
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1
       OR d.refclassid = 'pg_catalog.pg_type'::regclass AND r.rulename = '_RETURN'
          AND d.refobjid IN (SELECT unnest(ARRAY[y.oid, y.typarray]) FROM pg_catalog.pg_type y WHERE y.typrelid = $1)
    UNION
    SELECT p.polrelid
    FROM pg_catalog.pg_policy p
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = p.oid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1
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
JOIN pg_catalog.pg_class c ON c.oid = a.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid <> $1
ORDER BY c.relkind <> 'v', a.level, n.nspname, c.relname
