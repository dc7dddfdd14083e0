-- The plainest table there is: bigint primary key, text, numbers, timestamps.
-- table: public.plain_bigint
-- setup
GRANT CREATE ON SCHEMA public TO shape_owner;
CREATE TABLE public.plain_bigint (
    id bigint PRIMARY KEY,
    customer integer NOT NULL,
    note text,
    amount numeric(12,2) DEFAULT 0 NOT NULL,
    created timestamp with time zone DEFAULT '2024-02-29 12:00:00+00'
);
CREATE INDEX plain_bigint_customer ON public.plain_bigint (customer, id);
ALTER TABLE public.plain_bigint OWNER TO shape_owner;
INSERT INTO public.plain_bigint (id, customer, note, amount)
SELECT i, i % 97, md5(i::text), (i % 1000) / 7.0 FROM generate_series(1, 12000) i;
DELETE FROM public.plain_bigint WHERE id % 3 = 1 AND id < 11900;
UPDATE public.plain_bigint SET note = note || ' changed' WHERE id % 3 = 2 AND id < 6000;
DELETE FROM public.plain_bigint WHERE id % 3 = 2 AND id < 4000;
-- workload
INSERT INTO public.plain_bigint SELECT i, i % 97, 'new ' || i, i FROM generate_series(20001, 20500) i;
UPDATE public.plain_bigint SET amount = amount + 1 WHERE id % 10 = 0;
UPDATE public.plain_bigint SET id = id + 100000 WHERE id % 50 = 0;
UPDATE public.plain_bigint SET id = -id WHERE id BETWEEN 6000 AND 6100;
DELETE FROM public.plain_bigint WHERE id % 77 = 0;
INSERT INTO public.plain_bigint (id, customer, note) SELECT i, 5, 'upsert' FROM generate_series(9000, 9100) i
    ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note || ' over ' || plain_bigint.id;
INSERT INTO public.plain_bigint (id, customer) SELECT i, 6 FROM generate_series(9050, 9150) i ON CONFLICT DO NOTHING;
BEGIN;
INSERT INTO public.plain_bigint (id, customer) VALUES (30001, 1);
SAVEPOINT one;
DELETE FROM public.plain_bigint WHERE id > 11000;
INSERT INTO public.plain_bigint (id, customer) VALUES (30002, 1);
ROLLBACK TO SAVEPOINT one;
INSERT INTO public.plain_bigint (id, customer) VALUES (30003, 1);
DELETE FROM public.plain_bigint WHERE id = 30001;
INSERT INTO public.plain_bigint (id, customer, note) VALUES (30001, 2, 'came back');
COMMIT;
BEGIN;
DELETE FROM public.plain_bigint;
ROLLBACK;
-- probe
INSERT INTO public.plain_bigint (id, customer) VALUES (40001, 1);
UPDATE public.plain_bigint SET note = 'probed' WHERE customer = 13;
DELETE FROM public.plain_bigint WHERE customer = 14;
SELECT count(*) FROM public.plain_bigint WHERE customer = 1 AND id > 5;
