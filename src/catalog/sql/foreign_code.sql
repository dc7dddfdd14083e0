-- Functions that are not PostgreSQL's own and that writing a row of the table would run: in
-- generated columns, checks, index expressions and predicates, and checks of domains.
-- $1 OID of the table. Column defaults are not run by repackd, which copies values.
SELECT DISTINCT f.oid::regprocedure::text
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_proc f ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.refobjid
WHERE (d.classid, d.objid) IN (
        SELECT 'pg_catalog.pg_attrdef'::regclass::oid, a.oid FROM pg_catalog.pg_attrdef a
        JOIN pg_catalog.pg_attribute t ON t.attrelid = a.adrelid AND t.attnum = a.adnum
        WHERE a.adrelid = $1 AND t.attgenerated <> ''
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = $1
           OR k.contypid IN (SELECT t.atttypid FROM pg_catalog.pg_attribute t WHERE t.attrelid = $1)
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, i.indexrelid FROM pg_catalog.pg_index i
        WHERE i.indrelid = $1)
  AND f.pronamespace <> 'pg_catalog'::regnamespace
ORDER BY 1
