-- Everything that hangs on the table, is not plainly a part of it and cannot be carried over, in
-- words. $1 OID of the table, or of a materialized view over it; $2 names of triggers to leave out (repackd's
-- own); $3 whether foreign keys of its parent are taken off. One row each.
-- First the parts are collected (indexes, constraints, defaults, row type, own sequences, ...);
-- whatever else refers to one of them, of whatever kind, is listed unless another query of this
-- directory finds it as something to carry over: nothing is ignored.
WITH RECURSIVE kin(oid) AS (
    -- The table, and the partitioned tables it is a part of.
    SELECT $1::oid UNION SELECT relid FROM pg_catalog.pg_partition_ancestors($1)
), remade(oid, root) AS (
    -- The foreign keys that are taken off and added again, and what partitions of either side have of them.
    SELECT k.oid, k.oid FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND (k.conrelid = $1 OR k.confrelid IN (SELECT oid FROM kin) OR $3 AND k.conrelid IN (SELECT oid FROM kin))
    UNION ALL
    SELECT q.oid, r.root FROM remade r JOIN pg_catalog.pg_constraint q ON q.conparentid = r.oid
), labelled(oid) AS (
    -- Views with the table's OID in their rows, and whatever reads one of those.
    SELECT v.oid
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
    JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
    WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjid = $1 AND d.refobjsubid = -6
    UNION
    SELECT w.ev_class
    FROM labelled
    JOIN pg_catalog.pg_class v ON v.oid = labelled.oid AND v.relkind = 'v'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass
         AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = v.oid
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
), part(classid, objid) AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid, $1::oid
    UNION
    SELECT d.classid, d.objid
    FROM part p
    JOIN pg_catalog.pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
    LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
    WHERE (c.relkind = 'i' AND (i.indrelid = $1 OR i.indrelid = p.objid))
       OR (c.relkind = 't' AND d.deptype = 'i')
       OR (c.relkind = 'S' AND d.deptype IN ('a', 'i') AND p.objid = $1)
       OR (k.conrelid = $1 AND k.contype IN ('c', 'n', 'p', 'u', 'x'))
       -- The internal trigger of a deferrable unique constraint, or our own capture.
       OR (g.tgrelid = $1 AND (g.tgisinternal AND d.deptype = 'i' OR g.tgname = ANY ($2::text[])))
       OR (w.ev_class = $1 AND w.rulename = '_RETURN')
       OR (d.classid = 'pg_catalog.pg_attrdef'::regclass
           AND EXISTS (SELECT FROM pg_catalog.pg_attrdef a WHERE a.oid = d.objid AND a.adrelid = $1))
       OR (d.classid = 'pg_catalog.pg_statistic_ext'::regclass
           AND EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.oid = d.objid AND s.stxrelid = $1))
       OR (d.classid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'i'
           AND EXISTS (SELECT FROM pg_catalog.pg_type y
                       WHERE y.oid = d.objid AND (y.typrelid = p.objid OR y.typelem = p.objid)))
), outside AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid
    FROM part p
    JOIN pg_catalog.pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
    LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_catalog.pg_constraint kp ON kp.oid = k.conparentid
    LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_catalog.pg_constraint gk ON gk.oid = g.tgconstraint
    LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
    LEFT JOIN pg_catalog.pg_proc f ON d.classid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.objid
    WHERE NOT EXISTS (SELECT FROM part q WHERE q.classid = d.classid AND q.objid = d.objid)
      -- Carried over: foreign keys, each also where a partition of the other table has its own.
      -- And those that it has a part in because it is a partition.
      AND (k.contype = 'f' AND (k.conparentid = 0 OR kp.conrelid IN (SELECT oid FROM kin)
                                OR kp.confrelid IN (SELECT oid FROM kin))) IS NOT TRUE
      -- And children: they are carried over, or listed below.
      AND NOT (d.classid = 'pg_catalog.pg_class'::regclass
               AND d.objid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = $1)
               -- That a column of a child has its row type is another matter.
               AND d.objsubid = 0 AND p.classid = 'pg_catalog.pg_class'::regclass AND p.objid = $1)
      -- And what names the table itself, or the constraint that makes a query with GROUP BY depend
      -- on its key.
      AND ((p.classid = 'pg_catalog.pg_class'::regclass AND p.objid = $1
                OR p.classid = 'pg_catalog.pg_constraint'::regclass)
               AND (k.contype = 't'
                    OR (g.tgrelid = $1 OR g.tgconstrrelid = $1) AND (NOT g.tgisinternal OR g.tgparentid <> 0 AND coalesce(gk.contype, 't') = 't')
                    -- The triggers of a foreign key, which is looked at itself.
                    OR g.tgrelid = $1 AND g.tgisinternal AND gk.contype = 'f'
                    OR w.oid IS NOT NULL
                    OR f.prosqlbody IS NOT NULL
                    OR d.classid IN ('pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_publication_rel'::regclass))) IS NOT TRUE
      -- A view may also cast to the row type; were a column of it of that type, that is listed too.
      AND (p.classid = 'pg_catalog.pg_type'::regclass AND w.rulename = '_RETURN') IS NOT TRUE
      -- A serial's sequence is kept, with its OID: what else uses it does not notice.
      AND NOT (p.classid = 'pg_catalog.pg_class'::regclass AND p.objid IN (
          SELECT s.objid FROM pg_catalog.pg_depend s JOIN pg_catalog.pg_class c ON c.oid = s.objid
          WHERE s.classid = 'pg_catalog.pg_class'::regclass AND c.relkind = 'S'
            AND s.refclassid = 'pg_catalog.pg_class'::regclass AND s.refobjid = $1 AND s.deptype = 'a'))
)
SELECT CASE
    WHEN k.contype = 'f' AND k.conrelid = $1 THEN 'its foreign key ' || pg_catalog.quote_ident(k.conname)
        || ' to ' || k.confrelid::regclass::text
    WHEN k.contype = 'f' THEN 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of table '
        || k.conrelid::regclass::text
    WHEN v.relkind = 'v' THEN 'view ' || v.oid::regclass::text
    WHEN y.typtype = 'd' THEN 'domain ' || y.oid::regtype::text
    ELSE coalesce(pg_catalog.pg_describe_object(o.classid, o.objid, o.objsubid),
                  'an object of an unknown kind') END
