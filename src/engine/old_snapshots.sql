-- Transactions in this database whose snapshot may be older than a mark.
-- $1 the relations that are locked; $2 our own backends; $3 transactions open at the mark, $4 the next transaction ID
-- then; $5 and $6 the same for sessions that wait for a lock on one of them.
-- Every role may see these columns of every session; only what is said in words may be missing.
SELECT v.virtualxid::text, a.pid, coalesce(a.usename::text, 'an unknown role'),
       to_char(a.xact_start, 'HH24:MI:SS TZ')
FROM pg_catalog.pg_locks v
JOIN pg_catalog.pg_stat_activity a ON a.pid = v.pid
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks w
                   WHERE w.pid = v.pid AND NOT w.granted AND w.locktype = 'relation' AND w.relation = ANY ($1)
                     -- $7: readers were not kept waiting before the mark.
                     AND NOT ($7 AND w.mode IN ('AccessShareLock', 'RowShareLock'))) AS waits) x
WHERE v.locktype = 'virtualxid' AND v.granted AND v.mode = 'ExclusiveLock'
  AND a.datname = pg_catalog.current_database()
  AND a.pid <> ALL ($2)
  -- Autovacuum workers have no user; neither they nor VACUUM read the table for anybody.
  AND a.usesysid IS NOT NULL
  AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum p WHERE p.pid = a.pid)
  -- Other runs of repackd read only their own tables, but for those that fill materialized views.
  AND NOT (a.usename = session_user AND a.application_name ~ '^repackd [0-9]+( [a-z]+)?$'
           AND a.application_name !~ ' reads$')
  AND CASE
        WHEN x.waits THEN v.virtualxid = ANY ($5)
        ELSE v.virtualxid = ANY ($3) END
  AND CASE
        -- No snapshot now. In READ COMMITTED the next statement takes a new one; a REPEATABLE READ
        -- transaction keeps showing its own.
        WHEN a.backend_xmin IS NULL THEN false
        ELSE pg_catalog.age(a.backend_xmin)
             > pg_catalog.age((CASE WHEN x.waits THEN $6 ELSE $4 END)::pg_catalog.xid8::pg_catalog.xid) END
ORDER BY v.virtualxid
