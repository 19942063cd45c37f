"""The progress of actions in PostgreSQL: checkpoints, letters, and the next ticks of the clock."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from actum.ports.database import Database, KeptName, Letter, LetterCount, NewLetter, Progress, SliceState
from actum.ports.letter import LetterStatus, Request
from actum.stores.action_statements import KEPT_NAMES, LETTER, LETTER_COUNTS
from actum.stores.postgres.connection.page import page_of
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.fence import IS_HELD, Fence
from actum.stores.postgres.database.slices import SAVE_SLICES, SET_SLICES, SLICE_STATES
from actum.stores.stale_writes import moved_action

ACTION_SCHEMA = (
    'CREATE TABLE actum_checkpoints (action text COLLATE "C" PRIMARY KEY, position bigint NOT NULL)',
    """CREATE TABLE actum_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, action text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL, position bigint NOT NULL, body bytea NOT NULL, status text NOT NULL,
        attempts integer NOT NULL, due bigint NOT NULL, error text NOT NULL, first_failed bigint NOT NULL,
        last_failed bigint NOT NULL, request text)""",
    "CREATE INDEX actum_letters_key ON actum_letters (action, key, position, id)",
    "CREATE INDEX actum_letters_action ON actum_letters (action, id)",
    "CREATE INDEX actum_letters_status ON actum_letters (status, id)",
    "CREATE INDEX actum_letters_request ON actum_letters (action, id) WHERE request IS NOT NULL",
    'CREATE TABLE actum_ticks (action text COLLATE "C" PRIMARY KEY, due bigint NOT NULL)',
)
TRIGGER_SCHEMA = (
    """CREATE TABLE actum_triggers (action text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
        position bigint NOT NULL, PRIMARY KEY (action, name))""",
    "ALTER TABLE actum_timers ADD COLUMN span bigint NOT NULL DEFAULT 0",
)
FAILURE_SCHEMA = ("ALTER TABLE actum_letters ADD COLUMN failure text NOT NULL DEFAULT ''",)
LETTER_BYTES = "octet_length(body) + octet_length(error) + octet_length(failure)"
# An event that is handled again after a crash may have become a letter before it. What was erased during an
# attempt becomes none.
SAVE = f"""moved AS (
        UPDATE actum_checkpoints SET position = $4
        WHERE action = $3 AND position = $5 AND {IS_HELD} RETURNING 1
    ), messages AS (
        DELETE FROM actum_messages WHERE id = ANY($6::bigint[]) AND {IS_HELD} RETURNING id
    ), timers AS (
        DELETE FROM actum_timers WHERE id = ANY($7::bigint[]) AND {IS_HELD} RETURNING id
    ), letters AS (
        INSERT INTO actum_letters
            (action, key, position, body, status, attempts, due, error, first_failed, last_failed, failure)
        SELECT action, key, position, body, status, attempts, due, error, failed, failed, failure
        FROM unnest($8::text[], $9::text[], $10::bigint[], $11::bytea[], $12::text[], $13::int[],
            $14::bigint[], $15::text[], $16::bigint[], $17::text[]) WITH ORDINALITY
            AS p (action, key, position, body, status, attempts, due, error, failed, failure, n)
        WHERE {IS_HELD} AND CASE WHEN $5 IS NOT NULL
            THEN EXISTS (SELECT FROM moved) AND NOT EXISTS (
                SELECT FROM actum_erasures e WHERE e.key = p.key AND e.position > p.position)
            ELSE position <> ALL(coalesce($6, $7)) OR position IN
                (SELECT id FROM messages UNION ALL SELECT id FROM timers) END
        AND NOT EXISTS (
            SELECT FROM actum_letters l WHERE l.action = p.action AND l.key = p.key
                AND l.position = p.position AND l.body = p.body)
        ORDER BY n
    ) SELECT {IS_HELD}, EXISTS (SELECT FROM moved)"""
UPDATE_LETTER = f"""UPDATE actum_letters SET status = $4, attempts = $5, due = $6, error = $7,
    last_failed = $8, request = CASE WHEN request = $10 THEN NULL ELSE request END, failure = $9,
    first_failed = CASE first_failed WHEN 0 THEN $8 ELSE first_failed END WHERE id = $3 AND {IS_HELD}"""
REMOVE_LETTER = f"DELETE FROM actum_letters WHERE id = $3 AND {IS_HELD}"
SET_TRIGGERS = f"""gone AS (
        DELETE FROM actum_triggers WHERE action = $3::text AND name <> ALL($4::text[]) AND {IS_HELD}
    ), kept AS (
        INSERT INTO actum_triggers SELECT $3::text, name, position
        FROM unnest($4::text[], $5::bigint[]) AS new (name, position) WHERE {IS_HELD}
        ON CONFLICT (action, name) DO UPDATE SET position = excluded.position
    ), moved AS (
        UPDATE actum_checkpoints SET position = $6::bigint
        WHERE action = $3::text AND $6::bigint IS NOT NULL AND {IS_HELD}
    ) SELECT {IS_HELD}"""
SET_TICK = f"""INSERT INTO actum_ticks SELECT $3::text, $4::bigint WHERE {IS_HELD}
    ON CONFLICT (action) DO UPDATE SET due = excluded.due"""


TRIGGERS = msgspec.json.Decoder(dict[str, int])


class PostgresActions(Database):
    """The part of the database that stores the progress of actions."""

    _pool: PostgresPool
    _fence: Fence

    async def checkpoint(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_checkpoints", "position", action, at_first)

    async def triggers(self, action: str) -> dict[str, int]:
        statement = "SELECT name, position FROM actum_triggers WHERE action = $1"
        return {row["name"]: row["position"] for row in await self._pool.fetch(statement, action)}

    async def set_triggers(
        self, action: str, triggers: Mapping[str, int], *, checkpoint: int | None = None
    ) -> None:
        statement = f"WITH {self._fence.held}, {SET_TRIGGERS}"
        values = (action, list(triggers), list(triggers.values()), checkpoint)
        is_held = await self._pool.fetchval(statement, *self._fence.values, *values)
        await self._fence.check(is_held, self._pool)

    async def slice_states(self, action: str) -> dict[int, SliceState]:
        rows = await self._pool.fetch(SLICE_STATES, action)
        return {slice: SliceState(position, TRIGGERS.decode(text)) for slice, position, text in rows}

    async def set_slices(self, action: str, states: Mapping[int, SliceState]) -> None:
        rows = [
            (slice, state.checkpoint, msgspec.json.encode(state.triggers).decode())
            for slice, state in states.items()
        ]
        columns = list(zip(*rows, strict=True))
        await self._change(SET_SLICES, action, *columns)

    async def save(self, progress: Progress) -> None:
        if progress.moves:
            await self._save_slices(progress)
            return
        done: dict[str, Sequence[int] | None] = {progress.source: progress.done}
        before = progress.before if progress.source == "events" else None
        values = (progress.action, progress.checkpoint, before, done.get("messages"), done.get("timers"))
        letters = _columns(progress.letters)
        statement = f"WITH {self._fence.held}, {SAVE}"
        [(is_held, is_moved)] = await self._pool.fetch(statement, *self._fence.values, *values, *letters[:-1])
        await self._fence.check(is_held, self._pool)
        if before is not None and not is_moved:
            raise moved_action(progress.action, before)

    async def _save_slices(self, progress: Progress) -> None:
        moves = [msgspec.structs.astuple(move) for move in progress.moves]
        letters = _columns(progress.letters)
        statement = f"WITH {self._fence.held}, {SAVE_SLICES}"
        values = (progress.action, *zip(*moves, strict=True), *letters)
        [(is_held, moved)] = await self._pool.fetch(statement, *self._fence.values, *values)
        await self._fence.check(is_held, self._pool)
        if moved < len(moves):
            before = min(move.before for move in progress.moves)
            raise moved_action(progress.action, before)

    async def blocked(self, action: str) -> dict[str, int]:
        statement = "SELECT key, count(*) FROM actum_letters WHERE action = $1 GROUP BY key ORDER BY key"
        return {row["key"]: row["count"] for row in await self._pool.fetch(statement, action)}

    async def first_letter(self, action: str, key: str) -> Letter | None:
        found = await self._letters("action = $1 AND key = $2 ORDER BY position, id LIMIT 1", action, key)
        return found[0] if found else None

    async def update_letter(
        self,
        id: int,
        *,
        status: LetterStatus,
        attempts: int,
        due: int,
        error: str,
        failed_at: int,
        failure: str = "",
        answers: Request | None = None,
    ) -> None:
        await self._change(UPDATE_LETTER, id, status, attempts, due, error, failed_at, failure, answers)

    async def remove_letter(self, id: int) -> None:
        await self._change(REMOVE_LETTER, id)

    async def letters(
        self,
        *,
        action: str | None = None,
        status: LetterStatus | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Letter]:
        given = {"action": action, "status": status}
        values = [value for value in given.values() if value is not None]
        names = [name for name, value in given.items() if value is not None]
        filters = "".join(f"{name} = ${place} AND " for place, name in enumerate(names, 3))
        return await self._letters(f"{filters}id > $1 ORDER BY id LIMIT $2", after, limit, *values)

    async def letter_counts(self) -> list[LetterCount]:
        return [LetterCount(*row) for row in await self._pool.fetch(LETTER_COUNTS)]

    async def letter(self, id: int) -> Letter | None:
        found = await self._letters("id = $1", id)
        return found[0] if found else None

    async def request_letter(self, id: int, request: Request) -> bool:
        statement = "UPDATE actum_letters SET request = $1 WHERE id = $2 RETURNING 1"
        return bool(await self._pool.fetch(statement, request, id))

    async def edit_letter(self, id: int, body: bytes, *, before: bytes) -> bool:
        statement = """UPDATE actum_letters SET body = $1, request = 'retry'
            WHERE id = $2 AND body = $3 RETURNING 1"""
        return bool(await self._pool.fetch(statement, body, id, before))

    async def requested_letters(self, action: str, *, after: int = 0) -> list[Letter]:
        return await self._letters(
            "action = $1 AND request IS NOT NULL AND id > $2 ORDER BY id", action, after
        )

    async def kept_names(self) -> list[KeptName]:
        return [KeptName(*row) for row in await self._pool.fetch(KEPT_NAMES)]

    async def tick(self, action: str, *, at_first: int) -> int:
        return await self._once("actum_ticks", "due", action, at_first)

    async def set_tick(self, action: str, due: int) -> None:
        await self._change(SET_TICK, action, due)

    async def _change(self, change: str, *values: Any) -> None:
        is_held = await self._pool.fetchval(self._fence.around(change), *self._fence.values, *values)
        await self._fence.check(is_held, self._pool)

    async def _letters(self, where: str, *values: Any) -> list[Letter]:
        statement = page_of(f"SELECT {LETTER} FROM actum_letters WHERE {where}", LETTER, LETTER_BYTES)
        rows = await self._pool.fetch(statement, *values)
        return [Letter(*row) for row in rows]

    async def _once(self, table: str, column: str, action: str, at_first: int) -> int:
        """Gives the number stored for an action; stores `at_first` if there is none yet."""
        select = f"SELECT {column} FROM {table} WHERE action = $1"
        found = await self._pool.fetchval(select, action)
        if found is None:
            await self._pool.fetch(
                f"INSERT INTO {table} VALUES ($1, $2) ON CONFLICT DO NOTHING", action, at_first
            )
            found = await self._pool.fetchval(select, action)
        return int(found)


def _columns(letters: Sequence[NewLetter]) -> Sequence[Sequence[Any]]:
    """Gives letters as an array for each column; a letter that comes twice is included once."""
    rows = {(one.action, one.key, one.position, one.body): _row(one) for one in reversed(letters)}
    return list(zip(*reversed(rows.values()), strict=True)) or [()] * 11


def _row(letter: NewLetter) -> tuple[Any, ...]:
    failed = 0 if letter.status == "waiting" else letter.time
    return (
        letter.action,
        letter.key,
        letter.position,
        letter.body,
        letter.status,
        letter.attempts,
        letter.due,
        letter.error,
        failed,
        letter.failure,
        letter.slice,
    )
