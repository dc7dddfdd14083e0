-- Unique constraints: deferrable, deferred, INCLUDE, several keys, fillfactor, made from an index, primary key deferrable.
-- table: uq.slots
-- setup
CREATE SCHEMA uq AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE uq.slots (
    id integer NOT NULL,
    pos integer,
    pos2 integer,
    code text,
    label text COLLATE "C",
    CONSTRAINT slots_pkey PRIMARY KEY (id),
    CONSTRAINT slots_pos UNIQUE (pos) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT slots_pos2 UNIQUE (pos2) DEFERRABLE,
    CONSTRAINT slots_code UNIQUE (code, id) INCLUDE (label, pos) WITH (fillfactor=90),
    UNIQUE (label, pos, id)
);
CREATE UNIQUE INDEX slots_using ON uq.slots (label, id);
ALTER TABLE uq.slots ADD CONSTRAINT slots_using_renamed UNIQUE USING INDEX slots_using;
COMMENT ON CONSTRAINT slots_pos ON uq.slots IS 'positions can be exchanged';
COMMENT ON INDEX uq.slots_pos IS 'on the index of it';
RESET ROLE;
INSERT INTO uq.slots SELECT i, i, -i, 'c' || i % 100, 'l' || i FROM generate_series(1, 6000) i;
DELETE FROM uq.slots WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE uq.slots SET pos = 3000 - pos WHERE id < 3000;
UPDATE uq.slots SET pos2 = -9000 - pos2;
BEGIN;
UPDATE uq.slots SET pos = 3333333 WHERE id = 3333;
UPDATE uq.slots SET pos = 3333333 WHERE id = 3336;
UPDATE uq.slots SET pos = 4444444 WHERE id = 3333;
SAVEPOINT one;
UPDATE uq.slots SET pos = 1;
ROLLBACK TO SAVEPOINT one;
COMMIT;
BEGIN;
UPDATE uq.slots SET id = -1, pos = 7000001 WHERE id = 3;
UPDATE uq.slots SET id = 3, pos = 7000002 WHERE id = 6;
UPDATE uq.slots SET id = 6, pos = 7000003 WHERE id = -1;
COMMIT;
DELETE FROM uq.slots WHERE id % 33 = 0;
INSERT INTO uq.slots VALUES (20001, NULL, NULL, NULL, NULL), (20002, NULL, NULL, NULL, NULL);
-- probe
BEGIN;
UPDATE uq.slots SET pos = (SELECT pos FROM uq.slots WHERE id = 12) WHERE id = 15;
UPDATE uq.slots SET pos = -77 WHERE id = 12;
COMMIT;
DO $$
BEGIN
    SET CONSTRAINTS uq.slots_pos IMMEDIATE;
    UPDATE uq.slots SET pos = (SELECT pos FROM uq.slots WHERE id = 15) WHERE id = 18;
    RAISE EXCEPTION 'the unique constraint is gone';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
