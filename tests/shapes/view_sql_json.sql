-- Views with the SQL/JSON constructs of PostgreSQL 16 and 17.
-- table: vq.docs
-- min: 17
-- setup
CREATE SCHEMA vq AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vq.docs (id integer PRIMARY KEY, j jsonb, t text);
INSERT INTO vq.docs SELECT i, jsonb_build_object('a', i, 'items', jsonb_build_array(jsonb_build_object('n', i % 3, 'x', 'x' || i), 5)), '[' || i || ']' FROM generate_series(1, 2000) i;
DELETE FROM vq.docs WHERE id % 3 <> 0 AND id < 1980;
CREATE VIEW vq.tabled AS SELECT d.id, jt.* FROM vq.docs d, JSON_TABLE(d.j, '$' AS root PASSING d.id AS "lim it" COLUMNS (nr FOR ORDINALITY, a integer PATH '$.a' DEFAULT 7 ON EMPTY, has boolean EXISTS PATH '$.items', NESTED PATH '$.items[*]' AS nest COLUMNS (n integer PATH '$.n' NULL ON ERROR, x text FORMAT JSON PATH '$.x' KEEP QUOTES))) jt;
CREATE VIEW vq.queried AS SELECT id, JSON_VALUE(j, '$.a ? (@ > $low)' PASSING 10 AS low RETURNING integer DEFAULT -1 ON EMPTY) AS v, JSON_QUERY(j, 'lax $.items[*].n' WITH CONDITIONAL WRAPPER) AS q, JSON_EXISTS(j, 'strict $.none' FALSE ON ERROR) AS e, t IS JSON ARRAY WITH UNIQUE KEYS AS is_json, JSON_SCALAR(id) AS s, JSON(t) AS p FROM vq.docs;
CREATE VIEW vq.built AS SELECT id % 5 AS g, JSON_ARRAYAGG(id ORDER BY id NULL ON NULL RETURNING jsonb) AS ids, JSON_OBJECTAGG((id::text) VALUE t ABSENT ON NULL WITH UNIQUE KEYS RETURNING jsonb) AS o, JSON_OBJECT('g' VALUE id % 5, 'n' : count(*) RETURNING text) AS ob, JSON_ARRAY(1, 'x' NULL ON NULL) AS arr FROM vq.docs GROUP BY id % 5;
RESET ROLE;
-- workload
UPDATE vq.docs SET j = j || '{"a": 3}' WHERE id % 9 = 0;
DELETE FROM vq.docs WHERE id % 33 = 0;
INSERT INTO vq.docs VALUES (5001, '{}', '[]');
-- probe
CREATE TABLE vq.seen_1 AS SELECT * FROM vq.tabled;
CREATE TABLE vq.seen_2 AS SELECT * FROM vq.queried;
CREATE TABLE vq.seen_3 AS SELECT * FROM vq.built;
