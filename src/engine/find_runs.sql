-- Runs of repackd in this database. $1 the OID of one table, or NULL for all.
-- 'problem' says why a schema of that name does not hold a usable run: only a plain table with the
-- expected columns, without rules, policies or triggers, owned like its schema, is a journal; and
-- the key log and the record of chunks, which status reads, are looked at in the same way.
SELECT substring(n.nspname FROM 9)::int8 AS oid,
       pg_catalog.pg_get_userbyid(n.nspowner)::text AS owner,
       CASE
           WHEN j.oid IS NULL THEN 'it has no journal'
           WHEN j.relkind <> 'r' OR j.relrowsecurity OR j.relhasrules OR j.relhastriggers
                OR j.relhassubclass OR j.relispartition THEN 'its journal is not a plain table'
           WHEN j.relowner <> n.nspowner THEN 'its journal has another owner than its schema'
           -- Unless the table was given away during the run: then our trigger is on it.
           WHEN t.oid IS NOT NULL AND t.relowner <> n.nspowner
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
                                WHERE g.tgrelid = t.oid AND g.tgname = n.nspname || '_row' AND p.pronamespace = n.oid)
               THEN 'it has another owner than the table'
           WHEN (SELECT string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute a WHERE a.attrelid = j.oid AND a.attnum > 0)
                <> 'version integer, table_oid oid, shadow_oid oid, owner text, phase text, state text, started timestamp with time zone, updated timestamp with time zone'
               THEN 'its journal has other columns'
           WHEN EXISTS (SELECT FROM pg_catalog.pg_class l
                        WHERE l.relnamespace = n.oid AND l.relname = 'log'
                          AND (l.relkind <> 'r' OR l.relrowsecurity OR l.relhasrules OR l.relhastriggers
                               OR l.relhassubclass OR l.relispartition OR l.relowner <> n.nspowner))
               THEN 'its key log is not a plain table'
           WHEN EXISTS (SELECT FROM pg_catalog.pg_class l
                        WHERE l.relnamespace = n.oid AND l.relname = 'chunk'
                          AND (l.relkind <> 'r' OR l.relrowsecurity OR l.relhasrules OR l.relhastriggers
                               OR l.relhassubclass OR l.relispartition OR l.relowner <> n.nspowner
                               OR (SELECT string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                                   FROM pg_catalog.pg_attribute a WHERE a.attrelid = l.oid AND a.attnum > 0)
                                  <> 'first bigint, past bigint, rows bigint'))
               THEN 'its record of chunks is not a plain table'
       END AS problem
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class j ON j.relnamespace = n.oid AND j.relname = 'journal'
LEFT JOIN pg_catalog.pg_class t ON t.oid::int8 = substring(n.nspname FROM 9)::int8
WHERE n.nspname ~ '^repackd_[1-9][0-9]{0,9}$'
  AND ($1 IS NULL OR n.nspname = 'repackd_' || $1::text)
ORDER BY 1
