-- The publications that name the table. $1 OID of the table. One row, one JSON array.
-- For PostgreSQL 14, where a publication has all columns and rows.
SELECT coalesce(json_agg(json_build_object(
    'name', b.pubname,
    'owner', pg_catalog.pg_get_userbyid(b.pubowner)
    ) ORDER BY b.pubname), '[]')::text
FROM pg_catalog.pg_publication_rel r
JOIN pg_catalog.pg_publication b ON b.oid = r.prpubid
WHERE r.prrelid = $1
