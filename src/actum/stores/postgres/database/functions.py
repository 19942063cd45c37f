"""The functions that translated queries call in PostgreSQL: they give what SQLite's functions give."""

SUBSTRING = """CREATE OR REPLACE FUNCTION actum_substr(
    value text, place bigint, count bigint DEFAULT 2147483647
) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
END $$"""
GLOB = """CREATE OR REPLACE FUNCTION actum_glob(pattern text, value text)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
            inner_part := regexp_replace(inner_part, '([\\\\\\[])', '\\\\\\1', 'g');
            written := written || '[' || regexp_replace(inner_part, '^(\\^?)\\]', '\\1\\\\]') || ']';
            place := last;
        ELSE
            written := written || regexp_replace(letter, '([^[:alnum:][:space:]_])', '\\\\\\1');
        END IF;
        place := place + 1;
    END LOOP;
    RETURN (value COLLATE "C") ~ (written || '$');
END $$"""
REAL_TEXT = """CREATE OR REPLACE FUNCTION actum_real_text(value double precision)
RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
    WHEN value = 0 THEN '0.0'
    WHEN value = 'Infinity' THEN 'Inf'
    WHEN value = '-Infinity' THEN '-Inf'
    WHEN abs(value::numeric) >= 0.0001 AND abs(value::numeric) < 1e15 THEN
        trim_scale(value::numeric)::text
        || CASE WHEN trim_scale(value::numeric)::text LIKE '%.%' THEN '' ELSE '.0' END
    ELSE regexp_replace(
        ltrim(to_char(value::numeric, '9.99999999999999EEEE')), '(\\.\\d)(\\d*?)0*e', '\\1\\2e')
END $$"""
REAL_INTEGER = """CREATE OR REPLACE FUNCTION actum_real_integer(value double precision)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
    WHEN value >= 9223372036854775807 THEN 9223372036854775807
    WHEN value <= -9223372036854775808 THEN '-9223372036854775808'::bigint
    ELSE trunc(value)::bigint
END $$"""
TEXT_INTEGER = """CREATE OR REPLACE FUNCTION actum_text_integer(value text)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT LEAST(GREATEST(
    coalesce(substring(value FROM '^[ \\t\\n\\v\\f\\r]*([+-]?[0-9]+)'), '0')::numeric,
    -9223372036854775808), 9223372036854775807)::bigint
$$"""
TEXT_REAL = """CREATE OR REPLACE FUNCTION actum_text_real(value text)
RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT coalesce(substring(
    value FROM '^[ \\t\\n\\v\\f\\r]*([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)'
), '0')::double precision $$"""
TIME_TEXT = """CREATE OR REPLACE FUNCTION actum_time_text(value timestamptz)
RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00' $$"""
STRFTIME = """CREATE OR REPLACE FUNCTION actum_strftime(value timestamptz, form text)
RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
SELECT coalesce(string_agg(CASE
    WHEN part = '%%' THEN '%'
    WHEN part = '%w' THEN extract(dow FROM value AT TIME ZONE 'UTC')::int::text
    WHEN part ~ '^%' THEN to_char(value AT TIME ZONE 'UTC', CASE part
        WHEN '%Y' THEN 'YYYY' WHEN '%m' THEN 'MM' WHEN '%d' THEN 'DD' WHEN '%H' THEN 'HH24'
        WHEN '%M' THEN 'MI' WHEN '%S' THEN 'SS' WHEN '%j' THEN 'DDD' END)
    ELSE part END, '' ORDER BY place), '')
FROM (SELECT found[1] AS part, place
    FROM regexp_matches(form, '%.|[^%]+', 'g') WITH ORDINALITY AS m(found, place)) AS parts $$"""
ROUND = """CREATE OR REPLACE FUNCTION actum_round(value double precision, places bigint)
RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN abs(value) >= 4503599627370496 THEN value
    ELSE round(value::numeric, LEAST(GREATEST(places, 0), 30)::int)::double precision END $$"""
DIVIDE = """CREATE OR REPLACE FUNCTION actum_divide(one numeric, other numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN other <> 0 THEN trim_scale(
    sign(one) * sign(other)
    * div(abs(one) * 200000000000000000000 + abs(other), abs(other) * 2)
    * 0.00000000000000000001) END $$"""
DECIMAL_INTEGER = """CREATE OR REPLACE FUNCTION actum_decimal_integer(value numeric)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT LEAST(GREATEST(trunc(value), -9223372036854775808), 9223372036854775807)::bigint $$"""
DECIMAL_ROUND = """CREATE OR REPLACE FUNCTION actum_decimal_round(value numeric, places bigint)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT round(value, LEAST(GREATEST(places, 0), 30)::int) $$"""
JSON_TEXT = """CREATE OR REPLACE FUNCTION actum_json_text(value jsonb)
RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::text
    WHEN 'null' THEN NULL
    WHEN 'string' THEN value #>> '{}'
    WHEN 'number' THEN CASE WHEN value::text ~ '^-?[0-9]+$' AND abs(value::numeric) < 9223372036854775808
        THEN value::text ELSE actum_real_text(value::text::double precision) END
    ELSE value::text END $$"""
JSON_REAL = """CREATE OR REPLACE FUNCTION actum_json_real(value jsonb)
RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(value)
    WHEN 'boolean' THEN (value::boolean)::int::double precision
    WHEN 'number' THEN value::text::double precision END $$"""
JSON_EXTRACT = """CREATE OR REPLACE FUNCTION actum_json_extract(value jsonb, path text)
RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT nullif(jsonb_path_query_first(value, ('strict ' || path)::jsonpath, '{}', true), 'null'::jsonb) $$"""
JSON_LENGTH = """CREATE OR REPLACE FUNCTION actum_json_length(value jsonb)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN jsonb_array_length(value) ELSE 0 END::bigint $$"""
JSON_EACH = """CREATE OR REPLACE FUNCTION actum_json_each(document jsonb)
RETURNS TABLE (key jsonb, value jsonb, type text, atom jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
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
) AS parts $$"""
# Its cost keeps the planner from making a tsvector of every row where the index knows them.
WORDS = """CREATE OR REPLACE FUNCTION actum_words(words text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
BEGIN
    RETURN array_to_tsvector(string_to_array(words, ' '));
END $$"""
QUERY_FUNCTIONS = (
    SUBSTRING,
    GLOB,
    REAL_TEXT,
    REAL_INTEGER,
    TEXT_INTEGER,
    TEXT_REAL,
    TIME_TEXT,
    STRFTIME,
    ROUND,
    DIVIDE,
    DECIMAL_INTEGER,
    DECIMAL_ROUND,
    JSON_TEXT,
    JSON_REAL,
    JSON_EXTRACT,
    JSON_LENGTH,
    JSON_EACH,
)
SEARCH_FUNCTIONS = (WORDS,)
