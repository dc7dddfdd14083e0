-- What the throttle looks at. $1 OID of the shadow, $2 name of the key log, $3 server processes of
-- ours. One row:
--   lag_s     the most seconds any standby lags in replaying; an idle one that has caught up has none
--   active    clients' sessions that are at work
--   wal       position in WAL, in bytes
--   extra     bytes of the shadow, its indexes and TOAST, and of the key log
--   retained  bytes of WAL that the replication slot furthest behind keeps
SELECT (SELECT extract(epoch FROM max(r.replay_lag))::float8 FROM pg_catalog.pg_stat_replication r) AS lag_s,
       (SELECT count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.state = 'active' AND a.backend_type = 'client backend' AND a.pid <> ALL ($3)) AS active,
       (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::int8 AS wal,
       coalesce(pg_catalog.pg_total_relation_size($1), 0)
       + coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass($2)), 0) AS extra,
       (SELECT coalesce(max(pg_catalog.pg_current_wal_lsn() - s.restart_lsn), 0)::int8
        FROM pg_catalog.pg_replication_slots s) AS retained
