-- The table's place in inheritance and partitioning. $1 OID of the table. One row, one JSON object.
-- Parents are in the order of inheritance, which pg_dump shows.
SELECT json_build_object(
    'parents', (SELECT coalesce(json_agg(json_build_object(
                    'name', json_build_object('schema', n.nspname, 'name', p.relname),
                    'owner', pg_catalog.pg_get_userbyid(p.relowner)) ORDER BY h.inhseqno), '[]')
                FROM pg_catalog.pg_inherits h
                JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
                JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
                WHERE h.inhrelid = $1),
    'children', (SELECT coalesce(json_agg(json_build_object(
                    'name', json_build_object('schema', n.nspname, 'name', p.relname),
                    'owner', pg_catalog.pg_get_userbyid(p.relowner)) ORDER BY n.nspname, p.relname), '[]')
                FROM pg_catalog.pg_inherits h
                JOIN pg_catalog.pg_class p ON p.oid = h.inhrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
                WHERE h.inhparent = $1),
    'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    'constraint', pg_catalog.pg_get_partition_constraintdef(c.oid))::text
FROM pg_catalog.pg_class c
WHERE c.oid = $1
