-- What a materialized view depends on, as texts that can be compared with those of its copy.
-- $1 its OID; $2 the relations that are exchanged: either the ones there are, or their copies. These
-- are called by their names, which both have in common, everything else by what it is.
SELECT coalesce(array_agg(DISTINCT d.deptype::text || ' ' || CASE
    WHEN c.relname IS NOT NULL THEN 'exchanged ' || c.relname || coalesce('.' || a.attname, '')
    WHEN kc.relname IS NOT NULL THEN 'constraint ' || k.conname || ' of exchanged ' || kc.relname
    WHEN yc.relname IS NOT NULL THEN 'row type of exchanged ' || yc.relname
    WHEN ec.relname IS NOT NULL THEN 'array type of exchanged ' || ec.relname
    ELSE coalesce(pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), 'something')
         || ' ' || d.refobjid END), '{}') AS reads
FROM pg_catalog.pg_rewrite w
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
LEFT JOIN pg_catalog.pg_class c ON d.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = d.refobjid AND c.oid = ANY ($2)
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND d.refobjsubid <> 0
LEFT JOIN pg_catalog.pg_constraint k ON d.refclassid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.refobjid AND k.conrelid = ANY ($2)
LEFT JOIN pg_catalog.pg_class kc ON kc.oid = k.conrelid
LEFT JOIN pg_catalog.pg_type y ON d.refclassid = 'pg_catalog.pg_type'::regclass AND y.oid = d.refobjid
LEFT JOIN pg_catalog.pg_class yc ON yc.oid = y.typrelid AND yc.oid = ANY ($2)
LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem
LEFT JOIN pg_catalog.pg_class ec ON ec.oid = e.typrelid AND ec.oid = ANY ($2)
WHERE w.ev_class = $1 AND w.rulename = '_RETURN'
