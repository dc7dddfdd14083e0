-- The materialized views that name the table themselves, or its row type, and those that name one
-- of these: each after what it names. $1 OID of the table. One row each.
-- Views in between do not count: they keep their OID, and what is above them notices nothing.
-- 'mark' changes with every REFRESH: also that with CONCURRENTLY writes the row in pg_class anew.
WITH RECURSIVE chain(oid, depth) AS (
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
), deepest AS (
    SELECT oid, max(depth) AS depth FROM chain WHERE depth > 0 GROUP BY oid
)
SELECT c.oid, c.xmin::text AS mark, c.relispopulated AS populated,
       pg_catalog.pg_get_viewdef(c.oid) AS definition,
       pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'USAGE')
           AND pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS able
FROM deepest
JOIN pg_catalog.pg_class c ON c.oid = deepest.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY deepest.depth, n.nspname, c.relname
