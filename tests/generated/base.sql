-- What the features of every generated schema may use.
CREATE TABLE public.gen_log (what text, how text, number text, hash text);
ALTER TABLE public.gen_log OWNER TO shape_owner;
GRANT INSERT ON public.gen_log TO PUBLIC;
CREATE FUNCTION public.gen_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.gen_log VALUES (TG_NAME, concat_ws(' ', TG_WHEN, TG_OP, TG_LEVEL, TG_TABLE_SCHEMA, TG_TABLE_NAME), array_to_string(TG_ARGV, '|'),
        CASE WHEN TG_LEVEL = 'ROW' THEN CASE WHEN TG_OP = 'DELETE' THEN md5(to_jsonb(OLD)::text) ELSE md5(to_jsonb(NEW)::text) END END);
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION public.gen_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], NULL));
END $$;
CREATE FUNCTION public.gen_count_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.gen_log SELECT TG_NAME, TG_OP, count(*)::text, NULL FROM "new ""rows";
    RETURN NULL;
END $$;
CREATE FUNCTION public.gen_count_old() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.gen_log SELECT TG_NAME, TG_OP, count(*)::text, NULL FROM old_rows;
    RETURN NULL;
END $$;
CREATE FUNCTION public.gen_fine(bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 > -1000000000; END $$;
CREATE FUNCTION public.gen_trim(text, VARIADIC "how ""many" integer[] DEFAULT '{5}') RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, $2[1])';
CREATE FUNCTION public.gen_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$
