-- What the roles concerned would lack when the things that hang on the table are taken off it and
-- put on the new one: one reason in words each, with the statement that helps. $1 OID of the table.
-- Run as the login role. Each thing is made anew by its own owner, or, if that has not got the rights
-- any more, by the login role, if it has them.
WITH me AS (
    SELECT c.oid, c.relowner, c.relnamespace, pg_catalog.quote_ident(n.nspname) AS schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = $1
), acting(role, what, creates_in, uses) AS (
    -- Whatever has to be done as its own owner, who may be another than the table's; the schema it
    -- creates in, and the one it has to look into.
    SELECT v.relowner,
           CASE WHEN r.rulename = '_RETURN' THEN 'view ' ELSE 'rule ' || pg_catalog.quote_ident(r.rulename) || ' of ' END
           || v.oid::regclass::text,
           CASE WHEN r.rulename = '_RETURN' THEN v.relnamespace END, me.relnamespace
    FROM me, pg_catalog.pg_depend d
    JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
    WHERE (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1
           OR d.refclassid = 'pg_catalog.pg_type'::regclass AND r.rulename = '_RETURN'
              AND d.refobjid IN (SELECT unnest(ARRAY[y.oid, y.typarray]) FROM pg_catalog.pg_type y WHERE y.typrelid = $1))
      AND v.oid <> $1
    UNION
    SELECT c.relowner, 'policy ' || pg_catalog.quote_ident(p.polname) || ' of ' || c.oid::regclass::text, NULL, me.relnamespace
    FROM me, pg_catalog.pg_depend d
    JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid
    JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1 AND c.oid <> $1
    UNION
    SELECT f.proowner, 'function ' || f.oid::regprocedure::text, f.pronamespace, me.relnamespace
    FROM me, pg_catalog.pg_depend d
    JOIN pg_catalog.pg_proc f ON d.classid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.objid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1 AND f.prosqlbody IS NOT NULL
    UNION
    SELECT c.relowner, 'trigger ' || pg_catalog.quote_ident(g.tgname) || ' of ' || c.oid::regclass::text, NULL, NULL
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    WHERE g.tgconstrrelid = $1 AND g.tgrelid <> $1 AND NOT g.tgisinternal
    UNION
    SELECT c.relowner, 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of ' || c.oid::regclass::text, NULL, NULL
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = $1
), named AS (
    SELECT a.*, pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.role)) AS name FROM acting a
)
SELECT 'its ' || what || ' can only be carried over by a member of ' || name || ': GRANT ' || name
       || ' TO ' || pg_catalog.quote_ident(session_user)
FROM named WHERE NOT pg_catalog.pg_has_role(session_user, role, 'MEMBER')
UNION
SELECT 'the owner of its ' || what || ' may not use schema ' || pg_catalog.quote_ident(n.nspname)
       || ': GRANT USAGE ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || name
FROM named JOIN pg_catalog.pg_namespace n ON n.oid IN (uses, creates_in)
WHERE NOT pg_catalog.has_schema_privilege(role, n.oid, 'USAGE')
  AND NOT (pg_catalog.pg_has_role(session_user, role, 'USAGE')
           AND pg_catalog.has_schema_privilege(session_user, n.oid, 'USAGE'))
UNION
SELECT 'the owner of its ' || what || ' may not create in schema ' || pg_catalog.quote_ident(n.nspname)
       || ': GRANT CREATE ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' TO ' || name
FROM named JOIN pg_catalog.pg_namespace n ON n.oid = creates_in
WHERE NOT pg_catalog.has_schema_privilege(role, n.oid, 'CREATE')
  AND NOT (pg_catalog.pg_has_role(session_user, role, 'USAGE')
           AND pg_catalog.has_schema_privilege(session_user, n.oid, 'CREATE'))
UNION
SELECT 'publication ' || pg_catalog.quote_ident(b.pubname) || ' can only be carried over by a role that has the rights of '
       || pg_catalog.quote_ident(o.rolname) || ': GRANT ' || pg_catalog.quote_ident(o.rolname) || ' TO ' || pg_catalog.quote_ident(session_user)
