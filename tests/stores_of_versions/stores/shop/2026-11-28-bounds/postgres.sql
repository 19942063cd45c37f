


SELECT pg_catalog.set_config('search_path', '', false);


CREATE SCHEMA landed;



CREATE FUNCTION landed.actum_decimal_integer(value numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT LEAST(GREATEST(trunc(value), -9223372036854775808), 9223372036854775807)::bigint $$;



CREATE FUNCTION landed.actum_decimal_round(value numeric, places bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT round(value, LEAST(GREATEST(places, 0), 30)::int) $$;



CREATE FUNCTION landed.actum_divide(one numeric, other numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN other <> 0 THEN trim_scale(
    sign(one) * sign(other)
    * div(abs(one) * 200000000000000000000 + abs(other), abs(other) * 2)
    * 0.00000000000000000001) END $$;



CREATE FUNCTION landed.actum_glob(pattern text, value text) RETURNS boolean
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



CREATE FUNCTION landed.actum_json_each(document jsonb) RETURNS TABLE(key jsonb, value jsonb, type text, atom jsonb)
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



CREATE FUNCTION landed.actum_json_extract(value jsonb, path text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT nullif(jsonb_path_query_first(value, ('strict ' || path)::jsonpath, '{}', true), 'null'::jsonb) $$;



CREATE FUNCTION landed.actum_json_length(value jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN jsonb_array_length(value) ELSE 0 END::bigint $$;



CREATE FUNCTION landed.actum_json_real(value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::double precision
    WHEN 'number' THEN value::text::double precision END $$;



CREATE FUNCTION landed.actum_json_text(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::text
    WHEN 'null' THEN NULL
    WHEN 'string' THEN value #>> '{}'
    WHEN 'number' THEN CASE WHEN value::text ~ '^-?[0-9]+$' AND abs(value::numeric) < 9223372036854775808
        THEN value::text ELSE actum_real_text(value::text::double precision) END
    ELSE value::text END $_$;



CREATE FUNCTION landed.actum_real_integer(value double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE
    WHEN value >= 9223372036854775807 THEN 9223372036854775807
    WHEN value <= -9223372036854775808 THEN '-9223372036854775808'::bigint
    ELSE trunc(value)::bigint
END $$;



CREATE FUNCTION landed.actum_real_text(value double precision) RETURNS text
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



CREATE FUNCTION landed.actum_refuse() RETURNS boolean
    LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE EXCEPTION 'another process was first: Actum decides anew' USING ERRCODE = 'AC001';
        END $$;



CREATE FUNCTION landed.actum_round(value double precision, places bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT CASE WHEN abs(value) >= 4503599627370496 THEN value
    ELSE round(value::numeric, LEAST(GREATEST(places, 0), 30)::int)::double precision END $$;



CREATE FUNCTION landed.actum_strftime(value timestamp with time zone, form text) RETURNS text
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



CREATE FUNCTION landed.actum_substr(value text, place bigint, count bigint DEFAULT 2147483647) RETURNS text
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



CREATE FUNCTION landed.actum_text_integer(value text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT LEAST(GREATEST(
    coalesce(substring(value FROM '^[ \t\n\v\f\r]*([+-]?[0-9]+)'), '0')::numeric,
    -9223372036854775808), 9223372036854775807)::bigint
$$;



CREATE FUNCTION landed.actum_text_real(value text) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT coalesce(substring(
    value FROM '^[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)'
), '0')::double precision $$;



CREATE FUNCTION landed.actum_time_text(value timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$
SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00' $$;





CREATE TABLE landed.actum_binding (
    is_the_only boolean DEFAULT true NOT NULL,
    application text NOT NULL,
    journal text NOT NULL,
    "position" bigint NOT NULL,
    mark text NOT NULL,
    allowance bigint NOT NULL,
    CONSTRAINT actum_binding_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_checkpoints (
    action text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE landed.actum_erased (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE landed.actum_erasures (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    "position" bigint NOT NULL,
    is_ended boolean NOT NULL
);



CREATE TABLE landed.actum_events (
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



CREATE TABLE landed.actum_generations (
    name text NOT NULL COLLATE pg_catalog."C",
    highest bigint NOT NULL
);



CREATE TABLE landed.actum_identity (
    is_the_only boolean DEFAULT true NOT NULL,
    id text NOT NULL,
    CONSTRAINT actum_identity_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_journal (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_journal_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_letters (
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



ALTER TABLE landed.actum_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_messages (
    id bigint NOT NULL,
    queue text NOT NULL COLLATE pg_catalog."C",
    key text COLLATE pg_catalog."C",
    body bytea NOT NULL,
    "time" bigint NOT NULL,
    correlation_id text NOT NULL,
    causation_id text DEFAULT ''::text NOT NULL,
    by text DEFAULT ''::text NOT NULL
);



CREATE TABLE landed.actum_processes (
    process bigint NOT NULL,
    works text[] NOT NULL,
    has_session boolean NOT NULL,
    seen timestamp with time zone NOT NULL
);



ALTER TABLE landed.actum_processes ALTER COLUMN process ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_processes_process_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_queues (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_queues_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_rebuilds (
    name text NOT NULL COLLATE pg_catalog."C"
);



CREATE TABLE landed.actum_replies (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    call text NOT NULL COLLATE pg_catalog."C",
    reply bytea NOT NULL,
    "position" bigint NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE landed.actum_schema (
    part text NOT NULL,
    version integer NOT NULL
);



CREATE TABLE landed.actum_sent (
    queue text NOT NULL COLLATE pg_catalog."C",
    once text NOT NULL COLLATE pg_catalog."C",
    "time" bigint NOT NULL,
    call text DEFAULT ''::text NOT NULL
);



CREATE TABLE landed.actum_set_aside (
    view text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL,
    since bigint NOT NULL,
    is_asked boolean NOT NULL
);



CREATE TABLE landed.actum_snapshots (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "time" bigint NOT NULL,
    fingerprint text NOT NULL,
    state bytea NOT NULL
);



CREATE TABLE landed.actum_streams (
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



CREATE TABLE landed.actum_ticks (
    action text NOT NULL COLLATE pg_catalog."C",
    due bigint NOT NULL
);



CREATE TABLE landed.actum_timers (
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



ALTER TABLE landed.actum_timers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_timers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_triggers (
    action text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE landed.actum_views (
    name text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    fingerprint text NOT NULL,
    checkpoint bigint NOT NULL,
    is_live boolean NOT NULL
);



CREATE TABLE landed.actum_waiting (
    view text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE landed.actum_work (
    work text NOT NULL COLLATE pg_catalog."C",
    owner bigint,
    epoch bigint NOT NULL
);



CREATE TABLE landed.actum_writers (
    writer uuid NOT NULL,
    epoch bigint NOT NULL,
    opened timestamp with time zone DEFAULT now() NOT NULL
);



CREATE TABLE landed.orders__1 (
    id text NOT NULL COLLATE pg_catalog."C",
    customer text NOT NULL COLLATE pg_catalog."C",
    lines jsonb NOT NULL,
    total numeric NOT NULL,
    paid bigint NOT NULL
);



CREATE VIEW landed.orders AS
 SELECT id,
    customer,
    lines,
    total,
    paid
   FROM landed.orders__1;



INSERT INTO landed.actum_binding VALUES (true, 'landed', 'dbbff2aeb78d4673a8c529b8617c9a4e', 54525953, '2@1795907293382045', 0);



INSERT INTO landed.actum_checkpoints VALUES ('thank', 54525953);









INSERT INTO landed.actum_events VALUES (13631489, 13631489, 1, 'Order', 'o-1', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a317d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22312e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293330580);
INSERT INTO landed.actum_events VALUES (15728641, 15728641, 1, 'Order', 'o-2', 'Placed', 1, '\x7b22637573746f6d6572223a22632d30222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a327d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22322e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293350554);
INSERT INTO landed.actum_events VALUES (17825793, 17825793, 1, 'Order', 'o-3', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a337d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22332e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293355904);
INSERT INTO landed.actum_events VALUES (23068673, 23068673, 1, 'Order', 'o-4', 'Placed', 1, '\x7b22637573746f6d6572223a22632d30222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a347d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22342e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293361690);
INSERT INTO landed.actum_events VALUES (26214401, 26214401, 1, 'Order', 'o-5', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a357d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22352e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293363938);
INSERT INTO landed.actum_events VALUES (30408705, 13631489, 2, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a317d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293365282);
INSERT INTO landed.actum_events VALUES (33554433, 13631489, 3, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a327d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293369191);
INSERT INTO landed.actum_events VALUES (36700161, 13631489, 4, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a337d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293371009);
INSERT INTO landed.actum_events VALUES (39845889, 13631489, 5, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a347d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293371702);
INSERT INTO landed.actum_events VALUES (41943041, 13631489, 6, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a357d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293374238);
INSERT INTO landed.actum_events VALUES (45088769, 15728641, 2, 'Order', 'o-2', 'Paid', 1, '\x7b22616d6f756e74223a32307d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293376984);
INSERT INTO landed.actum_events VALUES (48234497, 17825793, 2, 'Order', 'o-3', 'Paid', 1, '\x7b22616d6f756e74223a33307d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293379966);
INSERT INTO landed.actum_events VALUES (51380225, 17825793, 3, 'Order', 'o-3', 'Paid', 1, '\x7b22616d6f756e74223a33317d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293380705);
INSERT INTO landed.actum_events VALUES (54525953, 23068673, 2, 'Order', 'o-4', 'Cancelled', 1, '\x7b22726561736f6e223a6e756c6c7d', '\x7b22636f6d6d616e64223a2263616e63656c222c22636f7272656c6174696f6e5f6964223a226539366162623232383737363637323738386365316139656364306637303564227d', 1795907293382045);



INSERT INTO landed.actum_generations VALUES ('orders', 1);



INSERT INTO landed.actum_identity VALUES (true, 'dbbff2aeb78d4673a8c529b8617c9a4e');



INSERT INTO landed.actum_journal VALUES (true, -752);



INSERT INTO landed.actum_letters OVERRIDING SYSTEM VALUE VALUES (1, 'thank', 'Order/o-3', 48234497, '\x', 'dead', 1, 1795907293381747, 'RuntimeError: the mail server says no', 1795907293381744, 1795907293381744, NULL, '');
INSERT INTO landed.actum_letters OVERRIDING SYSTEM VALUE VALUES (2, 'thank', 'Order/o-3', 51380225, '\x', 'waiting', 0, 0, '', 0, 0, NULL, '');



INSERT INTO landed.actum_messages VALUES (57671681, 'parcels', 'o-1', '\x7b226f72646572223a226f2d31222c22776569676874223a22302e35227d', 1795907293383180, 'e96abb228776672788ce1a9ecd0f705d', '', '');
INSERT INTO landed.actum_messages VALUES (59768833, 'parcels', 'o-1', '\x7b226f72646572223a226f2d32222c22776569676874223a22312e35227d', 1795907293390083, 'e96abb228776672788ce1a9ecd0f705d', '', '');






INSERT INTO landed.actum_queues VALUES (true, -752);






INSERT INTO landed.actum_replies VALUES ('Order', 'o-2', 'p-77', '39858686c60ebf51cacf54232bbbf000', '\x3230', 45088769, 1795907293376984);



INSERT INTO landed.actum_schema VALUES ('journal', 3);
INSERT INTO landed.actum_schema VALUES ('database', 9);









INSERT INTO landed.actum_snapshots VALUES ('Order', 'o-1', 4, 1795907293371009, '9351f4f71e7da1ba', '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a317d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c2270616964223a362c2269735f63616e63656c6c6564223a66616c73657d');



INSERT INTO landed.actum_streams VALUES ('Order', 'o-5', 1, 26214401, 1795907293363938, 26214401, 1795907293363938, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-1', 6, 41943041, 1795907293374238, 13631489, 1795907293330580, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-2', 2, 45088769, 1795907293376984, 15728641, 1795907293350554, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-3', 3, 51380225, 1795907293380705, 17825793, 1795907293355904, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-4', 2, 54525953, 1795907293382045, 23068673, 1795907293361690, 0);



INSERT INTO landed.actum_ticks VALUES ('count@clock', 1831907293320136);



INSERT INTO landed.actum_timers OVERRIDING SYSTEM VALUE VALUES (1, 'late', 4949507293391049, 'Order', 'o-5', 'cancel', '\x5b226e6f626f64792070616964225d', 'e96abb228776672788ce1a9ecd0f705d', '', '', 3153600000000000);



INSERT INTO landed.actum_triggers VALUES ('count@clock', 'every 36000000000000 µs', 0);
INSERT INTO landed.actum_triggers VALUES ('thank', 'Paid', 0);



INSERT INTO landed.actum_views VALUES ('orders', 1, '85d17ae25fcdbd50', 54525953, true);






INSERT INTO landed.actum_work VALUES ('action thank', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action count@clock', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action timers', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action ship@queue:parcels', NULL, 2);
INSERT INTO landed.actum_work VALUES ('view orders#85d17ae25fcd', NULL, 2);



INSERT INTO landed.actum_writers VALUES ('b48621ae-9df3-4029-821d-462210baa4f1', 0, '2026-11-28 23:08:13.331857+00');



INSERT INTO landed.orders__1 VALUES ('o-4', 'c-0', '[{"sku": "apple", "quantity": 4}, {"sku": "pear ☂", "quantity": 1}]', 4.50, 0);
INSERT INTO landed.orders__1 VALUES ('o-5', 'c-1', '[{"sku": "apple", "quantity": 5}, {"sku": "pear ☂", "quantity": 1}]', 5.50, 0);
INSERT INTO landed.orders__1 VALUES ('o-1', 'c-1', '[{"sku": "apple", "quantity": 1}, {"sku": "pear ☂", "quantity": 1}]', 1.50, 15);
INSERT INTO landed.orders__1 VALUES ('o-2', 'c-0', '[{"sku": "apple", "quantity": 2}, {"sku": "pear ☂", "quantity": 1}]', 2.50, 20);
INSERT INTO landed.orders__1 VALUES ('o-3', 'c-1', '[{"sku": "apple", "quantity": 3}, {"sku": "pear ☂", "quantity": 1}]', 3.50, 61);



SELECT pg_catalog.setval('landed.actum_letters_id_seq', 2, true);



SELECT pg_catalog.setval('landed.actum_processes_process_seq', 1, true);



SELECT pg_catalog.setval('landed.actum_timers_id_seq', 1, true);



ALTER TABLE ONLY landed.actum_binding
    ADD CONSTRAINT actum_binding_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_checkpoints
    ADD CONSTRAINT actum_checkpoints_pkey PRIMARY KEY (action);



ALTER TABLE ONLY landed.actum_erased
    ADD CONSTRAINT actum_erased_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_erasures
    ADD CONSTRAINT actum_erasures_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_events
    ADD CONSTRAINT actum_events_pkey PRIMARY KEY ("position");



ALTER TABLE ONLY landed.actum_events
    ADD CONSTRAINT actum_events_stream_version_key UNIQUE (stream, version);



ALTER TABLE ONLY landed.actum_generations
    ADD CONSTRAINT actum_generations_pkey PRIMARY KEY (name);



ALTER TABLE ONLY landed.actum_identity
    ADD CONSTRAINT actum_identity_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_journal
    ADD CONSTRAINT actum_journal_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_letters
    ADD CONSTRAINT actum_letters_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_messages
    ADD CONSTRAINT actum_messages_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_processes
    ADD CONSTRAINT actum_processes_pkey PRIMARY KEY (process);



ALTER TABLE ONLY landed.actum_queues
    ADD CONSTRAINT actum_queues_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_rebuilds
    ADD CONSTRAINT actum_rebuilds_pkey PRIMARY KEY (name);



ALTER TABLE ONLY landed.actum_replies
    ADD CONSTRAINT actum_replies_pkey PRIMARY KEY (kind, id, key);



ALTER TABLE ONLY landed.actum_schema
    ADD CONSTRAINT actum_schema_pkey PRIMARY KEY (part);



ALTER TABLE ONLY landed.actum_sent
    ADD CONSTRAINT actum_sent_pkey PRIMARY KEY (queue, once);



ALTER TABLE ONLY landed.actum_set_aside
    ADD CONSTRAINT actum_set_aside_pkey PRIMARY KEY (view, generation, digest);



ALTER TABLE ONLY landed.actum_snapshots
    ADD CONSTRAINT actum_snapshots_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_streams
    ADD CONSTRAINT actum_streams_first_position_key UNIQUE (first_position);



ALTER TABLE ONLY landed.actum_streams
    ADD CONSTRAINT actum_streams_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_ticks
    ADD CONSTRAINT actum_ticks_pkey PRIMARY KEY (action);



ALTER TABLE ONLY landed.actum_timers
    ADD CONSTRAINT actum_timers_name_key UNIQUE (name);



ALTER TABLE ONLY landed.actum_timers
    ADD CONSTRAINT actum_timers_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_triggers
    ADD CONSTRAINT actum_triggers_pkey PRIMARY KEY (action, name);



ALTER TABLE ONLY landed.actum_views
    ADD CONSTRAINT actum_views_pkey PRIMARY KEY (name, generation);



ALTER TABLE ONLY landed.actum_waiting
    ADD CONSTRAINT actum_waiting_pkey PRIMARY KEY (view, generation, digest, "position");



ALTER TABLE ONLY landed.actum_work
    ADD CONSTRAINT actum_work_pkey PRIMARY KEY (work);



ALTER TABLE ONLY landed.actum_writers
    ADD CONSTRAINT actum_writers_pkey PRIMARY KEY (writer);



ALTER TABLE ONLY landed.orders__1
    ADD CONSTRAINT orders__1_pkey PRIMARY KEY (id);



CREATE INDEX actum_erasures_key ON landed.actum_erasures USING btree (key);



CREATE INDEX actum_letters_action ON landed.actum_letters USING btree (action, id);



CREATE INDEX actum_letters_key ON landed.actum_letters USING btree (action, key, "position", id);



CREATE INDEX actum_letters_request ON landed.actum_letters USING btree (action, id) WHERE (request IS NOT NULL);



CREATE INDEX actum_letters_status ON landed.actum_letters USING btree (status, id);



CREATE INDEX actum_messages_queue ON landed.actum_messages USING btree (queue, id);



CREATE INDEX actum_replies_time ON landed.actum_replies USING btree ("time");



CREATE INDEX actum_sent_time ON landed.actum_sent USING btree ("time");



CREATE INDEX actum_streams_first ON landed.actum_streams USING btree (kind, first_time, first_position);



CREATE INDEX actum_timers_due ON landed.actum_timers USING btree (due, id);



CREATE INDEX orders__1__1 ON landed.orders__1 USING btree (customer);




