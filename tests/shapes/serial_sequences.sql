-- serial of three widths, odd sequence options, a changed default on an owned sequence, grants and comments on sequences.
-- table: ser.counters
-- setup
CREATE SCHEMA ser AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA ser TO shape_writer, shape_grantor, shape_other;
SET ROLE shape_owner;
CREATE TABLE ser.counters (
    id bigserial PRIMARY KEY,
    s2 smallserial,
    s4 serial,
    down integer NOT NULL,
    cyc smallint,
    odd text,
    twice integer,
    unused integer
);
CREATE SEQUENCE ser.down_seq AS integer INCREMENT BY -1 MINVALUE -1000000 MAXVALUE 0 START WITH -5 CACHE 7;
ALTER SEQUENCE ser.down_seq OWNED BY ser.counters.down;
ALTER TABLE ser.counters ALTER COLUMN down SET DEFAULT nextval('ser.down_seq');
CREATE SEQUENCE ser."Cyc%Seq""" AS smallint INCREMENT BY 3 MINVALUE 10 MAXVALUE 100 START WITH 20 CYCLE;
ALTER SEQUENCE ser."Cyc%Seq""" OWNED BY ser.counters.cyc;
ALTER TABLE ser.counters ALTER COLUMN cyc SET DEFAULT nextval('ser."Cyc%Seq"""'::regclass) + 1000;
CREATE SEQUENCE ser.odd_seq OWNED BY ser.counters.odd;
ALTER TABLE ser.counters ALTER COLUMN odd SET DEFAULT 'N-' || lpad(nextval('ser.odd_seq')::text, 8, '0');
CREATE SEQUENCE ser.twice_one OWNED BY ser.counters.twice;
CREATE SEQUENCE ser.twice_two OWNED BY ser.counters.twice;
ALTER TABLE ser.counters ALTER COLUMN twice SET DEFAULT nextval('ser.twice_one') * 2 + nextval('ser.twice_two');
CREATE SEQUENCE ser.unused_seq START WITH 77 OWNED BY ser.counters.unused;
CREATE SEQUENCE ser.foreign_seq START WITH 500;
ALTER TABLE ser.counters ADD COLUMN shared bigint DEFAULT nextval('ser.foreign_seq');
GRANT USAGE ON SEQUENCE ser.counters_id_seq, ser.counters_s2_seq, ser.counters_s4_seq, ser.down_seq, ser."Cyc%Seq""", ser.odd_seq, ser.twice_one, ser.twice_two, ser.foreign_seq TO shape_writer;
GRANT SELECT ON SEQUENCE ser.counters_id_seq TO PUBLIC;
GRANT ALL ON SEQUENCE ser.odd_seq TO shape_grantor WITH GRANT OPTION;
GRANT INSERT, SELECT, UPDATE ON ser.counters TO shape_writer;
COMMENT ON SEQUENCE ser.counters_id_seq IS 'the identity of a counter, it''s said';
COMMENT ON SEQUENCE ser.unused_seq IS 'nobody asks';
SET ROLE shape_grantor;
GRANT USAGE ON SEQUENCE ser.odd_seq TO shape_other;
SET ROLE shape_owner;
ALTER SEQUENCE ser.counters_s4_seq MAXVALUE 100000 CACHE 3 INCREMENT BY 2;
RESET ROLE;
INSERT INTO ser.counters (cyc) SELECT i % 100 FROM generate_series(1, 6000) i;
DELETE FROM ser.counters WHERE id % 3 <> 0 AND id < 5980;
SELECT setval('ser.counters_id_seq', 7000, false);
-- workload
INSERT INTO ser.counters DEFAULT VALUES;
INSERT INTO ser.counters (odd) SELECT 'o' || i FROM generate_series(1, 50) i;
UPDATE ser.counters SET id = id + 100000 WHERE id % 90 = 0;
UPDATE ser.counters SET s4 = DEFAULT WHERE id = 3;
DELETE FROM ser.counters WHERE id % 66 = 0;
BEGIN;
INSERT INTO ser.counters DEFAULT VALUES;
SAVEPOINT one;
INSERT INTO ser.counters DEFAULT VALUES;
ROLLBACK TO SAVEPOINT one;
COMMIT;
SELECT nextval('ser.unused_seq');
-- probe
INSERT INTO ser.counters DEFAULT VALUES;
SET ROLE shape_writer;
INSERT INTO ser.counters DEFAULT VALUES;
INSERT INTO ser.counters DEFAULT VALUES;
RESET ROLE;
SELECT nextval('ser.unused_seq'), nextval('ser.twice_two');
SELECT pg_get_serial_sequence('ser.counters', 'id'), pg_get_serial_sequence('ser.counters', 'down');
SET ROLE shape_owner;
ALTER SEQUENCE ser.down_seq RESTART WITH -900000;
RESET ROLE;