FROM outside o
LEFT JOIN pg_catalog.pg_constraint k ON o.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = o.objid
LEFT JOIN pg_catalog.pg_type y ON o.classid = 'pg_catalog.pg_type'::regclass AND y.oid = o.objid
LEFT JOIN pg_catalog.pg_rewrite w ON o.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = o.objid
LEFT JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND w.rulename = '_RETURN'
UNION
SELECT 'extension ' || pg_catalog.quote_ident(e.extname) || ', of which '
       || pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
       || CASE d.deptype WHEN 'e' THEN ' is a part' ELSE ' depends' END
FROM part p
JOIN pg_catalog.pg_depend d ON d.classid = p.classid AND d.objid = p.objid AND d.deptype IN ('e', 'x')
JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.oid = d.refobjid
UNION
SELECT 'a security label on ' || pg_catalog.pg_describe_object(l.classoid, l.objoid, l.objsubid)
FROM part p JOIN pg_catalog.pg_seclabel l ON l.classoid = p.classid AND l.objoid = p.objid
WHERE l.classoid <> 'pg_catalog.pg_class'::regclass
UNION
SELECT 'publication ' || pg_catalog.quote_ident(b.pubname) || ' (for all tables)'
FROM pg_catalog.pg_publication b WHERE b.puballtables
UNION
-- ALTER TABLE ... ADD FOREIGN KEY ... NOT VALID is not to be had on a partitioned table before 18.
SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of the partitioned table ' || k.conrelid::regclass::text
       || ', which PostgreSQL before 18 can only add again with a scan under lock'
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid AND c.relkind = 'p'
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (SELECT oid FROM kin)
  AND pg_catalog.current_setting('server_version_num')::int < 180000
UNION
SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of table ' || k.conrelid::regclass::text
       || ', of which a trigger on ' || g.tgrelid::regclass::text || ' is '
       || CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'enabled always' ELSE 'enabled for replicas only' END
FROM (SELECT oid, root FROM remade
      UNION SELECT i.oid, i.oid FROM pg_catalog.pg_constraint i WHERE i.contype = 'f' AND i.conrelid = $1) r
JOIN pg_catalog.pg_constraint k ON k.oid = r.root
JOIN pg_catalog.pg_trigger g ON g.tgconstraint = r.oid
WHERE g.tgisinternal AND g.tgenabled <> 'O'
UNION
-- Added again it is as little valid there, or all of it is looked at under lock.
SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of table ' || k.conrelid::regclass::text
       || ', which is not valid though its part on ' || q.conrelid::regclass::text || ' is (ALTER TABLE ' || k.conrelid::regclass::text
       || ' VALIDATE CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' first)'
