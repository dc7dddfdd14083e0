-- No primary key: a unique index on NOT NULL columns serves, among indexes that do not qualify.
-- table: key_unique.rows
-- setup
CREATE SCHEMA key_unique AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_unique.rows (
    maybe integer,
    a integer NOT NULL,
    b text NOT NULL,
    c integer NOT NULL
);
CREATE UNIQUE INDEX rows_nullable ON key_unique.rows (maybe);
CREATE UNIQUE INDEX rows_partial ON key_unique.rows (a) WHERE c > 0;
CREATE UNIQUE INDEX rows_expression ON key_unique.rows ((a % 3), b, c);
CREATE UNIQUE INDEX rows_half_nullable ON key_unique.rows (a, maybe);
CREATE UNIQUE INDEX rows_key ON key_unique.rows (b DESC, c) INCLUDE (maybe);
ALTER TABLE key_unique.rows ADD CONSTRAINT rows_later UNIQUE (c) DEFERRABLE;
RESET ROLE;
INSERT INTO key_unique.rows SELECT NULLIF(i, i / 30 * 30), i, 'b' || i % 100, i FROM generate_series(1, 6000) i;
DELETE FROM key_unique.rows WHERE a % 3 <> 0 AND a < 5980;
INSERT INTO key_unique.rows VALUES (NULL, 3, 'same a', -1), (NULL, 3, 'same a', -2);
-- workload
UPDATE key_unique.rows SET b = 'B' || a WHERE a % 9 = 0;
UPDATE key_unique.rows SET c = -c - 10 WHERE a % 15 = 0;
DELETE FROM key_unique.rows WHERE a % 33 = 0;
UPDATE key_unique.rows SET c = -7 WHERE c = -1;
UPDATE key_unique.rows SET c = -1 WHERE c = -2;
INSERT INTO key_unique.rows SELECT NULL, 5, 'fives', -1000000 - i FROM generate_series(1, 50) i;
-- probe
INSERT INTO key_unique.rows VALUES (NULL, 5, 'fives', -2000000);
DO $$
BEGIN
    INSERT INTO key_unique.rows VALUES (NULL, 6, 'fives', -2000000);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
