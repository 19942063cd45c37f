"""The statements that write a batch of a journal in PostgreSQL, with and without claims."""

from collections.abc import Mapping

from actum.stores.postgres.journal.claim_statements import SHARE_CLAIMS
from actum.stores.postgres.journal.statements import ORDER


def _write_events(first: int, landed: str) -> str:
    """Gives the statement that writes events of streams that landed; `first` numbers its first array."""
    n, version, form, payload, metadata, time, types, type_versions = (f"${first + at}" for at in range(8))
    return f"""INSERT INTO actum_events
        (position, stream, version, kind, id, type, type_version, payload, metadata, time)
    SELECT (SELECT position FROM base) + e.place, l.first_position, e.version, l.kind, l.id,
        ({types}::text[])[e.form], ({type_versions}::int[])[e.form], e.payload, e.metadata, e.time
    FROM unnest({n}::text::int[], {version}::text::bigint[], {form}::text::int[], {payload}::bytea[],
        {metadata}::bytea[], {time}::text::bigint[])
        WITH ORDINALITY AS e (n, version, form, payload, metadata, time, place)
    JOIN {landed} l USING (n)"""


def _take_claims(first: int, is_landed: str) -> str:
    """Gives the part that takes claims which nobody holds; `first` numbers its first array."""
    return f""", taken AS (
    INSERT INTO actum_claims (kind, name, digest, id)
    SELECT * FROM unnest(${first}::text[], ${first + 1}::text[], ${first + 2}::bytea[], ${first + 3}::text[])
    WHERE {is_landed}
    ON CONFLICT DO NOTHING RETURNING 1
)"""


# A row of `given` is a stream: its expected version, the position of its first event if that is known (0: it
# is not), and the places of its first and last events in the batch
# (0 without events; `first` only for new streams). Numbers are sent as the text of an array, which takes a
# tenth of the time that the driver takes for an array; types are sent once, and events refer to them by
# number. If a key is known or a group cannot land, nothing is written, and everything is decided again.
# Existing streams are written first, then new ones, then replies, each in a fixed order, to avoid deadlocks.
# A row that has changed since it was looked up is not written, and its stream collides.
_APPEND = f"""WITH base AS MATERIALIZED (
    SELECT {ORDER.base} AS position
), head AS MATERIALIZED (
    SELECT coalesce(max(position), 0) AS position FROM actum_events WHERE $26
), fence AS MATERIALIZED (
    SELECT FROM actum_writers WHERE writer = $1 AND epoch = $2 FOR SHARE
), given AS MATERIALIZED (
    SELECT kind, id, expected, version, last, time, first, first_time,
        coalesce(is_grouped, false) AS is_grouped, coalesce(begun_at, 0) AS begun_at, n
    FROM unnest($3::text[], $4::text[], $5::text::bigint[], $6::text::bigint[], $7::text::int[],
        $8::text::bigint[], $9::text::int[], $10::text::bigint[], $11::boolean[], $27::text::bigint[])
        WITH ORDINALITY
        AS g (kind, id, expected, version, last, time, first, first_time, is_grouped, begun_at, n)
), answers AS MATERIALIZED (
    SELECT a.n, g.kind, g.id, a.key, a.call, a.reply, a.place, a.time
    FROM unnest($12::int[], $13::text[], $14::text[], $15::bytea[], $16::int[], $17::bigint[])
        AS a (n, key, call, reply, place, time) JOIN given g USING (n)
), known AS MATERIALIZED (
    SELECT g.*, s.place, s.first_position FROM given g LEFT JOIN LATERAL (
        SELECT ctid AS place, version, first_position FROM actum_streams
        WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s ON true WHERE expected = coalesce(s.version, 0) AND begun_at IN (0, coalesce(s.first_position, 0))
), verdict AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM fence) AS is_fenced_in, NOT EXISTS (
        SELECT FROM answers a WHERE (SELECT true FROM actum_replies r
            WHERE r.kind = a.kind AND r.id = a.id AND r.key = a.key LIMIT 1)
    ) AND (SELECT count(*) FILTER (WHERE is_grouped) FROM known)
        = (SELECT count(*) FILTER (WHERE is_grouped) FROM given) AS is_clear
), ready AS MATERIALIZED (
    SELECT * FROM known WHERE (SELECT is_fenced_in AND is_clear FROM verdict)
), moved AS (
    UPDATE actum_streams s SET version = r.version, position = base.position + r.last, time = r.time
    FROM (SELECT * FROM ready WHERE expected > 0 AND last > 0 ORDER BY n) r, base
    WHERE s.ctid = r.place AND s.first_position = r.first_position AND s.version = r.expected
        AND s.position < base.position + r.last
    RETURNING r.n
), begun AS (
    INSERT INTO actum_streams (kind, id, version, position, time, first_position, first_time, pruned)
    SELECT kind, id, version, position + last, time, position + first, first_time, 0
    FROM ready, base WHERE expected = 0 AND last > 0 AND (SELECT count(*) FROM moved) >= 0 ORDER BY n
    ON CONFLICT (kind, id) DO NOTHING RETURNING kind, id, first_position
), landed AS MATERIALIZED (
    SELECT n, kind, id, is_grouped, first_position FROM ready WHERE last = 0 OR n IN (SELECT n FROM moved)
    UNION ALL SELECT g.n, g.kind, g.id, g.is_grouped, b.first_position
    FROM begun b JOIN given g ON g.kind = b.kind AND g.id = b.id
), written AS (
    {_write_events(18, "landed")}
), answered AS (
    INSERT INTO actum_replies (kind, id, key, call, reply, position, time)
    SELECT kind, id, key, call, reply,
        CASE WHEN place > 0 THEN place + (SELECT position FROM base) ELSE coalesce(
            (SELECT max(e.place) + (SELECT position FROM base)
                FROM unnest($18::text::int[]) WITH ORDINALITY AS e (n, place) JOIN landed USING (n)
                WHERE e.place < -answers.place),
            (SELECT position FROM head)) END,
        time
    FROM answers WHERE n IN (SELECT n FROM landed) ORDER BY kind, id, key
    ON CONFLICT DO NOTHING RETURNING 1
)TAKEN
SELECT base.position, (SELECT position FROM head) AS head, is_fenced_in, is_clear,
    ARRAY(SELECT n::int FROM landed) AS landed,
    CASE WHEN (SELECT count(*) FROM landed WHERE is_grouped) < (SELECT count(*) FROM ready WHERE is_grouped)
        OR (SELECT count(*) FROM answered) < (SELECT count(*) FROM answers WHERE n IN (SELECT n FROM landed))
        OR IS_REFUSED
    THEN actum_refuse() END
FROM base, verdict"""


