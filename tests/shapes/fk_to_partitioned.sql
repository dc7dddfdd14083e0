-- Foreign keys to partitioned tables, to a leaf of one, and partitions that come and go.
-- table: pt.events
-- setup
CREATE SCHEMA pt AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE pt.days (day date, nr integer, note text, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE pt.days_1 PARTITION OF pt.days FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
CREATE TABLE pt."days ""2" PARTITION OF pt.days FOR VALUES FROM ('2020-02-01') TO ('2020-03-01') PARTITION BY LIST (nr);
CREATE TABLE pt.days_2_1 PARTITION OF pt."days ""2" FOR VALUES IN (1);
CREATE TABLE pt.days_2_d PARTITION OF pt."days ""2" DEFAULT;
CREATE TABLE pt.days_4 (note text, nr integer NOT NULL, day date NOT NULL, PRIMARY KEY (day, nr));
CREATE TABLE pt.kinds (id integer PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE pt.kinds_0 PARTITION OF pt.kinds FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE pt.kinds_1 PARTITION OF pt.kinds FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE pt.zones (id integer PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE pt.zones_a PARTITION OF pt.zones FOR VALUES IN (1, 2, 3);
CREATE TABLE pt.zones_b PARTITION OF pt.zones DEFAULT;
INSERT INTO pt.zones SELECT generate_series(1, 5);
INSERT INTO pt.days SELECT date '2020-01-01' + i % 60, i / 60 FROM generate_series(0, 179) i;
INSERT INTO pt.kinds SELECT generate_series(1, 20);
CREATE TABLE pt.events (
    id integer PRIMARY KEY,
    nr integer,
    day date,
    kind integer CONSTRAINT "of a ""kind" REFERENCES pt.kinds ON DELETE SET NULL DEFERRABLE,
    zone integer,
    CONSTRAINT on_day FOREIGN KEY (nr, day) REFERENCES pt.days (nr, day) ON UPDATE CASCADE ON DELETE CASCADE
);
INSERT INTO pt.events SELECT i, i / 60 % 3, date '2020-01-01' + i % 60, 1 + i % 20, 1 FROM generate_series(1, 3000) i;
DELETE FROM pt.events WHERE id % 3 <> 0 AND id < 2980;
ALTER TABLE pt.events ADD CONSTRAINT on_leaf FOREIGN KEY (zone) REFERENCES pt.zones_a;
COMMENT ON CONSTRAINT on_day ON pt.events IS 'a day of ours';
RESET ROLE;
-- workload
INSERT INTO pt.days VALUES ('2020-01-05', 5);
INSERT INTO pt.events VALUES (5001, 5, '2020-01-05', 2, 1);
DELETE FROM pt.days WHERE day = '2020-01-07' AND nr = 1;
UPDATE pt.days SET nr = 77 WHERE day = '2020-02-10' AND nr = 2;
DELETE FROM pt.kinds WHERE id = 4;
DO $$
BEGIN
    INSERT INTO pt.events VALUES (5002, 6, '2020-01-05');
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
ALTER TABLE pt.days ATTACH PARTITION pt.days_4 FOR VALUES FROM ('2020-04-01') TO ('2020-05-01');
INSERT INTO pt.days VALUES ('2020-04-05', 5);
INSERT INTO pt.events VALUES (6000, 5, '2020-04-05', 2, 1);
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO pt.events VALUES (6001, 9, ''2020-01-05'')',
        'INSERT INTO pt.events VALUES (6001, 1, ''2020-03-05'')',
        'INSERT INTO pt.events VALUES (6001, NULL, NULL, 4)',
        'INSERT INTO pt.events VALUES (6001, NULL, NULL, 5, 4)',
        'DELETE FROM pt.zones WHERE id = 1',
        'ALTER TABLE pt.days DETACH PARTITION pt.days_1',
        'ALTER TABLE pt.kinds DETACH PARTITION pt.kinds_0'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE pt.days_5 PARTITION OF pt.days FOR VALUES FROM ('2020-05-01') TO ('2020-06-01');
INSERT INTO pt.days VALUES ('2020-05-05', 5);
INSERT INTO pt.events VALUES (6002, 5, '2020-05-05');
DELETE FROM pt.days WHERE day = '2020-02-20';
UPDATE pt.days SET day = '2020-02-01', nr = 88 WHERE day = '2020-02-21' AND nr = 2;
DELETE FROM pt.kinds WHERE id = 6;
DO $$
BEGIN
    ASSERT EXISTS (SELECT FROM pt.events WHERE nr = 88) AND NOT EXISTS (SELECT FROM pt.events WHERE day = '2020-02-20'), 'actions';
END $$;
