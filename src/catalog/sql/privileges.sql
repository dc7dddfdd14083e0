-- What the login role and the table's owner lack. $1 OID of the table.
SELECT
    pg_catalog.pg_has_role(c.relowner, 'MEMBER') AS is_owner,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS create_database,
    pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'USAGE') AS owner_schema_usage,
    pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS owner_schema_create,
    pg_catalog.has_table_privilege(c.relowner, c.oid, 'SELECT') AS owner_select,
    pg_catalog.has_table_privilege(c.relowner, c.oid, 'TRIGGER') AS owner_trigger,
    pg_catalog.has_table_privilege(c.relowner, c.oid, 'UPDATE,DELETE,TRUNCATE') AS owner_write,
    ARRAY(SELECT DISTINCT t.spcname::text
          FROM pg_catalog.pg_class r JOIN pg_catalog.pg_tablespace t ON t.oid = r.reltablespace
          WHERE (r.oid = $1 OR r.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = $1))
            AND NOT pg_catalog.has_tablespace_privilege(c.relowner, t.oid, 'CREATE')) AS tablespaces,
    -- Roles whose part in the table's privileges or statistics can only be rebuilt as themselves.
    ARRAY(SELECT DISTINCT pg_catalog.pg_get_userbyid(g.role)::text
          FROM (SELECT e.grantor AS role FROM pg_catalog.aclexplode(c.relacl) e
                UNION ALL
                SELECT e.grantor FROM pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) e WHERE t.attrelid = $1
                UNION ALL
                SELECT e.grantor FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_class q ON q.oid = d.objid AND q.relkind = 'S', pg_catalog.aclexplode(q.relacl) e
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = d.classid
                  AND d.refobjid = $1 AND d.deptype = 'i'
                UNION ALL
                SELECT s.stxowner FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = $1) g
          WHERE NOT pg_catalog.pg_has_role(g.role, 'MEMBER')) AS foreign_roles,
    -- How old the oldest transaction and multixact IDs of the table may be before autovacuum comes to
    -- prevent their wraparound ("Routine Vacuuming", PostgreSQL manual 25.1.5), and how old they are.
    (SELECT max(pg_catalog.age(r.relfrozenxid)) FROM pg_catalog.pg_class r WHERE r.oid IN (c.oid, c.reltoastrelid))::int8 AS xid_age,
    least(pg_catalog.current_setting('autovacuum_freeze_max_age')::int8,
          (SELECT substring(o FROM '=(.*)')::int8 FROM unnest(c.reloptions) o WHERE o LIKE 'autovacuum_freeze_max_age=%')) AS xid_limit,
    (SELECT max(pg_catalog.mxid_age(r.relminmxid)) FROM pg_catalog.pg_class r WHERE r.oid IN (c.oid, c.reltoastrelid))::int8 AS multixact_age,
    least(pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int8,
          (SELECT substring(o FROM '=(.*)')::int8 FROM unnest(c.reloptions) o WHERE o LIKE 'autovacuum_multixact_freeze_max_age=%')) AS multixact_limit,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) AS login_is_superuser,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = c.relowner) AS owner_is_superuser,
    (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE oid = c.relowner) AS owner_bypasses_rls,
    session_user::text AS login,
    pg_catalog.current_database()::text AS database
FROM pg_catalog.pg_class c
WHERE c.oid = $1