def _append(taken: str = "", is_refused: str = "false") -> str:
    return _APPEND.replace("TAKEN", taken).replace("IS_REFUSED", is_refused)


# The same for a batch that only has events of existing streams: nothing has to be known before the first row
# is written, so each row is read once.
def _append_plain(taken: str = "", is_refused: str = "false") -> str:
    return f"""WITH base AS MATERIALIZED (
    SELECT {ORDER.base} AS position
), fence AS MATERIALIZED (
    SELECT FROM actum_writers WHERE writer = $1 AND epoch = $2 FOR SHARE
), moved AS (
    UPDATE actum_streams s SET version = r.version, position = base.position + r.last, time = r.time
    FROM base, (
        SELECT g.*, k.place, k.first_position
        FROM unnest($3::text[], $4::text[], $5::text::bigint[], $6::text::bigint[], $7::text::int[],
            $8::text::bigint[], $17::text::bigint[])
            WITH ORDINALITY AS g (kind, id, expected, version, last, time, begun_at, n)
        CROSS JOIN LATERAL (
            SELECT ctid AS place, version AS found, first_position FROM actum_streams
            WHERE kind = g.kind AND id = g.id LIMIT 1
        ) k
        WHERE k.found = g.expected AND coalesce(g.begun_at, 0) IN (0, k.first_position)
            AND EXISTS (SELECT FROM fence) ORDER BY n
    ) r
    WHERE s.ctid = r.place AND s.first_position = r.first_position AND s.version = r.expected
        AND s.position < base.position + r.last
    RETURNING r.n, s.kind, s.id, s.first_position
), written AS (
    {_write_events(9, "moved")}
){taken}
SELECT position, 0 AS head, EXISTS (SELECT FROM fence) AS is_fenced_in, true AS is_clear,
    ARRAY(SELECT n::int FROM moved) AS landed, CASE WHEN {is_refused} THEN actum_refuse() END
FROM base"""


# A batch with claims lands as a whole or not at all.
_IS_CLEAR = "(SELECT is_fenced_in AND is_clear FROM verdict)"
_ALL_LANDED = "(SELECT count(*) FROM landed) = (SELECT count(*) FROM given)"
_IS_FENCED_IN = "EXISTS (SELECT FROM fence)"
_ALL_MOVED = "(SELECT count(*) FROM moved) = cardinality($3::text[])"


def _sharing(statement: str) -> str:
    """Gives the statement that first takes its share of the lock of claims."""
    condition = "AND epoch = $2"
    return statement.replace(condition, f"{condition} AND (SELECT {SHARE_CLAIMS} IS NOT NULL)")


APPENDS: Mapping[tuple[bool, bool], str] = {
    (False, False): _append(),
    (True, False): _append_plain(),
    (False, True): _sharing(
        _append(
            _take_claims(28, f"{_IS_CLEAR} AND {_ALL_LANDED}"),
            f"{_IS_CLEAR} AND (SELECT count(*) FROM taken) < cardinality($28::text[])",
        )
    ),
    (True, True): _sharing(
        _append_plain(
            _take_claims(18, f"{_IS_FENCED_IN} AND {_ALL_MOVED}"),
            f"{_IS_FENCED_IN} AND (SELECT count(*) FROM taken) < cardinality($18::text[])",
        )
    ),
}
"""The statement of an append, by whether its batch is plain, and whether it claims."""
