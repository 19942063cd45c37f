"""Memory and PostgreSQL, asked the same: one random history has equal answers, and positions in one order."""

import asyncio
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import astuple, replace

from actum.conformance.journal.bank import PATIENCE, fill
from actum.model.event import Stored
from actum.ports.journal import Erased, EventRange, Journal, Landed, Loaded, Repeated, StreamPage
from actum.stores.memory import MemoryJournal
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.journal.journal import SCHEMA, PostgresJournal, open_journal, statements
from tests.journal.test_parity import (
    ANSWERS,
    FINGERPRINTS,
    KEYS,
    KINDS,
    STREAMS,
    listing,
    operations,
    written,
)
from tests.servers.postgres import RESET

PLACED = Stored | Landed | Repeated | Erased


def placed(answer: Any) -> Iterator[int]:
    """Finds every position in an answer, in order."""
    if isinstance(answer, PLACED):
        yield answer.position
    if isinstance(answer, Struct):
        answer = astuple(answer)
    if isinstance(answer, list | tuple):
        for part in answer:
            yield from placed(part)


def unplaced(answer: Any) -> Any:
    """Gives an answer without its positions, and without what the next pages' listings say of them."""
    if isinstance(answer, PLACED):
        return type(answer).__name__, [
            value
            for name, value in zip(answer.__struct_fields__, astuple(answer), strict=True)
            if name != "position"
        ]
    if isinstance(answer, StreamPage):
        return [astuple(item) for item in answer.items], answer.next is None
    if isinstance(answer, Loaded):
        answer = replace(answer, first=0)
    if isinstance(answer, Struct):
        return type(answer).__name__, [unplaced(value) for value in astuple(answer)]
    return [unplaced(part) for part in answer] if isinstance(answer, list | tuple) else answer


async def everything(journal: Journal) -> list[Any]:
    """Gives what can be asked of a journal without knowing a position."""
    return [
        await journal.feed(0, 1_000),
        await journal.replies([(*stream, key) for stream in STREAMS for key in KEYS]),
        *[
            await listing(journal, kind, 2, None, None, reverse)
            for kind in KINDS
            for reverse in (False, True)
        ],
        *[await journal.load(STREAMS, dict.fromkeys(KINDS, code)) for code in FINGERPRINTS],
        *[await journal.read(EventRange(*stream)) for stream in STREAMS],
    ]


async def shown(pool: PostgresPool) -> None:
    """Returns when the feed shows all there is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            [ends] = await pool.fetch(statements.ENDS)
            if ends["head"] == ends["last"]:
                return


async def compare(url: str, length: int, history: list[tuple[Any, ...]]) -> None:
    memory = MemoryJournal()
    pool = await PostgresPool.open(url, (SCHEMA,))
    await pool.fetch(RESET)
    postgres: PostgresJournal = await open_journal(pool)
    try:
        answers: tuple[list[Any], list[Any]] = ([], [])
        for journal in (memory, postgres):
            await fill(journal, "a", length)
        for name, *asked in history:
            values = [await written(memory, asked[0])] if name in ("append", "landed") else asked
            for journal, given_ in zip((memory, postgres), answers, strict=True):
                given_.append(await ANSWERS[name](journal, *values))
        await shown(pool)
        for journal, given_ in zip((memory, postgres), answers, strict=True):
            given_.append(await everything(journal))
    finally:
        await postgres.close()
    assert unplaced(answers[1]) == unplaced(answers[0])
    places = sorted(set(zip(placed(answers[0]), placed(answers[1]), strict=True)))
    for column in zip(*places, strict=True):
        assert list(column) == sorted(set(column))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(length=st.sampled_from([0, 3]), history=st.lists(operations, max_size=20))
def test_memory_and_postgres_give_equal_answers(
    postgres_store: str, length: int, history: list[tuple[Any, ...]]
) -> None:
    """Whatever happens to a journal, a test in memory sees what production on PostgreSQL would see."""
    asyncio.run(compare(postgres_store, length, history))
