-- What a table is, so that one that was set aside is tried again when somebody has changed it.
-- $1 OIDs of tables. Anything that a repack looks at when it refuses: the table, its columns, indexes,
-- constraints and triggers, its file, and whatever depends on it.
SELECT c.oid,
       md5(concat_ws('|', c.oid, c.relfilenode, c.relowner, c.relkind, c.relpersistence, c.relrowsecurity,
           c.relforcerowsecurity, c.relreplident, c.relispartition, c.reloptions, c.relam, c.reltablespace,
           (SELECT string_agg(concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attisdropped,
                                        a.attgenerated, a.attidentity, a.attcollation), ';' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
           (SELECT string_agg(concat_ws(',', i.indexrelid, i.indisvalid, i.indisready, i.indisunique, i.indisprimary), ';'
                              ORDER BY i.indexrelid)
            FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
           (SELECT string_agg(concat_ws(',', o.oid, o.convalidated), ';' ORDER BY o.oid)
            FROM pg_catalog.pg_constraint o WHERE c.oid IN (o.conrelid, o.confrelid)),
           (SELECT string_agg(concat_ws(',', t.oid, t.tgenabled), ';' ORDER BY t.oid)
            FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT starts_with(t.tgname, 'repackd_')),
           (SELECT string_agg(DISTINCT concat_ws(',', d.classid, d.objid), ';' ORDER BY concat_ws(',', d.classid, d.objid))
            FROM pg_catalog.pg_depend d
            WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.oid = d.objid AND starts_with(t.tgname, 'repackd_'))),
           (SELECT string_agg(concat_ws(',', d.classid, d.objid), ';' ORDER BY d.classid, d.objid)
            FROM pg_catalog.pg_depend d
            WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = c.reltype)))
FROM pg_catalog.pg_class c
WHERE c.oid = ANY ($1)
