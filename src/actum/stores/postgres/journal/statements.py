"""The schema of a journal in PostgreSQL, and its statements."""

from collections.abc import Mapping

from actum.model.deletion import DELETED
from actum.stores.page import MAX_PAGE_BYTES
from actum.stores.postgres.connection.order import Order
from actum.stores.postgres.connection.page import page_of

PAGE = 1_000
ORDER = Order("actum_journal")
HORIZON: str = ORDER.horizon
SCHEMA = (
    *ORDER.create,
    """CREATE TABLE actum_writers (
        writer uuid PRIMARY KEY, epoch bigint NOT NULL, opened timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE actum_streams (
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL,
        position bigint NOT NULL, time bigint NOT NULL, first_position bigint NOT NULL UNIQUE,
        first_time bigint NOT NULL, pruned bigint NOT NULL, PRIMARY KEY (kind, id)) WITH (fillfactor = 70)""",
    "CREATE INDEX actum_streams_first ON actum_streams (kind, first_time, first_position)",
    # A stream's key is its first position, which keeps the index small.
    """CREATE TABLE actum_events (
        position bigint PRIMARY KEY, stream bigint NOT NULL, version bigint NOT NULL,
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL,
        type_version integer NOT NULL, payload bytea NOT NULL, metadata bytea NOT NULL,
        time bigint NOT NULL, UNIQUE (stream, version))""",
    """CREATE TABLE actum_replies (
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        call text COLLATE "C" NOT NULL, reply bytea NOT NULL, position bigint NOT NULL, time bigint NOT NULL,
        PRIMARY KEY (kind, id, key))""",
    "CREATE INDEX actum_replies_time ON actum_replies (time)",
    """CREATE TABLE actum_snapshots (
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL,
        time bigint NOT NULL, fingerprint text NOT NULL, state bytea NOT NULL, PRIMARY KEY (kind, id))""",
    """CREATE FUNCTION actum_refuse() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'another process was first: Actum decides anew' USING ERRCODE = 'AC001';
        END $$""",
)
# An erased stream is in the feed as an event of version 0, whose key is its own position.
ERASED_SCHEMA = (
    """CREATE TABLE actum_erased (
        kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, position bigint NOT NULL,
        PRIMARY KEY (kind, id))""",
)
IDENTITY_SCHEMA = (
    """CREATE TABLE actum_identity (
        is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only), id text NOT NULL)""",
)
# The first process to ask creates the identity.
IDENTIFY = "INSERT INTO actum_identity (id) VALUES ($1) ON CONFLICT DO NOTHING"
IDENTITY = "SELECT id FROM actum_identity"
REFUSED = "AC001"

CATCH_UP_ORDER = ORDER.catch_up("actum_events", "position")

EVENT = "position, kind, id, version, type, type_version, payload, metadata, time"
# Adding up what a page would hold costs a third of a window over it, which only large events need.
# What lies beyond the horizon comes last, so it can be left out after the limit. With both bounds beside each
# other, the planner expects few rows of a table that was not analysed yet, and sorts the whole rest of it.
_NEXT = f"""SELECT * FROM (
        SELECT position, octet_length(payload) AS size FROM actum_events
        WHERE position > $1 ORDER BY position LIMIT $2
    ) AS all_next WHERE position < {HORIZON}"""
FEED = f"""SELECT {EVENT} FROM actum_events WHERE position > $1 AND position <= (
        SELECT CASE WHEN bytes < {MAX_PAGE_BYTES} THEN last ELSE (
            SELECT max(position) FROM ({page_of(_NEXT, "position", "size")}) AS page
        ) END FROM (SELECT sum(size) AS bytes, max(position) AS last FROM ({_NEXT}) AS next) AS whole
    ) ORDER BY position LIMIT $2"""
HEAD = f"SELECT coalesce(max(position), 0) FROM actum_events WHERE position < {HORIZON}"
BEFORE = "SELECT position FROM actum_events WHERE position <= $1 ORDER BY position DESC OFFSET $2 LIMIT 1"
LAST = "SELECT coalesce(max(position), 0) FROM actum_events"
ENDS = f"SELECT ({HEAD}) AS head, ({LAST}) AS last"
READ = page_of(
    """SELECT * FROM actum_events
        WHERE stream = (SELECT first_position FROM actum_streams WHERE kind = $1 AND id = $2)
            AND version > $3 AND version <= $4 ORDER BY version {order} LIMIT $5""",
    EVENT,
    "octet_length(payload)",
)

# A running append locks the row of its writer; updating the row waits for all running appends, and those that
# begin later are refused.
FENCE = """INSERT INTO actum_writers (writer, epoch) VALUES ($1, $2)
    ON CONFLICT (writer) DO UPDATE SET epoch = actum_writers.epoch + 1 RETURNING epoch"""
ENROL = """INSERT INTO actum_writers (writer, epoch) VALUES ($1, $2)
    ON CONFLICT (writer) DO UPDATE SET epoch = actum_writers.epoch RETURNING epoch"""
