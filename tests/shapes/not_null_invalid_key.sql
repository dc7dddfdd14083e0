-- The only NOT NULL on a unique index's column is NOT VALID; the primary key is the key, the index must come along.
-- table: nn.doubt
-- min: 18
-- setup
CREATE SCHEMA nn AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE nn.doubt (u integer, id integer, v text);
CREATE UNIQUE INDEX a_first ON nn.doubt (u);
ALTER TABLE nn.doubt ADD PRIMARY KEY (id);
INSERT INTO nn.doubt SELECT NULLIF(i, i / 30 * 30), i, md5(i::text) FROM generate_series(1, 6000) i;
ALTER TABLE nn.doubt ADD CONSTRAINT u_filled NOT NULL u NOT VALID;
RESET ROLE;
DELETE FROM nn.doubt WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE nn.doubt SET u = id WHERE id % 60 = 0;
DELETE FROM nn.doubt WHERE id % 90 = 0;
-- probe
INSERT INTO nn.doubt VALUES (30001, 30001, 'probe');
