


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



INSERT INTO library.actum_binding VALUES (true, 'library', '205ca48c86894d389343342f702989f3', 15728641, '2@1795984252298747', 0);



INSERT INTO library.actum_checkpoints VALUES ('greet', 0);
INSERT INTO library.actum_checkpoints VALUES ('bill', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('stamp', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('print_card', 15728641);
INSERT INTO library.actum_checkpoints VALUES ('$deadlines', 195035137);






INSERT INTO library.actum_erased VALUES ('Member', 'm-8', 171966465);
INSERT INTO library.actum_erased VALUES ('Member', 'm-9', 184549377);



INSERT INTO library.actum_erasures VALUES ('Member', 'm-8', 'Member/m-8', 161480705, 171966465, true);
INSERT INTO library.actum_erasures VALUES ('Member', 'm-9', 'Member/m-9', 171966465, 184549377, true);
INSERT INTO library.actum_erasures VALUES ('Member', 'm-6', 'Member/m-6', 195035137, 0, false);



INSERT INTO library.actum_events VALUES (10485761, 10485761, 1, 'Member', 'm-1', 'Joined', 1, '\x7b226e616d65223a2241646120e29882227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223433613761346366616536383866353363373034303636396263396432363839227d', 1795984252194937);
INSERT INTO library.actum_events VALUES (13631489, 13631489, 1, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f62227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223433613761346366616536383866353363373034303636396263396432363839227d', 1795984252292385);
INSERT INTO library.actum_events VALUES (15728641, 13631489, 2, 'Member', 'm-2', 'Joined', 1, '\x7b226e616d65223a22426f626279227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223433613761346366616536383866353363373034303636396263396432363839227d', 1795984252298747);
INSERT INTO library.actum_events VALUES (55574529, 55574529, 1, 'Member', 'm-3', 'Joined', 2, '\x7b226e616d65223a224379222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064227d', 1795984268111226);
INSERT INTO library.actum_events VALUES (57671681, 57671681, 1, 'Member', 'm-4', 'Joined', 2, '\x7b226e616d65223a2244616e222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064227d', 1795984268257991);
INSERT INTO library.actum_events VALUES (62914561, 62914561, 1, 'Member', 'm-5', 'Joined', 2, '\x7b226e616d65223a22457665222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064227d', 1795984268303406);
INSERT INTO library.actum_events VALUES (71303169, 71303169, 1, 'Member', 'm-6', 'Joined', 2, '\x7b226e616d65223a22466179222c226772616465223a226368696c64227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064227d', 1795984268339548);
INSERT INTO library.actum_events VALUES (89128961, 10485761, 2, 'Member', 'm-1', 'CardIssued', 1, '\x7b2263617264223a2230663165326433632d346235612d363937382d383739362d613562346333643265316630222c22697373756564223a22323032362d31312d32395430373a30383a30392e3132333435365a222c2265787069726573223a22323033312d30322d3033222c2270686f746f223a2241503867634768766447383d222c22776569676874223a302e312c22726967687473223a352c227368656c766573223a5b2241e29882222c22425c22225d7d', '\x7b22636f6d6d616e64223a2269737375655f63617264222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268432186);
INSERT INTO library.actum_events VALUES (91226113, 10485761, 3, 'Member', 'm-1', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268435982);
INSERT INTO library.actum_events VALUES (94371841, 10485761, 4, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268445234);
INSERT INTO library.actum_events VALUES (97517569, 55574529, 2, 'Member', 'm-3', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268463858);
INSERT INTO library.actum_events VALUES (99614721, 57671681, 2, 'Member', 'm-4', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268472137);
INSERT INTO library.actum_events VALUES (101711873, 62914561, 2, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268475130);
INSERT INTO library.actum_events VALUES (104857601, 62914561, 3, 'Member', 'm-5', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268477736);
INSERT INTO library.actum_events VALUES (109051905, 71303169, 2, 'Member', 'm-6', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268490931);
INSERT INTO library.actum_events VALUES (112197633, 75497473, 2, 'Member', 'm-7', 'Fined', 1, '\x7b227072696365223a22312e3530227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268493826);
INSERT INTO library.actum_events VALUES (121634817, 10485761, 5, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3130227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268526000);
INSERT INTO library.actum_events VALUES (127926273, 13631489, 3, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22456d6d61222c226e756d626572223a317d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268552745);
INSERT INTO library.actum_events VALUES (130023425, 13631489, 4, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a22746f726e222c226e756d626572223a357d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268558601);
INSERT INTO library.actum_events VALUES (132120577, 13631489, 5, 'Member', 'm-2', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a2244756e65222c226e756d626572223a377d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268560999);
INSERT INTO library.actum_events VALUES (136314881, 57671681, 3, 'Member', 'm-4', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268581253);
INSERT INTO library.actum_events VALUES (136314882, 62914561, 4, 'Member', 'm-5', 'Lent', 1, '\x7b22636f7079223a7b22626f6f6b223a224f647973736579222c226e756d626572223a327d7d', '\x7b22636f6d6d616e64223a22626f72726f77222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268581253);
INSERT INTO library.actum_events VALUES (147849217, 10485761, 6, 'Member', 'm-1', 'Fined', 1, '\x7b227072696365223a22302e3235227d', '\x7b22636f6d6d616e64223a2266696e65222c22636f7272656c6174696f6e5f6964223a223164653036323865656331313034356461613439616135613738666636353832227d', 1795984268636994);
INSERT INTO library.actum_events VALUES (171966465, 171966465, 0, 'Member', 'm-8', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d38227d', '\x7b7d', 1795984268719431);
INSERT INTO library.actum_events VALUES (184549377, 184549377, 0, 'Member', 'm-9', 'actum.Deleted', 1, '\x7b226b696e64223a224d656d626572222c226964223a226d2d39227d', '\x7b7d', 1795984268798447);
INSERT INTO library.actum_events VALUES (195035137, 195035137, 1, 'Member', 'm-8', 'Joined', 2, '\x7b226e616d65223a2248616c20616761696e222c226772616465223a226164756c74227d', '\x7b22636f6d6d616e64223a226a6f696e222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c226279223a22616e6e227d', 1795984268866259);



INSERT INTO library.actum_generations VALUES ('cards', 1);
INSERT INTO library.actum_generations VALUES ('loans', 1);
INSERT INTO library.actum_generations VALUES ('names', 1);
INSERT INTO library.actum_generations VALUES ('members', 2);



INSERT INTO library.actum_identity VALUES (true, '205ca48c86894d389343342f702989f3');



INSERT INTO library.actum_journal VALUES (true, -752);



INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (3, 'bill', 'Member/m-5', 101711873, '\x', 'dead', 1, 1795984268482579, 'RuntimeError: nothing can be done for m-5', 1795984268482583, 1795984268482583, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (4, 'bill', 'Member/m-5', 104857601, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (6, 'stamp', 'Member/m-2', 132120577, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (5, 'stamp', 'Member/m-2', 130023425, '\x', 'dead', 1, 1795984268616753, 'RuntimeError: nothing can be done for m-2', 1795984268580352, 1795984268616856, NULL, 'RuntimeError: nothing can be done for m-2 torn');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (7, 'post@queue:letters', 'lost', 203423745, '\x7b226964223a3230333432333734352c227175657565223a226c657474657273222c226b6579223a226c6f7374222c22626f6479223a2265794a6962323972496a6f696247397a64434973496e427961574e6c496a6f694e4334304d434a39222c2274696d65223a313739353938343236383930333031322c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c22636175736174696f6e5f6964223a22222c226279223a22616e6e227d', 'dead', 1, 1795984268921209, 'RuntimeError: nothing can be done for lost', 1795984268921221, 1795984268921221, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (8, 'timers', 'Member/m-3', 6, '\x7b226e616d65223a226561726c79222c22647565223a313739353938343236383933373232322c226b696e64223a224d656d626572222c22656e746974795f6964223a226d2d33222c22636f6d6d616e64223a226c65617665222c22617267756d656e7473223a225731303d222c22636f7272656c6174696f6e5f6964223a223761396465383239353037306631386137383463333031386139613937353064222c22636175736174696f6e5f6964223a22222c226279223a22616e6e222c227370616e223a302c226964223a367d', 'dead', 1, 1795984268959866, 'Rejected: there are fines', 1795984268959877, 1795984268959877, NULL, '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (1, 'bill', 'Member/m-3', 97517569, '\x', 'dead', 1, 1795984268481401, 'RuntimeError: nothing can be done for m-3', 1795984268481414, 1795984268481414, 'retry', '');
INSERT INTO library.actum_letters OVERRIDING SYSTEM VALUE VALUES (2, 'bill', 'Member/m-4', 99614721, '\x', 'dead', 1, 1795984268482032, 'RuntimeError: nothing can be done for m-4', 1795984268482037, 1795984268482037, 'skip', '');



INSERT INTO library.actum_messages VALUES (197132289, 'parcels', 'p', '\x7b22626f6f6b223a22456d6d61222c227072696365223a22312e3130227d', 1795984268871051, '7a9de8295070f18a784c3018a9a9750d', '', 'ann');
INSERT INTO library.actum_messages VALUES (198180865, 'parcels', 'p', '\x7b22626f6f6b223a22556c7973736573222c227072696365223a22322e3230227d', 1795984268881930, '7a9de8295070f18a784c3018a9a9750d', '', 'ann');
INSERT INTO library.actum_messages VALUES (200278017, 'parcels', NULL, '\x7b22626f6f6b223a2244756e65222c227072696365223a22332e3330227d', 1795984268887344, '7a9de8295070f18a784c3018a9a9750d', '', 'ann');



INSERT INTO library.actum_processes OVERRIDING SYSTEM VALUE VALUES (0, '{}', false, 'infinity');
INSERT INTO library.actum_processes OVERRIDING SYSTEM VALUE VALUES (2, '{"action bill#0/16","action bill#1/16","action bill#10/16","action bill#11/16","action bill#12/16","action bill#13/16","action bill#14/16","action bill#15/16","action bill#2/16","action bill#3/16","action bill#4/16","action bill#5/16","action bill#6/16","action bill#7/16","action bill#8/16","action bill#9/16","action close_the_year@clock","action count@clock","action greet#0/16","action greet#1/16","action greet#10/16","action greet#11/16","action greet#12/16","action greet#13/16","action greet#14/16","action greet#15/16","action greet#2/16","action greet#3/16","action greet#4/16","action greet#5/16","action greet#6/16","action greet#7/16","action greet#8/16","action greet#9/16","action post@queue:letters#0/16","action post@queue:letters#1/16","action post@queue:letters#10/16","action post@queue:letters#11/16","action post@queue:letters#12/16","action post@queue:letters#13/16","action post@queue:letters#14/16","action post@queue:letters#15/16","action post@queue:letters#2/16","action post@queue:letters#3/16","action post@queue:letters#4/16","action post@queue:letters#5/16","action post@queue:letters#6/16","action post@queue:letters#7/16","action post@queue:letters#8/16","action post@queue:letters#9/16","action print_card#0/16","action print_card#1/16","action print_card#10/16","action print_card#11/16","action print_card#12/16","action print_card#13/16","action print_card#14/16","action print_card#15/16","action print_card#2/16","action print_card#3/16","action print_card#4/16","action print_card#5/16","action print_card#6/16","action print_card#7/16","action print_card#8/16","action print_card#9/16","action send@queue:parcels#0/16","action send@queue:parcels#1/16","action send@queue:parcels#10/16","action send@queue:parcels#11/16","action send@queue:parcels#12/16","action send@queue:parcels#13/16","action send@queue:parcels#14/16","action send@queue:parcels#15/16","action send@queue:parcels#2/16","action send@queue:parcels#3/16","action send@queue:parcels#4/16","action send@queue:parcels#5/16","action send@queue:parcels#6/16","action send@queue:parcels#7/16","action send@queue:parcels#8/16","action send@queue:parcels#9/16","action stamp#0/16","action stamp#1/16","action stamp#10/16","action stamp#11/16","action stamp#12/16","action stamp#13/16","action stamp#14/16","action stamp#15/16","action stamp#2/16","action stamp#3/16","action stamp#4/16","action stamp#5/16","action stamp#6/16","action stamp#7/16","action stamp#8/16","action stamp#9/16","action timers","view cards#74e5335e1ad3","view loans#d4777b6dda60","view names#d69bba36a755"}', true, '2026-11-29 20:31:12.078457+00');



INSERT INTO library.actum_queues VALUES (true, -752);



INSERT INTO library.actum_rebuilds VALUES ('names');



INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'command-1', 'e826851ff1a36f8d2e5de5c2e3c0b71f', '\x22312e363022', 121634817, 1795984268526000);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-4', 'c17de64174df753b', '', '\x6247772f4e6c303d', 136314882, 1795984268581253);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-5', 'c17de64174df753b', '', '\x4e3130544277413d', 136314882, 1795984268581253);
INSERT INTO library.actum_replies VALUES ('$unit', 'unit-1', 'unit-1', 'tests.stores_of_versions.library.borrow_for/e762825f781389bbec2fe7fdab1c24bf/9f92052cd40b8fde9b035db4062543de', '\x017b226e616d6573223a5b224d656d6265722f6d2d34222c224d656d6265722f6d2d35225d2c226f66223a2263313764653634313734646637353362222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 136314882, 1795984268581253);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'begun', '28f1d8497d57ffe085a4bba1f2ed3874', '\x6e756c6c', 136314882, 1795984268603509);
INSERT INTO library.actum_replies VALUES ('Member', 'm-1', 'request-1', '28f1d8497d57ffe085a4bba1f2ed3874', '\x22312e383522', 147849217, 1795984268636994);
INSERT INTO library.actum_replies VALUES ('$answers', 'Member/m-1', '80da6690fecf458f', '', '\x7b22737461747573223a3230312c2268656164657273223a5b5b22636f6e74656e742d74797065222c22746578742f706c61696e3b20636861727365743d7574662d38225d2c5b22636f6e74656e742d6c656e677468222c223137225d2c5b22782d636f6e74656e742d747970652d6f7074696f6e73222c226e6f736e696666225d2c5b22616374756d2d706f736974696f6e222c22313437383439323137225d2c5b2265746167222c225c22365c22225d5d2c22626f6479223a2251575268494f4b59676942766432567a494445754f44553d227d', 147849217, 1795984268648478);
INSERT INTO library.actum_replies VALUES ('$request', 'request-1', 'answered', '28f1d8497d57ffe085a4bba1f2ed3874', '\x017b226e616d6573223a5b224d656d6265722f6d2d31225d2c226f66223a2238306461363639306665636634353866222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 147849217, 1795984268648560);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'begun', '31a0c403a6c6e20814b5540c17d6cab5', '\x6e756c6c', 147849217, 1795984268671608);
INSERT INTO library.actum_replies VALUES ('$request', 'request-2', 'answered', '31a0c403a6c6e20814b5540c17d6cab5', '\x017b226e616d6573223a5b224d656d6265722f6d2d39225d2c226f66223a2262376466313462326461623638376435222c2277686f6c65223a747275652c22657261736564223a66616c73657d', 161480705, 1795984268707715);



INSERT INTO library.actum_schema VALUES ('journal', 4);
INSERT INTO library.actum_schema VALUES ('database', 11);



INSERT INTO library.actum_sent VALUES ('$timers', 'request-1/$timers/Member/m-1/leave/1', 1795984268614933, '28f1d8497d57ffe085a4bba1f2ed3874');
INSERT INTO library.actum_sent VALUES ('$timers', 'request-2/$timers/Member/m-9/leave/1', 1795984268674616, '31a0c403a6c6e20814b5540c17d6cab5');
INSERT INTO library.actum_sent VALUES ('parcels', 'once-1', 1795984268887344, '86adc6204605057bee1186c149b43620');



INSERT INTO library.actum_set_aside VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', '"m-2"', 130023425, 'view loans: Loans.borrowed failed on Lent of Member/m-2 at position 130023425: ValueError: the book is damaged', 1795984268599451, false);



INSERT INTO library.actum_slices VALUES ('bill', 0, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 0, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 1, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 0, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('bill', 10, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 1, 184549376, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 10, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 11, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 12, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('bill', 11, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 12, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 13, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 1, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 14, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 15, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 2, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 3, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 4, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 5, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 6, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 7, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 8, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('bill', 9, 195035137, '{"Fined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 11, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 0, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 1, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 10, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 11, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 12, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 13, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 14, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 15, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 2, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 3, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 4, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 5, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 6, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 7, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 8, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('stamp', 9, 195035137, '{"Lent":0}');
INSERT INTO library.actum_slices VALUES ('greet', 12, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 13, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 13, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 14, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 15, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 2, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 3, 89128960, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 4, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 5, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 6, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 7, 171966464, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 8, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('print_card', 9, 195035137, '{"CardIssued":0,"actum.Deleted":0}');
INSERT INTO library.actum_slices VALUES ('greet', 7, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 10, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 14, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 15, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 2, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 3, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 4, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 5, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 6, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 8, 195035137, '{"Joined":0}');
INSERT INTO library.actum_slices VALUES ('greet', 9, 195035137, '{"Joined":0}');



INSERT INTO library.actum_snapshots VALUES ('Member', 'm-1', 6, 1795984268636994, '0475aa209a37cf56', '\x7b226e616d65223a2241646120e29882222c226772616465223a226368696c64222c22726967687473223a352c22636f70696573223a5b7b22626f6f6b223a22556c7973736573222c226e756d626572223a317d5d2c2266696e6573223a22312e3835222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-5', 4, 1795984268581253, '0475aa209a37cf56', '\x7b226e616d65223a22457665222c226772616465223a226164756c74222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a224f647973736579222c226e756d626572223a327d5d2c2266696e6573223a22332e3030222c226861735f6c656674223a66616c73657d');
INSERT INTO library.actum_snapshots VALUES ('Member', 'm-2', 5, 1795984268560999, '0475aa209a37cf56', '\x7b226e616d65223a22426f626279222c226772616465223a226368696c64222c22726967687473223a302c22636f70696573223a5b7b22626f6f6b223a22456d6d61222c226e756d626572223a317d2c7b22626f6f6b223a22746f726e222c226e756d626572223a357d2c7b22626f6f6b223a2244756e65222c226e756d626572223a377d5d2c2266696e6573223a2230222c226861735f6c656674223a66616c73657d');



INSERT INTO library.actum_streams VALUES ('Member', 'm-3', 2, 97517569, 1795984268463858, 55574529, 1795984268111226, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-6', 2, 109051905, 1795984268490931, 71303169, 1795984268339548, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-2', 5, 132120577, 1795984268560999, 13631489, 1795984252292385, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-4', 3, 136314881, 1795984268581253, 57671681, 1795984268257991, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-5', 4, 136314882, 1795984268581253, 62914561, 1795984268303406, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-1', 6, 147849217, 1795984268636994, 10485761, 1795984252194937, 0);
INSERT INTO library.actum_streams VALUES ('Member', 'm-7', 2, 112197633, 1795984268493826, 75497473, 1795984268365876, 1);
INSERT INTO library.actum_streams VALUES ('Member', 'm-8', 1, 195035137, 1795984268866259, 195035137, 1795984268866259, 0);



INSERT INTO library.actum_ticks VALUES ('count@clock', 1831984268011796);
INSERT INTO library.actum_ticks VALUES ('close_the_year@clock', 1798783200000000);



INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (1, '$timer/request-1/Member/m-1/leave/1', 4949584268614850, 'Member', 'm-1', 'leave', '\x5b5d', '1de0628eec11045daa49aa5a78ff6582', '', '', 3153600000000000);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (3, 'leaving', 4949584268908653, 'Member', 'm-1', 'leave', '\x5b5d', '7a9de8295070f18a784c3018a9a9750d', '', 'ann', 3153600000000000);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (4, 'moment', 7258118399999999, 'Member', 'm-2', 'leave', '\x5b5d', '7a9de8295070f18a784c3018a9a9750d', '', 'ann', 0);
INSERT INTO library.actum_timers OVERRIDING SYSTEM VALUE VALUES (5, '$timer/3f535a99d779bfcabd14558dbd6d4bd6', 4949584268929013, 'Member', 'm-6', 'leave', '\x5b5d', '7a9de8295070f18a784c3018a9a9750d', '', 'ann', 3153600000000000);



INSERT INTO library.actum_triggers VALUES ('close_the_year@clock', 'cron 0 7 1 1 * in Europe/Berlin', 0);
INSERT INTO library.actum_triggers VALUES ('count@clock', 'every 36000000000000 µs', 0);



INSERT INTO library.actum_views VALUES ('members', 1, 'ace097e0c5feb3ad', 15728641, true);
INSERT INTO library.actum_views VALUES ('loans', 1, 'd4777b6dda608ffe', 195035137, true);
INSERT INTO library.actum_views VALUES ('names', 1, 'd69bba36a7550c3b', 195035137, true);
INSERT INTO library.actum_views VALUES ('cards', 1, '74e5335e1ad316c8', 195035137, true);
INSERT INTO library.actum_views VALUES ('members', 2, 'b19b69d59e7a60f3', 10485761, false);



INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 130023425);
INSERT INTO library.actum_waiting VALUES ('loans', 1, '5f81d56f46e84b1965c628dcca1a13b4', 132120577);



INSERT INTO library.actum_work VALUES ('view members#ace097e0c5fe', NULL, 2);
INSERT INTO library.actum_work VALUES ('action bill', 0, 1);
INSERT INTO library.actum_work VALUES ('action greet', 0, 1);
INSERT INTO library.actum_work VALUES ('action post@queue:letters', 0, 1);
INSERT INTO library.actum_work VALUES ('action print_card', 0, 1);
INSERT INTO library.actum_work VALUES ('action send@queue:parcels', 0, 1);
INSERT INTO library.actum_work VALUES ('action stamp', 0, 1);
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















INSERT INTO library.actum_writers VALUES ('4275f8b3-acdf-4ffe-a81c-dd9073fc5892', 0, '2026-11-29 20:30:52.196023+00');
INSERT INTO library.actum_writers VALUES ('176d1823-e5b9-41da-83d6-c73bc0adeb30', 0, '2026-11-29 20:31:08.113233+00');



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



SELECT pg_catalog.setval('library.actum_workflow_signals_id_seq', 1, false);



SELECT pg_catalog.setval('library.actum_workflows_number_seq', 1, false);



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



CREATE INDEX actum_workflows_due ON library.actum_workflows USING btree (kind, due) WHERE (due IS NOT NULL);



CREATE INDEX actum_workflows_open ON library.actum_workflows USING btree (status, kind) WHERE (NOT (status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])));



CREATE INDEX actum_workflows_subject ON library.actum_workflows USING btree (subject) WHERE (subject <> ''::text);



CREATE INDEX cards__1__1 ON library.cards__1 USING btree (fee);



CREATE INDEX cards__1__2 ON library.cards__1 USING btree (member, issued);



CREATE INDEX members__2__1 ON library.members__2 USING btree (grade);




