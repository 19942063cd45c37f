


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





CREATE TABLE library.actum_application_keys (
    id text NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL,
    "time" bigint NOT NULL
);



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



CREATE TABLE library.actum_claims (
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C"
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
    is_ended boolean NOT NULL,
    why text DEFAULT 'erased'::text NOT NULL
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



CREATE TABLE library.actum_forget_requests (
    person text NOT NULL COLLATE pg_catalog."C"
);



CREATE TABLE library.actum_forgettings (
    number bigint NOT NULL,
    "time" bigint NOT NULL,
    is_done boolean NOT NULL
);



ALTER TABLE library.actum_forgettings ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_forgettings_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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



CREATE TABLE library.actum_person_keys (
    person text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL,
    under text NOT NULL COLLATE pg_catalog."C"
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



CREATE TABLE library.actum_slices (
    action text NOT NULL COLLATE pg_catalog."C",
    slice integer NOT NULL,
    "position" bigint NOT NULL,
    triggers text NOT NULL
)
WITH (fillfactor='50');



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
    span bigint DEFAULT 0 NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL
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



CREATE TABLE library.actum_workflow_records (
    workflow bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    occurrence integer NOT NULL,
    place integer NOT NULL,
    body bytea NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE library.actum_workflow_signals (
    id bigint NOT NULL,
    workflow bigint NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    "time" bigint NOT NULL
);



ALTER TABLE library.actum_workflow_signals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_workflow_signals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE library.actum_workflow_waiters (
    awaited bigint NOT NULL,
    waiter bigint NOT NULL
);



CREATE TABLE library.actum_workflows (
    number bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    status text DEFAULT 'running'::text NOT NULL,
    due bigint DEFAULT 0,
    wakes bigint DEFAULT 0 NOT NULL,
    request text DEFAULT ''::text NOT NULL,
    input bytea NOT NULL,
    call text NOT NULL,
    state bytea DEFAULT '\x'::bytea NOT NULL,
    outcome bytea DEFAULT '\x'::bytea NOT NULL,
    ending text DEFAULT ''::text NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    generation integer DEFAULT 1 NOT NULL,
    deadline bigint,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    correlation_id text NOT NULL,
    causation_id text NOT NULL,
    by text NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C"
);



ALTER TABLE library.actum_workflows ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME library.actum_workflows_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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






INSERT INTO library.actum_binding VALUES (true, 'library', '8e955a7be3834462ab311cf847c9a627', 15728641, '2@1796005616693560', 0);



INSERT INTO library.actum_checkpoints VALUES ('greet', 0);
INSERT INTO library.actum_checkpoints VALUES ('bill', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('stamp', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('print_card', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('$deadlines', 285212673);



INSERT INTO library.actum_claims VALUES ('Book', 'place', '\x772b5f5488537451a522babd6d27fd03067f87b3495565d10669a68208b9792e', 'b-1');
INSERT INTO library.actum_claims VALUES ('Book', 'place', '\x03eeec9bb7aa93ba839234c814caa3cfbdbfd669babb882801e963e8db5a03bf', 'b-2');



INSERT INTO library.actum_erased VALUES ('Member', 'm-8', 176160769);
INSERT INTO library.actum_erased VALUES ('Member', 'm-9', 188743681);
INSERT INTO library.actum_erased VALUES ('Book', 'b-3', 247463937);



INSERT INTO library.actum_erasures VALUES ('Member', 'm-8', 'Member/m-8', 165675009, 176160769, true, 'erased');
INSERT INTO library.actum_erasures VALUES ('Member', 'm-9', 'Member/m-9', 176160769, 188743681, true, 'erased');
INSERT INTO library.actum_erasures VALUES ('Book', 'b-3', 'Book/b-3', 243269633, 247463937, true, 'erased');
INSERT INTO library.actum_erasures VALUES ('Member', 'm-6', 'Member/m-6', 301989889, 0, false, 'erased');



INSERT INTO library.actum_events VALUES (10485761, 10485761, 1, 'Member', 'm-1', 'Joined', 1, '\x7b226e616d65223a2241646120e29882227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223264666238623661323361373035346336326538626664323934313161343636227d', 1796005616657373);
INSERT INTO library.actum_events VALUES (12582913, 12582913, 1, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f62227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223264666238623661323361373035346336326538626664323934313161343636227d', 1796005616688392);
INSERT INTO library.actum_events VALUES (15728641, 12582913, 2, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f626279227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223264666238623661323361373035346336326538626664323934313161343636227d', 1796005616693560);
INSERT INTO library.actum_events VALUES (55574529, 55574529, 1, 'Member', 'm-3', 'Joined', 2, '\x7b226e616d65223a224379222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931227d', 1796005644302818);
INSERT INTO library.actum_events VALUES (57671681, 57671681, 1, 'Member', 'm-4', 'Joined', 2, '\x7b226e616d65223a2244616e222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931227d', 1796005644615658);
INSERT INTO library.actum_events VALUES (63963137, 63963137, 1, 'Member', 'm-5', 'Joined', 2, '\x7b226e616d65223a22457665222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931227d', 1796005644672661);
INSERT INTO library.actum_events VALUES (70254593, 70254593, 1, 'Member', 'm-6', 'Joined', 2, '\x7b226e616d65223a22466179222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931227d', 1796005644707301);
INSERT INTO library.actum_events VALUES (91226113, 10485761, 2, 'Member', 'm-1', 'CardIssued', 1, '\x7b2263617264223a2230663165326433632d346235612d363937382d383739362d613562346333643265316630222c22697373756564223a22323032362d31312d32395430373a30383a30392e3132333435365a222c2265787069726573223a22323033312d30322d3033222c2270686f746f223a2241503867634768766447383d222c22776569676874223a302e312c22726967687473223a352c227368656c766573223a5b2241e29882222c22425c22225d7d', '\x7b22636f6d6d616e64223a2269737375655f63617264222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005644855725);
INSERT INTO library.actum_events VALUES (94371841, 10485761, 3, 'Member', 'm-1', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005644878321);
INSERT INTO library.actum_events VALUES (95420417, 10485761, 4, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005644891681);
INSERT INTO library.actum_events VALUES (99614721, 55574529, 2, 'Member', 'm-3', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005644936052);
INSERT INTO library.actum_events VALUES (106954753, 57671681, 2, 'Member', 'm-4', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645054683);
INSERT INTO library.actum_events VALUES (110100481, 63963137, 2, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645087217);
INSERT INTO library.actum_events VALUES (113246209, 63963137, 3, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645102891);
INSERT INTO library.actum_events VALUES (115343361, 70254593, 2, 'Member', 'm-6', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645112009);
INSERT INTO library.actum_events VALUES (118489089, 74448897, 2, 'Member', 'm-7', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645119194);
INSERT INTO library.actum_events VALUES (123731969, 10485761, 5, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3130227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645174811);
INSERT INTO library.actum_events VALUES (127926273, 12582913, 3, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22456d6d61222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645208554);
INSERT INTO library.actum_events VALUES (128974849, 12582913, 4, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22746f726e222c226e756d626572223a357d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645215103);
INSERT INTO library.actum_events VALUES (131072001, 12582913, 5, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a2244756e65222c226e756d626572223a377d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645226967);
INSERT INTO library.actum_events VALUES (134217729, 57671681, 3, 'Member', 'm-4', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645229694);
INSERT INTO library.actum_events VALUES (134217730, 63963137, 4, 'Member', 'm-5', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005645229694);
INSERT INTO library.actum_events VALUES (149946369, 10485761, 6, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3235227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223064326332626538653461636630643366336566383931313033636262633765227d', 1796005646041544);
INSERT INTO library.actum_events VALUES (176160769, 176160769, 0, 'Member', 'm-8', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d38222c22776879223a22657261736564227d', '\x7b7d', 1796005646265139);
INSERT INTO library.actum_events VALUES (188743681, 188743681, 0, 'Member', 'm-9', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d39222c22776879223a22657261736564227d', '\x7b7d', 1796005646621546);
INSERT INTO library.actum_events VALUES (201326593, 201326593, 1, 'Member', 'm-8', 'Joined', 2, '\x7b226e616d65223a2248616c20616761696e222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e227d', 1796005646719652);
INSERT INTO library.actum_events VALUES (218103809, 218103809, 1, 'Book', 'b-1', 'Shelved', 1, '\x7b22706c616365223a224120e29882222c226e756d626572223a317d', '\x7b22636f6d6d616e64223a227368656c7665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22636c61696d73223a5b5b22706c616365222c2233386530646132653932613732613238346663623666626662333630656638376336366537623834396438653038316434386333376332316663663662393330222c747275655d2c5b22706c616365222c2237373262356635343838353337343531613532326261626436643237666430333036376638376233343935353635643130363639613638323038623937393265222c66616c73655d5d7d', 1796005646770953);
INSERT INTO library.actum_events VALUES (230686721, 230686721, 1, 'Book', 'b-2', 'Shelved', 1, '\x7b22706c616365223a224120e29882222c226e756d626572223a327d', '\x7b22636f6d6d616e64223a227368656c7665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22636c61696d73223a5b5b22706c616365222c2233386530646132653932613732613238346663623666626662333630656638376336366537623834396438653038316434386333376332316663663662393330222c747275655d2c5b22706c616365222c2235373163316261666638313534386134636238636461363430646634303835633137633435633862386264333037396261353636326330316266656136313335222c66616c73655d5d7d', 1796005646831615);
INSERT INTO library.actum_events VALUES (234881025, 230686721, 2, 'Book', 'b-2', 'Shelved', 1, '\x7b22706c616365223a224120e29882222c226e756d626572223a337d', '\x7b22636f6d6d616e64223a227368656c7665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22636c61696d73223a5b5b22706c616365222c2235373163316261666638313534386134636238636461363430646634303835633137633435633862386264333037396261353636326330316266656136313335222c747275655d2c5b22706c616365222c2230336565656339626237616139336261383339323334633831346361613363666264626664363639626162623838323830316539363365386462356130336266222c66616c73655d5d7d', 1796005646953206);
INSERT INTO library.actum_events VALUES (247463937, 247463937, 0, 'Book', 'b-3', 'actum.Deleted', 1, '\x7b226b696e64223a22426f6f6b222c226964223a22622d33222c22776879223a22657261736564227d', '\x7b7d', 1796005647391206);
INSERT INTO library.actum_events VALUES (274726913, 274726913, 1, 'Reservation', 'v-1', 'Reserved', 1, '\x7b22626f6f6b223a22456d6d61227d', '\x7b22636f6d6d616e64223a2272657365727665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22646561646c696e6573223a7b226174223a312c226368616e676564223a5b7b226e616d65223a22656e64222c22636f6d6d616e64223a226c61707365222c22647565223a313739363030353736373832333538382c227370616e223a3132303030303030302c22617267756d656e7473223a5b226e6f626f64792063616d6520666f7220456d6d61225d7d5d7d7d', 1796005647823588);
INSERT INTO library.actum_events VALUES (276824065, 276824065, 1, 'Reservation', 'v-2', 'Reserved', 1, '\x7b22626f6f6b223a22556c7973736573227d', '\x7b22636f6d6d616e64223a2272657365727665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22646561646c696e6573223a7b226174223a312c226368616e676564223a5b7b226e616d65223a22656e64222c22636f6d6d616e64223a226c61707365222c22647565223a343934393630353634373834323736302c227370616e223a333135333630303030303030303030302c22617267756d656e7473223a5b226e6f626f64792063616d6520666f7220556c7973736573225d7d5d7d7d', 1796005647842760);
INSERT INTO library.actum_events VALUES (281018369, 281018369, 1, 'Reservation', 'v-3', 'Reserved', 1, '\x7b22626f6f6b223a22496c696164227d', '\x7b22636f6d6d616e64223a2272657365727665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22646561646c696e6573223a7b226174223a312c226368616e676564223a5b7b226e616d65223a22656e64222c22636f6d6d616e64223a226c61707365222c22647565223a313739363030353736373835373730372c227370616e223a3132303030303030302c22617267756d656e7473223a5b226e6f626f64792063616d6520666f7220496c696164225d7d5d7d7d', 1796005647857707);
INSERT INTO library.actum_events VALUES (285212673, 281018369, 2, 'Reservation', 'v-3', 'Kept', 1, '\x7b7d', '\x7b22636f6d6d616e64223a226b656570222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22646561646c696e6573223a7b226174223a322c226368616e676564223a5b7b226e616d65223a22656e64227d5d7d7d', 1796005647869465);
INSERT INTO library.actum_events VALUES (301989889, 301989889, 1, 'Reservation', 'v-4', 'Reserved', 1, '\x7b22626f6f6b223a2244756e65227d', '\x7b22636f6d6d616e64223a2272657365727665222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c226279223a22616e6e222c22646561646c696e6573223a7b226174223a312c226368616e676564223a5b7b226e616d65223a22656e64222c22636f6d6d616e64223a226c61707365222c22647565223a313739363030353736383836323234372c227370616e223a3132303030303030302c22617267756d656e7473223a5b226e6f626f64792063616d6520666f722044756e65225d7d5d7d7d', 1796005648862247);









INSERT INTO library.actum_generations VALUES ('cards', 1);
INSERT INTO library.actum_generations VALUES ('loans', 1);
INSERT INTO library.actum_generations VALUES ('names', 1);
INSERT INTO library.actum_generations VALUES ('members', 2);



INSERT INTO library.actum_identity VALUES (true, '8e955a7be3834462ab311cf847c9a627');



INSERT INTO library.actum_journal VALUES (true, -752);



INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (3, 'bill', 'Member/m-5', 110100481, '\x', 'dead', 1, 1796005645143915, 'RuntimeError: nothing can be done for m-5', 1796005645143924, 1796005645143924, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (4, 'bill', 'Member/m-5', 113246209, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (6, 'stamp', 'Member/m-2', 131072001, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (5, 'stamp', 'Member/m-2', 128974849, '\x', 'dead', 1, 1796005646107053, 'RuntimeError: nothing can be done for m-2', 1796005645286069, 1796005646107276, NULL, 'RuntimeError: nothing can be done for m-2 torn');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (7, 'post@queue:letters', 'lost', 210763777, '\x7b226964223a3231303736333737372c227175657565223a226c657474657273222c226b6579223a226c6f7374222c22626f6479223a2265794a6962323972496a6f696247397a64434973496e427961574e6c496a6f694e4334304d434a39222c2274696d65223a313739363030353634363734323433362c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c22636175736174696f6e5f6964223a22222c226279223a22616e6e227d', 'dead', 1, 1796005646756194, 'RuntimeError: nothing can be done for lost', 1796005646756204, 1796005646756204, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (8, 'timers', 'Member/m-3', 6, '\x7b226e616d65223a226561726c79222c22647565223a313739363030353634363736343034302c226b696e64223a224d656d626572222c22656e746974795f6964223a226d2d33222c22636f6d6d616e64223a226c65617665222c22617267756d656e7473223a225731303d222c22636f7272656c6174696f6e5f6964223a223733633364373962653432343435396635626435643238366431356139393931222c22636175736174696f6e5f6964223a22222c226279223a22616e6e222c227370616e223a302c226964223a367d', 'dead', 1, 1796005646909451, 'Rejected: there are fines', 1796005646909462, 1796005646909462, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (1, 'bill', 'Member/m-3', 99614721, '\x', 'dead', 1, 1796005645088713, 'RuntimeError: nothing can be done for m-3', 1796005645088728, 1796005645088728, 'retry', '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (2, 'bill', 'Member/m-4', 106954753, '\x', 'dead', 1, 1796005645089128, 'RuntimeError: nothing can be done for m-4', 1796005645089130, 1796005645089130, 'skip', '');



INSERT INTO library.actum_messages VALUES (204472321, 'parcels', 'p', '\x7b22626f6f6b223a22456d6d61222c227072696365223a22312e3130227d', 1796005646724448, '73c3d79be424459f5bd5d286d15a9991', '', 'ann');
INSERT INTO library.actum_messages VALUES (206569473, 'parcels', 'p', '\x7b22626f6f6b223a22556c7973736573222c227072696365223a22322e3230227d', 1796005646736030, '73c3d79be424459f5bd5d286d15a9991', '', 'ann');
INSERT INTO library.actum_messages VALUES (207618049, 'parcels', NULL, '\x7b22626f6f6b223a2244756e65222c227072696365223a22332e3330227d', 1796005646739126, '73c3d79be424459f5bd5d286d15a9991', '', 'ann');






INSERT INTO library.actum_processes OVERRIDING SYSTEM VALUE VALUES (0, '{}', false, 'infinity');
INSERT INTO library.actum_processes OVERRIDING SYSTEM VALUE VALUES (2, '{"action bill#0/16","action bill#1/16","action bill#10/16","action bill#11/16","action bill#12/16","action bill#13/16","action bill#14/16","action bill#15/16","action bill#2/16","action bill#3/16","action bill#4/16","action bill#5/16","action bill#6/16","action bill#7/16","action bill#8/16","action bill#9/16","action close_the_year@clock","action count@clock","action greet#0/16","action greet#1/16","action greet#10/16","action greet#11/16","action greet#12/16","action greet#13/16","action greet#14/16","action greet#15/16","action greet#2/16","action greet#3/16","action greet#4/16","action greet#5/16","action greet#6/16","action greet#7/16","action greet#8/16","action greet#9/16","action post@queue:letters#0/16","action post@queue:letters#1/16","action post@queue:letters#10/16","action post@queue:letters#11/16","action post@queue:letters#12/16","action post@queue:letters#13/16","action post@queue:letters#14/16","action post@queue:letters#15/16","action post@queue:letters#2/16","action post@queue:letters#3/16","action post@queue:letters#4/16","action post@queue:letters#5/16","action post@queue:letters#6/16","action post@queue:letters#7/16","action post@queue:letters#8/16","action post@queue:letters#9/16","action print_card#0/16","action print_card#1/16","action print_card#10/16","action print_card#11/16","action print_card#12/16","action print_card#13/16","action print_card#14/16","action print_card#15/16","action print_card#2/16","action print_card#3/16","action print_card#4/16","action print_card#5/16","action print_card#6/16","action print_card#7/16","action print_card#8/16","action print_card#9/16","action send@queue:parcels#0/16","action send@queue:parcels#1/16","action send@queue:parcels#10/16","action send@queue:parcels#11/16","action send@queue:parcels#12/16","action send@queue:parcels#13/16","action send@queue:parcels#14/16","action send@queue:parcels#15/16","action send@queue:parcels#2/16","action send@queue:parcels#3/16","action send@queue:parcels#4/16","action send@queue:parcels#5/16","action send@queue:parcels#6/16","action send@queue:parcels#7/16","action send@queue:parcels#8/16","action send@queue:parcels#9/16","action stamp#0/16","action stamp#1/16","action stamp#10/16","action stamp#11/16","action stamp#12/16","action stamp#13/16","action stamp#14/16","action stamp#15/16","action stamp#2/16","action stamp#3/16","action stamp#4/16","action stamp#5/16","action stamp#6/16","action stamp#7/16","action stamp#8/16","action stamp#9/16","action timers","view cards#74e5335e1ad3","view loans#d4777b6dda60","view names#d69bba36a755","workflows Collection#0/16","workflows Collection#1/16","workflows Collection#10/16","workflows Collection#11/16","workflows Collection#12/16","workflows Collection#13/16","workflows Collection#14/16","workflows Collection#15/16","workflows Collection#2/16","workflows Collection#3/16","workflows Collection#4/16","workflows Collection#5/16","workflows Collection#6/16","workflows Collection#7/16","workflows Collection#8/16","workflows Collection#9/16","workflows Restoration#0/16","workflows Restoration#1/16","workflows Restoration#10/16","workflows Restoration#11/16","workflows Restoration#12/16","workflows Restoration#13/16","workflows Restoration#14/16","workflows Restoration#15/16","workflows Restoration#2/16","workflows Restoration#3/16","workflows Restoration#4/16","workflows Restoration#5/16","workflows Restoration#6/16","workflows Restoration#7/16","workflows Restoration#8/16","workflows Restoration#9/16"}', true, '2026-11-30 02:27:28.359457+00');



INSERT INTO library.actum_queues VALUES (true, -752);



INSERT INTO library.actum_rebuilds VALUES ('names');



INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'command-1', 'e826851ff1a36f8d2e5de5c2e3c0b71f', '\x22312e363022', 123731969, 1796005645174811);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-4', '1b7d8603521d40b1', '', '\x41325759364b733d', 134217730, 1796005645229694);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-5', '1b7d8603521d40b1', '', '\x574653303266593d', 134217730, 1796005645229694);
INSERT INTO library.actum_replies VALUES ('$unit', 'unit-1', 'unit-1', 'tests.stores_of_versions.library.borrow_for/e762825f781389bbec2fe7fdab1c24bf/9f92052cd40b8fde9b035db4062543de', '\x017b226e616d6573223a5b224d656d6265722f6d2d34222c224d656d6265722f6d2d35225d2c226f66223a2231623764383630333532316434306231222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 134217730, 1796005645229694);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'begun', '28f1d8497d57ffe085a4bba1f2ed3874', '\x6e756c6c', 134217730, 1796005645268483);
INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'request-1', '28f1d8497d57ffe085a4bba1f2ed3874', '\x22312e383522', 149946369, 1796005646041544);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-1', '55171f70713e3716', '', '\x7b22737461747573223a3230312c2268656164657273223a5b5b22636f6e74656e742d74797065222c22746578742f706c61696e3b20636861727365743d7574662d38225d2c5b22636f6e74656e742d6c656e677468222c223137225d2c5b22782d636f6e74656e742d747970652d6f7074696f6e73222c226e6f736e696666225d2c5b22616374756d2d706f736974696f6e222c22313439393436333639225d2c5b2265746167222c225c22365c22225d5d2c22626f6479223a2251575268494f4b59676942766432567a494445754f44553d227d', 149946369, 1796005646108963);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'answered', '28f1d8497d57ffe085a4bba1f2ed3874', '\x017b226e616d6573223a5b224d656d6265722f6d2d31225d2c226f66223a2235353137316637303731336533373136222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 149946369, 1796005646109037);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'begun', '31a0c403a6c6e20814b5540c17d6cab5', '\x6e756c6c', 149946369, 1796005646161637);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'answered', '31a0c403a6c6e20814b5540c17d6cab5', '\x017b226e616d6573223a5b224d656d6265722f6d2d39225d2c226f66223a2263626262663334643934346265373436222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 165675009, 1796005646236085);



INSERT INTO library.actum_schema VALUES ('journal', 4);
INSERT INTO library.actum_schema VALUES ('people', 1);
INSERT INTO library.actum_schema VALUES ('database', 13);



INSERT INTO library.actum_sent VALUES ('$timers', 'request-1/$timers/Member/m-1/leave/1', 1796005645270044, '28f1d8497d57ffe085a4bba1f2ed3874');
INSERT INTO library.actum_sent VALUES ('$timers', 'request-2/$timers/Member/m-9/leave/1', 1796005646168692, '31a0c403a6c6e20814b5540c17d6cab5');
INSERT INTO library.actum_sent VALUES ('parcels', 'once-1', 1796005646739126, '86adc6204605057bee1186c149b43620');
INSERT INTO library.actum_sent VALUES ('$signals', 'Restoration/r-1/once-1', 1796005647633065, '66d22b45e486c54cf244c1bb7152075c');



INSERT INTO library.actum_set_aside VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', '"m-2"', 128974849, 'view loans: Loans.borrowed failed on Lent of Member/m-2 at position 128974849: ValueError: the book is damaged', 1796005646041843, false);



INSERT INTO library.actum_slices VALUES ('print_card', 0, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 10, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 11, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 0, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 12, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 1, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 10, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 13, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 11, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 12, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 13, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 14, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 15, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 2, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 4, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 5, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 6, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 8, 285212673, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 9, 247463936, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('bill', 0, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 1, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 10, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 11, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 12, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 13, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 14, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 3, 91226112, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('bill', 15, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 2, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 3, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 4, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 5, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 6, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 7, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 8, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 9, 285212673, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 0, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 1, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 10, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 11, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 12, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 13, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 14, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 15, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 2, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 3, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 4, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 5, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 6, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 7, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 8, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 9, 285212673, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 1, 188743680, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 7, 176160768, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 14, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 15, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 2, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 3, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 4, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 5, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 6, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 7, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 8, 285212673, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 9, 285212673, '{"Lent":0}');



INSERT INTO library.actum_snapshots VALUES ('Member', 'm-5', 4, 1796005645229694, '0475aa209a37cf56', '\x7b226e616d65223a22457665222c226772616465223a226164756c74222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a224f647973736579222c226e756d626572223a327d5d2c2266696e6573223a22332e3030222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-2', 5, 1796005645226967, '0475aa209a37cf56', '\x7b226e616d65223a22426f626279222c226772616465223a226368696c64222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a22456d6d61222c226e756d626572223a317d2c7b22626f6f6b223a22746f726e222c226e756d626572223a357d2c7b22626f6f6b223a2244756e65222c226e756d626572223a377d5d2c2266696e6573223a2230222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-1', 6, 1796005646041544, '0475aa209a37cf56', '\x7b226e616d65223a2241646120e29882222c226772616465223a226368696c64222c22726967687473223a352c22636f70696573223a5b7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d5d2c2266696e6573223a22312e3835222c226861735f6c656674223a66616c73657d');



INSERT INTO library.actum_streams VALUES ('Member', 'm-3', 2, 99614721, 1796005644936052, 55574529, 1796005644302818, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-6', 2, 115343361, 1796005645112009, 70254593, 1796005644707301, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-2', 5, 131072001, 1796005645226967, 12582913, 1796005616688392, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-4', 3, 134217729, 1796005645229694, 57671681, 1796005644615658, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-5', 4, 134217730, 1796005645229694, 63963137, 1796005644672661, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-1', 6, 149946369, 1796005646041544, 10485761, 1796005616657373, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-7', 2, 118489089, 1796005645119194, 74448897, 1796005644743626, 1);
INSERT INTO library.actum_streams VALUES ('Member', 'm-8', 1, 201326593, 1796005646719652, 201326593, 1796005646719652, 0);
INSERT INTO library.actum_streams VALUES ('Book', 'b-1', 1, 218103809, 1796005646770953, 218103809, 1796005646770953, 0);
INSERT INTO library.actum_streams VALUES ('Book', 'b-2', 2, 234881025, 1796005646953206, 230686721, 1796005646831615, 0);
INSERT INTO library.actum_streams VALUES ('Reservation', 'v-1', 1, 274726913, 1796005647823588, 274726913, 1796005647823588, 0);
INSERT INTO library.actum_streams VALUES ('Reservation', 'v-2', 1, 276824065, 1796005647842760, 276824065, 1796005647842760, 0);
INSERT INTO library.actum_streams VALUES ('Reservation', 'v-3', 2, 285212673, 1796005647869465, 281018369, 1796005647857707, 0);
INSERT INTO library.actum_streams VALUES ('Reservation', 'v-4', 1, 301989889, 1796005648862247, 301989889, 1796005648862247, 0);



INSERT INTO library.actum_ticks VALUES ('count@clock', 1832005644179278);
INSERT INTO library.actum_ticks VALUES ('close_the_year@clock', 1798783200000000);



INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (1, '$timer/request-1/Member/m-1/leave/1', 4949605645269971, 'Member', 'm-1', 'leave', '\x5b5d', '0d2c2be8e4acf0d3f3ef891103cbbc7e', '', '', 3153600000000000, 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (3, 'leaving', 4949605646751748, 'Member', 'm-1', 'leave', '\x5b5d', '73c3d79be424459f5bd5d286d15a9991', '', 'ann', 3153600000000000, 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (4, 'moment', 7258118399999999, 'Member', 'm-2', 'leave', '\x5b5d', '73c3d79be424459f5bd5d286d15a9991', '', 'ann', 0, 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (5, '$timer/20a7d678591b8a7ac4001e3084d32324', 4949605646763440, 'Member', 'm-6', 'leave', '\x5b5d', '73c3d79be424459f5bd5d286d15a9991', '', 'ann', 3153600000000000, 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (7, '$deadline/11/3/Reservation/v-1/end', 1796005767823588, 'Reservation', 'v-1', 'lapse', '\x5b226e6f626f64792063616d6520666f7220456d6d61225d', '73c3d79be424459f5bd5d286d15a9991', 'Reservation/v-1@1', 'ann', 120000000, 274726913);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (8, '$deadline/11/3/Reservation/v-2/end', 4949605647842760, 'Reservation', 'v-2', 'lapse', '\x5b226e6f626f64792063616d6520666f7220556c7973736573225d', '73c3d79be424459f5bd5d286d15a9991', 'Reservation/v-2@1', 'ann', 3153600000000000, 276824065);



INSERT INTO library.actum_triggers VALUES ('count@clock', 'every 36000000000000 µs', 0);
INSERT INTO library.actum_triggers VALUES ('close_the_year@clock', 'cron 0 7 1 1 * in Europe/Berlin', 0);



INSERT INTO library.actum_views VALUES ('members', 1, 'ace097e0c5feb3ad', 15728641, true);
INSERT INTO library.actum_views VALUES ('names', 1, 'd69bba36a7550c3b', 285212673, true);
INSERT INTO library.actum_views VALUES ('loans', 1, 'd4777b6dda608ffe', 285212673, true);
INSERT INTO library.actum_views VALUES ('cards', 1, '74e5335e1ad316c8', 285212673, true);
INSERT INTO library.actum_views VALUES ('members', 2, 'b19b69d59e7a60f3', 10485761, false);



INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 128974849);
INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 131072001);



INSERT INTO library.actum_work VALUES ('view members#ace097e0c5fe', NULL, 2);
INSERT INTO library.actum_work VALUES ('action bill', 0, 1);
INSERT INTO library.actum_work VALUES ('action greet', 0, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters', 0, 1);
INSERT INTO library.actum_work VALUES ('action print_card', 0, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels', 0, 1);
INSERT INTO library.actum_work VALUES ('action stamp', 0, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection', 0, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration', 0, 1);
INSERT INTO library.actum_work VALUES ('action timers', 2, 3);
INSERT INTO library.actum_work VALUES ('action bill#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action bill#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action close_the_year@clock', 2, 1);
INSERT INTO library.actum_work VALUES ('action count@clock', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action greet#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action print_card#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('action stamp#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('view cards#74e5335e1ad3', 2, 1);
INSERT INTO library.actum_work VALUES ('view loans#d4777b6dda60', 2, 1);
INSERT INTO library.actum_work VALUES ('view names#d69bba36a755', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Collection#9/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#0/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#1/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#10/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#11/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#12/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#13/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#14/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#15/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#2/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#3/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#4/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#5/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#6/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#7/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#8/16', 2, 1);
INSERT INTO library.actum_work VALUES ('workflows Restoration#9/16', 2, 1);



INSERT INTO library.actum_workflow_records VALUES (1, 'restore', 1, 1, '\x7b22726573756c74223a22456d6d612069732061776179227d', 1796005647627150);
INSERT INTO library.actum_workflow_records VALUES (1, '$receive Restored', 1, 2, '\x7b22647565223a343934393630353634373632383939347d', 1796005647629049);
INSERT INTO library.actum_workflow_records VALUES (3, 'restore', 1, 1, '\x7b226572726f72223a7b2274797065223a22537465704661696c6564222c226d657373616765223a2252756e74696d654572726f723a206e6f7468696e672063616e20626520646f6e6520666f72206c6f7374222c2273746570223a22726573746f7265227d2c22617474656d707473223a317d', 1796005647632644);
INSERT INTO library.actum_workflow_records VALUES (2, 'restore', 1, 1, '\x7b22726573756c74223a22556c79737365732069732061776179227d', 1796005647629806);
INSERT INTO library.actum_workflow_records VALUES (2, '$receive Restored', 1, 2, '\x7b22647565223a343934393630353634373633323138317d', 1796005647632185);
INSERT INTO library.actum_workflow_records VALUES (3, '$compensation', 1, 3, '\x7b22726573756c74223a747275657d', 1796005647661056);
INSERT INTO library.actum_workflow_records VALUES (3, 'fetch_back', 1, 2, '\x7b22726573756c74223a6e756c6c7d', 1796005647660796);



INSERT INTO library.actum_workflow_signals OVERRIDING SYSTEM VALUE VALUES (1, 1, 'Invoiced', '\x7b227072696365223a22372e3530227d', 1796005647633065);



INSERT INTO library.actum_workflow_waiters VALUES (1, 4);



INSERT INTO library.actum_workflows OVERRIDING SYSTEM VALUE VALUES (4, 'Collection', 'c-1', 'running', NULL, 0, '', '\x5b22722d31225d', '0b95a774ac9d1e5ce4f12572680b481c', '\x', '\x', '', '', 0, 1, NULL, 1796005647630069, 1796005647641726, '73c3d79be424459f5bd5d286d15a9991', '', 'ann', '');
INSERT INTO library.actum_workflows OVERRIDING SYSTEM VALUE VALUES (3, 'Restoration', 'r-3', 'failed', NULL, 0, '', '\x5b226c6f7374225d', 'd602c7540788c3c1c18f46b3167e6db1', '\x7b227374616765223a226e6577227d', '\x7b2274797065223a22537465704661696c6564222c226d657373616765223a2252756e74696d654572726f723a206e6f7468696e672063616e20626520646f6e6520666f72206c6f7374222c2273746570223a22726573746f7265227d', 'failed', 'StepFailed: the step restore failed: RuntimeError: nothing can be done for lost', 0, 1, NULL, 1796005647627741, 1796005647661231, '73c3d79be424459f5bd5d286d15a9991', '', 'ann', '');
INSERT INTO library.actum_workflows OVERRIDING SYSTEM VALUE VALUES (1, 'Restoration', 'r-1', 'running', 4949605647628994, 1, '', '\x5b22456d6d61225d', '65e14beae71b607c1097869228d6c3cf', '\x7b227374616765223a2261776179227d', '\x', '', '', 0, 1, NULL, 1796005647594782, 1796005647683328, '73c3d79be424459f5bd5d286d15a9991', '', 'ann', '');
INSERT INTO library.actum_workflows OVERRIDING SYSTEM VALUE VALUES (2, 'Restoration', 'r-2', 'paused', NULL, 1, '', '\x5b22556c7973736573225d', 'aa5080252959a8bbd8cbbcff9c92ae98', '\x7b227374616765223a2261776179227d', '\x', '', '', 0, 1, NULL, 1796005647601798, 1796005647660684, '73c3d79be424459f5bd5d286d15a9991', '', 'ann', '');



INSERT INTO library.actum_writers VALUES ('e1df34ec-f720-44da-8a74-3457077a2ed4', 0, '2026-11-30 02:26:56.657987+00');
INSERT INTO library.actum_writers VALUES ('76fd2459-386e-41c0-87e1-645e1d67b380', 0, '2026-11-30 02:27:24.319366+00');



INSERT INTO library.cards__1 VALUES ('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', '', '2026-11-29 07:08:09.123456+00', '2031-02-03', '\x00ff2070686f746f', 0.1, 5, '["A☂", "B\""]', 2.50, true);



INSERT INTO library.loans__1 VALUES ('m-1', 1);
INSERT INTO library.loans__1 VALUES ('m-4', 2);
INSERT INTO library.loans__1 VALUES ('m-2', 1);
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



SELECT pg_catalog.setval('library.actum_forgettings_number_seq', 1, false);



SELECT pg_catalog.setval('library.actum_letters_id_seq', 8, true);



SELECT pg_catalog.setval('library.actum_processes_process_seq', 2, true);



SELECT pg_catalog.setval('library.actum_timers_id_seq', 8, true);



SELECT pg_catalog.setval('library.actum_workflow_signals_id_seq', 1, true);



SELECT pg_catalog.setval('library.actum_workflows_number_seq', 4, true);



ALTER TABLE ONLY library.actum_application_keys
    ADD CONSTRAINT actum_application_keys_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.actum_binding
    ADD CONSTRAINT actum_binding_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY library.actum_checkpoints
    ADD CONSTRAINT actum_checkpoints_pkey PRIMARY KEY (action);



ALTER TABLE ONLY library.actum_claims
    ADD CONSTRAINT actum_claims_pkey PRIMARY KEY (kind, name, digest);



ALTER TABLE ONLY library.actum_erased
    ADD CONSTRAINT actum_erased_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_erasures
    ADD CONSTRAINT actum_erasures_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY library.actum_events
    ADD CONSTRAINT actum_events_pkey PRIMARY KEY ("position");



ALTER TABLE ONLY library.actum_events
    ADD CONSTRAINT actum_events_stream_version_key UNIQUE (stream, version);



ALTER TABLE ONLY library.actum_forget_requests
    ADD CONSTRAINT actum_forget_requests_pkey PRIMARY KEY (person);



ALTER TABLE ONLY library.actum_forgettings
    ADD CONSTRAINT actum_forgettings_pkey PRIMARY KEY (number);



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



ALTER TABLE ONLY library.actum_person_keys
    ADD CONSTRAINT actum_person_keys_id_key UNIQUE (id);



ALTER TABLE ONLY library.actum_person_keys
    ADD CONSTRAINT actum_person_keys_pkey PRIMARY KEY (person);



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



ALTER TABLE ONLY library.actum_slices
    ADD CONSTRAINT actum_slices_pkey PRIMARY KEY (action, slice);



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



ALTER TABLE ONLY library.actum_workflow_records
    ADD CONSTRAINT actum_workflow_records_pkey PRIMARY KEY (workflow, name, occurrence);



ALTER TABLE ONLY library.actum_workflow_signals
    ADD CONSTRAINT actum_workflow_signals_pkey PRIMARY KEY (id);



ALTER TABLE ONLY library.actum_workflow_waiters
    ADD CONSTRAINT actum_workflow_waiters_pkey PRIMARY KEY (awaited, waiter);



ALTER TABLE ONLY library.actum_workflows
    ADD CONSTRAINT actum_workflows_kind_id_key UNIQUE (kind, id);



ALTER TABLE ONLY library.actum_workflows
    ADD CONSTRAINT actum_workflows_pkey PRIMARY KEY (number);



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



CREATE INDEX actum_claims_holder ON library.actum_claims USING btree (kind, id);



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



CREATE INDEX actum_workflow_signals_workflow ON library.actum_workflow_signals USING btree (workflow, id);



CREATE INDEX actum_workflow_waiters_waiter ON library.actum_workflow_waiters USING btree (waiter);



CREATE INDEX actum_workflows_ended ON library.actum_workflows USING btree (kind, updated) WHERE (status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text]));



CREATE INDEX actum_workflows_open ON library.actum_workflows USING btree (status, kind) WHERE (NOT (status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])));



CREATE INDEX actum_workflows_slice ON library.actum_workflows USING btree (kind, ((number % (16)::bigint)), due) WHERE (due IS NOT NULL);



CREATE INDEX actum_workflows_subject ON library.actum_workflows USING btree (subject) WHERE (subject <> ''::text);



CREATE INDEX cards__1__1 ON library.cards__1 USING btree (fee);



CREATE INDEX cards__1__2 ON library.cards__1 USING btree (member, issued);



CREATE INDEX members__2__1 ON library.members__2 USING btree (grade);




