-- What ATTACH PARTITION would read under lock for so long that the cutover would not fit its budget.
-- $1 OID of the table; $2 its heap's expected size after the repack, in bytes; $3 how much may be read.
-- In words, one row each.
WITH leaf AS (
    SELECT h.inhparent, p.partdefid, p.partstrat, p.partcollation::oid[] AS collations, $3::int8 AS bound
    FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = h.inhparent
    WHERE h.inhrelid = $1
), default_size AS (
    SELECT sum(pg_catalog.pg_relation_size(t.relid)) AS size
    FROM leaf, pg_catalog.pg_partition_tree(leaf.partdefid) t WHERE t.isleaf AND leaf.partdefid NOT IN (0, $1)
)
SELECT 'the default partition ' || partdefid::regclass::text || ' beside it holds ' || pg_catalog.pg_size_pretty(size)
       || ', which ATTACH PARTITION would look through under lock for rows that belong here: move its rows into partitions of their own, or detach it while the other is repacked'
FROM leaf, default_size
WHERE size > bound
UNION
SELECT 'its foreign key' || CASE WHEN k.n > 1 THEN 's ' ELSE ' ' END || k.names || CASE WHEN k.n > 1 THEN ' are' ELSE ' is' END
       || ' that of its parent, for which ATTACH PARTITION would look through ' || pg_catalog.pg_size_pretty($2::int8)
       || ' of it under lock: drop that of the parent while this is repacked, or upgrade to PostgreSQL 18, where it can be added again without a look'
FROM leaf, LATERAL (
    SELECT count(*) AS n, string_agg(pg_catalog.quote_ident(k.conname), ', ' ORDER BY k.conname) AS names
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_constraint kp ON kp.oid = k.conparentid AND kp.conrelid <> $1
    WHERE k.contype = 'f' AND k.conrelid = $1 AND k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
      AND kp.confrelid = k.confrelid
      -- One to an ancestor is taken off and put on again as a whole.
      AND k.confrelid NOT IN (SELECT relid FROM pg_catalog.pg_partition_ancestors($1))) k
WHERE k.n * $2::int8 > bound
  -- Later ones can be added again without a look at the rows: then they are.
  AND pg_catalog.current_setting('server_version_num')::int < 180000
UNION
-- The condition on a hash of a column with a collation is never found to be implied by a CHECK.
SELECT 'it is a partition by hash of a column with a collation, so ATTACH PARTITION would look through '
       || pg_catalog.pg_size_pretty($2::int8) || ' of it under lock'
FROM leaf
WHERE $2::int8 > bound
  AND EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors($1) a
              JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = a.relid
              WHERE p.partstrat = 'h' AND p.partcollation::oid[] <> array_fill(0::oid, ARRAY[p.partnatts::int], ARRAY[0]))
ORDER BY 1
