-- Views that use whole rows of the table: row_to_json(t), count(t.*), comparisons, subqueries, with dropped columns.
-- table: vw.items
-- setup
CREATE SCHEMA vw AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vw.items (gone text, id integer PRIMARY KEY, gone_too integer, v text, n numeric);
ALTER TABLE vw.items DROP COLUMN gone, DROP COLUMN gone_too;
INSERT INTO vw.items SELECT i, 'v' || i, NULLIF(i, 9) FROM generate_series(1, 3000) i;
DELETE FROM vw.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vw.jsons AS SELECT id, row_to_json(t) AS j, to_jsonb(t.*) AS b FROM vw.items t;
CREATE VIEW vw.counts AS SELECT count(t), count(t.*) AS n, count(DISTINCT t) AS d, count(*) FILTER (WHERE t IS NOT NULL) AS nn, count(*) FILTER (WHERE NOT t.* IS NULL) AS some FROM vw.items t;
CREATE VIEW vw.texts AS SELECT t::text AS a, (t.*)::text AS b, (t).v AS c, ROW(t.*)::text AS d, md5((items.*)::text) AS e FROM vw.items t JOIN vw.items USING (id);
CREATE VIEW vw.compared AS SELECT a.id FROM vw.items a JOIN vw.items b ON a = b AND a.* IS NOT DISTINCT FROM b.* WHERE a <= b ORDER BY a;
CREATE VIEW vw.aggregated AS SELECT json_agg(t ORDER BY t.id) AS js, cardinality(array_agg(t)) AS n, max(t.id) AS m FROM vw.items t WHERE id < 100;
CREATE VIEW vw.nested AS SELECT (s.whole).v AS v, s.whole IS NULL AS nothing, (s.pair).f2 AS two FROM (SELECT t AS whole, ROW(t.id, 2) AS pair FROM vw.items t) s (whole, pair);
CREATE VIEW vw.outer_join AS SELECT i.n, row_to_json(t) AS j, t.id IS NULL AS missing FROM generate_series(1, 20) i (n) LEFT JOIN vw.items t ON t.id = i.n;
RESET ROLE;
-- workload
UPDATE vw.items SET v = v || '!' WHERE id % 9 = 0;
DELETE FROM vw.items WHERE id % 21 = 0;
INSERT INTO vw.items VALUES (10001, NULL, NULL);
-- probe
INSERT INTO vw.items VALUES (20001, 'probe', 1);
ALTER TABLE vw.items ADD COLUMN later text DEFAULT 'l';
CREATE TABLE vw.seen_jsons AS SELECT * FROM vw.jsons;
CREATE TABLE vw.seen_counts AS SELECT * FROM vw.counts;
CREATE TABLE vw.seen_texts AS SELECT * FROM vw.texts;
CREATE TABLE vw.seen_compared AS SELECT * FROM vw.compared;
CREATE TABLE vw.seen_aggregated AS SELECT * FROM vw.aggregated;
CREATE TABLE vw.seen_outer AS SELECT * FROM vw.outer_join;
CREATE TABLE vw.seen_nested AS SELECT v, nothing FROM vw.nested;
