-- Views that name the table's row type inside an expression, but have no column of it.
-- table: vr.items
-- setup
CREATE SCHEMA vr AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vr.items (id integer PRIMARY KEY, v text);
INSERT INTO vr.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM vr.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vr.populated AS SELECT (jsonb_populate_record(NULL::vr.items, '{"v": "x"}')).v AS v, r.id FROM jsonb_populate_recordset(NULL::vr.items, '[{"id": 1}, {"id": 2}]') r;
CREATE VIEW vr.cast_row AS SELECT (ROW(id, v || '!')::vr.items).v AS v FROM vr.items;
CREATE VIEW vr.cast_array AS SELECT cardinality('{}'::vr.items[]) AS n;
RESET ROLE;
-- workload
DELETE FROM vr.items WHERE id % 21 = 0;
-- probe
CREATE TABLE vr.seen AS SELECT p.*, c.v AS cast_v FROM vr.populated p, vr.cast_row c;
