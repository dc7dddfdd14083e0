-- The primary key's index is in another tablespace, the table itself is not; the table is in public.
-- table: public.near
-- setup
GRANT CREATE ON SCHEMA public TO shape_owner;
CREATE TABLE public.near (id integer CONSTRAINT near_pkey PRIMARY KEY USING INDEX TABLESPACE shape_space, a integer);
CREATE INDEX near_a ON public.near USING brin (a) TABLESPACE shape_space;
ALTER TABLE public.near OWNER TO shape_owner;
INSERT INTO public.near SELECT i, i FROM generate_series(1, 6000) i;
DELETE FROM public.near WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE public.near SET id = -id WHERE id % 9 = 0;
DELETE FROM public.near WHERE id % 33 = 0;
-- probe
INSERT INTO public.near VALUES (30001, 1);
