-- Hash, GIN, GiST, SP-GiST and BRIN indexes with their opclasses, opclass parameters and options.
-- table: am.docs
-- setup
CREATE SCHEMA am AUTHORIZATION shape_owner;
CREATE TABLE am.docs (
    id integer PRIMARY KEY,
    tag text,
    tags text[],
    body jsonb,
    words tsvector,
    area box,
    spot point,
    span int4range,
    net inet,
    at timestamp,
    nr bigint
);
CREATE INDEX docs_hash ON am.docs USING hash (tag) WITH (fillfactor=60);
CREATE INDEX docs_hash_partial ON am.docs USING hash (lower(tag)) WHERE nr > 5;
CREATE INDEX docs_gin_tags ON am.docs USING gin (tags) WITH (fastupdate=off);
CREATE INDEX docs_gin_path ON am.docs USING gin (body jsonb_path_ops) WITH (gin_pending_list_limit=128);
CREATE INDEX docs_gin_body ON am.docs USING gin (body, tags, to_tsvector('simple'::regconfig, tag));
CREATE INDEX docs_gist_words ON am.docs USING gist (words tsvector_ops (siglen='64'), span);
CREATE INDEX docs_gist_area ON am.docs USING gist (area) WITH (buffering=on, fillfactor=80);
CREATE INDEX docs_gist_spot ON am.docs USING gist (spot, net inet_ops) INCLUDE (id);
CREATE INDEX docs_spgist_spot ON am.docs USING spgist (spot kd_point_ops);
CREATE INDEX docs_spgist_quad ON am.docs USING spgist (spot) INCLUDE (nr);
CREATE INDEX docs_spgist_tag ON am.docs USING spgist (tag);
CREATE INDEX docs_spgist_span ON am.docs USING spgist (span) WITH (fillfactor=75);
CREATE INDEX docs_brin ON am.docs USING brin (id, at) WITH (pages_per_range=4, autosummarize=on);
CREATE INDEX docs_brin_multi ON am.docs USING brin (nr int8_minmax_multi_ops (values_per_range='16'), at timestamp_minmax_multi_ops);
CREATE INDEX docs_brin_bloom ON am.docs USING brin (tag text_bloom_ops (n_distinct_per_range='200', false_positive_rate='0.05'), net inet_inclusion_ops);
COMMENT ON INDEX am.docs_brin IS 'brin';
ALTER TABLE am.docs OWNER TO shape_owner;
INSERT INTO am.docs
SELECT i, 'tag ' || i % 50, ARRAY['t' || i % 7, 't' || i % 11], jsonb_build_object('a', i % 10, 'b', jsonb_build_array(i, 'x')), to_tsvector('simple', 'word' || i % 100 || ' and more'),
    box(point(i % 100, i % 77), point(i % 100 + 1, i % 77 + 2)), point(i % 100, i % 77), int4range(i, i + 10), ('10.0.' || i % 200 || '.1')::inet, timestamp '2020-01-01' + i * interval '1 minute', i
FROM generate_series(1, 3000) i;
INSERT INTO am.docs (id) SELECT i FROM generate_series(3001, 3200) i;
DELETE FROM am.docs WHERE id % 3 <> 0 AND id < 3190;
-- workload
UPDATE am.docs SET tags = tags || '{new}', body = body || '{"c": 1}', spot = point(0, 0) WHERE id % 9 = 0;
UPDATE am.docs SET id = id + 10000, span = 'empty' WHERE id % 60 = 0;
INSERT INTO am.docs (id, tag, tags, body, spot, nr) SELECT i, 'w', '{w}', '{"w": 1}', point(i, i), i FROM generate_series(20001, 20100) i;
DELETE FROM am.docs WHERE tag = 'tag 3';
-- probe
SET enable_seqscan = off;
SELECT count(*) FROM am.docs WHERE tags @> '{new}';
SELECT count(*) FROM am.docs WHERE body @> '{"w": 1}';
SELECT count(*) FROM am.docs WHERE spot <@ box(point(0, 0), point(10, 10));
RESET enable_seqscan;
INSERT INTO am.docs (id, tag, area) VALUES (30001, 'probe', '(1,1),(0,0)');
REINDEX INDEX am.docs_brin_multi;
