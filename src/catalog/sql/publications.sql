-- The publications that name the table. $1 OID of the table. One row, one JSON array.
-- For PostgreSQL 15 and later, which know column lists and row filters.
SELECT coalesce(json_agg(json_build_object(
    'name', b.pubname,
    'owner', pg_catalog.pg_get_userbyid(b.pubowner),
    'columns', (SELECT json_agg(a.attname ORDER BY a.attnum)
                FROM unnest(r.prattrs::int2[]) AS u(attnum)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = u.attnum),
    'filter', pg_catalog.pg_get_expr(r.prqual, r.prrelid)
    ) ORDER BY b.pubname), '[]')::text
FROM pg_catalog.pg_publication_rel r
JOIN pg_catalog.pg_publication b ON b.oid = r.prpubid
WHERE r.prrelid = $1