FROM remade r
JOIN pg_catalog.pg_constraint k ON k.oid = r.root AND NOT k.convalidated
JOIN pg_catalog.pg_constraint q ON q.oid = r.oid AND q.convalidated AND q.conrelid <> k.conrelid
UNION
-- Made again it is the same on every partition.
SELECT 'trigger ' || pg_catalog.quote_ident(g.tgname) || ' on ' || g.tgrelid::regclass::text
       || ', which differs from that of the partitioned table in name, comment or being enabled'
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_trigger gp ON gp.oid = g.tgparentid
JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint AND k.contype = 't'
WHERE g.tgconstrrelid = $1 AND g.tgrelid <> $1
  AND (g.tgname <> gp.tgname OR g.tgenabled <> gp.tgenabled
       OR pg_catalog.obj_description(g.oid, 'pg_trigger') IS NOT NULL
       OR pg_catalog.obj_description(k.oid, 'pg_constraint') IS NOT NULL)
UNION
-- The shadow has no policies before the exchange: what is built from it would hold every row.
SELECT 'materialized view ' || v.oid::regclass::text || ', whose owner sees it through its row security policies'
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.oid
     AND d.classid = 'pg_catalog.pg_rewrite'::regclass
JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind = 'm' AND v.oid <> t.oid
JOIN pg_catalog.pg_roles o ON o.oid = v.relowner
WHERE t.oid = $1 AND t.relrowsecurity AND NOT o.rolsuper AND NOT o.rolbypassrls
  AND (t.relforcerowsecurity OR NOT pg_catalog.pg_has_role(v.relowner, t.relowner, 'USAGE'))
UNION
-- The shadow has no children before the exchange: what is built from it would not hold their rows.
SELECT 'materialized view ' || v.oid::regclass::text || ', which may read the rows of its child tables too'
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind = 'm'
WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1
  AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = $1)
UNION
-- Its rows are filled from the shadow, which is called otherwise then, or go on naming the old table.
SELECT 'materialized view ' || v.oid::regclass::text || ', which holds its tableoid'
FROM labelled JOIN pg_catalog.pg_class v ON v.oid = labelled.oid AND v.relkind = 'm'
UNION
SELECT 'extension ' || pg_catalog.quote_ident(e.extname) || ', on which '
       || pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends'
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.oid = d.refobjid
LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
LEFT JOIN pg_catalog.pg_proc f ON d.classid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.objid AND f.prosqlbody IS NOT NULL
WHERE d.deptype = 'x'
  AND (g.tgrelid = $1
       OR EXISTS (SELECT FROM pg_catalog.pg_depend b
                  WHERE b.classid = 'pg_catalog.pg_proc'::regclass AND b.objid = f.oid
                    AND b.refclassid = 'pg_catalog.pg_class'::regclass AND b.refobjid = $1))
UNION
SELECT 'a subscription that fills the table' FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = $1
UNION
-- A child joins the new table after its other parents: their order is kept only if it was the last.
SELECT 'child table ' || h.inhrelid::regclass::text || ', which inherits from ' || o.inhparent::regclass::text || ' after it'
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_inherits o ON o.inhrelid = h.inhrelid AND o.inhseqno > h.inhseqno
WHERE h.inhparent = $1
UNION
-- LOCK TABLE does not lock foreign tables.
SELECT 'foreign table ' || c.oid::regclass::text || ' as its child'
FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relkind = 'f'
WHERE h.inhparent = $1
UNION
-- INHERIT and ATTACH PARTITION do not take a table whose constraint is not valid, even where the
-- parent's is not valid either.
SELECT 'the inherited constraint ' || pg_catalog.quote_ident(k.conname) || ' of ' || k.conrelid::regclass::text || ', which is not valid'
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'c' AND k.coninhcount > 0 AND NOT k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
  AND (k.conrelid = $1
       OR EXISTS (SELECT FROM pg_catalog.pg_inherits h
                  JOIN pg_catalog.pg_constraint o ON o.conrelid = h.inhparent AND o.contype = 'c' AND o.conname = k.conname
                  WHERE h.inhparent = $1 AND h.inhrelid = k.conrelid))
UNION
-- A parent that lost a column lost its check or NOT NULL with it, and the child's was left behind. The new
-- table would have it as its own, which a dump shows.
SELECT 'the inherited constraint ' || pg_catalog.quote_ident(k.conname) || ', which its parent has no longer (ALTER TABLE '
       || k.conrelid::regclass::text || ' ADD CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' '
       || pg_catalog.pg_get_constraintdef(k.oid) || ' makes it its own)'
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = $1 AND k.contype IN ('c', 'n') AND NOT k.conislocal
  AND k.coninhcount > (SELECT count(*) FROM pg_catalog.pg_inherits h
                       JOIN pg_catalog.pg_constraint o ON o.conrelid = h.inhparent AND o.contype = k.contype AND NOT o.connoinherit
                       LEFT JOIN pg_catalog.pg_attribute oa ON oa.attrelid = o.conrelid AND oa.attnum = o.conkey[1]
                       LEFT JOIN pg_catalog.pg_attribute ka ON ka.attrelid = k.conrelid AND ka.attnum = k.conkey[1]
                       WHERE h.inhrelid = k.conrelid
                         AND CASE k.contype WHEN 'c' THEN o.conname = k.conname ELSE oa.attname = ka.attname END)
