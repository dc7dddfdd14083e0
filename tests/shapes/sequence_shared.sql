-- The sequence of a serial also feeds another column, another table and a function: it survives as it is.
-- table: sq.main
-- setup
CREATE SCHEMA sq AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE sq.main (id serial PRIMARY KEY, second integer DEFAULT nextval('sq.main_id_seq'), v text);
CREATE TABLE sq.other (id integer DEFAULT nextval('sq.main_id_seq') PRIMARY KEY, last bigint DEFAULT currval('sq.main_id_seq'), v text);
CREATE FUNCTION sq.next_main() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('sq.main_id_seq') $$;
ALTER SEQUENCE sq.main_id_seq INCREMENT BY 10;
RESET ROLE;
INSERT INTO sq.main (v) SELECT md5(i::text) FROM generate_series(1, 5000) i;
INSERT INTO sq.other (v) VALUES ('one'), ('two');
DELETE FROM sq.main WHERE id % 3 <> 0 AND id < 99800;
-- workload
INSERT INTO sq.other (v) VALUES ('three');
INSERT INTO sq.main (v) VALUES ('between');
SELECT sq.next_main();
UPDATE sq.main SET v = 'x', id = -id WHERE id % 9 = 0;
-- probe
INSERT INTO sq.main (v) VALUES ('probe');
INSERT INTO sq.other (v) VALUES ('probe');
SELECT sq.next_main();
INSERT INTO sq.main (v) VALUES ('probe after');
