"""The schema of a journal in PostgreSQL, and its statements."""

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

# LIMIT 1 makes the planner use the index, whatever it estimates for a new table, or for many streams.
_VERSIONS = """SELECT s.* FROM unnest($1::text[], $2::text[]) AS g (kind, id), LATERAL (
        SELECT kind, id, version, first_position FROM actum_streams
        WHERE kind = g.kind AND id = g.id LIMIT 1{lock}
    ) s"""
VERSIONS = _VERSIONS.format(lock="")
# The streams are given in a fixed order, in which they are locked.
LOCK_STREAMS = _VERSIONS.format(lock=" FOR UPDATE")
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
_LOADED = f"""SELECT g.n, s.pruned, s.version AS last, s.first_position, p.version AS kept, p.time AS kept_at,
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
    f"n, pruned, last, first_position, kept, kept_at, fingerprint, state, {EVENT}",
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
        FROM unnest($1::text[], $2::text[]) AS g (kind, id), LATERAL (
            SELECT ctid AS place FROM actum_streams WHERE kind = g.kind AND id = g.id LIMIT 1
        ) AS found
        WHERE s.ctid = found.place AND s.pruned < s.version - 1
        RETURNING s.first_position, s.pruned
    ) DELETE FROM actum_events WHERE ctid = ANY(ARRAY(
        SELECT e.place FROM kept, LATERAL (
            SELECT ctid AS place FROM actum_events
            WHERE stream = kept.first_position AND version <= kept.pruned OFFSET 0
        ) AS e))"""
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