FROM me, pg_catalog.pg_publication_rel r
JOIN pg_catalog.pg_publication b ON b.oid = r.prpubid
JOIN pg_catalog.pg_roles o ON o.oid = b.pubowner
WHERE r.prrelid = $1
  AND NOT (pg_catalog.pg_has_role(session_user, b.pubowner, 'USAGE') AND pg_catalog.pg_has_role(session_user, me.relowner, 'USAGE'))
UNION
-- REFERENCES is looked at when a foreign key is added, and may have been revoked since.
SELECT 'the owner of ' || c.oid::regclass::text || ' may not refer to ' || p.oid::regclass::text || ' any more (foreign key '
       || pg_catalog.quote_ident(k.conname) || '): GRANT REFERENCES ON ' || p.oid::regclass::text || ' TO '
       || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) || ', and USAGE on its schema'
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid = $1)
  AND (EXISTS (SELECT FROM unnest(k.confkey) AS u(attnum)
               WHERE NOT pg_catalog.has_column_privilege(c.relowner, p.oid, u.attnum, 'REFERENCES'))
       OR EXISTS (SELECT FROM unnest(k.conkey) AS u(attnum)
                  WHERE NOT pg_catalog.has_column_privilege(c.relowner, c.oid, u.attnum, 'REFERENCES'))
       OR NOT pg_catalog.has_schema_privilege(c.relowner, p.relnamespace, 'USAGE'))
  -- A role that has the rights of both owners can do it in their place.
  AND NOT (pg_catalog.pg_has_role(session_user, c.relowner, 'USAGE') AND pg_catalog.pg_has_role(session_user, p.relowner, 'USAGE')
           AND pg_catalog.has_schema_privilege(session_user, p.relnamespace, 'USAGE')
           AND pg_catalog.has_schema_privilege(session_user, c.relnamespace, 'USAGE'))
UNION
SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' of ' || c.oid::regclass::text
       || ' could not be validated again, because row security is forced on its owner: ALTER ROLE ' || o.name
       || ' BYPASSRLS, or connect as a role that has that and the rights of ' || o.name
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN (SELECT r.oid, r.rolsuper OR r.rolbypassrls AS sees, pg_catalog.quote_ident(r.rolname) AS name FROM pg_catalog.pg_roles r) o
    ON o.oid = c.relowner
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = $1 OR k.confrelid = $1) AND k.convalidated AND NOT o.sees
  AND (c.relrowsecurity AND c.relforcerowsecurity
       OR p.relrowsecurity AND p.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, p.relowner, 'USAGE'))
  AND NOT (pg_catalog.pg_has_role(session_user, c.relowner, 'USAGE')
           AND (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))
UNION
SELECT 'the owner of ' || c.oid::regclass::text || ' may not make its trigger ' || pg_catalog.quote_ident(t.tgname)
       || ' any more: GRANT EXECUTE ON FUNCTION ' || f.oid::regprocedure::text || ' TO '
       || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) || ', and USAGE on its schema'
       || CASE WHEN t.tgconstrrelid <> 0 THEN ', and TRIGGER ON ' || t.tgconstrrelid::regclass::text ELSE '' END
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
LEFT JOIN pg_catalog.pg_class p ON p.oid = t.tgconstrrelid
CROSS JOIN LATERAL (VALUES (c.relowner), (session_user::regrole::oid)) AS r(role)
WHERE (t.tgrelid = $1 OR t.tgconstrrelid = $1) AND NOT t.tgisinternal AND t.tgparentid = 0
  AND t.tgname NOT IN ('repackd_' || $1::text || '_row', 'repackd_' || $1::text || '_truncate')
GROUP BY c.oid, t.oid, f.oid, p.oid
-- Neither the owner nor the login role in its place.
HAVING NOT bool_or(pg_catalog.has_function_privilege(r.role, f.oid, 'EXECUTE')
                   AND pg_catalog.has_schema_privilege(r.role, f.pronamespace, 'USAGE')
                   AND pg_catalog.has_table_privilege(r.role, c.oid, 'TRIGGER')
                   AND (t.tgconstrrelid = 0
                        OR pg_catalog.has_table_privilege(r.role, t.tgconstrrelid, 'TRIGGER')
                           AND pg_catalog.has_schema_privilege(r.role, p.relnamespace, 'USAGE')))
ORDER BY 1
