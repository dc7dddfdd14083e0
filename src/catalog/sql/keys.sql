-- Unique indexes that could serve as the key, best first: the primary key, then the narrowest. But the key's
-- is built first, and ATTACH PARTITION takes the older of equal ones: before all those that are equal to no
-- other which belongs to an older index of the parent.
-- $1 OID of the table. One row for each usable index, with one entry per key column in each array.
-- Uniqueness is what the index's operator class and collation say, so equality and collation are
-- the index's, not the column's. 'less' is empty where DISTINCT means the same equality.
-- The equality operator is that of the index's operator class; for an index that is not a btree
-- (WITHOUT OVERLAPS, 18) that of the type's default btree operator class.
SELECT c.relname AS index,
       i.indisprimary AS primary,
       m.amname = 'btree' AS btree,
       array_agg(a.attname::text ORDER BY k.ord) AS columns,
       array_agg(pg_catalog.format_type(b.base, -1) ORDER BY k.ord) AS types,
       array_agg(CASE WHEN k.coll <> 0
                      THEN pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
                      ELSE '' END ORDER BY k.ord) AS collations,
       array_agg('OPERATOR(' || pg_catalog.quote_ident(opn.nspname) || '.' || op.oprname || ')'
                 ORDER BY k.ord) AS equality,
       array_agg(CASE WHEN op.oid IS DISTINCT FROM eq.oid
                      THEN 'OPERATOR(' || pg_catalog.quote_ident(ltn.nspname) || '.' || lt.oprname || ')'
                      ELSE '' END ORDER BY k.ord) AS less
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
     WITH ORDINALITY AS k(attnum, opclass, coll, ord)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
LEFT JOIN pg_catalog.pg_collation co ON co.oid = k.coll
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
-- A domain over a domain ends at its base type.
CROSS JOIN LATERAL (
    WITH RECURSIVE base(typ, parent) AS (
        SELECT y.oid, y.typbasetype FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid
        UNION ALL
        SELECT y.oid, y.typbasetype FROM base JOIN pg_catalog.pg_type y ON y.oid = base.parent)
    SELECT typ AS base FROM base WHERE parent = 0) b
CROSS JOIN LATERAL (
    SELECT oc.opcfamily, oc.opcintype, oc.opcdefault, am.amname
    FROM pg_catalog.pg_opclass oc JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod
    WHERE (m.amname = 'btree' AND oc.oid = k.opclass)
       OR (m.amname <> 'btree' AND am.amname = 'btree' AND oc.opcdefault
           AND (oc.opcintype = b.base
                OR oc.opcintype = 'pg_catalog.anyrange'::regtype
                   AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = b.base AND t.typtype = 'r')
                OR oc.opcintype = 'pg_catalog.anymultirange'::regtype
                   AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = b.base AND t.typtype = 'm')
                OR oc.opcintype = 'pg_catalog.anyenum'::regtype
                   AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = b.base AND t.typtype = 'e')))) f
JOIN pg_catalog.pg_amop ao ON ao.amopfamily = f.opcfamily AND ao.amopstrategy = 3
     AND ao.amoplefttype = f.opcintype AND ao.amoprighttype = f.opcintype
JOIN pg_catalog.pg_operator op ON op.oid = ao.amopopr
JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace
JOIN pg_catalog.pg_amop al ON al.amopfamily = f.opcfamily AND al.amopstrategy = 1
     AND al.amoplefttype = f.opcintype AND al.amoprighttype = f.opcintype
JOIN pg_catalog.pg_operator lt ON lt.oid = al.amopopr
JOIN pg_catalog.pg_namespace ltn ON ltn.oid = lt.oprnamespace
-- Equality in the type's default operator class, which is what DISTINCT means by it.
LEFT JOIN LATERAL (
    SELECT q.amopopr AS oid
    FROM pg_catalog.pg_opclass d JOIN pg_catalog.pg_am dm ON dm.oid = d.opcmethod AND dm.amname = 'btree'
    JOIN pg_catalog.pg_amop q ON q.amopfamily = d.opcfamily AND q.amopstrategy = 3
         AND q.amoplefttype = d.opcintype AND q.amoprighttype = d.opcintype
    WHERE d.opcdefault AND d.opcintype = f.opcintype) eq ON true
WHERE i.indrelid = $1 AND k.ord <= i.indnkeyatts
  AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive
  AND i.indpred IS NULL AND i.indexprs IS NULL
  AND (i.indimmediate OR i.indisprimary)
  AND NOT EXISTS (
      SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(attnum, ord)
      LEFT JOIN pg_catalog.pg_attribute n ON n.attrelid = i.indrelid AND n.attnum = u.attnum
      WHERE u.ord <= i.indnkeyatts
        AND (u.attnum <= 0 OR NOT n.attnotnull OR n.attgenerated = 'v'
             OR EXISTS (SELECT FROM pg_catalog.pg_constraint v
                        WHERE v.conrelid = i.indrelid AND v.contype = 'n'
                          AND v.conkey[1] = u.attnum AND NOT v.convalidated)))
GROUP BY i.indexrelid, c.relname, i.indisprimary, i.indnkeyatts, m.amname
HAVING count(*) = i.indnkeyatts
ORDER BY (SELECT count(*)
          FROM pg_catalog.pg_index me
          LEFT JOIN pg_catalog.pg_inherits mh ON mh.inhrelid = me.indexrelid
          JOIN pg_catalog.pg_index e ON e.indrelid = me.indrelid AND e.indexrelid <> me.indexrelid
               AND e.indisunique AND e.indpred IS NULL AND e.indnkeyatts = me.indnkeyatts
               AND e.indkey::text = me.indkey::text AND e.indcollation::text = me.indcollation::text
               AND e.indclass::text = me.indclass::text
          JOIN pg_catalog.pg_inherits eh ON eh.inhrelid = e.indexrelid
          WHERE me.indexrelid = i.indexrelid AND (mh.inhparent IS NULL OR eh.inhparent < mh.inhparent)),
         i.indisprimary DESC, i.indnkeyatts, c.relname
