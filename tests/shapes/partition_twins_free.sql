-- A leaf with two equal keys, of which its parent has none.
-- table: tf.low
-- setup
CREATE SCHEMA tf AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tf.items (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE tf.low PARTITION OF tf.items FOR VALUES FROM (0) TO (100000);
ALTER TABLE tf.low ADD CONSTRAINT z_key PRIMARY KEY (id);
ALTER TABLE tf.low ADD CONSTRAINT a_key UNIQUE (id) DEFERRABLE;
INSERT INTO tf.items SELECT i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM tf.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
UPDATE tf.items SET id = id + 10000 WHERE id % 9 = 0;
-- probe
INSERT INTO tf.items VALUES (304, 0);
