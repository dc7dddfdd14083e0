-- Extended statistics: every kind, expressions, targets, comments; some owned by another role than the table, one in another schema.
-- table: st.facts
-- as: postgres
-- setup
CREATE SCHEMA st AUTHORIZATION shape_owner;
CREATE SCHEMA st_other AUTHORIZATION shape_owner;
CREATE TABLE st.facts (id integer PRIMARY KEY, a integer, b integer, gone integer, c text, d text, e timestamp);
ALTER TABLE st.facts DROP COLUMN gone;
ALTER TABLE st.facts OWNER TO shape_owner;
CREATE STATISTICS st.facts_all ON a, b, c FROM st.facts;
CREATE STATISTICS st.facts_nd (ndistinct) ON c, a FROM st.facts;
CREATE STATISTICS st.facts_dep (dependencies) ON b, a FROM st.facts;
CREATE STATISTICS st.facts_mcv (mcv, dependencies) ON a, d FROM st.facts;
CREATE STATISTICS st.facts_expr ON (lower(c)) FROM st.facts;
CREATE STATISTICS st.facts_exprs (ndistinct, mcv) ON a, (b % 10), date_trunc('day', e), (c || d) FROM st.facts;
CREATE STATISTICS st_other."Elsewhere ""x""" ON b, c FROM st.facts;
ALTER STATISTICS st.facts_all OWNER TO shape_owner;
ALTER STATISTICS st.facts_nd OWNER TO shape_owner;
ALTER STATISTICS st.facts_dep OWNER TO shape_owner;
ALTER STATISTICS st.facts_expr OWNER TO shape_owner;
ALTER STATISTICS st_other."Elsewhere ""x""" OWNER TO shape_owner;
ALTER STATISTICS st.facts_all SET STATISTICS 321;
ALTER STATISTICS st.facts_expr SET STATISTICS 0;
COMMENT ON STATISTICS st.facts_all IS 'all of ''them''';
COMMENT ON STATISTICS st_other."Elsewhere ""x""" IS 'elsewhere';
INSERT INTO st.facts SELECT i, i % 10, i % 100, 'c' || i % 20, 'd' || i % 5, timestamp '2020-01-01' + i * interval '1 hour' FROM generate_series(1, 6000) i;
DELETE FROM st.facts WHERE id % 3 <> 0 AND id < 5980;
ANALYZE st.facts;
-- workload
UPDATE st.facts SET a = 3, id = id + 10000 WHERE id % 30 = 0;
DELETE FROM st.facts WHERE id % 33 = 0;
INSERT INTO st.facts (id, a) SELECT i, i % 3 FROM generate_series(20001, 20100) i;
-- probe
ANALYZE st.facts;
INSERT INTO st.facts (id) VALUES (30001);
ALTER STATISTICS st.facts_mcv RENAME TO facts_mcv2;
DROP STATISTICS st.facts_dep;
