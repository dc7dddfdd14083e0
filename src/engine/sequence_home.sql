-- A sequence that was taken from a table, that table, and the column it belongs to there.
-- $1 OID of the sequence, $2 OID of the table, $3 name of the column when it was taken, $4 the run's owner.
-- One row, if the sequence is there. Columns may have been renamed since: the one whose default reads the
-- sequence is the one, else the one of that name; NULL if neither is there any more.
-- 'reads': whether it is one whose default reads it. 'of_the_run': whether the sequence is the run's owner's.
-- All of $1 to $3 is from the journal, into which that owner may write what he likes.
SELECT sn.nspname::text AS sequence_schema, s.relname::text AS sequence_name,
       tn.nspname::text AS table_schema, t.relname::text AS table_name, r.rolname::text AS table_owner,
       s.relowner = t.relowner AS same_owner, c.name AS column_name,
       coalesce(c.reads, false) AS reads, pg_catalog.pg_get_userbyid(s.relowner) = $4 AS of_the_run
FROM pg_catalog.pg_class s
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.oid = $2
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_roles r ON r.oid = t.relowner
LEFT JOIN LATERAL (
    SELECT a.attname::text AS name, d.reads
    FROM pg_catalog.pg_attribute a
    LEFT JOIN LATERAL (
        SELECT true AS reads
        FROM pg_catalog.pg_attrdef e
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = e.oid
            AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = s.oid
        WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
        LIMIT 1) d ON true
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND (d.reads OR a.attname = $3)
    ORDER BY d.reads NULLS LAST, a.attname = $3 DESC
    LIMIT 1) c ON true
WHERE s.oid = $1
