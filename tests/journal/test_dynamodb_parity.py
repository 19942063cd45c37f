"""Memory and DynamoDB, asked the same: one random history has equal answers, and positions in one order."""

import asyncio
import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actum.conformance.journal.bank import fill
from actum.stores.dynamodb.journal.journal import DynamoJournal
from actum.stores.memory import MemoryJournal
from tests.journal.test_parity import ANSWERS, operations, written
from tests.journal.test_postgres_parity import everything, placed, unplaced
from tests.servers.dynamodb import made, url_of


async def compare(endpoint: str, length: int, history: list[tuple[Any, ...]]) -> None:
    memory = MemoryJournal()
    dynamodb = DynamoJournal(await made(url_of(endpoint, f"t-{uuid.uuid4().hex}")))
    answers: tuple[list[Any], list[Any]] = ([], [])
    try:
        for journal in (memory, dynamodb):
            await fill(journal, "a", length)
        for name, *asked in history:
            values = [await written(memory, asked[0])] if name in ("append", "landed") else asked
            for journal, answered in zip((memory, dynamodb), answers, strict=True):
                answered.append(await ANSWERS[name](journal, *values))
        for journal, answered in zip((memory, dynamodb), answers, strict=True):
            answered.append(await everything(journal))
    finally:
        await dynamodb.close()
    assert unplaced(answers[1]) == unplaced(answers[0])
    places = sorted(set(zip(placed(answers[0]), placed(answers[1]), strict=True)))
    for column in zip(*places, strict=True):
        assert list(column) == sorted(set(column))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(length=st.sampled_from([0, 3]), history=st.lists(operations, max_size=20))
def test_memory_and_dynamodb_give_equal_answers(
    dynamodb: str, length: int, history: list[tuple[Any, ...]]
) -> None:
    """Whatever happens to a journal, a test in memory sees what production on DynamoDB would see."""
    asyncio.run(compare(dynamodb, length, history))
