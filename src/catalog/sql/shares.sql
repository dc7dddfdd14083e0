-- What the partitions of a partitioned table have of a foreign key of it and is not valid yet, for those
-- whose owner the login role is a member of. $1 schema, $2 table, $3 foreign key. One row each.
-- 'validates': as in foreign_keys.sql.
WITH RECURSIVE share(oid, conrelid, level) AS (
    SELECT k.oid, k.conrelid, 0
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND n.nspname = $1::text AND c.relname = $2::text AND k.conname = $3::text
    UNION ALL
    -- Those with the same table belong to partitions of the other side.
    SELECT q.oid, q.conrelid, share.level + 1
    FROM share JOIN pg_catalog.pg_constraint q ON q.conparentid = share.oid AND q.conrelid <> share.conrelid
)
SELECT n.nspname::text, c.relname::text, k.conname::text, pg_catalog.pg_get_userbyid(c.relowner)::text,
       o.rolsuper OR o.rolbypassrls
           OR NOT (c.relrowsecurity AND c.relforcerowsecurity)
              AND NOT (p.relrowsecurity AND p.relforcerowsecurity
                       AND pg_catalog.pg_has_role(c.relowner, p.relowner, 'USAGE')) AS validates
FROM share
JOIN pg_catalog.pg_constraint k ON k.oid = share.oid AND NOT k.convalidated
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
WHERE share.level > 0 AND pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER')
ORDER BY 1, 2