STRIKE_OFF = "DELETE FROM actum_writers WHERE opened < now() - interval '30 days' AND writer <> $1"
# Goes from one kind to the next by the index, without reading every stream.
KINDS = """WITH RECURSIVE kinds (kind) AS (
        SELECT min(kind) FROM actum_streams UNION ALL
        SELECT (SELECT min(kind) FROM actum_streams WHERE kind > kinds.kind) FROM kinds
        WHERE kinds.kind IS NOT NULL
    ) SELECT kind FROM kinds WHERE kind IS NOT NULL"""


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


# A row of `given` is a stream: its expected version, and the places of its first and last events in the batch
# (0 without events; `first` only for new streams). Numbers are sent as the text of an array, which takes a
# tenth of the time that the driver takes for an array; types are sent once, and events refer to them by
# number. If a key is known or a group cannot land, nothing is written, and everything is decided again.
# Existing streams are written first, then new ones, then replies, each in a fixed order, to avoid deadlocks.
# A row that has changed since it was looked up is not written, and its stream collides.
def _append(taken: str = "", is_refused: str = "false") -> str:
    return f"""WITH base AS MATERIALIZED (
    SELECT {ORDER.base} AS position
), head AS MATERIALIZED (
    SELECT coalesce(max(position), 0) AS position FROM actum_events WHERE $26
), fence AS MATERIALIZED (
    SELECT FROM actum_writers WHERE writer = $1 AND epoch = $2 FOR SHARE
), given AS MATERIALIZED (
    SELECT kind, id, expected, version, last, time, first, first_time,
        coalesce(is_grouped, false) AS is_grouped, n
    FROM unnest($3::text[], $4::text[], $5::text::bigint[], $6::text::bigint[], $7::text::int[],
        $8::text::bigint[], $9::text::int[], $10::text::bigint[], $11::boolean[]) WITH ORDINALITY
        AS g (kind, id, expected, version, last, time, first, first_time, is_grouped, n)
), answers AS MATERIALIZED (
    SELECT a.n, g.kind, g.id, a.key, a.call, a.reply, a.place, a.time
    FROM unnest($12::int[], $13::text[], $14::text[], $15::bytea[], $16::int[], $17::bigint[])
        AS a (n, key, call, reply, place, time) JOIN given g USING (n)
), known AS MATERIALIZED (
    SELECT g.*, s.place, s.first_position FROM given g LEFT JOIN LATERAL (
        SELECT ctid AS place, version, first_position FROM actum_streams
        WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s ON true WHERE expected = coalesce(s.version, 0)
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
){taken}
SELECT base.position, (SELECT position FROM head) AS head, is_fenced_in, is_clear,
    ARRAY(SELECT n::int FROM landed) AS landed,
    CASE WHEN (SELECT count(*) FROM landed WHERE is_grouped) < (SELECT count(*) FROM ready WHERE is_grouped)
        OR (SELECT count(*) FROM answered) < (SELECT count(*) FROM answers WHERE n IN (SELECT n FROM landed))
        OR {is_refused}
    THEN actum_refuse() END
FROM base, verdict"""


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
            $8::text::bigint[]) WITH ORDINALITY AS g (kind, id, expected, version, last, time, n)
        CROSS JOIN LATERAL (
            SELECT ctid AS place, version AS found, first_position FROM actum_streams
            WHERE kind = g.kind AND id = g.id LIMIT 1
        ) k
        WHERE k.found = g.expected AND EXISTS (SELECT FROM fence) ORDER BY n
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
APPENDS: Mapping[tuple[bool, bool], str] = {
    (False, False): _append(),
    (True, False): _append_plain(),
    (False, True): _append(
        _take_claims(27, f"{_IS_CLEAR} AND {_ALL_LANDED}"),
        f"{_IS_CLEAR} AND (SELECT count(*) FROM taken) < cardinality($27::text[])",
    ),
    (True, True): _append_plain(
        _take_claims(17, f"{_IS_FENCED_IN} AND {_ALL_MOVED}"),
        f"{_IS_FENCED_IN} AND (SELECT count(*) FROM taken) < cardinality($17::text[])",
    ),
}
"""The statement of an append, by whether its batch is plain, and whether it claims."""

LOCK_STREAMS = """SELECT s.kind, s.id, s.version FROM actum_streams s
    JOIN unnest($1::text[], $2::text[]) AS g (kind, id) ON s.kind = g.kind AND s.id = g.id
    ORDER BY s.kind, s.id FOR UPDATE OF s"""
# LIMIT 1 makes the planner use the index, whatever it estimates for a new table.
VERSIONS = """SELECT s.* FROM unnest($1::text[], $2::text[]) AS g (kind, id), LATERAL (
        SELECT kind, id, version FROM actum_streams WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s"""
KEPT = """SELECT r.* FROM unnest($1::text[], $2::text[], $3::text[]) AS g (kind, id, key), LATERAL (
        SELECT kind, id, key, call, reply, position FROM actum_replies
        WHERE kind = g.kind AND id = g.id AND key = g.key LIMIT 1
    ) r"""
