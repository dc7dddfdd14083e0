-- Views of every sort of query over the table: joins, CTEs, recursion, lateral, windows, sets, GROUP BY the key, DISTINCT ON, aliases.
-- table: vj.emp
-- setup
CREATE SCHEMA vj AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vj.dept (id integer PRIMARY KEY, name text, budget numeric);
CREATE TABLE vj.emp (id integer PRIMARY KEY, name text, dept integer, boss integer, pay numeric(10,2), since date, tags text[], about jsonb);
CREATE TABLE vj.extra (id integer, note text, dept integer);
INSERT INTO vj.dept SELECT i, 'dept ' || i, i * 1000 FROM generate_series(0, 9) i;
INSERT INTO vj.emp SELECT i, 'e' || i, i % 10, NULLIF(i / 3, 0), i % 37, date '2020-01-01' + i % 400, ARRAY['t' || i % 3, 'u' || i % 4], jsonb_build_object('k', i % 5) FROM generate_series(1, 1500) i;
DELETE FROM vj.emp WHERE id % 3 <> 0 AND id > 500 AND id < 1490;
INSERT INTO vj.extra SELECT i, 'note ' || i, i % 4 FROM generate_series(1, 100) i;
CREATE FUNCTION vj.plus(a numeric, b integer DEFAULT 5) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE OPERATOR vj.+% (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = vj.plus);
CREATE VIEW vj.joins AS SELECT e.id, e.name, d.name AS dept_name, x.note, b.name AS boss FROM vj.emp e FULL JOIN vj.extra x USING (id) LEFT JOIN vj.dept d ON d.id = e.dept LEFT JOIN (vj.emp b CROSS JOIN (VALUES (1)) one (n)) ON b.id = e.boss;
CREATE VIEW vj.natural_join AS SELECT * FROM vj.emp NATURAL JOIN vj.extra;
CREATE VIEW vj.using_alias AS SELECT j.id, j.dept, e.name FROM vj.emp e JOIN vj.extra USING (id, dept) AS j;
CREATE VIEW vj.ctes AS WITH emp AS MATERIALIZED (SELECT * FROM vj.emp WHERE pay > 10), low AS NOT MATERIALIZED (SELECT id FROM emp WHERE pay < 30) SELECT emp.id, emp.pay FROM emp JOIN low USING (id);
CREATE RECURSIVE VIEW vj.tree (id, name, depth) AS SELECT id, name, 0 FROM vj.emp WHERE boss IS NULL UNION ALL SELECT e.id, e.name, tree.depth + 1 FROM vj.emp e JOIN tree ON e.boss = tree.id;
CREATE VIEW vj.search AS WITH RECURSIVE t AS (SELECT id, boss FROM vj.emp WHERE boss IS NULL UNION ALL SELECT e.id, e.boss FROM vj.emp e JOIN t ON e.boss = t.id) SEARCH DEPTH FIRST BY id SET ordering CYCLE id SET is_cycle USING path SELECT id, is_cycle FROM t;
CREATE VIEW vj.laterals AS SELECT d.id, top.name, u.tag, u.nr FROM vj.dept d LEFT JOIN LATERAL (SELECT e.name, e.tags FROM vj.emp e WHERE e.dept = d.id ORDER BY e.pay DESC, e.id LIMIT 2) top ON true, LATERAL unnest(top.tags) WITH ORDINALITY u (tag, nr);
CREATE VIEW vj.windows AS SELECT id, rank() OVER w, sum(pay) OVER (PARTITION BY dept ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS near, lag(name, 2, 'none') OVER w AS before FROM vj.emp WINDOW w AS (PARTITION BY dept ORDER BY pay, id);
CREATE VIEW vj.sets (a, b) AS (SELECT id, name FROM vj.emp WHERE id < 50 UNION SELECT id, note FROM vj.extra EXCEPT ALL SELECT id, name FROM vj.emp WHERE id % 2 = 0) INTERSECT (SELECT id, name FROM vj.emp UNION ALL SELECT * FROM (VALUES (1, 'one'), (-1, 'none')) v);
CREATE VIEW vj.by_key AS SELECT e.id, e.name, e.pay + max(x.id) AS m FROM vj.emp e JOIN vj.extra x ON x.dept = e.dept GROUP BY e.id;
CREATE VIEW vj.grouping_sets AS SELECT dept, boss % 2 AS odd, grouping(dept, boss % 2) AS g, sum(pay), count(*) FILTER (WHERE pay > 20), percentile_cont(0.5) WITHIN GROUP (ORDER BY pay) AS median, string_agg(DISTINCT about ->> 'k', ',' ORDER BY about ->> 'k') AS ks FROM vj.emp GROUP BY GROUPING SETS ((dept), CUBE (dept, (boss % 2))) HAVING count(*) > 1;
CREATE VIEW vj.distinct_on AS SELECT DISTINCT ON (dept) dept, name, pay FROM vj.emp ORDER BY dept, pay DESC NULLS LAST, id OFFSET 1 FETCH FIRST 5 ROWS WITH TIES;
CREATE VIEW vj.aliases (one, "Two", "th""ree") AS SELECT x.c1, x.c2, x.name FROM vj.emp AS x (c1, name, "c2", c4);
CREATE VIEW vj.subqueries AS SELECT id, (SELECT count(*) FROM vj.emp i WHERE i.boss = o.id) AS under, pay > ALL (SELECT e.pay FROM vj.emp e WHERE e.boss = o.id) AS best, ARRAY(SELECT i.id FROM vj.emp i WHERE i.boss = o.id ORDER BY 1) AS ids, (dept, boss) IN (SELECT x.dept, x.id FROM vj.extra x) AS pair, ROW(dept, boss) < ROW(3, 100) AS less FROM vj.emp o WHERE EXISTS (SELECT FROM vj.extra x WHERE x.id = o.id);
CREATE VIEW vj.expressions AS SELECT id, CASE dept WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE COALESCE(name, 'none') END AS c, CASE WHEN pay BETWEEN 3 AND 5 THEN 1 WHEN name LIKE 'e1%' ESCAPE '!' THEN 2 END AS d, NULLIF(pay, 3), GREATEST(id, boss, 7), extract(year FROM since), substring(name FROM 2 FOR 2) AS s, trim(BOTH 'e' FROM name) AS tr, overlay(name PLACING 'X' FROM 1), position('1' IN name) AS pos, since::timestamp AT TIME ZONE 'Europe/Berlin' AS at, interval '1 day 2 hours' * id AS iv, tags[1], tags[1:2] AS slice, about -> 'k' AS k, (about ->> 'k')::integer::numeric(10,1) AS num, name COLLATE "C" AS coll, name SIMILAR TO 'e(1|2)%' AS sim, pay IS DISTINCT FROM 3 AS dis, NOT dept = ANY ('{1,2}') AS nt, -id AS neg, - 5 AS negconst, 1e10 AS big, B'101' AS bits, '\x00ff'::bytea AS bytes, 'it''s \ "q"' AS q, E'a\nb' AS nl, current_date - since > -1 AS cd, pay OPERATOR(vj.+%) 3 AS plus, vj.plus(pay) AS plus5, vj.plus(b => 7, a => pay) AS named, symmetric_between FROM (SELECT *, id BETWEEN SYMMETRIC 9 AND 2 AS symmetric_between FROM vj.emp) e;
CREATE VIEW vj.system_columns AS SELECT ctid, xmin, tableoid::regclass AS of_table FROM vj.emp;
CREATE VIEW vj.sampled AS SELECT id FROM vj.emp TABLESAMPLE BERNOULLI (10) REPEATABLE (7);
CREATE VIEW vj.locked AS SELECT e.id FROM vj.emp e JOIN vj.dept d ON d.id = e.dept FOR UPDATE OF e SKIP LOCKED;
CREATE VIEW vj.only_it AS SELECT id FROM ONLY vj.emp;
CREATE VIEW vj.functions AS SELECT a, b, c FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['x', 'y']), json_to_record('{"z": 1}') AS (z integer)) AS r (a, b, c) WHERE a IN (SELECT id FROM vj.emp);
CREATE VIEW vj.same_names AS SELECT emp.id FROM vj.emp, vj.emp emp_1, (SELECT 1 AS id) emp_2 WHERE emp.boss = emp_1.id AND emp_2.id = emp.id;
ALTER TABLE vj.extra RENAME COLUMN note TO remark;
ALTER TABLE vj.emp RENAME COLUMN tags TO labels;
ALTER TABLE vj.emp ADD COLUMN note text DEFAULT 'added';
ALTER TABLE vj.extra ADD COLUMN pay integer;
RESET ROLE;
-- workload
UPDATE vj.emp SET pay = pay + 1 WHERE id % 3 = 0;
DELETE FROM vj.emp WHERE id > 600 AND id % 7 = 0;
INSERT INTO vj.emp (id, name, dept, boss, pay) VALUES (5001, 'new', 3, 1, 500), (5002, NULL, 3, 5001, NULL);
-- probe
INSERT INTO vj.emp (id, name, dept, boss, pay) VALUES (6001, 'probe', 4, 5001, 600);
DO $$
DECLARE
    v text;
BEGIN
    FOREACH v IN ARRAY ARRAY['joins', 'natural_join', 'using_alias', 'ctes', 'tree', 'search', 'laterals', 'windows', 'sets', 'by_key', 'grouping_sets', 'distinct_on', 'aliases', 'subqueries', 'only_it', 'functions', 'same_names'] LOOP
        EXECUTE format('CREATE TABLE vj.%I AS SELECT * FROM vj.%I', 'seen_' || v, v);
    END LOOP;
    PERFORM * FROM vj.expressions;
    PERFORM * FROM vj.locked;
    PERFORM * FROM vj.sampled;
    ASSERT (SELECT bool_and(of_table = 'vj.emp'::regclass) FROM vj.system_columns), 'tableoid';
    BEGIN
        ALTER TABLE vj.emp DROP CONSTRAINT emp_pkey;
        RAISE EXCEPTION 'GROUP BY does not hold the key';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
END $$;
CREATE TABLE vj.seen_expressions AS SELECT id, c, d, s, tr, slice, k, num, coll, sim, nt, plus, plus5, named, symmetric_between FROM vj.expressions;
