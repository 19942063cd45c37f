


SELECT pg_catalog.set_config('search_path', '', false);


CREATE SCHEMA library;



CREATE FUNCTION library.actum_decimal_integer(value numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT LEAST(GREATEST(trunc(value), -9223372036854775808), 9223372036854775807)::bigint $$;



CREATE FUNCTION library.actum_decimal_round(value numeric, places bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT round(value, LEAST(GREATEST(places, 0), 30)::int) $$;



CREATE FUNCTION library.actum_divide(one numeric, other numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN other <> 0 THEN trim_scale(
    sign(one) * sign(other)
    * div(abs(one) * 200000000000000000000 + abs(other), abs(other) * 2)
    * 0.00000000000000000001) END $$;



CREATE FUNCTION library.actum_glob(pattern text, value text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
DECLARE
    written text := '^';
    place int := 1;
    last int;
    letter text;
    inner_part text;
BEGIN
    WHILE place <= length(pattern) LOOP
        letter := substr(pattern, place, 1);
        IF letter = '*' THEN
            written := written || '.*';
        ELSIF letter = '?' THEN
            written := written || '.';
        ELSIF letter = '[' THEN
            last := place + 1;
            IF substr(pattern, last, 1) = '^' THEN last := last + 1; END IF;
            IF substr(pattern, last, 1) = ']' THEN last := last + 1; END IF;
            WHILE last <= length(pattern) AND substr(pattern, last, 1) <> ']' LOOP
                last := last + 1;
            END LOOP;
            IF last > length(pattern) THEN RETURN FALSE; END IF;
            inner_part := substr(pattern, place + 1, last - place - 1);
            inner_part := regexp_replace(inner_part, '([\\\[])', '\\\1', 'g');
            written := written || '[' || regexp_replace(inner_part, '^(\^?)\]', '\1\\]') || ']';
            place := last;
        ELSE
            written := written || regexp_replace(letter, '([^[:alnum:][:space:]_])', '\\\1');
        END IF;
        place := place + 1;
    END LOOP;
    RETURN (value COLLATE "C") ~ (written || '$');
END $_$;



CREATE FUNCTION library.actum_json_each(document jsonb) RETURNS TABLE(key jsonb, value jsonb, type text, atom jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
SELECT k, nullif(v, 'null'::jsonb), CASE jsonb_typeof(v)
        WHEN 'string' THEN 'text'
        WHEN 'number' THEN CASE WHEN v::text ~ '^-?[0-9]+$' THEN 'integer' ELSE 'real' END
        WHEN 'boolean' THEN v::text ELSE jsonb_typeof(v) END,
    CASE WHEN jsonb_typeof(v) NOT IN ('array', 'object', 'null') THEN v END
FROM (
    SELECT to_jsonb(place - 1) AS k, item AS v
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(document) = 'array' THEN document ELSE '[]' END)
        WITH ORDINALITY AS items(item, place)
    UNION ALL
    SELECT to_jsonb(name), item
    FROM jsonb_each(CASE WHEN jsonb_typeof(document) = 'object' THEN document ELSE '{}' END)
        AS fields(name, item)
    UNION ALL
    SELECT NULL, document WHERE jsonb_typeof(document) NOT IN ('array', 'object')
) AS parts $_$;



CREATE FUNCTION library.actum_json_extract(value jsonb, path text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT nullif(jsonb_path_query_first(value, ('strict ' || path)::jsonpath, '{}', true), 'null'::jsonb) $$;



CREATE FUNCTION library.actum_json_length(value jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN jsonb_array_length(value) ELSE 0 END::bigint $$;



CREATE FUNCTION library.actum_json_real(value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::double precision
    WHEN 'number' THEN value::text::double precision END $$;



CREATE FUNCTION library.actum_json_text(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::text
    WHEN 'null' THEN NULL
    WHEN 'string' THEN value #>> '{}'
    WHEN 'number' THEN CASE WHEN value::text ~ '^-?[0-9]+$' AND abs(value::numeric) < 9223372036854775808
        THEN value::text ELSE actum_real_text(value::text::double precision) END
    ELSE value::text END $_$;



CREATE FUNCTION library.actum_real_integer(value double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE
    WHEN value >= 9223372036854775807 THEN 9223372036854775807
    WHEN value <= -9223372036854775808 THEN '-9223372036854775808'::bigint
    ELSE trunc(value)::bigint
END $$;



CREATE FUNCTION library.actum_real_text(value double precision) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE
    WHEN value = 0 THEN '0.0'
    WHEN value = 'Infinity' THEN 'Inf'
    WHEN value = '-Infinity' THEN '-Inf'
    WHEN abs(value::numeric) >= 0.0001 AND abs(value::numeric) < 1e15 THEN
        trim_scale(value::numeric)::text
        || CASE WHEN trim_scale(value::numeric)::text LIKE '%.%' THEN '' ELSE '.0' END
    ELSE regexp_replace(
        ltrim(to_char(value::numeric, '9.99999999999999EEEE')), '(\.\d)(\d*?)0*e', '\1\2e')
END $$;



CREATE FUNCTION library.actum_refuse() RETURNS boolean
    LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE EXCEPTION 'another process was first: Actum decides anew' USING ERRCODE = 'AC001';
        END $$;



CREATE FUNCTION library.actum_round(value double precision, places bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN abs(value) >= 4503599627370496 THEN value
    ELSE round(value::numeric, LEAST(GREATEST(places, 0), 30)::int)::double precision END $$;



CREATE FUNCTION library.actum_strftime(value timestamp with time zone, form text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$
SELECT coalesce(string_agg(CASE
    WHEN part = '%%' THEN '%'
    WHEN part = '%w' THEN extract(dow FROM value AT TIME ZONE 'UTC')::int::text
    WHEN part ~ '^%' THEN to_char(value AT TIME ZONE 'UTC', CASE part
        WHEN '%Y' THEN 'YYYY' WHEN '%m' THEN 'MM' WHEN '%d' THEN 'DD' WHEN '%H' THEN 'HH24'
        WHEN '%M' THEN 'MI' WHEN '%S' THEN 'SS' WHEN '%j' THEN 'DDD' END)
    ELSE part END, '' ORDER BY place), '')
FROM (SELECT found[1] AS part, place
    FROM regexp_matches(form, '%.|[^%]+', 'g') WITH ORDINALITY AS m(found, place)) AS parts $$;



CREATE FUNCTION library.actum_substr(value text, place bigint, count bigint DEFAULT 2147483647) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    size bigint := length(value);
    first bigint := place;
    width bigint := abs(GREATEST(count, -9223372036854775807));
BEGIN
    IF first < 0 THEN
        first := first + size;
        IF first < 0 THEN
            width := GREATEST(width + first, 0);
            first := 0;
        END IF;
    ELSIF first > 0 THEN
        first := first - 1;
    ELSIF width > 0 THEN
        width := width - 1;
    END IF;
    IF count < 0 THEN
        first := first - width;
        IF first < 0 THEN
            width := width + first;
            first := 0;
        END IF;
    END IF;
    IF width <= 0 OR first >= size THEN
        RETURN '';
    END IF;
    RETURN substr(value, first::int + 1, LEAST(width, size)::int);
END $$;



CREATE FUNCTION library.actum_text_integer(value text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT LEAST(GREATEST(
    coalesce(substring(value FROM '^[ \t\n\v\f\r]*([+-]?[0-9]+)'), '0')::numeric,
    -9223372036854775808), 9223372036854775807)::bigint
$$;



CREATE FUNCTION library.actum_text_real(value text) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT coalesce(substring(
    value FROM '^[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)'
), '0')::double precision $$;



CREATE FUNCTION library.actum_time_text(value timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$
SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00' $$;





CREATE TABLE library.actum_binding (
    is_the_only boolean DEFAULT true NOT NULL,
    application text NOT NULL,
    journal text NOT NULL,
    "position" bigint NOT NULL,
    mark text NOT NULL,
    allowance bigint NOT NULL,
    CONSTRAINT actum_binding_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE library.actum_checkpoints (
    action text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE library.actum_erased (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE library.actum_erasures (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    "position" bigint NOT NULL,
    is_ended boolean NOT NULL
);



CREATE TABLE library.actum_events (
    "position" bigint NOT NULL,
    stream bigint NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    type_version integer NOT NULL,
    payload bytea NOT NULL,
    metadata bytea NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE library.actum_generations (
    name text NOT NULL COLLATE pg_catalog."C",
    highest bigint NOT NULL
);



CREATE TABLE library.actum_identity (
    is_the_only boolean DEFAULT true NOT NULL,
    id text NOT NULL,
    CONSTRAINT actum_identity_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE library.actum_journal (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_journal_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE library.actum_letters (
    id bigint NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    body bytea NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    due bigint NOT NULL,
    error text NOT NULL,
    first_failed bigint NOT NULL,
    last_failed bigint NOT NULL,
    request text,
    failure text DEFAULT ''::text NOT NULL
);



ALTER TABLE library.actum_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE library.actum_messages (
    id bigint NOT NULL,
    queue text NOT NULL COLLATE pg_catalog."C",
    key text COLLATE pg_catalog."C",
    body bytea NOT NULL,
    "time" bigint NOT NULL,
    correlation_id text NOT NULL,
    causation_id text DEFAULT ''::text NOT NULL,
    by text DEFAULT ''::text NOT NULL
);



CREATE TABLE library.actum_processes (
    process bigint NOT NULL,
    works text[] NOT NULL,
    has_session boolean NOT NULL,
    seen timestamp with time zone NOT NULL
);



ALTER TABLE library.actum_processes ALTER COLUMN process ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_processes_process_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE library.actum_queues (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_queues_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE library.actum_rebuilds (
    name text NOT NULL COLLATE pg_catalog."C"
);



CREATE TABLE library.actum_replies (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    call text NOT NULL COLLATE pg_catalog."C",
    reply bytea NOT NULL,
    "position" bigint NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE library.actum_schema (
    part text NOT NULL,
    version integer NOT NULL
);



CREATE TABLE library.actum_sent (
    queue text NOT NULL COLLATE pg_catalog."C",
    once text NOT NULL COLLATE pg_catalog."C",
    "time" bigint NOT NULL,
    call text DEFAULT ''::text NOT NULL
);



CREATE TABLE library.actum_set_aside (
    view text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL,
    since bigint NOT NULL,
    is_asked boolean NOT NULL
);



CREATE TABLE library.actum_snapshots (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "time" bigint NOT NULL,
    fingerprint text NOT NULL,
    state bytea NOT NULL
);



CREATE TABLE library.actum_streams (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    "time" bigint NOT NULL,
    first_position bigint NOT NULL,
    first_time bigint NOT NULL,
    pruned bigint NOT NULL
)
WITH (fillfactor='70');



CREATE TABLE library.actum_ticks (
    action text NOT NULL COLLATE pg_catalog."C",
    due bigint NOT NULL
);



CREATE TABLE library.actum_timers (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    due bigint NOT NULL,
    kind text NOT NULL,
    entity_id text NOT NULL,
    command text NOT NULL,
    arguments bytea NOT NULL,
    correlation_id text NOT NULL,
    causation_id text DEFAULT ''::text NOT NULL,
    by text DEFAULT ''::text NOT NULL,
    span bigint DEFAULT 0 NOT NULL
);



ALTER TABLE library.actum_timers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_timers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE library.actum_triggers (
    action text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE library.actum_views (
    name text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    fingerprint text NOT NULL,
    checkpoint bigint NOT NULL,
    is_live boolean NOT NULL
);



CREATE TABLE library.actum_waiting (
    view text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE library.actum_work (
    work text NOT NULL COLLATE pg_catalog."C",
    owner bigint,
    epoch bigint NOT NULL
);



CREATE TABLE library.actum_writers (
    writer uuid NOT NULL,
    epoch bigint NOT NULL,
    opened timestamp with time zone DEFAULT now() NOT NULL
);



CREATE TABLE library.cards__1 (
    card text NOT NULL COLLATE pg_catalog."C",
    member text NOT NULL COLLATE pg_catalog."C",
    issued timestamp with time zone,
    expires text COLLATE pg_catalog."C",
    photo bytea NOT NULL,
    weight double precision NOT NULL,
    rights bigint NOT NULL,
    shelves jsonb NOT NULL,
    fee numeric NOT NULL,
    is_valid boolean NOT NULL
);



CREATE VIEW library.cards AS
 SELECT card,
    member,
    issued,
    expires,
    photo,
    weight,
    rights,
    shelves,
    fee,
    is_valid
   FROM library.cards__1;



CREATE TABLE library.loans__1 (
    id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL
);



CREATE VIEW library.loans AS
 SELECT id,
    count
   FROM library.loans__1;



CREATE TABLE library.members__1 (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C"
);



CREATE VIEW library.members AS
 SELECT id,
    name
   FROM library.members__1;



CREATE TABLE library.members__2 (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    grade text NOT NULL COLLATE pg_catalog."C",
    origin text NOT NULL COLLATE pg_catalog."C"
);



CREATE TABLE library.names__1 (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C"
);



CREATE VIEW library.names AS
 SELECT id,
    name
   FROM library.names__1;



INSERT INTO library.actum_binding VALUES (true, 'library', '1e77cb2a666541ec8b553e12cf697c9c', 14680065, '2@1795973037807321', 0);



INSERT INTO library.actum_checkpoints VALUES ('print_card', 100663296);
INSERT INTO library.actum_checkpoints VALUES ('bill', 224395265);
INSERT INTO library.actum_checkpoints VALUES ('greet', 224395265);
INSERT INTO library.actum_checkpoints VALUES ('stamp', 224395265);



INSERT INTO library.actum_erased VALUES ('Member', 'm-8', 195035137);
INSERT INTO library.actum_erased VALUES ('Member', 'm-9', 208666625);



INSERT INTO library.actum_erasures VALUES ('Member', 'm-8', 'Member/m-8', 182452225, 195035137, true);
INSERT INTO library.actum_erasures VALUES ('Member', 'm-9', 'Member/m-9', 195035137, 208666625, true);
INSERT INTO library.actum_erasures VALUES ('Member', 'm-6', 'Member/m-6', 224395265, 0, false);



INSERT INTO library.actum_events VALUES (9437185, 9437185, 1, 'Member', 'm-1', 'Joined', 1, '\x7b226e616d65223a2241646120e29882227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223963316330326233326430653662396630386635343765633839353838666538227d', 1795973037746691);
INSERT INTO library.actum_events VALUES (11534337, 11534337, 1, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f62227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223963316330326233326430653662396630386635343765633839353838666538227d', 1795973037802223);
INSERT INTO library.actum_events VALUES (14680065, 11534337, 2, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f626279227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223963316330326233326430653662396630386635343765633839353838666538227d', 1795973037807321);
INSERT INTO library.actum_events VALUES (52428801, 52428801, 1, 'Member', 'm-3', 'Joined', 2, '\x7b226e616d65223a224379222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337227d', 1795973045981467);
INSERT INTO library.actum_events VALUES (54525953, 54525953, 1, 'Member', 'm-4', 'Joined', 2, '\x7b226e616d65223a2244616e222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337227d', 1795973046070784);
INSERT INTO library.actum_events VALUES (58720257, 58720257, 1, 'Member', 'm-5', 'Joined', 2, '\x7b226e616d65223a22457665222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337227d', 1795973046085008);
INSERT INTO library.actum_events VALUES (67108865, 67108865, 1, 'Member', 'm-6', 'Joined', 2, '\x7b226e616d65223a22466179222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337227d', 1795973046107909);
INSERT INTO library.actum_events VALUES (100663297, 9437185, 2, 'Member', 'm-1', 'CardIssued', 1, '\x7b2263617264223a2230663165326433632d346235612d363937382d383739362d613562346333643265316630222c22697373756564223a22323032362d31312d32395430373a30383a30392e3132333435365a222c2265787069726573223a22323033312d30322d3033222c2270686f746f223a2241503867634768766447383d222c22776569676874223a302e312c22726967687473223a352c227368656c766573223a5b2241e29882222c22425c22225d7d', '\x7b22636f6d6d616e64223a2269737375655f63617264222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046165583);
INSERT INTO library.actum_events VALUES (102760449, 9437185, 3, 'Member', 'm-1', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046170174);
INSERT INTO library.actum_events VALUES (104857601, 9437185, 4, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046171271);
INSERT INTO library.actum_events VALUES (109051905, 52428801, 2, 'Member', 'm-3', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046177644);
INSERT INTO library.actum_events VALUES (116391937, 54525953, 2, 'Member', 'm-4', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046182555);
INSERT INTO library.actum_events VALUES (120586241, 58720257, 2, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046189141);
INSERT INTO library.actum_events VALUES (125829121, 58720257, 3, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046194157);
INSERT INTO library.actum_events VALUES (128974849, 67108865, 2, 'Member', 'm-6', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046202632);
INSERT INTO library.actum_events VALUES (133169153, 74448897, 2, 'Member', 'm-7', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046209754);
INSERT INTO library.actum_events VALUES (143654913, 9437185, 5, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3130227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046217292);
INSERT INTO library.actum_events VALUES (144703489, 11534337, 3, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22456d6d61222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046231187);
INSERT INTO library.actum_events VALUES (145752065, 11534337, 4, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22746f726e222c226e756d626572223a357d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046231969);
INSERT INTO library.actum_events VALUES (147849217, 11534337, 5, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a2244756e65222c226e756d626572223a377d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046232934);
INSERT INTO library.actum_events VALUES (150994945, 54525953, 3, 'Member', 'm-4', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046238610);
INSERT INTO library.actum_events VALUES (150994946, 58720257, 4, 'Member', 'm-5', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046238610);
INSERT INTO library.actum_events VALUES (168820737, 9437185, 6, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3235227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223630323764613666666462336431306634366338613065353230636234633539227d', 1795973046316959);
INSERT INTO library.actum_events VALUES (195035137, 195035137, 0, 'Member', 'm-8', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d38227d', '\x7b7d', 1795973046376597);
INSERT INTO library.actum_events VALUES (208666625, 208666625, 0, 'Member', 'm-9', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d39227d', '\x7b7d', 1795973046422771);
INSERT INTO library.actum_events VALUES (224395265, 224395265, 1, 'Member', 'm-8', 'Joined', 2, '\x7b226e616d65223a2248616c20616761696e222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c226279223a22616e6e227d', 1795973046458187);



INSERT INTO library.actum_generations VALUES ('cards', 1);
INSERT INTO library.actum_generations VALUES ('loans', 1);
INSERT INTO library.actum_generations VALUES ('names', 1);
INSERT INTO library.actum_generations VALUES ('members', 2);



INSERT INTO library.actum_identity VALUES (true, '1e77cb2a666541ec8b553e12cf697c9c');



INSERT INTO library.actum_journal VALUES (true, -752);



INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (3, 'bill', 'Member/m-5', 120586241, '\x', 'dead', 1, 1795973046203796, 'RuntimeError: nothing can be done for m-5', 1795973046203802, 1795973046203802, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (4, 'bill', 'Member/m-5', 125829121, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (6, 'stamp', 'Member/m-2', 147849217, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (5, 'stamp', 'Member/m-2', 145752065, '\x', 'dead', 1, 1795973046306193, 'RuntimeError: nothing can be done for m-2', 1795973046245807, 1795973046306204, NULL, 'RuntimeError: nothing can be done for m-2 torn');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (7, 'post@queue:letters', 'lost', 233832449, '\x7b226964223a3233333833323434392c227175657565223a226c657474657273222c226b6579223a226c6f7374222c22626f6479223a2265794a6962323972496a6f696247397a64434973496e427961574e6c496a6f694e4334304d434a39222c2274696d65223a313739353937333034363436393339302c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c22636175736174696f6e5f6964223a22222c226279223a22616e6e227d', 'dead', 1, 1795973046471552, 'RuntimeError: nothing can be done for lost', 1795973046471560, 1795973046471560, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (8, 'timers', 'Member/m-3', 6, '\x7b226e616d65223a226561726c79222c22647565223a313739353937333034363437393338342c226b696e64223a224d656d626572222c22656e746974795f6964223a226d2d33222c22636f6d6d616e64223a226c65617665222c22617267756d656e7473223a225731303d222c22636f7272656c6174696f6e5f6964223a223431613737303861386261323836386165613832326164366433343333303337222c22636175736174696f6e5f6964223a22222c226279223a22616e6e222c227370616e223a302c226964223a367d', 'dead', 1, 1795973046486378, 'Rejected: there are fines', 1795973046486383, 1795973046486383, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (1, 'bill', 'Member/m-3', 109051905, '\x', 'dead', 1, 1795973046191306, 'RuntimeError: nothing can be done for m-3', 1795973046191319, 1795973046191319, 'retry', '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (2, 'bill', 'Member/m-4', 116391937, '\x', 'dead', 1, 1795973046191561, 'RuntimeError: nothing can be done for m-4', 1795973046191563, 1795973046191563, 'skip', '');



INSERT INTO library.actum_messages VALUES (226492417, 'parcels', 'p', '\x7b22626f6f6b223a22456d6d61222c227072696365223a22312e3130227d', 1795973046459461, '41a7708a8ba2868aea822ad6d3433037', '', 'ann');
INSERT INTO library.actum_messages VALUES (228589569, 'parcels', 'p', '\x7b22626f6f6b223a22556c7973736573222c227072696365223a22322e3230227d', 1795973046466764, '41a7708a8ba2868aea822ad6d3433037', '', 'ann');
INSERT INTO library.actum_messages VALUES (230686721, 'parcels', NULL, '\x7b22626f6f6b223a2244756e65222c227072696365223a22332e3330227d', 1795973046468223, '41a7708a8ba2868aea822ad6d3433037', '', 'ann');



INSERT INTO library.actum_processes OVERRIDING SYSTEM VALUE VALUES (2, '{"action bill","action close_the_year@clock","action count@clock","action greet","action post@queue:letters","action print_card","action send@queue:parcels","action stamp","action timers","view cards#74e5335e1ad3","view loans#d4777b6dda60","view names#d69bba36a755"}', true, '2026-11-29 17:24:10.005491+00');



INSERT INTO library.actum_queues VALUES (true, -752);



INSERT INTO library.actum_rebuilds VALUES ('names');



INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'command-1', 'e826851ff1a36f8d2e5de5c2e3c0b71f', '\x22312e363022', 143654913, 1795973046217292);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-4', '6abae610bad6d281', '', '\x566565414a4b6b3d', 150994946, 1795973046238610);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-5', '6abae610bad6d281', '', '\x447461734666513d', 150994946, 1795973046238610);
INSERT INTO library.actum_replies VALUES ('$unit', 'unit-1', 'unit-1', 'tests.stores_of_versions.library.borrow_for/e762825f781389bbec2fe7fdab1c24bf/9f92052cd40b8fde9b035db4062543de', '\x017b226e616d6573223a5b224d656d6265722f6d2d34222c224d656d6265722f6d2d35225d2c226f66223a2236616261653631306261643664323831222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 150994946, 1795973046238610);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'begun', '28f1d8497d57ffe085a4bba1f2ed3874', '\x6e756c6c', 150994946, 1795973046306132);
INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'request-1', '28f1d8497d57ffe085a4bba1f2ed3874', '\x22312e383522', 168820737, 1795973046316959);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-1', '8b7e22b1a08d1d33', '', '\x7b22737461747573223a3230312c2268656164657273223a5b5b22636f6e74656e742d74797065222c22746578742f706c61696e3b20636861727365743d7574662d38225d2c5b22636f6e74656e742d6c656e677468222c223137225d2c5b22782d636f6e74656e742d747970652d6f7074696f6e73222c226e6f736e696666225d2c5b22616374756d2d706f736974696f6e222c22313638383230373337225d2c5b2265746167222c225c22365c22225d5d2c22626f6479223a2251575268494f4b59676942766432567a494445754f44553d227d', 168820737, 1795973046325966);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'answered', '28f1d8497d57ffe085a4bba1f2ed3874', '\x017b226e616d6573223a5b224d656d6265722f6d2d31225d2c226f66223a2238623765323262316130386431643333222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 168820737, 1795973046326093);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'begun', '31a0c403a6c6e20814b5540c17d6cab5', '\x6e756c6c', 168820737, 1795973046345942);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'answered', '31a0c403a6c6e20814b5540c17d6cab5', '\x017b226e616d6573223a5b224d656d6265722f6d2d39225d2c226f66223a2266316237626430666664333935636634222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 182452225, 1795973046360527);



INSERT INTO library.actum_schema VALUES ('journal', 3);
INSERT INTO library.actum_schema VALUES ('database', 9);



INSERT INTO library.actum_sent VALUES ('$timers', 'request-1/$timers/Member/m-1/leave/1', 1795973046310651, '28f1d8497d57ffe085a4bba1f2ed3874');
INSERT INTO library.actum_sent VALUES ('$timers', 'request-2/$timers/Member/m-9/leave/1', 1795973046347556, '31a0c403a6c6e20814b5540c17d6cab5');
INSERT INTO library.actum_sent VALUES ('parcels', 'once-1', 1795973046468223, '86adc6204605057bee1186c149b43620');



INSERT INTO library.actum_set_aside VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', '"m-2"', 145752065, 'view loans: Loans.borrowed failed on Lent of Member/m-2 at position 145752065: ValueError: the book is damaged', 1795973046300263, false);



INSERT INTO library.actum_snapshots VALUES ('Member', 'm-5', 4, 1795973046238610, '0475aa209a37cf56', '\x7b226e616d65223a22457665222c226772616465223a226164756c74222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a224f647973736579222c226e756d626572223a327d5d2c2266696e6573223a22332e3030222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-2', 5, 1795973046232934, '0475aa209a37cf56', '\x7b226e616d65223a22426f626279222c226772616465223a226368696c64222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a22456d6d61222c226e756d626572223a317d2c7b22626f6f6b223a22746f726e222c226e756d626572223a357d2c7b22626f6f6b223a2244756e65222c226e756d626572223a377d5d2c2266696e6573223a2230222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-1', 6, 1795973046316959, '0475aa209a37cf56', '\x7b226e616d65223a2241646120e29882222c226772616465223a226368696c64222c22726967687473223a352c22636f70696573223a5b7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d5d2c2266696e6573223a22312e3835222c226861735f6c656674223a66616c73657d');



INSERT INTO library.actum_streams VALUES ('Member', 'm-3', 2, 109051905, 1795973046177644, 52428801, 1795973045981467, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-6', 2, 128974849, 1795973046202632, 67108865, 1795973046107909, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-2', 5, 147849217, 1795973046232934, 11534337, 1795973037802223, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-4', 3, 150994945, 1795973046238610, 54525953, 1795973046070784, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-5', 4, 150994946, 1795973046238610, 58720257, 1795973046085008, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-1', 6, 168820737, 1795973046316959, 9437185, 1795973037746691, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-7', 2, 133169153, 1795973046209754, 74448897, 1795973046120882, 1);
INSERT INTO library.actum_streams VALUES ('Member', 'm-8', 1, 224395265, 1795973046458187, 224395265, 1795973046458187, 0);



INSERT INTO library.actum_ticks VALUES ('count@clock', 1831973045933636);
INSERT INTO library.actum_ticks VALUES ('close_the_year@clock', 1798783200000000);



INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (1, '$timer/request-1/Member/m-1/leave/1', 4949573046310590, 'Member', 'm-1', 'leave', '\x5b5d', '6027da6ffdb3d10f46c8a0e520cb4c59', '', '', 3153600000000000);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (3, 'leaving', 4949573046470076, 'Member', 'm-1', 'leave', '\x5b5d', '41a7708a8ba2868aea822ad6d3433037', '', 'ann', 3153600000000000);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (4, 'moment', 7258118399999999, 'Member', 'm-2', 'leave', '\x5b5d', '41a7708a8ba2868aea822ad6d3433037', '', 'ann', 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (5, '$timer/d48197593b7e0306438f856fe4d65acf', 4949573046476786, 'Member', 'm-6', 'leave', '\x5b5d', '41a7708a8ba2868aea822ad6d3433037', '', 'ann', 3153600000000000);



INSERT INTO library.actum_triggers VALUES ('stamp', 'Lent', 0);
INSERT INTO library.actum_triggers VALUES ('print_card', 'CardIssued', 0);
INSERT INTO library.actum_triggers VALUES ('print_card', 'actum.Deleted', 0);
INSERT INTO library.actum_triggers VALUES ('greet', 'Joined', 0);
INSERT INTO library.actum_triggers VALUES ('bill', 'Fined', 0);
INSERT INTO library.actum_triggers VALUES ('count@clock', 'every 36000000000000 µs', 0);
INSERT INTO library.actum_triggers VALUES ('close_the_year@clock', 'cron 0 7 1 1 * in Europe/Berlin', 0);



INSERT INTO library.actum_views VALUES ('members', 1, 'ace097e0c5feb3ad', 14680065, true);
INSERT INTO library.actum_views VALUES ('loans', 1, 'd4777b6dda608ffe', 224395265, true);
INSERT INTO library.actum_views VALUES ('names', 1, 'd69bba36a7550c3b', 224395265, true);
INSERT INTO library.actum_views VALUES ('cards', 1, '74e5335e1ad316c8', 224395265, true);
INSERT INTO library.actum_views VALUES ('members', 2, 'b19b69d59e7a60f3', 9437185, false);



INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 145752065);
INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 147849217);



INSERT INTO library.actum_work VALUES ('view members#ace097e0c5fe', NULL, 2);
INSERT INTO library.actum_work VALUES ('action timers', 2, 3);
INSERT INTO library.actum_work VALUES ('action bill', 2, 1);
INSERT INTO library.actum_work VALUES ('action close_the_year@clock', 2, 1);
INSERT INTO library.actum_work VALUES ('action count@clock', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp', 2, 1);
INSERT INTO library.actum_work VALUES ('view cards#74e5335e1ad3', 2, 1);
INSERT INTO library.actum_work VALUES ('view loans#d4777b6dda60', 2, 1);
INSERT INTO library.actum_work VALUES ('view names#d69bba36a755', 2, 1);



INSERT INTO library.actum_writers VALUES ('728b85b1-162b-4a34-b278-ec7e6d753597', 0, '2026-11-29 17:23:57.746888+00');
INSERT INTO library.actum_writers VALUES ('42e62613-b182-411b-8c3c-79b6840b2718', 0, '2026-11-29 17:24:05.988554+00');



INSERT INTO library.cards__1 VALUES ('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', '', '2026-11-29 07:08:09.123456+00', '2031-02-03', '\x00ff2070686f746f', 0.1, 5, '["A☂", "B\""]', 2.50, true);



INSERT INTO library.loans__1 VALUES ('m-1', 1);
INSERT INTO library.loans__1 VALUES ('m-2', 1);
INSERT INTO library.loans__1 VALUES ('m-4', 2);
INSERT INTO library.loans__1 VALUES ('m-5', 2);



INSERT INTO library.members__1 VALUES ('m-1', 'Ada ☂');
INSERT INTO library.members__1 VALUES ('m-2', 'Bobby');



INSERT INTO library.members__2 VALUES ('m-1', 'Ada ☂', 'child', 'half built');



INSERT INTO library.names__1 VALUES ('m-1', 'Ada ☂');
INSERT INTO library.names__1 VALUES ('m-2', 'Bobby');
INSERT INTO library.names__1 VALUES ('m-3', 'Cy');
INSERT INTO library.names__1 VALUES ('m-4', 'Dan');
INSERT INTO library.names__1 VALUES ('m-5', 'Eve');
INSERT INTO library.names__1 VALUES ('m-6', 'Fay');
INSERT INTO library.names__1 VALUES ('m-7', 'Gus');
INSERT INTO library.names__1 VALUES ('m-8', 'Hal again');



SELECT pg_catalog.setval('library.actum_letters_id_seq', 8, true);



SELECT pg_catalog.setval('library.actum_processes_process_seq', 2, true);



SELECT pg_catalog.setval('library.actum_timers_id_seq', 6, true);



ALTER TABLE ONLY library.actum_binding
    ADD CONSTRAINT actum_binding_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY library.actum_checkpoints
    ADD CONSTRAINT actum_checkpoints_pkey PRIMARY KEY (action);



ALTER TABLE ONLY library.actum_erased
    ADD CONSTRAINT actum_erased_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_erasures
    ADD CONSTRAINT actum_erasures_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_events
    ADD CONSTRAINT actum_events_pkey PRIMARY KEY ("position");



ALTER TABLE ONLY library.actum_events
    ADD CONSTRAINT actum_events_stream_version_key UNIQUE (stream, version);



ALTER TABLE ONLY library.actum_generations
    ADD CONSTRAINT actum_generations_pkey PRIMARY KEY (name);



ALTER TABLE ONLY library.actum_identity
    ADD CONSTRAINT actum_identity_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY library.actum_journal
    ADD CONSTRAINT actum_journal_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY library.actum_letters
    ADD CONSTRAINT actum_letters_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.actum_messages
    ADD CONSTRAINT actum_messages_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.actum_processes
    ADD CONSTRAINT actum_processes_pkey PRIMARY KEY (process);



ALTER TABLE ONLY library.actum_queues
    ADD CONSTRAINT actum_queues_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY library.actum_rebuilds
    ADD CONSTRAINT actum_rebuilds_pkey PRIMARY KEY (name);



ALTER TABLE ONLY library.actum_replies
    ADD CONSTRAINT actum_replies_pkey PRIMARY KEY (kind, id, key);



ALTER TABLE ONLY library.actum_schema
    ADD CONSTRAINT actum_schema_pkey PRIMARY KEY (part);



ALTER TABLE ONLY library.actum_sent
    ADD CONSTRAINT actum_sent_pkey PRIMARY KEY (queue, once);



ALTER TABLE ONLY library.actum_set_aside
    ADD CONSTRAINT actum_set_aside_pkey PRIMARY KEY (view, generation, digest);



ALTER TABLE ONLY library.actum_snapshots
    ADD CONSTRAINT actum_snapshots_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_streams
    ADD CONSTRAINT actum_streams_first_position_key UNIQUE (first_position);



ALTER TABLE ONLY library.actum_streams
    ADD CONSTRAINT actum_streams_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_ticks
    ADD CONSTRAINT actum_ticks_pkey PRIMARY KEY (action);



ALTER TABLE ONLY library.actum_timers
    ADD CONSTRAINT actum_timers_name_key UNIQUE (name);



ALTER TABLE ONLY library.actum_timers
    ADD CONSTRAINT actum_timers_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.actum_triggers
    ADD CONSTRAINT actum_triggers_pkey PRIMARY KEY (action, name);



ALTER TABLE ONLY library.actum_views
    ADD CONSTRAINT actum_views_pkey PRIMARY KEY (name, generation);



ALTER TABLE ONLY library.actum_waiting
    ADD CONSTRAINT actum_waiting_pkey PRIMARY KEY (view, generation, digest, "position");



ALTER TABLE ONLY library.actum_work
    ADD CONSTRAINT actum_work_pkey PRIMARY KEY (work);



ALTER TABLE ONLY library.actum_writers
    ADD CONSTRAINT actum_writers_pkey PRIMARY KEY (writer);



ALTER TABLE ONLY library.cards__1
    ADD CONSTRAINT cards__1_pkey PRIMARY KEY (card);



ALTER TABLE ONLY library.loans__1
    ADD CONSTRAINT loans__1_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.members__1
    ADD CONSTRAINT members__1_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.members__2
    ADD CONSTRAINT members__2_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.names__1
    ADD CONSTRAINT names__1_pkey PRIMARY KEY (id);



CREATE INDEX actum_erasures_key ON library.actum_erasures USING btree (key);



CREATE INDEX actum_letters_action ON library.actum_letters USING btree (action, id);



CREATE INDEX actum_letters_key ON library.actum_letters USING btree (action, key, "position", id);



CREATE INDEX actum_letters_request ON library.actum_letters USING btree (action, id) WHERE (request IS NOT NULL);



CREATE INDEX actum_letters_status ON library.actum_letters USING btree (status, id);



CREATE INDEX actum_messages_queue ON library.actum_messages USING btree (queue, id);



CREATE INDEX actum_replies_time ON library.actum_replies USING btree ("time");



CREATE INDEX actum_sent_time ON library.actum_sent USING btree ("time");



CREATE INDEX actum_streams_first ON library.actum_streams USING btree (kind, first_time, first_position);



CREATE INDEX actum_timers_due ON library.actum_timers USING btree (due, id);



CREATE INDEX cards__1__1 ON library.cards__1 USING btree (fee);



CREATE INDEX cards__1__2 ON library.cards__1 USING btree (member, issued);



CREATE INDEX members__2__1 ON library.members__2 USING btree (grade);