UNION
-- Before 18, NO INHERIT looks for each check of the parent in the child, even for those that are none of the
-- child's business, and fails where one is its own.
SELECT 'constraint ' || pg_catalog.quote_ident(k.conname) || ' of ' || k.conrelid::regclass::text
       || ', which is called like one that ' || o.conrelid::regclass::text
       || ' has with NO INHERIT, so that PostgreSQL before 18 does not let the child leave (ALTER TABLE '
       || k.conrelid::regclass::text || ' RENAME CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' TO another name)'
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_constraint o ON o.conrelid = h.inhparent AND o.contype = 'c' AND o.connoinherit
JOIN pg_catalog.pg_constraint k ON k.conrelid = h.inhrelid AND k.contype = 'c' AND k.conname = o.conname
WHERE $1 IN (h.inhparent, h.inhrelid) AND pg_catalog.current_setting('server_version_num')::int < 180000
UNION
-- ATTACH PARTITION builds whatever index of its parent it finds no equal of.
SELECT 'no part in index ' || i.indexrelid::regclass::text || ' of its parent, which would have to be built under lock'
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_class p ON p.oid = h.inhparent AND p.relkind = 'p'
JOIN pg_catalog.pg_index i ON i.indrelid = p.oid
WHERE h.inhrelid = $1
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits x
                  JOIN pg_catalog.pg_index l ON l.indexrelid = x.inhrelid AND l.indrelid = $1
                  WHERE x.inhparent = i.indexrelid)
UNION
-- What adding a constraint to the parent takes for its part, ATTACH PARTITION does not from 17 on: it builds
-- another.
SELECT CASE k.contype WHEN 'p' THEN 'primary key ' ELSE 'unique constraint ' END || pg_catalog.quote_ident(k.conname)
       || ' as its part in ' || CASE kp.contype WHEN 'p' THEN 'primary key ' ELSE 'unique constraint ' END
       || pg_catalog.quote_ident(kp.conname) || ' of its parent, for which ATTACH PARTITION would build another index under lock'
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_constraint kp ON kp.oid = k.conparentid
WHERE k.conrelid = $1 AND k.contype IN ('p', 'u') AND kp.contype <> k.contype
  AND pg_catalog.current_setting('server_version_num')::int >= 170000
UNION
-- From 17 on ATTACH PARTITION gives a partition the identity columns of the whole, but not what is below it.
SELECT 'column ' || pg_catalog.quote_ident(a.attname) || ', which is an identity column of its parent only, and which ATTACH PARTITION would make one of it, too (DETACH PARTITION and ATTACH PARTITION do that)'
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_class p ON p.oid = h.inhparent AND p.relkind = 'p'
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attidentity <> '' AND NOT pa.attisdropped
JOIN pg_catalog.pg_attribute a ON a.attrelid = h.inhrelid AND a.attname = pa.attname AND a.attidentity = ''
WHERE h.inhrelid = $1 AND pg_catalog.current_setting('server_version_num')::int >= 170000
UNION
-- While one is pending, no other partition can be detached.
SELECT 'partition ' || o.inhrelid::regclass::text || ' of its parent, whose DETACH PARTITION CONCURRENTLY was not finished'
FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_inherits o ON o.inhparent = h.inhparent AND o.inhdetachpending
WHERE h.inhrelid = $1
UNION
-- PostgreSQL 14 lets one rename it; ATTACH PARTITION gives it the parent's name again.
SELECT 'trigger ' || pg_catalog.quote_ident(g.tgname) || ', which is called ' || pg_catalog.quote_ident(gp.tgname) || ' on its parent'
FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_trigger gp ON gp.oid = g.tgparentid
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
WHERE g.tgrelid = $1 AND g.tgname <> gp.tgname AND coalesce(k.contype, 't') = 't'
UNION
SELECT 'a comment or privileges on its row type' FROM pg_catalog.pg_type y
WHERE y.typrelid = $1
  AND (y.typacl IS NOT NULL OR pg_catalog.obj_description(y.oid, 'pg_type') IS NOT NULL)
UNION
SELECT 'its array type ' || y.oid::regtype::text || ', which was renamed'
FROM pg_catalog.pg_type r JOIN pg_catalog.pg_type y ON y.oid = r.typarray
WHERE r.typrelid = $1 AND y.typname <> ('_' || r.typname::text)::name
ORDER BY 1
