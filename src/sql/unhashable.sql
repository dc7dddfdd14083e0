-- Columns whose type has no extended hash function of its own, or is built from other types.
-- $1 OID of the table.
WITH RECURSIVE base(attname, typ, parent) AS (
    SELECT a.attname, y.oid, y.typbasetype
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.attname, y.oid, y.typbasetype
    FROM base b JOIN pg_catalog.pg_type y ON y.oid = b.parent)
SELECT b.attname::text
FROM base b JOIN pg_catalog.pg_type y ON y.oid = b.typ
WHERE b.parent = 0
  AND NOT (y.typtype = 'e'
           OR y.typtype = 'b' AND y.typelem = 0 AND EXISTS (
               SELECT FROM pg_catalog.pg_opclass o
               JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname = 'hash'
               JOIN pg_catalog.pg_amproc p ON p.amprocfamily = o.opcfamily AND p.amprocnum = 2
                    AND p.amproclefttype = o.opcintype
               WHERE o.opcdefault
                 AND (o.opcintype = y.oid
                      OR o.opcintype = 'pg_catalog.text'::regtype AND y.oid = 'pg_catalog.varchar'::regtype)))
