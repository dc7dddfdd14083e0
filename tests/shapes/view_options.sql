-- Views with security_barrier, check_option local and cascaded, set at creation and later, also explicitly off.
-- table: vo.items
-- setup
CREATE SCHEMA vo AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA vo TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE vo.items (id integer PRIMARY KEY, owner text, price integer);
INSERT INTO vo.items SELECT i, 'o' || i % 5, i % 100 FROM generate_series(1, 3000) i;
DELETE FROM vo.items WHERE id % 3 <> 0 AND id < 2980;
CREATE VIEW vo.barrier WITH (security_barrier) AS SELECT * FROM vo.items WHERE owner = 'o1';
CREATE VIEW vo.no_barrier WITH (security_barrier = false) AS SELECT * FROM vo.items WHERE owner = 'o2';
CREATE VIEW vo.local_check WITH (security_barrier = true) AS SELECT * FROM vo.barrier WHERE price < 50 WITH LOCAL CHECK OPTION;
CREATE VIEW vo.cascaded AS SELECT id, owner, price FROM vo.no_barrier WHERE price < 50 WITH CASCADED CHECK OPTION;
CREATE VIEW vo.check_later AS SELECT * FROM vo.items WHERE price > 10;
ALTER VIEW vo.check_later SET (check_option = 'local', security_barrier = on);
CREATE VIEW vo.check_gone AS SELECT * FROM vo.items WHERE price > 10 WITH CHECK OPTION;
ALTER VIEW vo.check_gone RESET (check_option);
CREATE VIEW vo.on_top AS SELECT * FROM vo.local_check WITH CASCADED CHECK OPTION;
GRANT SELECT, INSERT, UPDATE ON vo.on_top, vo.local_check, vo.cascaded TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO vo.local_check VALUES (10001, 'o3', 1);
INSERT INTO vo.cascaded VALUES (10002, 'o2', 1);
UPDATE vo.cascaded SET price = price + 1 WHERE price < 40;
RESET ROLE;
DO $$
BEGIN
    INSERT INTO vo.cascaded VALUES (10003, 'o3', 1);
    RAISE EXCEPTION 'no check option';
EXCEPTION WHEN with_check_option_violation THEN NULL;
END $$;
-- probe
SET ROLE shape_writer;
INSERT INTO vo.local_check VALUES (20001, 'o4', 1);
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO vo.local_check VALUES (20002, ''o1'', 51)',
        'INSERT INTO vo.cascaded VALUES (20002, ''o3'', 1)',
        'INSERT INTO vo.cascaded VALUES (20002, ''o2'', 51)',
        'INSERT INTO vo.on_top VALUES (20002, ''o3'', 1)',
        'UPDATE vo.cascaded SET price = 100 WHERE id = 10002'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN with_check_option_violation THEN NULL;
        END;
    END LOOP;
END $$;
RESET ROLE;
INSERT INTO vo.check_gone VALUES (20003, 'o1', 1);
DO $$
BEGIN
    INSERT INTO vo.check_later VALUES (20004, 'o1', 1);
    RAISE EXCEPTION 'no check option';
EXCEPTION WHEN with_check_option_violation THEN NULL;
END $$;
CREATE TABLE vo.options AS SELECT relname::text, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'vo'::regnamespace;