REPLIES = page_of(
    """SELECT g.n, r.* FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS g (kind, id, key, n)
    LEFT JOIN LATERAL (SELECT call, reply, position FROM actum_replies
        WHERE kind = g.kind AND id = g.id AND key = g.key LIMIT 1) r ON true ORDER BY g.n""",
    "call, reply, position",
    "coalesce(octet_length(reply), 0)",
)
RANGES = f"""SELECT g.n, {", ".join(f"e.{name.strip()}" for name in EVENT.split(","))}
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
        AS g (kind, id, after, up_to, n)
    CROSS JOIN LATERAL (
        SELECT first_position FROM actum_streams WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s
    JOIN actum_events e ON e.stream = s.first_position AND e.version > g.after AND e.version <= g.up_to
    ORDER BY g.n, e.version"""
# Each stream has at least one row, even if it does not exist; only the first one has the snapshot.
_LOADED = f"""SELECT g.n, s.pruned, s.version AS last, p.version AS kept, p.time AS kept_at,
        p.fingerprint, CASE WHEN e.version IS NULL OR e.version = coalesce(p.version, s.pruned) + 1
            THEN p.state END AS state, e.*
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS g (kind, id, fingerprint, n)
    LEFT JOIN LATERAL (
        SELECT first_position, pruned, version FROM actum_streams WHERE kind = g.kind AND id = g.id LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT * FROM actum_snapshots
        WHERE kind = g.kind AND id = g.id AND fingerprint = g.fingerprint LIMIT 1
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT {EVENT} FROM actum_events
        WHERE stream = s.first_position AND version > coalesce(p.version, s.pruned)
        ORDER BY version LIMIT {PAGE}
    ) e ON true ORDER BY g.n, e.version"""
LOAD = page_of(
    _LOADED,
    f"n, pruned, last, kept, kept_at, fingerprint, state, {EVENT}",
    "coalesce(octet_length(state), 0) + coalesce(octet_length(payload), 0)",
)

# The stream is locked until the snapshot is stored, so that it is not erased or pruned meanwhile.
SAVE_SNAPSHOT = """INSERT INTO actum_snapshots AS kept
    SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::text, $6::bytea FROM actum_streams
    WHERE kind = $1 AND id = $2 AND version >= $3 AND pruned < $3 AND first_time <= $4 FOR SHARE
    ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, time = excluded.time,
        fingerprint = excluded.fingerprint, state = excluded.state
    WHERE excluded.version >= kept.version OR excluded.fingerprint <> kept.fingerprint"""

PRUNE = """UPDATE actum_streams SET pruned = least($3, version - 1)
    WHERE kind = $1 AND id = $2 AND pruned < least($3, version - 1) RETURNING first_position, pruned"""
# In the transaction of an append, which has locked the streams.
KEEP_NEWEST = """WITH kept AS (
        UPDATE actum_streams s SET pruned = s.version - 1
        FROM unnest($1::text[], $2::text[]) AS g (kind, id)
        WHERE s.kind = g.kind AND s.id = g.id AND s.pruned < s.version - 1
        RETURNING s.first_position, s.pruned
    ) DELETE FROM actum_events e USING kept
    WHERE e.stream = kept.first_position AND e.version <= kept.pruned"""
HOLD = "SELECT first_position, version, position FROM actum_streams WHERE kind = $1 AND id = $2 FOR UPDATE"
REMOVE_EVENTS = "DELETE FROM actum_events WHERE stream = $1 AND version <= $2"
REMOVE_SNAPSHOT = "DELETE FROM actum_snapshots WHERE kind = $1 AND id = $2"
REMOVE_REPLIES = "DELETE FROM actum_replies WHERE kind = $1 AND id = $2"
REMOVE_STREAM = "DELETE FROM actum_streams WHERE kind = $1 AND id = $2"
ERASED_AT = "SELECT position FROM actum_erased WHERE kind = $1 AND id = $2"
REMOVE_ERASED = "DELETE FROM actum_events WHERE position = $1 AND version = 0"
# The position is beyond all events of the stream, the last of which a later transaction may have written.
MARK_ERASED = f"""WITH marked AS (
        INSERT INTO actum_erased SELECT $1::text, $2::text, base.position + 1
        FROM (SELECT {ORDER.base} AS position) base WHERE base.position >= $3::bigint
        ON CONFLICT (kind, id) DO UPDATE SET position = excluded.position RETURNING position
    )
    INSERT INTO actum_events
    SELECT position, position, 0, $1, $2, '{DELETED}', 1, $4::bytea, '{{}}', $5::bigint FROM marked
    RETURNING position"""
FORGET: str = """DELETE FROM actum_replies WHERE (kind, id, key) IN
    (SELECT kind, id, key FROM actum_replies WHERE time < $1 ORDER BY time LIMIT $2 FOR UPDATE SKIP LOCKED)"""
