"""The SQL of actions whose work is split into slices in PostgreSQL."""

from actum.stores.postgres.database.fence import IS_HELD

SLICES = 16
"""Into how many slices the work of an action is split: as many processes can share it.

Their number is part of what they are leased and stored under: to change it, move what is stored.
"""
SLICE_SCHEMA = (
    """CREATE TABLE actum_slices (
        action text COLLATE "C" NOT NULL, slice integer NOT NULL, position bigint NOT NULL,
        triggers text NOT NULL, PRIMARY KEY (action, slice)) WITH (fillfactor = 50)""",
)
SLICE_STATES = "SELECT slice, position, triggers FROM actum_slices WHERE action = $1"
SET_SLICES = f"""INSERT INTO actum_slices (action, slice, position, triggers)
    SELECT $3::text, slice, position, triggers
    FROM unnest($4::int[], $5::bigint[], $6::text[]) AS new (slice, position, triggers) WHERE {IS_HELD}
    ON CONFLICT (action, slice) DO UPDATE SET position = excluded.position, triggers = excluded.triggers"""
# An event that is handled again after a crash may have become a letter before it.
SAVE_SLICES = f"""moved AS (
        UPDATE actum_slices s SET position = m.position
        FROM unnest($4::int[], $5::bigint[], $6::bigint[]) AS m (slice, before, position)
        WHERE s.action = $3 AND s.slice = m.slice AND s.position = m.before AND {IS_HELD} RETURNING s.slice
    ), letters AS (
        INSERT INTO actum_letters
            (action, key, position, body, status, attempts, due, error, first_failed, last_failed, failure)
        SELECT action, key, position, body, status, attempts, due, error, failed, failed, failure
        FROM unnest($7::text[], $8::text[], $9::bigint[], $10::bytea[], $11::text[], $12::int[],
            $13::bigint[], $14::text[], $15::bigint[], $16::text[], $17::int[]) WITH ORDINALITY
            AS p (action, key, position, body, status, attempts, due, error, failed, failure, slice, n)
        WHERE slice IN (SELECT slice FROM moved) AND NOT EXISTS (
            SELECT FROM actum_erasures e WHERE e.key = p.key AND e.position > p.position)
        AND NOT EXISTS (
            SELECT FROM actum_letters l WHERE l.action = p.action AND l.key = p.key
                AND l.position = p.position AND l.body = p.body)
        ORDER BY n
    ) SELECT {IS_HELD}, (SELECT count(*) FROM moved)"""
