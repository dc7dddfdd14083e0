-- A leaf beside foreign tables, one of them the default partition; they cannot be locked, nor read here.
-- table: pb.low
-- as: postgres
-- setup
CREATE SCHEMA pb AUTHORIZATION shape_owner;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE TABLE pb.items (id integer, v text) PARTITION BY RANGE (id);
CREATE TABLE pb.low PARTITION OF pb.items (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (100000);
CREATE FOREIGN TABLE pb.high PARTITION OF pb.items FOR VALUES FROM (100000) TO (200000) SERVER nowhere;
CREATE FOREIGN TABLE pb.rest PARTITION OF pb.items DEFAULT SERVER nowhere;
INSERT INTO pb.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM pb.items WHERE id % 3 <> 0 AND id BETWEEN 0 AND 2900;
-- workload
INSERT INTO pb.items VALUES (10001, 'new');
DELETE FROM pb.low WHERE id % 21 = 0;
-- probe
INSERT INTO pb.items VALUES (20001, 'probe');
